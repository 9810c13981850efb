// SPDX-License-Identifier: BSL-1.0
//
// The server at work: its turns, what it tells, and how it stops. How it starts is in
// server_start.cpp.
#include "server.hpp"

#include <algorithm>
#include <utility>

#include "cluster_view.hpp"
#include "metrics.hpp"
#include "redirect.hpp"
#include "server_id.hpp"

namespace raft_kv {

namespace {

constexpr std::chrono::seconds stop_time_max{2};

raft::instant protocol_now() {
    const auto since_origin = std::chrono::steady_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(since_origin).count()};
}

/// `wrong`: what is, if anything.
http_page page_of(const std::optional<std::string>& wrong) {
    http_page page{.status = "200 OK", .type = "text/plain; charset=utf-8", .body = "ok\n"};
    if (!wrong) return page;
    page.status = "503 Service Unavailable";
    page.body = *wrong + "\n";
    return page;
}

}  // namespace

server::server(asio::io_context& io, server_options options)
    : io_{io}
    , options_{std::move(options)}
    , log_{options_.id}
    , peers_{options_, log_}
    , node_{running_node::make(io, [this] { end_turn(); })}
    , chronicle_{done_, log_}
    , snapshots_{options_, *node_, done_, log_}
    , writes_{*node_, options_.forwards, done_, [this](session& which) { changed(which); }}
    , reads_{*node_, done_, [this](session& which) { changed(which); }}
    , administration_{io, *this, *node_, peers_, log_, [this](session& which) { changed(which); }}
    , leader_waits_{io, [this] { node_->schedule_turn(); },
                    [this](session& which) { changed(which); }}
    , leader_search_{io,
                     options_,
                     {.needs_one =
                          [this] {
                              return !stopping_ && !node().protocol_state().current_leader();
                          },
                      .known = [this]() -> const cluster_layout& { return peers_.layout(); },
                      .answered =
                          [this](const cluster_layout& answered) {
                              peers_.learn(answered);
                              node_->schedule_turn();
                          }}}
    , clients_{io, *this, options_.clients, log_, [this](session& which) { changed(which); }}
    , pages_{io, [this](std::string_view path) { return page(path); }}
    , stop_timer_{io} {}

server::~server() = default;

// --------------------------------------------------------------------------------------- the turn

void server::changed(session& which) {
    if (which.mark_changed()) changed_.push_back(which.shared_from_this());
    node_->schedule_turn();
}

void server::end_turn() {
    serve_changed();
    if (!snapshots_.needs_room()) writes_.submit();
    reads_.submit();
    for (const auto& each : served_) each->flush();
    served_.clear();
    snapshots_.look_after();
    if (chronicle_.look_at(node().protocol_state(), node_->storage()) &&
        !options_.stays_when_failed)
        stop();
    chronicle_.tell(node_->take_news());
    peers_.follow(*node_);
    administration_.tell_transfers();
    if (!leader_waits_.empty()) leader_waits_.tell(view_of(*this).has_value());
    look_after_health();
    if (stopping_) step_aside();
}

void server::serve_changed() {
    std::swap(changed_, served_);
    for (const auto& each : served_) {
        each->unmark_changed();
        each->pump();
        each->settle();
    }
}

/// Once a turn at most: whoever is refused asks again in a later one.
void server::look_after_health() {
    if (!health_.wants_read(node().protocol_state())) return;
    health_.read_asked();
    node_->node().read({}, [this](const raft::read_outcome& outcome) {
        health_.read_answered(!std::holds_alternative<raft::refusal>(outcome));
    });
}

// --------------------------------------------------------------------------------- clients' wishes

write_times server::times() const {
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return {node_->log_now(),
            std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count()};
}

void server::refused(const client_state& client, std::string_view reason) {
    const auto host = client.address.substr(0, client.address.rfind(':'));
    if (clients_refused_.note(reason, host))
        log_("client at " + client.address + ": refused, " + std::string{reason});
}

void server::wrote(session& by, std::uint64_t sequence, std::size_t bytes) {
    writes_.add(by, sequence, bytes);
}

std::uint64_t server::join_read(session& by, const raft::core::read_requested& asked) {
    auto wanted = asked;
    if (lease_reads_ && wanted.consistency == raft::read_consistency::linearizable)
        wanted.consistency = raft::read_consistency::lease;
    return reads_.join(by, wanted);
}

std::optional<std::string> server::use_lease(bool on) {
    if (on && !options_.config.clock_drift_ppm)
        return "NOLEASE a lease needs a bound on the clocks: start the servers with "
               "--clock-drift-ppm";
    lease_reads_ = on;
    return std::nullopt;
}

void server::await_leader(session& by, std::uint64_t sequence) { leader_waits_.add(by, sequence); }

void server::begin(session& by, std::uint64_t sequence, const cluster_request& asked) {
    administration_.begin({by.shared_from_this(), sequence}, asked);
}

std::optional<std::string> server::take_snapshot() {
    if (auto busy = snapshots_.obstacle()) return busy;
    const auto refused = snapshots_.take();
    if (!refused) return std::nullopt;
    if (refused->reason == raft::refusal_reason::nothing_to_do)
        return "NOCHANGE nothing was applied since the last snapshot";
    return refusal_text(*refused, 0, layout());
}

// -------------------------------------------------------------------------------- the node's state

/// By turns: any of them may be down, or know no more than this server.
std::optional<raft::member_id> server::next_remaining_member() const {
    const auto& members = node().protocol_state().members();
    std::vector<raft::member_id> remaining;
    for (const auto member : members.final_members()) {
        const auto id = members.id_of(member);
        if (id.value != options_.id && layout().find(id.value) != nullptr) remaining.push_back(id);
    }
    if (remaining.empty()) return std::nullopt;
    return remaining[sent_on_++ % remaining.size()];
}

std::optional<raft::refusal> server::not_leading() const {
    const auto& state = node().protocol_state();
    if (state.is_leader() && !stopping_) return std::nullopt;
    const auto leader = state.current_leader();
    // A server that is about to stop sends nobody to itself.
    if (leader && leader != raft::member_id{options_.id})
        return raft::refusal{raft::refusal_reason::not_leader, leader};
    // One that was removed knows who was to remain, and they know who leads.
    if (state.tasks->removed_at || !state.members().slot_of({options_.id}))
        return raft::refusal{raft::refusal_reason::not_leader, next_remaining_member()};
    const auto* halted = std::get_if<raft::core::halted>(&state.role);
    return raft::refusal{halted != nullptr ? raft::core::reason_of(*halted)
                                           : raft::refusal_reason::not_leader,
                         std::nullopt};
}

std::optional<raft::refusal> server::not_taking_writes() const {
    const auto refused = not_leading();
    const bool hands_on = options_.forwards && !stopping_ && refused && refused->leader;
    return hands_on ? std::nullopt : refused;
}

server_report server::report() const {
    const auto status = node().status();
    server_report report{
        .id = options_.id,
        .role = status.role,
        .term = status.current_term.value,
        .leader = std::nullopt,
        .commit = status.commit_index.value,
        .applied = status.last_applied.value,
        .last = status.last_log_index.value,
        .first = status.first_log_index.value,
        .snapshot = status.snapshot.last_included.index.value,
        .snapshot_bytes = status.snapshot.size,
        .applied_bytes = store().bytes_applied(),
        .storage_failed = status.storage_failed,
        .state_differs = status.state_differs,
        .version_too_old = status.version_too_old,
        .compared = node_->compared(),
        .configuration = status.configuration.value,
        .changing = status.changing,
        .lease = lease_reads_,
        .members = report_of_members(node().protocol_state(), node_->members()),
        .clients = clients_.report(),
        .uptime_seconds = static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::seconds>(clock::now() - started_).count()),
        .done = done_,
        .flushes = flushes_->report(),
        .peers_refused = peers_.refused(),
        .clients_refused = clients_refused_.counts(),
    };
    if (status.lost_through) report.lost_through = status.lost_through->index.value;
    if (status.lacks_from) report.lacks_from = status.lacks_from->value;
    if (status.removed_at) report.removed_at = status.removed_at->value;
    if (status.leader) report.leader = status.leader->value;
    return report;
}

std::optional<http_page> server::page(std::string_view path) const {
    if (path == "/metrics")
        return http_page{.status = "200 OK",
                         .type = "text/plain; version=0.0.4; charset=utf-8",
                         .body = metrics_text(*this)};
    const auto& state = node().protocol_state();
    if (path == "/healthz") return page_of(health::ailment(state));
    if (path == "/ready")
        return page_of(stopping_ ? std::optional<std::string>{"it is stopping"}
                                 : health_.obstacle(state, protocol_now()));
    return std::nullopt;
}

// ---------------------------------------------------------------------------------------- the end

std::string server::recording_path() const { return options_.directory + "/flight-recording"; }

void server::save_recording() {
    const auto path = recording_path();
    const auto& recorder = node_->node().observer();
    if (recorder.save(node().protocol_state(), path))
        log_("flight recording of " + std::to_string(recorder.inputs()) + " inputs saved in " +
             path);
    else
        log_("cannot save the flight recording in " + path);
}

/// Nobody is to wait for it: it answers what it has taken, lets another server lead, and goes. What
/// takes too long is cut short: the disk has all that was promised.
void server::stop() {
    if (stopping_) return;
    log_("stopping");
    stopping_ = true;
    clients_.close();
    stop_timer_.expires_after(stop_time_max);
    stop_timer_.async_wait([this](const asio::error_code& cancelled) {
        if (!cancelled) finish();
    });
    node_->schedule_turn();
}

void server::step_aside() {
    if (clients_.empty() && writes_.idle() && node_->has_handed_over()) finish();
}

void server::finish() {
    leader_waits_.end();
    leader_search_.end();
    stop_timer_.cancel();
    clients_.cancel_timers();
    pages_.stop();
    node_->stop();
    log_("stopped");
    io_.stop();
}

}  // namespace raft_kv
