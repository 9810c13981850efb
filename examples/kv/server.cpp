// SPDX-License-Identifier: BSL-1.0
//
// The server at work: its turns, and what the node answers. How it starts and ends is in
// server_start.cpp and server_stop.cpp.
#include "server.hpp"

#include <algorithm>
#include <utility>

#include "redirect.hpp"
#include "server_id.hpp"
#include <asio/post.hpp>

namespace raft_kv {

namespace {
constexpr std::chrono::milliseconds noticeable_delay{20};
constexpr std::chrono::milliseconds wait_for_room_max{500};
/// Longer than any election: a leader whose followers take nothing for so long will not soon.
constexpr std::chrono::seconds wait_for_majority_max{5};
}  // namespace

// -------------------------------------------------------------------------------- the node's state

/// By turns: any of them may be down, or know no more than this server.
std::optional<raft::member_id> server::next_remaining_member(const raft::core::state& state) const {
    std::vector<raft::member_id> remaining;
    for (const auto member : state.members().final_members()) {
        const auto id = state.members().id_of(member);
        if (id.value != options_.id && layout_.find(id.value) != nullptr) remaining.push_back(id);
    }
    if (remaining.empty()) return std::nullopt;
    return remaining[sent_on_++ % remaining.size()];
}

std::optional<raft::refusal> server::not_leading() const {
    const auto& state = node_->protocol_state();
    if (state.is_leader() && !stopping_) return std::nullopt;
    const auto leader = state.current_leader();
    // A server that is about to stop sends nobody to itself.
    if (leader && leader != raft::member_id{options_.id})
        return raft::refusal{raft::refusal_reason::not_leader, leader};
    // One that was removed knows who was to remain, and they know who leads.
    if (state.tasks->removed_at || !state.members().slot_of({options_.id}))
        return raft::refusal{raft::refusal_reason::not_leader, next_remaining_member(state)};
    const auto failed = node_->status().storage_failed;
    return raft::refusal{failed ? raft::refusal_reason::storage_failed
                                : raft::refusal_reason::not_leader,
                         std::nullopt};
}

std::optional<raft::refusal> server::not_taking_writes() const {
    const auto refused = not_leading();
    const bool hands_on = options_.forwards && !stopping_ && refused && refused->leader;
    return hands_on ? std::nullopt : refused;
}

server_report server::report() const {
    const auto status = node_->status();
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
        .configuration = status.configuration.value,
        .changing = status.changing,
        .lease = lease_reads_,
        .members = {},
        .clients = clients_.report(),
        .uptime_seconds = static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::seconds>(clock::now() - started_).count()),
        .done = done_,
        .flushes = flushes_->report(),
        .peers_refused = peers_refused_.counts(),
        .clients_refused = clients_refused_.counts(),
    };
    if (status.lost_through) report.lost_through = status.lost_through->index.value;
    if (status.lacks_from) report.lacks_from = status.lacks_from->value;
    if (status.removed_at) report.removed_at = status.removed_at->value;
    if (status.leader) report.leader = status.leader->value;
    report.members = report_of_members(node_->protocol_state(), protocol_now());
    return report;
}

std::optional<std::string> server::take_snapshot() {
    if (storage_->is_saving()) {
        const auto waits = storage_->snapshot_error();
        return "BUSY a snapshot is being taken" + (waits.empty() ? "" : ", but waits: " + waits);
    }
    if (const auto refused = node_->take_snapshot()) {
        if (refused->reason != raft::refusal_reason::nothing_to_do)
            return refusal_text(*refused, 0, layout_);
        return "NOCHANGE nothing was applied since the last snapshot";
    }
    bytes_at_snapshot_ = store().bytes_applied();
    saving_ = true;
    log_("snapshot begun at entry " + std::to_string(node_->status().last_applied.value));
    schedule_turn();
    return std::nullopt;
}

// --------------------------------------------------------------------------------- clients' wishes

write_times server::times() const {
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return {timekeeper_.read(protocol_now()),
            std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count()};
}

void server::refused(const client_state& client, std::string_view reason) {
    const auto host = client.address.substr(0, client.address.rfind(':'));
    if (clients_refused_.note(reason, host))
        log_("client at " + client.address + ": refused, " + std::string{reason});
}

void server::wrote(session& by, std::uint64_t sequence, std::size_t bytes) {
    writes_.add({by.shared_from_this(), sequence}, bytes);
}

std::uint64_t server::join_read(session& by, const raft::core::read_requested& asked) {
    auto wanted = asked;
    if (lease_reads_ && wanted.consistency == raft::read_consistency::linearizable)
        wanted.consistency = raft::read_consistency::lease;
    auto group = std::ranges::find(read_groups_, wanted, &read_group::wanted);
    if (group == read_groups_.end())
        group = read_groups_.insert(group, {.wanted = wanted, .round = read_round_++});
    if (group->all.empty() || group->all.back().get() != &by)
        group->all.push_back(by.shared_from_this());
    return group->round;
}

std::optional<std::string> server::use_lease(bool on) {
    if (on && !options_.config.clock_drift_ppm)
        return "NOLEASE a lease needs a bound on the clocks: start the servers with "
               "--clock-drift-ppm";
    lease_reads_ = on;
    return std::nullopt;
}

void server::changed(session& which) {
    if (which.mark_changed()) changed_.push_back(which.shared_from_this());
    schedule_turn();
}

// --------------------------------------------------------------------------------------- the turn

void server::schedule_turn() {
    if (turn_scheduled_) return;
    turn_scheduled_ = true;
    asio::post(io_, [this] {
        turn_scheduled_ = false;
        end_turn();
    });
}

void server::end_turn() {
    std::swap(changed_, served_);
    for (const auto& each : served_) {
        each->unmark_changed();
        each->pump();
        each->settle();
    }
    stamp_due_ = timekeeper_.keep(*node_, protocol_now());
    propose();
    give_up_waiting();
    read();
    for (const auto& each : served_) each->flush();
    served_.clear();
    snapshot_if_due();
    observe();
    follow_membership();
    tell_transfers();
    tell_of_leader();
    look_after_health();
    arm_timer();
    if (stopping_) step_aside();
}

void server::propose() {
    while (writes_.may_propose() && !is_stuck() && has_room(writes_.next())) {
        auto batch = writes_.take();
        auto bytes = std::move(batch->bytes);
        under_way_.push_back({batch.get(), clock::now()});
        ++done_.entries_proposed;
        auto tell = [this,
                     batch = std::move(batch)](const raft::outcome<kv::result>& outcome) mutable {
            tell_outcome(batch, outcome);
        };
        if (options_.forwards)
            node_->forward(std::move(bytes), std::move(tell));
        else
            node_->propose(std::move(bytes), std::move(tell));
    }
}

bool server::is_stuck() const {
    return !under_way_.empty() && clock::now() - under_way_.front().since >= wait_for_majority_max;
}

/// A leader that hears its followers leads on, though their disks take nothing. Clients are told
/// so, and what waits behind it is refused.
void server::give_up_waiting() {
    if (!is_stuck()) return;
    const auto too_old = clock::now() - wait_for_majority_max;
    const auto tell_writers = [&](write_batch& batch, std::string_view text, std::uint64_t& count) {
        count += batch.writers.size();
        for (const auto& each : batch.writers) {
            each.by->write_failed(each.sequence, text);
            changed(*each.by);
        }
        batch.writers.clear();
    };
    for (const auto& each : under_way_)
        if (each.since <= too_old)
            tell_writers(*each.batch, no_majority_text, done_.writes_unknown);
    for (const auto& each : writes_.give_up())
        tell_writers(*each, given_up_text, done_.writes_refused);
}

/// The storage prepares its place on the disk while it works, and can be late with it. Only if that
/// takes long is the disk full, and writes are refused then, until there is room.
bool server::has_room(const write_batch& batch) {
    const auto now = clock::now();
    if (!node_->protocol_state().is_leader() ||
        storage_->size_of(batch.bytes) <= storage_->room()) {
        no_room_since_.reset();
        return true;
    }
    if (!no_room_since_) {
        no_room_since_ = now;
        room_timer_.expires_after(wait_for_room_max);
        room_timer_.async_wait([this](const asio::error_code& error) {
            if (!error) schedule_turn();
        });
    }
    return now - *no_room_since_ >= wait_for_room_max;
}

void server::read() {
    for (auto& group : std::exchange(read_groups_, {}))
        node_->read(group.wanted,
                    [this, round = group.round, all = std::move(group.all)](
                        const raft::read_outcome& outcome) { tell_readers(round, all, outcome); });
}

std::uint64_t& server::count_for(const raft::outcome<kv::result>& outcome) {
    if (std::holds_alternative<raft::applied<kv::result>>(outcome)) return done_.writes_applied;
    if (std::holds_alternative<raft::refusal>(outcome)) return done_.writes_refused;
    if (std::holds_alternative<raft::lost>(outcome)) return done_.writes_lost;
    return done_.writes_unknown;
}

/// Called with a final outcome or, before that, with `unknown`: then the clients are told, and what
/// becomes of it later is nobody's concern.
void server::tell_outcome(std::unique_ptr<write_batch>& batch,
                          const raft::outcome<kv::result>& outcome) {
    constexpr auto malformed = write_result::kind::malformed;
    const auto tell_each = [&](auto tell) {
        if (batch->writers.empty()) return;
        count_for(outcome) += batch->writers.size();
        for (std::size_t i = 0; i < batch->writers.size(); ++i) {
            tell(*batch->writers[i].by, batch->writers[i].sequence, i);
            changed(*batch->writers[i].by);
        }
        batch->writers.clear();
    };
    const auto is_this = [&](const batch_under_way& each) { return each.batch == batch.get(); };
    if (std::erase_if(under_way_, is_this) > 0) writes_.told();
    if (const auto* done = std::get_if<raft::applied<kv::result>>(&outcome)) {
        tell_each([&](session& by, std::uint64_t sequence, std::size_t i) {
            const auto known = i < done->result.size();
            by.write_done(sequence, known ? done->result[i] : write_result{.what = malformed});
        });
    } else if (const auto* refused = std::get_if<raft::refusal>(&outcome)) {
        tell_each([&](session& by, std::uint64_t sequence, std::size_t) {
            by.write_refused(sequence, *refused);
        });
    } else {
        const auto lost = std::holds_alternative<raft::lost>(outcome);
        tell_each([&](session& by, std::uint64_t sequence, std::size_t) {
            by.write_failed(sequence, lost ? lost_text : unknown_text);
        });
    }
    schedule_turn();
    if (!std::holds_alternative<raft::unknown>(outcome)) writes_.recycle(std::move(batch));
}

void server::tell_readers(std::uint64_t round, const readers& all,
                          const raft::read_outcome& outcome) {
    const auto* refused = std::get_if<raft::refusal>(&outcome);
    ++(refused != nullptr ? done_.read_rounds_refused : done_.read_rounds_served);
    for (const auto& each : all) {
        if (refused != nullptr) {
            each->reads_refused(round, *refused);
        } else {
            each->reads_ready(round);
        }
        changed(*each);
    }
}

void server::snapshot_if_due() {
    const auto& state = node_->protocol_state();
    if (seen_failure_ || storage_->is_saving()) return;
    const auto entries = state.commit_index - state.snapshot.last_included.index;
    const auto bytes = store().bytes_applied() - bytes_at_snapshot_;
    const auto due = entries >= options_.snapshot_entries ||
                     (bytes >= limits::log_bytes_per_snapshot &&
                      bytes >= limits::log_per_snapshot * state.snapshot.size);
    if (due) static_cast<void>(take_snapshot());
}

// ------------------------------------------------------------------------------ time, and the disk

void server::arm_timer() {
    auto deadline = node_->deadline();
    if (deadline && patient_until_) deadline = std::max(*deadline, *patient_until_);
    if (stamp_due_) {
        const clock::time_point due{std::chrono::nanoseconds{stamp_due_->nanoseconds}};
        deadline = std::min(deadline.value_or(due), due);
    }
    if (deadline == armed_) return;
    // A later deadline can wait until the timer comes: most are put off again before that.
    if (deadline && armed_ && *armed_ < *deadline) return;
    armed_ = deadline;
    if (!deadline) return static_cast<void>(timer_.cancel());
    timer_.expires_at(*deadline);
    timer_.async_wait([this](const asio::error_code& error) {
        if (error) return;
        armed_.reset();
        poll();
    });
}

/// A server that was itself held up (by a snapshot, or for want of a processor) has not heard its
/// leader because it did not listen. Before it stands for election it reads what came meanwhile.
void server::poll() {
    const auto now = clock::now();
    const auto deadline = node_->deadline();
    const auto due = deadline && *deadline <= now && !node_->protocol_state().is_leader();
    if (due && !patient_until_ && now - *deadline > noticeable_delay)
        patient_until_ =
            now + std::chrono::nanoseconds{options_.config.heartbeat_interval.nanoseconds};
    if (!due || now >= patient_until_.value_or(now)) {
        patient_until_.reset();
        node_->poll();
    }
    schedule_turn();
}

/// From the storage's thread.
void server::storage_woke() {
    if (storage_wakes_.exchange(true)) return;
    asio::post(io_, [this] {
        storage_wakes_ = false;
        poll();
    });
}

/// Tells the log what has changed.
void server::observe() {
    const auto& state = node_->protocol_state();
    const auto now = standing_of(state);
    if (now != seen_standing_) {
        if (const auto text = text_of(now); !text.empty()) log_(text);
        const auto followed = seen_standing_.role == standing::part::follower;
        if (state.is_candidate() && followed) ++done_.elections;
        if (state.is_leader()) ++done_.leaderships;
    }
    seen_standing_ = now;
    observe_snapshots();
    if (!seen_failure_ && state.is_halted()) observe_failure();
}

/// What watches over the process can start it again where it ends, and finds nothing wrong with one
/// that answers and does nothing.
void server::observe_failure() {
    seen_failure_ = true;
    const auto cause = storage_->error();
    log_("storage failed, this server takes part in nothing any more: " +
         (cause.empty() ? std::string{"the snapshot makes no sense"} : cause));
    if (!options_.stays_when_failed) stop();
}

void server::observe_snapshots() {
    const auto& newest = node_->protocol_state().snapshot;
    if (newest.last_included.index != seen_snapshot_) {
        ++done_.snapshots;
        log_("snapshot of entry " + std::to_string(newest.last_included.index.value) + ", " +
             std::to_string(newest.size) + " bytes");
    }
    seen_snapshot_ = newest.last_included.index;
    if (!saving_) return;
    saving_ = storage_->is_saving();
    auto waits = storage_->snapshot_error();
    if (!waits.empty() && waits != seen_snapshot_error_) log_("snapshot waits: " + waits);
    seen_snapshot_error_ = std::move(waits);
}

}  // namespace raft_kv
