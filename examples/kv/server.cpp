// SPDX-License-Identifier: BSL-1.0
//
// The server at work: its turns, what it tells, and how it stops. How it starts is in
// server_start.cpp.
#include "server.hpp"

#include <utility>

#include "cluster_view.hpp"
#include "node_report.hpp"
#include "redirect.hpp"

namespace raft_kv {

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
    , pages_{io, *this, *node_, log_}
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
    pages_.look_after();
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

std::uint64_t server::join_read(session& by, const raft::core::read_requested& wanted) {
    return reads_.join(by, wanted);
}

std::optional<std::string> server::use_lease(bool on) {
    return reads_.use_lease(on, options_.config);
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

std::optional<raft::refusal> server::not_leading() const {
    const auto& state = node().protocol_state();
    if (state.is_leader() && !stopping_) return std::nullopt;
    return signpost_.away_from(state, layout());
}

std::optional<raft::refusal> server::not_taking_writes() const {
    const auto refused = not_leading();
    const bool hands_on = options_.forwards && !stopping_ && refused && refused->leader;
    return hands_on ? std::nullopt : refused;
}

server_report server::report() const {
    auto report = report_of_node(*node_);
    report.lease = reads_.uses_lease();
    report.clients = clients_.report();
    report.uptime_seconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(clock::now() - started_).count());
    report.done = done_;
    report.flushes = flushes_->report();
    report.peers_refused = peers_.refused();
    report.clients_refused = clients_refused_.counts();
    return report;
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
    pages_.say_stopping();
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
