// SPDX-License-Identifier: BSL-1.0
//
// Time in the log: what expires does so at the same entry on every server, and no clock of a server
// has a say in it.
//
// The log's time is the latest stamp among the entries up to an index. What follows from a stamp is
// decided when it is applied, so all servers decide it alike, and after a snapshot, a restart or a
// change of leader it stays decided.
//
// * **How it advances.** Whoever proposes stamps a command with its `log_clock`: the last stamp
//   that it saw in the log, and what its own steady clock has counted since. Where clocks began,
//   and what hour they show, does not matter, so clocks that are minutes or years apart expire
//   nothing and revive nothing. A new leader goes on from when it saw the last stamp: an election
//   stops no time. It is late by what a stamp takes to get to it, never early; a stamp behind the
//   log's time does nothing.
// * **Who writes a stamp when nothing is written.** The leader, as soon as something expires, and
//   until then after every second without one (`stamp_schedule`), but only while the state machine
//   says that anything is to expire. A log in which nothing expires has no stamps.
// * **When it stands.** While no server runs that could lead. A server that restarts goes on from
//   the last stamp that it holds: what was not stamped before it ended has not passed. Nothing
//   expires early by that, but later.
// * **Groups that sleep** (`settings::quiescence`) are woken by a stamp as by any proposal, so a
//   group in which something is to expire sleeps for no longer than the interval of its stamps;
//   give a `stamp_schedule` a longer one where that matters. If the leader of a sleeping group
//   dies, nobody writes a stamp until somebody asks for something: then the group wakes, a leader
//   is elected, and what is overdue expires with its first stamp.
// * **Wall time** is only what a command names: whoever takes it turns it into a length of time, by
//   its own wall clock, once.
//
// `timed<StateMachine>` gives a state machine that time; `sessions<StateMachine>` has it and gives
// it on. `replica` stamps their commands and writes the stamps of a leader; who drives a `node` of
// his own does so with a `log_timekeeper`.
#pragma once

#include <algorithm>
#include <concepts>
#include <optional>
#include <utility>
#include <variant>

#include <raft/battery/digest.hpp>
#include <raft/battery/log_time/clock.hpp>
#include <raft/battery/log_time/command.hpp>
#include <raft/battery/log_time/timekeeper.hpp>
#include <raft/codec/saved_value.hpp>
#include <raft/policy/state_machine.hpp>

namespace raft::timing {

/// A state machine in which things expire.
///
/// `expire(index, now)` says that it is `now` by the entry at `index`; what expires by then goes.
/// It is called before the command of each entry, and without one by a stamp alone; `now` never
/// runs backwards. Where very much expires at once it may leave some of that for later calls, so
/// that none takes long, if it shows nobody what has expired.
/// `next_expiry()` says when it wants to be called again at the latest: when the next thing
/// expires, or a time that is past, if some was left.
template <class T>
concept expiring_state_machine = state_machine<T> &&
    requires(T& machine, const T& asked, log_index index, log_time now) {
    machine.expire(index, now);
    { asked.next_expiry() } -> std::same_as<std::optional<log_time>>;
};

/// A state machine whose log has a time, as whoever drives it sees it: `timed` and `sessions` are.
///
/// `now()` is the log's time; `stamp(command, now)` puts the time into a command on its way to the
/// log; `stamp_at(now)` is a command that is nothing but a stamp.
template <class T>
concept keeps_log_time = state_machine<T> &&
    requires(const T& machine, typename T::command& command, log_time now) {
    { machine.now() } -> std::same_as<log_time>;
    { machine.next_expiry() } -> std::same_as<std::optional<log_time>>;
    T::stamp(command, now);
    { T::stamp_at(now) } -> std::same_as<typename T::command>;
};

/// A state machine with the log's time. A stamp alone is answered with `result{}`. It can be saved
/// if `StateMachine` can. It is used from one thread at a time, as any state machine.
template <policy::checked_state_machine StateMachine>
requires std::default_initializable<typename StateMachine::result>
class timed {
    static_assert(
        expiring_state_machine<StateMachine>,
        "raft: a StateMachine with the log's time needs `expire(log_index, log_time)` and "
        "`std::optional<log_time> next_expiry() const`");

public:
    using command = timed_command<typename StateMachine::command>;
    using result = typename StateMachine::result;

    explicit timed(StateMachine machine = {}) : machine_{std::move(machine)} {}

    result apply(log_index index, const command& asked) {
        now_ = std::max(now_, std::visit([](const auto& each) { return each.now; }, asked));
        machine_.expire(index, now_);
        const auto* inner = std::get_if<stamped<typename StateMachine::command>>(&asked);
        return inner != nullptr ? machine_.apply(index, inner->command) : result{};
    }

    [[nodiscard]] const StateMachine& machine() const { return machine_; }
    [[nodiscard]] log_time now() const { return now_; }
    [[nodiscard]] std::optional<log_time> next_expiry() const { return machine_.next_expiry(); }

    static void stamp(command& asked, log_time now) {
        std::visit([&](auto& each) { each.now = now; }, asked);
    }
    [[nodiscard]] static command stamp_at(log_time now) { return pass_time{now}; }

    static constexpr auto commands_read = policy::commands_read_by<StateMachine>();
    [[nodiscard]] static std::uint32_t
    version_of(const command& asked) requires versioned_state_machine<StateMachine> {
        return policy::version_of_carried<StateMachine>(asked);
    }

    static constexpr auto digest_version = policy::digest_version_of<StateMachine>();
    [[nodiscard]] std::uint64_t digest() const requires digesting_state_machine<StateMachine> {
        digests::digest_sink sink;
        save_value(sink, now_);
        save_value(sink, machine_.digest());
        return sink.value();
    }

    template <class Sink>
    void save(Sink& sink) const requires snapshotting_state_machine<StateMachine> {
        save_value(sink, now_);
        machine_.save(sink);
    }

    /// The state as it is, to be saved while this goes on.
    [[nodiscard]] auto capture() const requires capturing_state_machine<StateMachine> {
        return captured<decltype(machine_.capture())>{now_, machine_.capture()};
    }

    /// The time comes first: a state machine may read its snapshot to the end of the bytes.
    template <class Source>
    [[nodiscard]] bool restore(Source& source) requires snapshotting_state_machine<StateMachine> {
        log_time restored{};
        if (!restore_value(source, restored) || !machine_.restore(source)) return false;
        now_ = restored;
        return true;
    }

    friend bool operator==(const timed&, const timed&) = default;

private:
    template <class Captured>
    struct captured {
        log_time now{};
        Captured machine;

        template <class Sink>
        void save(Sink& sink) const {
            save_value(sink, now);
            machine.save(sink);
        }
    };

    StateMachine machine_;
    log_time now_{};
};

}  // namespace raft::timing
