// SPDX-License-Identifier: BSL-1.0
//
// The node: the only place where anything happens. It feeds inputs to the step and carries the
// effects out through the four policies; it holds no rule of Raft. Thread rule: a node is used from
// one thread at a time, and calls nothing back except from within your calls.
//
// What a step asks for is carried out while it asks (`performer`). Nothing of that calls back into
// the program; what may (outcomes, reads, the state machine) waits until the decision is complete.
#pragma once

#include <concepts>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <raft/core/step.hpp>
#include <raft/node/arrival.hpp>
#include <raft/node/backlog.hpp>
#include <raft/node/deadlines.hpp>
#include <raft/node/delivery.hpp>
#include <raft/node/observer.hpp>
#include <raft/node/options.hpp>
#include <raft/node/outcome.hpp>
#include <raft/node/performer.hpp>
#include <raft/node/receipt.hpp>
#include <raft/node/recovery.hpp>
#include <raft/node/saving.hpp>
#include <raft/node/status.hpp>
#include <raft/policy.hpp>

namespace raft {

/// A server of a replicated state machine. Each policy is a type that the node owns, or a reference
/// to one that outlives it.
template <class StateMachine, class Transport, class Storage, class Clock, limits Limits = limits{},
          class Observer = no_observer>
requires checked_node_parts<StateMachine, Transport, Storage, Clock>
class node {
public:
    using state_machine_type = std::remove_reference_t<StateMachine>;
    using command = command_of<StateMachine>;
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

    /// Takes up what the storage kept, and begins to take part. Called once, first. False if the
    /// node takes part in nothing: the storage is empty and `node_options::birth` is not given
    /// (`node_status::not_born`), or what it kept makes no sense to the state machine.
    bool start() {
        const auto found = storage_.recover();
        const auto kept = detail::recovered_from(found, options_);
        history_ = found.history;
        arriving_.check.resume(found.incoming);
        options_.config.durable_at_once = is_durable_at_once<storage_type>;
        state_ = initial_state(options_.id, options_.config, kept.value_or(recovered_state{}),
                               options_.seed);
        detail::observe_start(observer_, state_);
        const bool sound = kept && detail::settle_history(storage_, history_, options_) &&
                           detail::may_regain_loss<storage_type>(*kept, options_.id) &&
                           detail::restore(state_, state_machine_, storage_);
        delivery_.begin_after(applicable_index(state_));
        look_at_clock();
        sound ? step_and_finish(started{}) : step_and_finish(storage_failed{});
        settle();
        return sound && kept->born;
    }

    /// Lets the node see the time and what the storage has done. To be called at `deadline()`, and
    /// whenever the storage has made progress.
    void poll() {
        look_at_clock();
        if (saving_at_) look_at_saved_snapshot();
        detail::arrival<node>{*this}.look_at_storage();
        for (const auto each : {timer::election, timer::heartbeat})
            if (deadlines_.take_if_due(each, now_)) step_and_finish(timer_fired{each});
        settle();
    }

    /// When `poll` must be called, at the latest. None: not before something else happens.
    [[nodiscard]] std::optional<time_point> deadline() const {
        if (interrupted_) return time_point{};
        const auto first = deadlines_.earliest();
        if (!first) return std::nullopt;
        return detail::not_before<time_point>(*first);
    }

    /// A message came from another server of this cluster. What makes no sense is ignored, as if it
    /// had been lost.
    void receive(member_id from, const message& body, const attachment<command>& beside) {
        if (const auto* append = std::get_if<append_entries>(&body)) [[likely]]
            receive_one(from, *append, beside);
        else if (const auto* reply = std::get_if<append_entries_reply>(&body)) [[likely]]
            receive_one(from, *reply, beside);
        else
            receive_one(from, body, beside);
    }

    /// Puts a command into the replicated log. `on_outcome` is called with an `outcome<result>`: a
    /// refusal comes before this call returns, `applied` when it is; if leadership is lost first,
    /// `unknown`, and then a final outcome if this server comes to know it.
    template <std::invocable<const outcome<result>&> F>
    void propose(command proposed_command, F on_outcome) {
        const entry<command> single{state_.current_term, std::move(proposed_command)};
        propose_entries({&single, 1}, detail::about_one<result>(std::move(on_outcome)));
    }

    /// Puts several commands into the log at once, one entry each. `on_outcome` is called with the
    /// number of the command, from 0, and its outcome. All are taken, or none.
    template <std::invocable<std::size_t, const outcome<result>&> F>
    void propose(std::span<const command> commands, F on_outcome) {
        batch_.clear();
        for (const auto& each : commands) batch_.push_back({state_.current_term, each});
        propose_entries(batch_, std::move(on_outcome));
    }

    /// Puts a command into the replicated log, whoever leads: a leader as `propose` does, a
    /// follower by handing it to its leader, which takes it at most once. `applied` is with the
    /// result of the state machine here; if the leader is lost before it has said where the command
    /// is, `unknown` is the last word.
    template <std::invocable<const outcome<result>&> F>
    void forward(command forwarded_command, F on_outcome) {
        if (state_.is_leader()) return propose(std::move(forwarded_command), std::move(on_outcome));
        const std::uint64_t bytes = storage_.size_of(forwarded_command);
        if (const auto obstacle = delivery_.forwarding.template obstacle_to<Limits>(
                bytes, state_.config.pending_entries))
            return on_outcome(outcome<result>{refusal{*obstacle, state_.current_leader()}});
        delivery_.forwarding.add(std::move(forwarded_command), bytes, std::move(on_outcome));
        look_at_clock();
        forward_waiting();
        settle();
    }

    /// Asks for a read. `on_ready` is called once with a `read_outcome`: when it is `read_ready`,
    /// what the state machine holds during that call is as fresh as `wanted` says: by default it
    /// reflects everything that was committed before this call, on whichever server it was made.
    template <std::invocable<const read_outcome&> F>
    void read(const read_requested& wanted, F on_ready) {
        typename reads_type::callback_type waiting{std::move(on_ready)};
        look_at_clock();
        step(wanted);
        const auto ticket = occasional_.read;
        const auto refused = occasional_.refused;
        if (ticket) delivery_.reading.add(*ticket, std::move(waiting));
        finish({});
        settle();
        if (refused) waiting(read_outcome{*refused});
    }
    template <std::invocable<const read_outcome&> F>
    void read(F on_ready) {
        read(read_requested{}, std::move(on_ready));
    }

    /// Begins to change the membership to `wanted`, in as many steps as it takes (§6). `based_on`:
    /// the configuration that the caller has seen (`node_status::configuration`). Until new voters
    /// vote, to ask for the members of before takes the change back: whoever asked for the change
    /// hears `given_up`, whoever took it back `completed`. If too few of those who would vote
    /// answer within an election timeout it is refused (`no_live_majority`), unless it is forced.
    template <std::invocable<const change_outcome&> F>
    void change_members(log_index based_on, std::vector<member> wanted, F on_outcome,
                        change_check check = change_check::live_majority) {
        typename changes_type::callback_type waiting{std::move(on_outcome)};
        look_at_clock();
        const bool takes_back = state_.is_changing_members();
        step(change_requested{based_on, std::move(wanted), check == change_check::forced});
        const auto refused = occasional_.refused;
        if (!refused) delivery_.changing.await(std::move(waiting), takes_back);
        finish({});
        settle();
        if (refused) waiting(change_outcome{*refused});
    }

    /// Begins to save the state machine's state, so that the log before it can go. None if begun.
    std::optional<refusal> take_snapshot() requires snapshotting_state_machine<state_machine_type> {
        look_at_clock();
        const bool is_busy = saving_at_ || restore_at_;
        const auto index = snapshot_index();
        if (const auto obstacle = detail::obstacle_to_saving(state_, index, is_busy, now_))
            return refusal{*obstacle, state_.current_leader()};
        saving_at_ = index;
        schedule_.begun();
        detail::begin_saving(state_, index, std::as_const(state_machine_), storage_);
        look_at_saved_snapshot();
        settle();
        return std::nullopt;
    }

    /// Asks the leader for a snapshot in place of the log. None if it was asked; it sends one only
    /// if more is in it than this server has.
    std::optional<refusal> request_snapshot() { return request(snapshot_requested{}); }

    /// Begins to hand leadership to `target`, or to who has the most complete log. None if begun.
    std::optional<refusal> transfer_leadership(std::optional<member_id> target = std::nullopt) {
        return request(transfer_requested{target});
    }

    /// Ends this server's leadership at once; the best of the others follows. None if it has ended.
    std::optional<refusal> step_down() { return request(step_down_requested{}); }
    /// Somebody will need this group: it wakes, and finds a leader. None if it can.
    std::optional<refusal> wake() { return request(wake_requested{}); }

    [[nodiscard]] node_status status() const { return status_of(state_, last_applied(), history_); }

    /// What this server knows of the protocol.
    [[nodiscard]] const raft::state& protocol_state() const { return state_; }
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
    static constexpr std::size_t message_bytes = Limits.message_bytes;
    static constexpr bool takes_snapshots = snapshotting_state_machine<state_machine_type>;

    // -------------------------------------------------------------------------------------- inputs

    void look_at_clock() {
        const auto since_origin = clock_.now().time_since_epoch();
        now_ = {std::chrono::duration_cast<std::chrono::nanoseconds>(since_origin).count()};
    }

    /// Lets the protocol decide, and does what it asks for but for what `finish` does.
    template <class Input>
    void step(const Input& in, const attachment<command>& given = {}) {
        detail::observe_input(observer_, now_, in);
        detail::performer<node> out{*this, given};
        advance(state_, in, now_, out);
        detail::observe_state(observer_, state_);
    }

    /// `Body` is a message of replication, or `message`.
    template <class Body>
    [[gnu::noinline]] void receive_one(member_id from, const Body& body,
                                       const attachment<command>& beside) {
        if (!detail::has_all_parts<takes_snapshots>(body, beside)) return;
        const bool withheld = detail::is_withheld(state_, body, beside);
        if (withheld && !witness_storage<storage_type>) return;
        look_at_clock();
        if constexpr (std::is_same_v<Body, append_entries>)
            if (!beside.entries.empty() && !takes(beside.entries))
                return receive_one(from, detail::without_entries(body),
                                   {.commands = beside.commands});
        if constexpr (std::is_same_v<Body, message>)
            if (const auto* chunk = std::get_if<install_snapshot>(&body))
                return detail::arrival<node>{*this}.receive(from, *chunk, beside, withheld);
        if constexpr (std::is_same_v<Body, message>)
            if (const auto* forwarded = std::get_if<forward_proposal>(&body))
                if (const auto obstacle = obstacle_to(beside.entries))
                    return step_and_finish(forward_obstructed{from, *forwarded, *obstacle});
        step_on_message(from, body, beside, withheld);
        finish(beside.chunk);
        settle();
    }

    template <class Body>
    [[gnu::always_inline]] void step_on_message(member_id from, const Body& body,
                                                const attachment<command>& beside, bool withheld) {
        if constexpr (detail::observes_inputs<std::remove_reference_t<Observer>>) {
            received in{from, body, std::nullopt, withheld};
            if (beside.configuration != nullptr) in.members = *beside.configuration;
            detail::observe_input(observer_, now_, in);
        }
        detail::performer<node> out{*this, beside};
        advance(state_, from, body, beside.configuration, withheld, now_, out);
        detail::observe_state(observer_, state_);
    }

    /// Whether there is room for what a leader sends. If not the entries stay with it, and it
    /// hears so.
    [[nodiscard]] bool takes(entries_view entries) {
        const auto bytes = [&] { return detail::bytes_of(entries, storage_); };
        if (bytes() > storage_.room()) {
            if (!state_.disk.full) step_and_finish(room_changed{true});
            return false;
        }
        return backlog_.bytes() == 0 || backlog_.bytes() + bytes() <= Limits.unapplied_bytes;
    }

    template <class Input>
    void step_and_finish(const Input& in) {
        step(in);
        finish({});
    }

    /// A request that is taken or refused at once.
    template <class Input>
    std::optional<refusal> request(const Input& in) {
        look_at_clock();
        step(in);
        const auto refused = occasional_.refused;
        finish({});
        settle();
        return refused;
    }

    [[nodiscard]] std::optional<refusal_reason> obstacle_to(entries_view commands) const {
        return detail::obstacle_to<Limits>(commands, storage_, backlog_, state_.is_leader());
    }

    template <class F>
    void propose_entries(entries_view proposed_entries, F on_outcome) {
        const auto count = proposed_entries.size();
        const auto refuse = [&](const refusal& reason) {
            for (std::size_t i = 0; i < count; ++i) on_outcome(i, outcome<result>{reason});
        };
        if (const auto obstacle = obstacle_to(proposed_entries))
            return refuse({*obstacle, state_.current_leader()});
        look_at_clock();
        step(proposed{static_cast<std::uint32_t>(count)}, {.entries = proposed_entries});
        if (const auto refused = occasional_.refused) {
            finish({});
            return refuse(*refused);
        }
        delivery_.proposed.add(accepted_, count, std::move(on_outcome));
        finish({});
        settle();
    }

    /// Hands what waits to the leader, if nothing is on its way there.
    [[gnu::noinline, gnu::cold]] void forward_waiting() {
        const auto room = detail::room_to_leader(state_, transport_, Limits.message_bytes);
        const auto count = delivery_.forwarding.begin_request(state_.current_term, room);
        if (count == 0) return;
        step(forward_requested{count});
        if (occasional_.refused) delivery_.forwarding.end_refused(*occasional_.refused);
        finish({});
    }

    // ------------------------------------------------------------------------------------- effects

    /// `chunk`: the bytes that came with the input.
    void finish(std::span<const std::byte> chunk) {
        if (occasional_.any) [[unlikely]]
            carry_out_occasional(chunk);
    }

    [[gnu::noinline, gnu::cold]] void carry_out_occasional(std::span<const std::byte> chunk) {
        const auto& asked = occasional_;
        if (asked.vote) storage_.write(*asked.vote, {}, nullptr);
        delivery_.hear(asked, state_.current_leader());
        if (asked.chunk) arriving_.check.write(*asked.chunk, chunk, storage_);
        if (asked.install) {
            storage_.install(*asked.install, state_.configurations.front().value);
            restore_at_ = asked.install->sequence;
        }
        if (asked.snapshot_wanted) schedule_.wanted = true;
        detail::let_go(asked, storage_);
        occasional_ = {};
        more_ = true;
    }

    // ------------------------------------------------------------------------ what follows from it

    /// Feeds back what the storage has done, and applies what is committed, until nothing is left
    /// to do. Mostly nothing is, and that is seen without a call.
    [[gnu::always_inline]] void settle() {
        if (has_more_to_do()) settle_all();
    }
    [[nodiscard]] bool has_more_to_do() const {
        return storage_may_have_news() || has_to_deliver();
    }
    [[gnu::noinline]] void settle_all() {
        const auto enough = last_applied() + Limits.applied_per_call;
        interrupted_ = false;
        do {
            const bool news =
                storage_may_have_news() && detail::has_news(state_, storage_.progress());
            if (news) [[unlikely]]
                take_storage_news();
            else if (delivering_ || !deliver())
                break;
            if (last_applied() >= enough) {
                interrupted_ = true;
                return;
            }
        } while (has_more_to_do());
        if constexpr (takes_snapshots)
            if (schedule_.is_due(options_, snapshot_index(), state_)) [[unlikely]]
                static_cast<void>(take_snapshot());
    }

    /// A storage that is durable at once has none, but of a snapshot received.
    [[nodiscard]] bool storage_may_have_news() const {
        return !is_durable_at_once<storage_type> || state_.disk.durable != state_.disk.begun;
    }

    [[gnu::noinline]] void take_storage_news() {
        const auto durable = least(storage_.progress().durable, state_.disk.begun);
        if (durable > state_.disk.durable)
            step_and_finish(written{durable});
        else
            step_and_finish(storage_failed{});
    }

    /// The snapshot received is durable: the state machine takes its state.
    void finish_install() {
        restore_at_.reset();
        if (!detail::restore(state_, state_machine_, storage_))
            return step_and_finish(storage_failed{});
        if (lacks_snapshot_state(state_)) return;
        delivery_.skip_to(state_.snapshot.last_included.index);
        backlog_.clear();
    }

    [[nodiscard]] log_index last_applied() const { return delivery_.last_applied(); }
    [[nodiscard]] log_index snapshot_index() const {
        return detail::snapshot_index(state_, last_applied());
    }
    [[nodiscard]] bool has_to_apply() const {
        return last_applied() < state_.commit_index && last_applied() < applicable_index(state_);
    }
    [[nodiscard]] bool has_to_deliver() const { return (has_to_apply() || more_) && !delivering_; }

    /// Applies the next committed entries and answers who waits for them; true if anything was
    /// done. What callables ask for meanwhile is done when they have returned.
    [[gnu::always_inline]] bool deliver() {
        delivering_ = true;
        const bool worked = more_ ? deliver_more() : apply_some();
        delivering_ = false;
        return worked;
    }

    [[gnu::noinline, gnu::cold]] bool deliver_more() {
        if (restore_at_ && *restore_at_ <= state_.disk.durable) finish_install();
        const bool worked = !restore_at_ && apply_some();
        const bool complete = !has_to_apply() || restore_at_;
        more_ = delivery_.tell(complete, state_.current_leader()) || restore_at_;
        forward_waiting();
        return worked;
    }

    [[gnu::always_inline]] bool apply_some() {
        if (!has_to_apply()) [[unlikely]]
            return false;
        const auto last = least(last_applied() + Limits.apply_batch, applicable_index(state_));
        const auto entries = storage_.entries(next(last_applied()), last, Limits.message_bytes);
        const auto bytes = detail::bytes_of(entries, storage_);
        backlog_.remove(bytes);
        schedule_.applied_bytes += bytes;
        const bool any = !entries.empty();
        delivery_.apply(entries, state_machine_);
        return any;
    }

    void look_at_saved_snapshot() {
        const auto newest = storage_.snapshot();
        if (!newest || newest->description.last_included.index < *saving_at_) return;
        saving_at_.reset();
        step_and_finish(snapshot_saved{newest->description});
    }

    node_options options_;
    std::optional<history_id> history_{};
    [[no_unique_address]] StateMachine state_machine_;
    [[no_unique_address]] Transport transport_;
    [[no_unique_address]] Storage storage_;
    [[no_unique_address]] Clock clock_;
    [[no_unique_address]] Observer observer_;

    raft::state state_{};
    detail::left_to_the_end occasional_{};
    accepted_proposal accepted_{};  ///< Where the latest proposal went.
    instant now_{};
    detail::deadlines deadlines_{};

    bool delivering_ = false;
    bool interrupted_ = false;  ///< More is to be applied than one call may.
    bool more_ = false;         ///< There may be something to deliver besides committed entries.
    std::optional<log_index> saving_at_{};  ///< A snapshot of this entry's state is being saved.
    std::optional<write_sequence> restore_at_{};  ///< A snapshot is restored once this is durable.

    delivery_type delivery_{};
    detail::backlog backlog_{};
    detail::arriving_snapshot arriving_{};
    log_index last_written_{};
    detail::snapshot_schedule schedule_{};
    std::vector<entry<command>> batch_{};
    detail::sending_room<command> sending_room_{};
};

}  // namespace raft
