// SPDX-License-Identifier: BSL-1.0
//
// What is replicated (§2): the concept of a state machine, of one that can be saved, and of one
// that goes on while it is saved (§7).
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

#include <raft/core/types.hpp>

namespace raft {

/// The replicated state machine: the same commands in the same order give the same results on every
/// server (§2).
///
/// `apply(index, command)` is called once for each committed command, in the order of the log, on
/// every server. It must be deterministic, and must not fail: what a command cannot do is said in
/// its result. Indexes grow, with gaps where the protocol's own entries are. After a restart the
/// node applies again from the last snapshot, or from the first entry, so a state machine starts
/// empty; it keeps nothing on disk of its own.
template <class T>
concept state_machine = requires {
    typename T::command;
    typename T::result;
    requires std::copyable<typename T::command>;
    requires std::movable<typename T::result>;
}
&&requires(T& machine, log_index index, const typename T::command& command) {
    { machine.apply(index, command) } -> std::same_as<typename T::result>;
};

}  // namespace raft

namespace raft::policy {

/// Where a state machine writes its snapshot, in pieces of any size.
struct snapshot_sink_archetype {
    constexpr void write(std::span<const std::byte> /*bytes*/) {}
};

/// Where a state machine reads a snapshot: `read` fills the whole span, or says false if the
/// snapshot ends before that.
struct snapshot_source_archetype {
    [[nodiscard]] constexpr bool read(std::span<std::byte> /*bytes*/) { return false; }
};

}  // namespace raft::policy

namespace raft {

/// A state machine whose state can be saved and restored, so that the log need not be kept for ever
/// (§7).
///
/// `save(sink)` writes the whole state; it is called between two calls of `apply`.
/// `restore(source)` replaces the whole state by a saved one, and says whether it could; bytes that
/// make no sense must leave the process alive and be answered false: those of a snapshot that ends
/// too early, for example. After that nothing of the state is used, but a sound snapshot must still
/// replace all of it.
template <class T>
concept snapshotting_state_machine = state_machine<T> &&
    requires(T& machine, const T& saved, policy::snapshot_sink_archetype& sink,
             policy::snapshot_source_archetype& source) {
    saved.save(sink);
    { machine.restore(source) } -> std::same_as<bool>;
};

/// A state machine that goes on while its state is saved (§7, "copy-on-write"). Where the storage
/// can save in the background (`background_snapshot_storage`) the node saves what was captured, and
/// is blocked for no longer than `capture` takes.
///
/// `capture()` gives a movable value that stands for the state as it is now, whatever `apply` and
/// `restore` do afterwards. It is called between two calls of `apply`, and should be cheap: it
/// shares what it can, and copies what it must. The value's `save(sink) const` writes what the
/// state machine's own `save` would have written at the capture. It is called, and the value
/// destroyed, on another thread while the state machine is used.
template <class T>
concept capturing_state_machine = snapshotting_state_machine<T> &&
    requires(const T& machine, policy::snapshot_sink_archetype& sink) {
    { machine.capture() } -> std::movable;
    static_cast<const decltype(machine.capture())&>(machine.capture()).save(sink);
};

/// A state machine whose servers can be compared while they run (battery/comparison.hpp).
///
/// `digest()` tells states apart, and depends on the state alone: after the same entries it is the
/// same on every server, also after `restore`. It is called every few thousand entries. Only
/// digests of one `static constexpr std::uint32_t digest_version` are compared.
template <class T>
concept digesting_state_machine = state_machine<T> && requires(const T& machine) {
    { machine.digest() } -> std::same_as<std::uint64_t>;
};

/// A state machine whose commands have versions, so that servers can be replaced one by one by
/// those of a newer program, which has commands that the older one does not know.
///
/// `version_of(command)`: the version of the program that the command needs; 0 for what all can
/// read. For one that this program cannot read it is above `commands_read`, the newest version that
/// it reads. A command is proposed only once all members can read it (`node::permit_commands`), and
/// a server stops before a committed one that it cannot read.
template <class T>
concept versioned_state_machine = state_machine<T> && requires(const typename T::command& command) {
    { T::version_of(command) } -> std::same_as<std::uint32_t>;
    { T::commands_read } -> std::convertible_to<std::uint32_t>;
};

}  // namespace raft

namespace raft::policy {

/// 0 if its commands have no versions.
template <class StateMachine>
[[nodiscard]] constexpr std::uint32_t commands_read_by() {
    if constexpr (versioned_state_machine<StateMachine>)
        return StateMachine::commands_read;
    else
        return 0;
}

/// The version that a command of a wrapper needs, one of several alternatives some of which carry a
/// command of `StateMachine`.
template <versioned_state_machine StateMachine>
[[nodiscard]] std::uint32_t version_of_carried(const auto& asked) {
    return std::visit(
        [](const auto& each) {
            if constexpr (requires { each.command; })
                return StateMachine::version_of(each.command);
            else
                return std::uint32_t{0};
        },
        asked);
}

/// The least state machine.
struct state_machine_archetype {
    struct command {};
    struct result {};
    constexpr result apply(log_index /*index*/, const command& /*command*/) { return {}; }
};

/// The least state machine that goes on while it is saved.
struct capturing_state_machine_archetype : state_machine_archetype {
    struct captured {
        constexpr void save(auto& sink) const { sink.write(std::span<const std::byte>{}); }
    };
    constexpr void save(auto& sink) const { capture().save(sink); }
    [[nodiscard]] constexpr bool restore(auto& /*source*/) { return true; }
    [[nodiscard]] constexpr captured capture() const { return {}; }
};

/// Fails to compile with the name of what `T` lacks to be a state machine.
template <class T>
constexpr void check_state_machine() {
    static_assert(
        requires {
            typename T::command;
            typename T::result;
        },
        "raft: a StateMachine needs the types `command` and `result`");
    static_assert(std::copyable<typename T::command>, "raft: a command must be copyable");
    static_assert(std::movable<typename T::result>, "raft: a result must be movable");
    static_assert(
        requires(T & machine, const typename T::command& command) {
            { machine.apply(log_index{}, command) } -> std::same_as<typename T::result>;
        },
        "raft: a StateMachine needs `result apply(log_index, const command&)`");
    static_assert(
        snapshotting_state_machine<T> ||
            !requires(T & machine, snapshot_sink_archetype & sink,
                      snapshot_source_archetype & source) {
                machine.save(sink);
                machine.restore(source);
            },
        "raft: a StateMachine that can be saved needs `save(sink) const` and `bool "
        "restore(source)`");
    static_assert(
        capturing_state_machine<T> || !requires(T & machine) { machine.capture(); },
        "raft: a StateMachine's `capture() const` needs `save` and `restore` beside it, "
        "and gives a movable value with `save(sink) const`");
    static_assert(
        digesting_state_machine<T> || !requires(T & machine) { machine.digest(); },
        "raft: a StateMachine's digest is `std::uint64_t digest() const`");
    static_assert(
        versioned_state_machine<T> ||
            !requires(const typename T::command& command) { T::version_of(command); },
        "raft: a StateMachine whose commands have versions needs `static std::uint32_t "
        "version_of(const command&)` and `static constexpr std::uint32_t commands_read`");
}

/// As `state_machine`, but what is none is an error that says why: `check_state_machine` fails
/// before a `requires` hides it.
template <class T>
concept checked_state_machine = state_machine<T> ||(check_state_machine<T>(), true);

}  // namespace raft::policy
