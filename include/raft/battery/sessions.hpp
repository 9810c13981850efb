// SPDX-License-Identifier: BSL-1.0
//
// Exactly-once commands for any state machine (§8, thesis §6.3). A client opens a session through
// the log and numbers its commands; a command that is proposed again, to whichever leader, is
// applied once, and answered each time with what the state machine said then.
//
//     using machine = raft::sessions<bank>;        // in place of `bank`
//     using once = raft::session::exactly_once<bank::command>;
//     node.propose(raft::session::open{now}, …);   // answered with session::opened{session}
//     node.propose(once{{session, {1}}, {0}, now, transfer}, …);
//
// All of it is decided by the log alone, so that all servers decide the same: who has a session,
// what is kept for it, and, by the log's time (log_time.hpp), when it expires: with the next
// command, without a stamp. `now` is what a `timing::log_clock` reads; `replica` puts it in.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

#include <raft/battery/digest.hpp>
#include <raft/battery/log_time.hpp>
#include <raft/battery/sessions/command.hpp>
#include <raft/battery/sessions/snapshot.hpp>
#include <raft/battery/sessions/table.hpp>
#include <raft/policy/state_machine.hpp>

namespace raft {

/// A state machine that applies each command of a session once. It can be saved if `StateMachine`
/// can; then its results need a `codec`. Memory: at most `session::limits::sessions_max` sessions
/// with `results_max` answers each. It is used from one thread at a time, as any state machine.
///
/// A client may have several commands on their way, in any order; `acknowledged_through` names the
/// last up to which it has all answers. At the limits the session unused for longest expires, or a
/// command is refused; no command is dropped, and none of an unknown session is applied. A client
/// that is told `unknown_session` cannot know what became of its unanswered commands: sessions must
/// be many enough, and live long enough, that this is rare.
template <policy::checked_state_machine StateMachine>
class sessions {
    using inner_command = typename StateMachine::command;
    using inner_result = typename StateMachine::result;
    static_assert(std::copyable<inner_result>,
                  "raft: results are kept for retries, so sessions need copyable ones");
    static_assert(!snapshotting_state_machine<StateMachine> || policy::encodable<inner_result>,
                  "raft: results are part of the snapshot, so sessions need a codec<result>");

public:
    using command = session::command<inner_command>;
    using result = session::result<inner_result>;

    explicit sessions(StateMachine machine = {}, const session::limits& limits = {})
        : machine_{std::move(machine)}, table_{limits} {}

    result apply(log_index index, const command& asked) {
        return std::visit([&](const auto& each) { return apply_one(index, each); }, asked);
    }

    /// What became of a command, as far as the log is applied here: its answer, a refusal that
    /// tells why the answer is not known, or nothing if it was not applied so far (it may yet be,
    /// if it was proposed). Unlike a ticket of index and term, this one needs no log: it is
    /// answered from what is kept for the session, on every server, after restarts and snapshots,
    /// until the client acknowledges it or the session ends. Asked after a linearizable read, it
    /// speaks for all that was answered before; a retry of the command is safe in any case.
    [[nodiscard]] std::optional<result> outcome_of(session::ticket ticket) const {
        const auto* session = table_.find(ticket.session);
        if (session == nullptr) return session::refusal::unknown_session;
        return earlier_answer(*session, ticket.serial);
    }

    [[nodiscard]] const StateMachine& machine() const { return machine_; }
    [[nodiscard]] std::size_t session_count() const { return table_.size(); }
    /// The log's time: the latest that it has shown.
    [[nodiscard]] timing::log_time now() const { return table_.now(); }
    /// Of what expires in the state machine itself; sessions need no stamp of their own.
    [[nodiscard]] std::optional<timing::log_time> next_expiry() const {
        if constexpr (timing::expiring_state_machine<StateMachine>) return machine_.next_expiry();
        return std::nullopt;
    }

    static void stamp(command& asked, timing::log_time now) {
        std::visit(
            [&](auto& each) {
                if constexpr (requires { each.now; }) each.now = now;
            },
            asked);
    }
    [[nodiscard]] static command stamp_at(timing::log_time now) { return timing::pass_time{now}; }

    static constexpr auto commands_read = policy::commands_read_by<StateMachine>();
    [[nodiscard]] static std::uint32_t
    version_of(const command& asked) requires versioned_state_machine<StateMachine> {
        return policy::version_of_carried<StateMachine>(asked);
    }

    /// Of the sessions and of `StateMachine`. The time that it takes grows with the answers kept.
    [[nodiscard]] std::uint64_t digest() const requires
        digesting_state_machine<StateMachine> && policy::encodable<inner_result> {
        digests::digest_sink sink;
        detail::session_writer<inner_result, digests::digest_sink>{sink}.write(table_);
        save_value(sink, machine_.digest());
        return sink.value();
    }
    static constexpr auto digest_version = policy::digest_version_of<StateMachine>();

    template <class Sink>
    void save(Sink& sink) const requires snapshotting_state_machine<StateMachine> {
        detail::session_writer<inner_result, Sink>{sink}.write(table_);
        machine_.save(sink);
    }

    /// The state as it is, to be saved while this goes on: the sessions are copied, and of
    /// `StateMachine` there is what its own `capture` gives.
    [[nodiscard]] auto capture() const requires capturing_state_machine<StateMachine> {
        return captured<decltype(machine_.capture())>{table_, machine_.capture()};
    }

    /// The sessions come first: a state machine may read its snapshot to the end of the bytes.
    template <class Source>
    [[nodiscard]] bool restore(Source& source) requires snapshotting_state_machine<StateMachine> {
        auto restored = detail::session_reader<inner_result, Source>{source}.read(table_.limits());
        if (!restored || !machine_.restore(source)) return false;
        table_ = std::move(*restored);
        return true;
    }

    friend bool operator==(const sessions&, const sessions&) = default;

private:
    using record = detail::session_record<inner_result>;

    template <class Captured>
    struct captured {
        detail::session_table<inner_result> table;
        Captured machine;

        template <class Sink>
        void save(Sink& sink) const {
            detail::session_writer<inner_result, Sink>{sink}.write(table);
            machine.save(sink);
        }
    };

    /// A stamp is applied: whatever has expired by then goes.
    void advance_to(log_index index, timing::log_time now) {
        table_.advance_to(now);
        if constexpr (timing::expiring_state_machine<StateMachine>)
            machine_.expire(index, table_.now());
    }

    result apply_one(log_index index, const timing::pass_time& asked) {
        advance_to(index, asked.now);
        return session::time_passed{};
    }

    result apply_one(log_index index, const session::open& asked) {
        advance_to(index, asked.now);
        return session::opened{table_.open(index)};
    }

    result apply_one(log_index index, const session::keep& asked) {
        advance_to(index, asked.now);
        auto* session = table_.use(asked.session, index);
        if (session == nullptr) return session::refusal::unknown_session;
        session->acknowledge(asked.acknowledged_through);
        return session::kept{};
    }

    result apply_one(log_index index, const session::close& asked) {
        advance_to(index, asked.now);
        table_.close(asked.session);
        return session::closed{};
    }

    result apply_one(log_index index, const session::exactly_once<inner_command>& asked) {
        advance_to(index, asked.now);
        auto* session = table_.use(asked.ticket.session, index);
        if (session == nullptr) return session::refusal::unknown_session;
        session->acknowledge(asked.acknowledged_through);
        const auto serial = asked.ticket.serial;
        if (auto earlier = earlier_answer(*session, serial)) return *std::move(earlier);
        if (session->kept.size() >= table_.limits().results_max)
            return session::refusal::too_many_results;
        auto given = machine_.apply(index, asked.command);
        session->kept.emplace(serial, given);
        return session::answer<inner_result>{std::move(given), false};
    }

    result apply_one(log_index index, const session::at_least_once<inner_command>& asked) {
        advance_to(index, table_.now());
        return session::answer<inner_result>{machine_.apply(index, asked.command), false};
    }

    /// The answer to a command that was applied before, or why there is none; nothing for a command
    /// that is new.
    [[nodiscard]] static std::optional<result> earlier_answer(const record& session,
                                                              session::serial_number serial) {
        if (serial <= session.acknowledged_through) return session::refusal::acknowledged;
        const auto kept = session.kept.find(serial);
        if (kept == session.kept.end()) return std::nullopt;
        return session::answer<inner_result>{kept->second, true};
    }

    StateMachine machine_;
    detail::session_table<inner_result> table_;
};

}  // namespace raft
