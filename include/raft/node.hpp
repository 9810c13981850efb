// SPDX-License-Identifier: BSL-1.0
//
// The node: the only place where anything happens. It feeds inputs to the step and carries the
// effects out through the four policies; it holds no rule of Raft. Thread rule: a node is used from
// one thread at a time, and calls nothing back except from within your calls.
//
// What a step asks for is carried out while it asks (`performer`): a message is written once, where
// the transport wants it. Nothing of that calls back into the node or into the program; what may
// (outcomes, reads, the state machine) waits until the decision is complete.
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <raft/core/step.hpp>
#include <raft/node/options.hpp>
#include <raft/node/outcome.hpp>
#include <raft/node/receipt.hpp>
#include <raft/node/recovery.hpp>
#include <raft/node/requests.hpp>
#include <raft/node/sender.hpp>
#include <raft/node/status.hpp>
#include <raft/policy.hpp>

namespace raft {

/// A server of a replicated state machine. Each policy is a type that the node owns, or a reference
/// to one that outlives it.
template <class StateMachine, class Transport, class Storage, class Clock, limits Limits = limits{}>
requires node_parts<StateMachine, Transport, Storage, Clock>
class node {
public:
    using state_machine_type = std::remove_reference_t<StateMachine>;
    using command = command_of<StateMachine>;
    using result = typename state_machine_type::result;
    using time_point = typename std::remove_reference_t<Clock>::time_point;
    static_assert((check_state_machine<state_machine_type>(), true));

    node(node_options options, StateMachine state_machine, Transport transport, Storage storage,
         Clock clock = {})
        : options_{std::move(options)}
        , state_machine_{std::forward<StateMachine>(state_machine)}
        , transport_{std::forward<Transport>(transport)}
        , storage_{std::forward<Storage>(storage)}
        , clock_{std::forward<Clock>(clock)} {}

    /// Takes up what the storage kept, and begins to take part. Called once, first. False if what
    /// the storage kept makes no sense to the state machine; the node takes part in nothing then.
    bool start() {
        const auto kept = detail::recovered_from(storage_.recover(), options_.initial);
        options_.config.durable_at_once = is_durable_at_once<storage_type>;
        state_ = initial_state(options_.id, options_.config, kept.value_or(recovered_state{}),
                               options_.seed);
        const bool restores = state_.snapshot.last_included.index > log_index{};
        const bool sound = kept && (!restores || restore_state_machine());
        last_applied_ = state_.commit_index;
        if (sound) {
            run(started{});
        } else {
            run(storage_failed{});
        }
        return sound;
    }

    /// Lets the node see the time and what the storage has done. To be called at `deadline()`, and
    /// whenever the storage has made progress.
    void poll() {
        look_at_clock();
        if (saving_at_) look_at_saved_snapshot();
        for (std::size_t i = 0; i < timer_count; ++i)
            if (deadlines_[i] && *deadlines_[i] <= now_) {
                deadlines_[i].reset();
                step_and_finish(timer_fired{static_cast<timer>(i)});
            }
        settle();
    }

    /// When `poll` must be called, at the latest. None: not before something else happens.
    [[nodiscard]] std::optional<time_point> deadline() const {
        std::optional<instant> first;
        for (const auto& each : deadlines_)
            if (each && (!first || *each < *first)) first = each;
        if (!first) return std::nullopt;
        using ticks = typename std::remove_reference_t<Clock>::duration;
        // Rounded up: a poll that comes a tick early would find nothing to do, and come again.
        return time_point{std::chrono::ceil<ticks>(std::chrono::nanoseconds{first->nanoseconds})};
    }

    /// A message came from another server of this cluster. What makes no sense is ignored, as if it
    /// had been lost.
    void receive(member_id from, const message& body, const attachment<command>& beside) {
        if (!detail::has_all_parts<takes_snapshots>(body, beside)) return;
        if (!detail::has_room_for(beside.entries, storage_)) return;
        look_at_clock();
        performer out{*this, beside.entries};
        advance(state_, from, body, beside.configuration, now_, out);
        finish(beside.chunk);
        settle();
    }

    /// Puts a command into the replicated log. `on_outcome` is called with an `outcome<result>`: a
    /// refusal comes before this call returns, `applied` when it is; if leadership is lost first,
    /// `unknown`, and then a final outcome if this server comes to know it.
    template <std::invocable<const outcome<result>&> F>
    void propose(command proposed_command, F on_outcome) {
        const entry<command> single{state_.current_term, std::move(proposed_command)};
        propose_entries({&single, 1}, [function = std::move(on_outcome)](
                                          std::size_t, const outcome<result>& given) mutable {
            function(given);
        });
    }

    /// Puts several commands into the log at once, one entry each. `on_outcome` is called with the
    /// number of the command, from 0, and its outcome. All are taken, or none.
    template <std::invocable<std::size_t, const outcome<result>&> F>
    void propose(std::span<const command> commands, F on_outcome) {
        batch_.clear();
        for (const auto& each : commands) batch_.push_back({state_.current_term, each});
        propose_entries(batch_, std::move(on_outcome));
    }

    /// Asks for a linearizable read. `on_ready` is called once with a `read_outcome`: when it is
    /// `read_ready`, what the state machine holds during that call reflects everything that was
    /// committed before this call.
    template <std::invocable<const read_outcome&> F>
    void read(F on_ready) {
        typename reads_type::callback_type waiting{std::move(on_ready)};
        look_at_clock();
        step(read_requested{});
        const auto ticket = occasional_.read;
        const auto refused = occasional_.refused;
        if (ticket) reads_.add(*ticket, std::move(waiting));
        finish({});
        settle();
        if (refused) waiting(read_outcome{*refused});
    }

    /// Begins to save the state machine's state, so that the log before it can go. None if it has
    /// begun.
    std::optional<refusal> take_snapshot() requires snapshotting_state_machine<state_machine_type> {
        const auto leader = state_.current_leader();
        if (state_.is_halted()) return refusal{refusal_reason::storage_failed, leader};
        if (saving_at_ || restore_at_ || !may_take_snapshot(state_, last_applied_))
            return refusal{refusal_reason::nothing_to_do, leader};
        saving_at_ = last_applied_;
        storage_.save({last_applied_, *state_.log.term_at(last_applied_)},
                      members_at(state_, last_applied_),
                      [this](auto& sink) { std::as_const(state_machine_).save(sink); });
        look_at_clock();
        look_at_saved_snapshot();
        settle();
        return std::nullopt;
    }

    /// Begins to hand leadership to `target`. None if it has begun; it may still come to nothing.
    std::optional<refusal> transfer_leadership(member_id target) {
        look_at_clock();
        step(transfer_requested{target});
        const auto refused = occasional_.refused;
        finish({});
        settle();
        return refused;
    }

    [[nodiscard]] node_status status() const { return status_of(state_, last_applied_); }

    /// What this server knows of the protocol.
    [[nodiscard]] const raft::state& protocol_state() const { return state_; }
    [[nodiscard]] const state_machine_type& state_machine() const { return state_machine_; }
    [[nodiscard]] auto& transport() { return transport_; }
    [[nodiscard]] const auto& storage() const { return storage_; }
    [[nodiscard]] auto& storage() { return storage_; }

private:
    using proposals_type = detail::proposals<result, Limits.callback_bytes + 16>;
    using reads_type = detail::reads<Limits.callback_bytes>;
    using transport_type = std::remove_reference_t<Transport>;
    using storage_type = std::remove_reference_t<Storage>;
    using entries_view = std::span<const entry<command>>;
    static constexpr bool takes_snapshots = snapshotting_state_machine<state_machine_type>;

    // -------------------------------------------------------------------------------------- inputs

    void look_at_clock() {
        const auto since_origin = clock_.now().time_since_epoch();
        now_ = {std::chrono::duration_cast<std::chrono::nanoseconds>(since_origin).count()};
    }

    /// Lets the protocol decide, and does what it asks for but for what `finish` does.
    template <class Input>
    void step(const Input& in, entries_view given = {}) {
        performer out{*this, given};
        advance(state_, in, now_, out);
    }

    template <class Input>
    void step_and_finish(const Input& in) {
        step(in);
        finish({});
    }

    template <class Input>
    void run(const Input& in) {
        look_at_clock();
        step_and_finish(in);
        settle();
    }

    template <class F>
    void propose_entries(entries_view proposed_entries, F on_outcome) {
        const auto count = proposed_entries.size();
        const auto refuse = [&](const refusal& reason) {
            for (std::size_t i = 0; i < count; ++i) on_outcome(i, outcome<result>{reason});
        };
        std::uint64_t bytes = 0;
        for (const auto& each : proposed_entries) {
            const auto size = storage_.size_of(*each.command);
            if (size > Limits.message_bytes)
                return refuse({refusal_reason::too_large, state_.current_leader()});
            bytes += size;
        }
        if (state_.is_leader() && bytes > storage_.room())
            return refuse({refusal_reason::no_space, state_.current_leader()});
        look_at_clock();
        step(proposed{static_cast<std::uint32_t>(count)}, proposed_entries);
        if (const auto refused = occasional_.refused) {
            finish({});
            return refuse(*refused);
        }
        proposals_.add(accepted_, count, std::move(on_outcome));
        finish({});
        settle();
    }

    // ------------------------------------------------------------------------------------- effects

    /// What few steps ask for, and what a step leaves to its end.
    struct left_to_the_end : occasional_effects {
        bool any = false;
        std::optional<log_write> vote{};
    };

    /// Takes the effects of one step as the rules emit them, and carries them out.
    class performer {
    public:
        /// `given`: the entries that came with the input.
        performer(node& owner, entries_view given) : node_{owner}, given_{given} {}

        void send(auto to, const auto& body) {
            detail::sender<command, Limits.message_bytes, transport_type, storage_type>{
                node_.state_, node_.transport_, node_.storage_, node_.receivers_}
                .send(to, body);
        }
        void set(timer which, instant deadline) { deadline_of(which) = deadline; }
        void cancel(timer which) { deadline_of(which).reset(); }

        /// Entries may follow, and go with it; but messages may that count on it, if the storage
        /// is durable at once.
        void persist(write_sequence sequence, const hard_state& kept) {
            const log_write vote{sequence, kept, std::nullopt};
            if constexpr (is_durable_at_once<storage_type>)
                return node_.storage_.write(vote, {}, nullptr);
            node_.occasional_.any = true;
            node_.occasional_.vote = vote;
        }
        /// Inline, down to the storage: made up for one call, the description of a write needs no
        /// memory.
        [[gnu::always_inline]] void append(write_sequence sequence, const raft::append& entries) {
            auto& vote = node_.occasional_.vote;
            if (is_durable_at_once<storage_type> || !vote)
                return node_.begin_write({sequence, std::nullopt, entries}, given_);
            node_.begin_write({sequence, vote->vote, entries}, given_);
            vote.reset();
        }
        /// It is in the state, where `deliver` sees it.
        void commit_through(log_index) {}
        void accept(accepted_proposal place) { node_.accepted_ = place; }
        [[nodiscard]] occasional_effects& occasionally() {
            node_.occasional_.any = true;
            return node_.occasional_;
        }

    private:
        [[nodiscard]] std::optional<instant>& deadline_of(timer which) {
            return node_.deadlines_[static_cast<std::size_t>(which)];
        }

        node& node_;
        entries_view given_;
    };

    /// `chunk`: the bytes that came with the input.
    void finish(std::span<const std::byte> chunk) {
        if (occasional_.any) carry_out_occasional(chunk);
    }

    void carry_out_occasional(std::span<const std::byte> chunk) {
        const auto& asked = occasional_;
        if (asked.vote) storage_.write(*asked.vote, {}, nullptr);
        if (asked.leadership_lost) proposals_.doubt_all();
        if (asked.leadership_lost || asked.reads_lost) reads_.void_all();
        if (asked.chunk) storage_.write_chunk(*asked.chunk, chunk);
        if (asked.install) {
            storage_.install(*asked.install, state_.configurations.front().value);
            restore_at_ = asked.install->sequence;
        }
        if (asked.discard) storage_.discard(*asked.discard);
        if (asked.confirmed) reads_.confirm(*asked.confirmed);
        occasional_ = {};
        more_ = true;
    }

    [[gnu::always_inline]] void begin_write(const log_write& write, entries_view given) {
        const auto& appended = *write.entries;
        const auto* const carried = detail::carried_in(state_, appended.first, appended.last);
        switch (appended.source) {
        case entry_source::no_op:
        case entry_source::configuration: {
            const entry<command> own{appended.term, std::nullopt};
            return storage_.write(write, {&own, 1}, carried);
        }
        case entry_source::proposed:
        case entry_source::received: {
            const auto count = static_cast<std::size_t>(appended.last - appended.first) + 1;
            return storage_.write(write, given.last(count), carried);
        }
        }
    }

    // ------------------------------------------------------------------------ what follows from it

    /// Feeds back what the storage has done, and applies what is committed, until nothing is left
    /// to do. Mostly nothing is, and that is seen without a call.
    void settle() {
        if (storage_may_have_news() || has_to_deliver()) settle_all();
    }
    [[gnu::noinline]] void settle_all() {
        while (storage_may_have_news() && storage_has_news() ? take_storage_news()
                                                             : has_to_deliver() && deliver())
            continue;
    }

    /// A storage that is durable at once has none, but of a snapshot received.
    [[nodiscard]] bool storage_may_have_news() const {
        return !is_durable_at_once<storage_type> || state_.disk.durable != state_.disk.begun;
    }

    /// Whether the storage has come further, or has failed, since the last look.
    [[nodiscard]] bool storage_has_news() const {
        const auto progress = storage_.progress();
        const auto& disk = state_.disk;
        const bool further = disk.begun > disk.durable && progress.durable > disk.durable;
        return (further || progress.failed) && !state_.is_halted();
    }

    bool take_storage_news() {
        const auto durable = least(storage_.progress().durable, state_.disk.begun);
        if (durable > state_.disk.durable)
            step_and_finish(written{durable});
        else
            step_and_finish(storage_failed{});
        return true;
    }

    /// The snapshot received is durable: the state machine takes its state.
    void finish_install() {
        restore_at_.reset();
        if (!restore_state_machine()) return step_and_finish(storage_failed{});
        last_applied_ = state_.snapshot.last_included.index;
        proposals_.forget_through(last_applied_);
    }

    [[nodiscard]] bool has_to_deliver() const {
        return (last_applied_ != state_.commit_index || more_) && !delivering_;
    }

    /// Applies the next committed entries and answers who waits for them; true if anything was
    /// done. What callables ask for meanwhile is done when they have returned.
    bool deliver() {
        delivering_ = true;
        const bool worked = more_ ? deliver_more() : apply_some();
        delivering_ = false;
        return worked;
    }

    bool deliver_more() {
        if (restore_at_ && *restore_at_ <= state_.disk.durable) finish_install();
        const bool worked = !restore_at_ && apply_some();
        if (last_applied_ == state_.commit_index || restore_at_) proposals_.tell_doubt();
        reads_.serve(last_applied_);
        reads_.refuse_void({refusal_reason::leadership_lost, state_.current_leader()});
        more_ = restore_at_ || proposals_.any_in_doubt() || reads_.any();
        return worked;
    }

    [[gnu::always_inline]] bool apply_some() {
        if (last_applied_ >= state_.commit_index) return false;
        const auto last = least(last_applied_ + Limits.apply_batch, state_.commit_index);
        const auto entries = storage_.entries(next(last_applied_), last, Limits.message_bytes);
        if (entries.size() == 1)
            apply_one(entries.front());
        else
            apply_all(entries);
        return !entries.empty();
    }

    void apply_one(const entry<command>& committed) {
        last_applied_ = next(last_applied_);
        const auto term = committed.term;
        const bool awaited = proposals_.any();
        if (committed.command) {
            auto answer = state_machine_.apply(last_applied_, *committed.command);
            if (awaited) proposals_.resolve(last_applied_, term, &answer);
        } else if (awaited) {
            proposals_.resolve(last_applied_, term, nullptr);
        }
    }

    /// Outcomes are told last: the view ends with the first call that changes the storage.
    void apply_all(entries_view committed) {
        auto index = next(last_applied_);
        const bool awaited = proposals_.any();
        for (const auto& each : committed) {
            last_applied_ = next(last_applied_);
            if (awaited) results_.push_back({each.term, std::nullopt});
            if (!each.command) continue;
            auto answer = state_machine_.apply(last_applied_, *each.command);
            if (awaited) results_.back().value.emplace(std::move(answer));
        }
        for (auto& each : results_) {
            proposals_.resolve(index, each.term, each.value ? &*each.value : nullptr);
            index = next(index);
        }
        results_.clear();
    }

    // ------------------------------------------------------------------------- start and snapshots

    [[nodiscard]] bool restore_state_machine() {
        if constexpr (takes_snapshots) {
            detail::stored_source source{storage_, state_.snapshot.size};
            return state_machine_.restore(source);
        } else {
            return false;
        }
    }

    void look_at_saved_snapshot() {
        const auto newest = storage_.snapshot();
        if (!newest || newest->description.last_included.index < *saving_at_) return;
        saving_at_.reset();
        step_and_finish(snapshot_saved{newest->description});
    }

    struct applied_entry {
        term_number term{};
        std::optional<result> value{};
    };

    node_options options_;
    [[no_unique_address]] StateMachine state_machine_;
    [[no_unique_address]] Transport transport_;
    [[no_unique_address]] Storage storage_;
    [[no_unique_address]] Clock clock_;

    raft::state state_{};
    left_to_the_end occasional_{};
    accepted_proposal accepted_{};  ///< Where the latest proposal went.
    instant now_{};
    std::array<std::optional<instant>, timer_count> deadlines_{};

    log_index last_applied_{};
    bool delivering_ = false;
    bool more_ = false;  ///< There may be something to deliver besides committed entries.
    std::optional<log_index> saving_at_{};  ///< A snapshot of this entry's state is being saved.
    std::optional<write_sequence>
        restore_at_{};  ///< A received snapshot is restored once this is durable.

    proposals_type proposals_{};
    reads_type reads_{};
    std::vector<entry<command>> batch_{};
    std::vector<applied_entry> results_{};
    std::array<member_id, members_max> receivers_{};  ///< Of the message being sent.
};

}  // namespace raft
