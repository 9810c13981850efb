// SPDX-License-Identifier: BSL-1.0
//
// The node: the only part with side effects. It gives inputs to the step and carries out its
// effects through the four policies; it holds no rule of Raft, and decides only by sizes and room.
// Thread rule: a node is used from one thread at a time, and calls nothing back except from within
// your calls.
//
// What a step asks of storage and transport is carried out first (`performer`), and none of it
// calls back into the program. What may call back (outcomes, reads, the state machine) follows.
#pragma once

#include <algorithm>
#include <concepts>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <raft/core/compiled.hpp>
#include <raft/core/steady.hpp>
#include <raft/node/arrival.hpp>
#include <raft/node/backlog.hpp>
#include <raft/node/deadline.hpp>
#include <raft/node/delivery.hpp>
#include <raft/node/digests.hpp>
#include <raft/node/observer.hpp>
#include <raft/node/options.hpp>
#include <raft/node/outcome.hpp>
#include <raft/node/performer.hpp>
#include <raft/node/receipt.hpp>
#include <raft/node/recovery.hpp>
#include <raft/node/room.hpp>
#include <raft/node/saving.hpp>
#include <raft/node/status.hpp>
#include <raft/node/versions.hpp>
#include <raft/policy.hpp>

namespace raft {

/// A server of a replicated state machine. Each policy is a type that the node owns, or a reference
/// to one that outlives it.
template <class StateMachine, class Transport, class Storage, class Clock, limits Limits = limits{},
          class Observer = policy::no_observer>
requires policy::checked_node_parts<StateMachine, Transport, Storage, Clock>
class node {
public:
    using state_machine_type = std::remove_reference_t<StateMachine>;
    using command = policy::command_of<StateMachine>;
    using result = typename state_machine_type::result;
    using time_point = typename std::remove_reference_t<Clock>::time_point;

    node(node_options options, StateMachine state_machine, Transport transport, Storage storage,
         Clock clock = {}, Observer observer = {})
        : options_{std::move(options)}
        , state_machine_{std::forward<StateMachine>(state_machine)}
        , transport_{std::forward<Transport>(transport)}
        , storage_{std::forward<Storage>(storage)}
        , clock_{std::forward<Clock>(clock)}
        , observer_{std::forward<Observer>(observer)} {}

    /// Starts the node with what the storage kept. Called once, first. False if the node takes part
    /// in nothing: the storage is empty and `node_options::birth` is not given
    /// (`node_status::not_born`), or what it kept is not valid, or the state machine cannot restore
    /// it.
    bool start() {
        const auto found = storage_.recover();
        const auto kept = detail::recovered_from(found, options_);
        history_ = found.history;
        arriving_.check.resume(found.incoming);
        options_.config.durable_at_once = policy::is_durable_at_once<storage_type>;
        state_ = initial_state(options_.id, options_.config, kept.value_or(core::recovered_state{}),
                               options_.seed);
        detail::observe_start(observer_, state_);
        const bool sound = kept && detail::settle_history(storage_, history_, options_) &&
                           detail::may_regain_loss<storage_type>(*kept, options_.id) &&
                           detail::restore(state_, state_machine_, storage_);
        delivery_.begin_after(applicable_index(state_));
        read_clock();
        sound ? step_and_finish(core::started{}) : step_and_finish(core::storage_failed{});
        settle();
        return sound && kept->born;
    }

    /// Reads the clock and the storage's progress. Call it at `deadline()`, and at any progress.
    void poll() {
        read_clock();
        if (saving_at_) detail::saver<node>{*this}.check();
        detail::arrival<node>{*this}.check_storage_progress();
        detail::room_check<node>{*this}.look();
        for (const auto each : {core::timer::election, core::timer::heartbeat})
            if (detail::is_due(state_.timers.of(each), now_))
                step_and_finish(core::timer_fired{each});
        settle();
    }

    /// The latest time to call `poll`. None: not before something else happens.
    [[nodiscard]] std::optional<time_point> deadline() const {
        if (interrupted_) return time_point{};
        const auto first = state_.timers.deadline();
        if (!first) return std::nullopt;
        return detail::not_before<time_point>(*first);
    }

    /// A message came from another server of this cluster. An invalid one is ignored, as if it had
    /// been lost.
    void receive(member_id from, const core::message& body, const attachment<command>& beside) {
        if (const auto* append = std::get_if<core::append_entries>(&body))
            receive_of_replication(from, *append, beside);
        else if (const auto* reply = std::get_if<core::append_entries_reply>(&body))
            receive_of_replication(from, *reply, beside);
        else
            receive_other(from, body, beside);
    }

    /// Proposes a command for the replicated log. `on_outcome` is called with an `outcome<result>`:
    /// with a refusal before this call returns, or with `applied` when the command is. If
    /// leadership is lost first it is called with `unknown`, and then with a final outcome if this
    /// server learns it.
    template <detail::takes_outcome<outcome<result>> F>
    void propose(command proposed_command, F on_outcome) {
        const entry<command> single{state_.current_term, std::move(proposed_command)};
        propose_entries({&single, 1}, detail::about_one<result>(std::move(on_outcome)));
    }

    /// Proposes several commands at once, one entry each. `on_outcome` is called with the number of
    /// the command, from 0, and its outcome. All are accepted, or none.
    template <std::invocable<std::size_t, const outcome<result>&> F>
    void propose(std::span<const command> commands, F on_outcome) {
        batch_.clear();
        for (const auto& each : commands) batch_.push_back({state_.current_term, each});
        propose_entries(batch_, std::move(on_outcome));
    }

    /// Proposes a command at the leader, whichever server that is. A leader acts as in `propose`; a
    /// follower forwards the command to its leader, which accepts it at most once. `applied` has
    /// the result of the state machine here. If the leader is lost before it has replied where the
    /// command is, the outcome is `unknown`, and none follows.
    template <detail::takes_outcome<outcome<result>> F>
    void forward(command forwarded_command, F on_outcome) {
        if (state_.is_leader()) return propose(std::move(forwarded_command), std::move(on_outcome));
        const std::uint64_t bytes = storage_.size_of(forwarded_command);
        const bool readable = versions_.is_permitted(forwarded_command);
        if (const auto obstacle = delivery_.forwarding.template check_command<Limits>(
                bytes, state_.config.pending_entries, readable))
            return on_outcome(outcome<result>{refusal{*obstacle, state_.current_leader()}});
        delivery_.forwarding.add(std::move(forwarded_command), bytes, std::move(on_outcome));
        read_clock();
        forward_waiting();
        settle();
    }

    /// Requests a read. `on_ready` is called once with a `read_outcome`. If that is `read_ready`,
    /// the state machine is during that call as fresh as `wanted` says: by default it reflects
    /// everything that was committed before this call, on any server.
    template <std::invocable<const read_outcome&> F>
    void read(const core::read_requested& wanted, F on_ready) {
        typename reads_type::callback_type waiting{std::move(on_ready)};
        read_clock();
        const auto out = step(wanted);
        if (out.rare->read) delivery_.reading.add(*out.rare->read, std::move(waiting));
        finish(out);
        settle();
        if (out.rare->refused) waiting(read_outcome{*out.rare->refused});
    }
    template <std::invocable<const read_outcome&> F>
    void read(F on_ready) {
        read(core::read_requested{}, std::move(on_ready));
    }

    /// Begins to change the membership to `wanted`, in as many steps as it takes (§6). `based_on`:
    /// the configuration that the caller has seen (`node_status::configuration`). Until new voters
    /// vote, a request for the members of before takes the change back: its caller gets
    /// `completed`, and the caller of the change gets `aborted`. If too few of the voters after the
    /// change answer within an election timeout, it is refused (`no_live_majority`), unless it is
    /// forced.
    template <std::invocable<const change_outcome&> F>
    void change_members(log_index based_on, std::vector<member> wanted, F on_outcome,
                        change_check check = change_check::live_majority) {
        typename changes_type::callback_type waiting{std::move(on_outcome)};
        read_clock();
        const bool takes_back = state_.is_changing_members();
        const bool forced = check == change_check::forced;
        const auto out = step(core::change_requested{based_on, std::move(wanted), forced});
        const auto& refused = out.rare->refused;
        if (!refused) delivery_.changing.await(std::move(waiting), takes_back);
        finish(out);
        settle();
        if (refused) waiting(change_outcome{*refused});
    }

    /// Begins to save the state machine's state, so that the log before it can go. None if begun.
    std::optional<refusal> take_snapshot() requires snapshotting_state_machine<state_machine_type> {
        return detail::saver<node>{*this}.take();
    }

    /// Requests a snapshot from the leader, in place of the log. None if requested; the leader
    /// sends one only if it holds more than this server has.
    std::optional<refusal> request_snapshot() { return request(core::snapshot_requested{}); }

    /// Begins to transfer leadership to `target`, or to the member with the most complete log. None
    /// if begun.
    std::optional<refusal> transfer_leadership(std::optional<member_id> target = std::nullopt) {
        return request(core::transfer_requested{target});
    }

    /// Ends this server's leadership at once; the best of the others follows. None if it has ended.
    std::optional<refusal> step_down() { return request(core::step_down_requested{}); }
    /// Wakes the group, which will be needed, and finds a leader. None if this server can.
    std::optional<refusal> wake() { return request(core::wake_requested{}); }

    /// All members but witnesses can read commands up to `version` (`versioned_state_machine`), or
    /// the leader can, where this server follows; newer ones are refused (`members_too_old`). Until
    /// this is called, version 0 is taken, and what the log has already. `asio_node` calls it.
    void permit_commands(std::uint32_t version) { versions_.permit(version); }
    [[nodiscard]] std::uint32_t commands_permitted() const { return versions_.permitted(); }

    /// The state is not that of the others: from now on this server takes part in nothing.
    void halt_as_different() {
        digests_.stop();
        static_cast<void>(request(core::state_differs{}));
    }
    /// The latest digests of the state, oldest first.
    [[nodiscard]] std::span<const state_digest> digests() const { return digests_.kept(); }
    [[nodiscard]] node_status status() const {
        return detail::status_of(state_, last_applied(), history_);
    }

    /// What this server knows of the protocol.
    [[nodiscard]] const core::state& protocol_state() const { return state_; }
    [[nodiscard]] const state_machine_type& state_machine() const { return state_machine_; }
    [[nodiscard]] auto& observer() { return observer_; }
    [[nodiscard]] auto& transport() { return transport_; }
    [[nodiscard]] const auto& storage() const { return storage_; }
    [[nodiscard]] auto& storage() { return storage_; }

private:
    using delivery_type =
        detail::delivery<state_machine_type, Limits.callback_bytes, Limits.results_kept>;
    using reads_type = decltype(delivery_type::reading);
    using changes_type = decltype(delivery_type::changing);
    using transport_type = std::remove_reference_t<Transport>;
    using storage_type = std::remove_reference_t<Storage>;
    using entries_view = std::span<const entry<command>>;
    friend class detail::arrival<node>;
    friend class detail::performer<node>;
    friend class detail::room_check<node>;
    friend struct detail::saver<node>;
    static constexpr std::size_t message_bytes = Limits.message_bytes;
    static constexpr std::uint64_t unapplied_bytes = Limits.unapplied_bytes;
    static constexpr bool takes_snapshots = snapshotting_state_machine<state_machine_type>;

    // -------------------------------------------------------------------------------------- inputs

    void read_clock() {
        const auto since_origin = clock_.now().time_since_epoch();
        now_ = {std::chrono::duration_cast<std::chrono::nanoseconds>(since_origin).count()};
    }

    /// Takes a step, and carries out its effects except those that `finish` handles.
    template <class Input>
    [[nodiscard]] core::effects step(const Input& in, const attachment<command>& given = {}) {
        detail::observe_input(observer_, now_, in);
        core::effects out;
        core::take_step(state_, in, now_, out);
        detail::performer<node>{*this, given}.perform(out);
        detail::observe_state(observer_, state_);
        return out;
    }

    /// A busy cluster sends hardly any messages but these two.
    template <class Body>
    void receive_of_replication(member_id from, const Body& body,
                                const attachment<command>& beside) {
        if (!detail::has_all_parts(body, beside)) return;
        const bool withheld = detail::is_withheld(state_, body, beside);
        if (withheld && !witness_storage<storage_type>) return;
        read_clock();
        if constexpr (std::is_same_v<Body, core::append_entries>)
            if (!beside.entries.empty() &&
                !detail::room_check<node>{*this}.takes_all(beside.entries)) {
                const auto count = detail::room_check<node>{*this}.count_taken(beside.entries);
                return receive_of_replication(from, detail::shortened(body, count),
                                              detail::shortened(body, beside, count));
            }
        const bool plain = !withheld && beside.configuration == nullptr;
        if (!plain || !detail::performer<node>{*this, beside}.step_short(from, body))
            finish(step_on_message(from, body, beside, withheld));
        settle();
    }

    void receive_other(member_id from, const core::message& body,
                       const attachment<command>& beside) {
        if (!detail::has_all_parts<takes_snapshots>(body, beside)) return;
        const bool withheld = detail::is_withheld(state_, body, beside);
        if (withheld && !witness_storage<storage_type>) return;
        read_clock();
        if (const auto* chunk = std::get_if<core::install_snapshot>(&body))
            return detail::arrival<node>{*this}.receive(from, *chunk, beside, withheld);
        if (const auto* forwarded = std::get_if<core::forward_proposal>(&body))
            if (const auto obstacle = check_commands(beside.entries))
                return step_and_finish(core::forward_obstructed{from, *forwarded, *obstacle});
        finish(step_on_message(from, body, beside, withheld));
        settle();
    }

    [[nodiscard, gnu::noinline]] core::effects step_on_message(member_id from,
                                                               const core::message& body,
                                                               const attachment<command>& beside,
                                                               bool withheld) {
        detail::observe_received(observer_, now_, from, body, beside.configuration, withheld);
        core::effects out;
        core::take_message(state_, from, body, beside.configuration, withheld, now_, out);
        detail::performer<node>{*this, beside}.perform(out);
        detail::observe_state(observer_, state_);
        return out;
    }

    template <class Input>
    void step_and_finish(const Input& in) {
        finish(step(in));
    }

    /// A request that is accepted or refused at once.
    template <class Input>
    std::optional<refusal> request(const Input& in) {
        read_clock();
        const auto out = step(in);
        finish(out);
        settle();
        return out.rare->refused;
    }

    [[nodiscard]] std::optional<refusal_reason> check_commands(entries_view commands) const {
        return detail::check_commands<Limits>(commands, storage_, backlog_, versions_,
                                              state_.is_leader());
    }

    template <class F>
    void propose_entries(entries_view proposed_entries, F on_outcome) {
        const auto count = proposed_entries.size();
        const auto refuse = [&](const refusal& reason) {
            for (std::size_t i = 0; i < count; ++i) on_outcome(i, outcome<result>{reason});
        };
        if (const auto obstacle = check_commands(proposed_entries))
            return refuse({*obstacle, state_.current_leader()});
        read_clock();
        const attachment<command> given{.entries = proposed_entries};
        const core::proposed in{static_cast<std::uint32_t>(count)};
        if (detail::performer<node>{*this, given}.step_short(in)) {
            const auto first = next(state_.log.last_index() - count);
            delivery_.proposed.add({first, state_.current_term}, count, std::move(on_outcome));
            return settle();
        }
        const auto out = step(in, given);
        if (out.proposal) delivery_.proposed.add(*out.proposal, count, std::move(on_outcome));
        finish(out);
        if (!out.proposal) return refuse(*out.rare->refused);
        settle();
    }

    /// Forwards the waiting commands to the leader, if no request is in progress.
    void forward_waiting() {
        const auto room = detail::room_to_leader(state_, transport_, Limits.message_bytes);
        const auto count = delivery_.forwarding.begin_request(state_.current_term, room);
        if (count == 0) return;
        const auto out = step(core::forward_requested{count});
        if (out.rare->refused) delivery_.forwarding.end_refused(*out.rare->refused);
        finish(out);
    }

    // ------------------------------------------------------------------------------------- effects

    /// `chunk`: the bytes that came with the input.
    void finish(const core::effects& out, std::span<const std::byte> chunk = {}) {
        if (!out.rare.is_changed()) return;
        detail::performer<node>::perform_rare(*this, *out.rare, chunk);
        more_ = true;
    }

    // ------------------------------------------------------------------------ what follows from it

    /// Handles the progress of the storage, and applies committed entries, until nothing is left to
    /// do. Mostly nothing is, and that check needs no call.
    [[gnu::always_inline]] void settle() {
        if (has_more_to_do()) settle_all();
    }
    [[nodiscard]] bool has_more_to_do() const {
        return storage_may_have_progress() || has_to_deliver();
    }
    void settle_all() {
        const auto enough = last_applied() + Limits.applied_per_call;
        interrupted_ = false;
        do {
            const bool progressed =
                storage_may_have_progress() && detail::has_progress(state_, storage_.progress());
            if (progressed)
                take_storage_progress();
            else if (delivering_ || !deliver())
                break;
            if (last_applied() >= enough) {
                interrupted_ = true;
                return;
            }
        } while (has_more_to_do());
        if constexpr (takes_snapshots)
            if (schedule_.is_due(options_, snapshot_index(), state_, detail::saver<node>{*this}))
                static_cast<void>(take_snapshot());
    }

    /// A storage that is durable at once makes no progress, except with a received snapshot.
    [[nodiscard]] bool storage_may_have_progress() const {
        return !policy::is_durable_at_once<storage_type> || !state_.disk.is_idle();
    }

    void take_storage_progress() {
        const auto durable = std::min(storage_.progress().durable, state_.disk.issued);
        if (durable > state_.disk.durable)
            step_and_finish(core::written{durable});
        else
            step_and_finish(core::storage_failed{});
    }

    [[nodiscard]] log_index last_applied() const { return delivery_.last_applied(); }
    [[nodiscard]] log_index snapshot_index() const {
        return detail::snapshot_index(state_, last_applied());
    }
    [[nodiscard]] bool has_to_apply() const {
        return last_applied() < state_.commit_index && last_applied() < applicable_index(state_) &&
               !digests_.is_stopped() && !versions_.has_stopped();
    }
    [[nodiscard]] bool has_to_deliver() const { return (has_to_apply() || more_) && !delivering_; }

    /// Applies the next committed entries and answers the callers that wait for them; true if
    /// anything was done. What callables request meanwhile is done when they have returned.
    bool deliver() {
        delivering_ = true;
        const bool worked = more_ ? deliver_more() : apply_some();
        delivering_ = false;
        return worked;
    }

    bool deliver_more() {
        if (restore_at_ && *restore_at_ <= state_.disk.durable)
            detail::arrival<node>{*this}.install();
        const bool worked = !restore_at_ && apply_some();
        const bool complete = !has_to_apply() || restore_at_;
        more_ = delivery_.tell(complete, state_.current_leader()) || restore_at_;
        forward_waiting();
        return worked;
    }

    [[gnu::always_inline]] bool apply_some() {
        if (!has_to_apply()) return false;
        const auto due = std::min(last_applied() + Limits.apply_batch, applicable_index(state_));
        const auto last = digests_.bound(options_.digest_interval, last_applied(), due);
        const auto entries =
            versions_.readable(storage_.entries(next(last_applied()), last, Limits.message_bytes));
        const auto bytes = detail::bytes_of(entries, storage_);
        backlog_.remove(bytes);
        schedule_.applied_bytes += bytes;
        const bool any = !entries.empty();
        versions_.note_applied(entries);
        delivery_.apply(entries, state_machine_);
        if constexpr (digesting_state_machine<state_machine_type>)
            digests_.look(options_.digest_interval, last_applied(), state_machine_);
        if (versions_.has_stopped()) step_and_finish(core::command_unreadable{});
        return any;
    }

    node_options options_;
    std::optional<history_id> history_{};
    [[no_unique_address]] StateMachine state_machine_;
    [[no_unique_address]] Transport transport_;
    [[no_unique_address]] Storage storage_;
    [[no_unique_address]] Clock clock_;
    [[no_unique_address]] Observer observer_;

    core::state state_{};
    instant now_{};

    bool delivering_ = false;
    bool interrupted_ = false;  ///< More entries are due than one call may apply.
    bool more_ = false;         ///< There may be something to deliver besides committed entries.
    std::optional<log_index> saving_at_{};  ///< A snapshot of this entry's state is being saved.
    std::optional<core::write_sequence> restore_at_{};  ///< Once durable, restore a snapshot.

    delivery_type delivery_{};
    [[no_unique_address]] detail::digest_keeper<state_machine_type> digests_{};
    [[no_unique_address]] detail::command_versions<state_machine_type> versions_{};
    detail::backlog backlog_{};
    std::uint64_t room_wanted_ = 0;  ///< For the entry that the full disk did not take.
    detail::arriving_snapshot arriving_{};
    log_index last_written_{};
    detail::snapshot_schedule schedule_{};
    std::vector<entry<command>> batch_{};
    detail::sending_room<command> sending_room_{};
};

}  // namespace raft
