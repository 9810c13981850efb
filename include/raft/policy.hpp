// SPDX-License-Identifier: BSL-1.0
//
// The four concepts that a program plugs into `raft::node`: what each must do, in prose and in C++,
// and the least type that does it. `check_state_machine<T>()` and its siblings name the member that
// a type lacks.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <raft/core/configuration.hpp>
#include <raft/core/effects.hpp>
#include <raft/core/message.hpp>

namespace raft {

/// An entry of the log. One without a command is the protocol's own: a leader's no-op, or a
/// configuration, which is kept and sent beside the entries as an `indexed_configuration`.
template <class Command>
struct entry {
    term_number term{};
    std::optional<Command> command{};
    friend constexpr bool operator==(const entry&, const entry&) = default;
};

/// What travels beside a message. Views: valid only during the call that they are given to.
template <class Command>
struct attachment {
    /// `append_entries`: the entries in (prev.index, last_index], in order.
    std::span<const entry<Command>> entries{};
    /// `append_entries`: the configuration that one of the entries is, at most one.
    /// `install_snapshot`: the configuration in force at the snapshot's last entry. Null where
    /// there is none.
    const indexed_configuration* configuration = nullptr;
    /// `install_snapshot`: the bytes [offset, offset + length) of the snapshot.
    std::span<const std::byte> chunk{};
};

// -------------------------------------------------------------------------------------------------
// ---
// state machine

/// The replicated state machine: the same commands in the same order give the same results on every
/// server (§2).
///
/// `apply(index, command)` is called once for each committed command, in the order of the log, on
/// every server. It must be deterministic, and must not fail: what a command cannot do is said in
/// its result. Indexes grow, with gaps where the protocol's own entries are. After a restart the
/// node applies again from the last snapshot (or from the first entry), so a state machine starts
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

/// Where a state machine writes its snapshot to, in pieces of any size.
struct snapshot_sink_archetype {
    constexpr void write(std::span<const std::byte> /*bytes*/) {}
};

/// Where a state machine reads a snapshot from: `read` fills the whole span, or says false if the
/// snapshot ends before that.
struct snapshot_source_archetype {
    [[nodiscard]] constexpr bool read(std::span<std::byte> /*bytes*/) { return false; }
};

/// A state machine whose state can be saved and restored, so that the log need not be kept for ever
/// (§7).
///
/// `save(sink)` writes the whole state; it is called between two calls of `apply`.
/// `restore(source)` replaces the whole state by a saved one, and says whether it could; bytes that
/// make no sense must leave the process alive and be answered false.
template <class T>
concept snapshotting_state_machine = state_machine<T> &&
    requires(T& machine, const T& saved, snapshot_sink_archetype& sink,
             snapshot_source_archetype& source) {
    saved.save(sink);
    { machine.restore(source) } -> std::same_as<bool>;
};

struct state_machine_archetype {
    struct command {};
    struct result {};
    constexpr result apply(log_index /*index*/, const command& /*command*/) { return {}; }
};

// -------------------------------------------------------------------------------------------------
// -------
// transport

/// Where messages leave a server.
///
/// `send(to, message, attachment)` may drop, delay, duplicate and reorder; it must not corrupt, nor
/// deliver to another server, nor block, nor call the node. It takes what it needs from the views
/// during the call. All of `to` get the same, so that it can be encoded once. `room(to)` says how
/// many bytes of entries the transport would take for `to` now; with 0, messages without entries
/// still go out. The node never hands over more entries than there is room for. What arrives is
/// given to `node::receive`.
template <class T, class Command>
concept transport_for = requires(T& transport, std::span<const member_id> to, const message& body,
                                 const attachment<Command>& beside, member_id member) {
    transport.send(to, body, beside);
    { transport.room(member) } -> std::convertible_to<std::size_t>;
};

template <class Command>
struct transport_archetype {
    constexpr void send(std::span<const member_id>, const message&, const attachment<Command>&) {}
    [[nodiscard]] constexpr std::size_t room(member_id) { return 0; }
};

// -------------------------------------------------------------------------------------------------
// ---------
// storage

/// A snapshot that storage keeps: what it is, and the configuration in force at its last entry.
struct stored_snapshot {
    snapshot_description description{};
    configuration members{};
    friend constexpr bool operator==(const stored_snapshot&, const stored_snapshot&) = default;
};

/// What a storage found when it was opened: exactly what was durable when the process ended, or
/// more, never less.
struct recovered {
    hard_state vote{};
    std::optional<stored_snapshot> snapshot{};
    /// The entries after this position are in the log. Not after the snapshot's last entry.
    log_position log_base{};
    /// The terms of the entries in the log, as runs, and the last entry's index (the base's if
    /// there is no entry).
    std::vector<term_run> runs{};
    log_index last_index{};
    /// The configurations among the entries, in order.
    std::vector<indexed_configuration> configurations{};
    /// Whether the storage had never been written to.
    bool empty = true;
    friend constexpr bool operator==(const recovered&, const recovered&) = default;
};

/// How far a storage has come. `durable` only grows; once `failed`, always failed.
struct storage_progress {
    write_sequence
        durable{};        ///< This write and all that were begun before it will survive a crash.
    bool failed = false;  ///< A write was lost. Nothing after `durable` will ever be durable.
    friend constexpr bool operator==(const storage_progress&, const storage_progress&) = default;
};

/// Where a server keeps what it must not forget: term, vote, log, snapshots.
///
/// Writes are begun in the order of their sequence numbers and become durable in that order, at
/// once or later; a write that is durable implies all earlier ones. What has been begun can be read
/// at once. Nothing blocks for the disk. If the storage has a thread, only `progress` may cross it,
/// and the program calls `node::poll` when it has changed. After a failure the storage changes
/// nothing on disk any more, and `progress` says so for ever.
///
/// * `recover()`: what was found when it was opened. Called once, first. A snapshot can be durable
///   before the log that it covers is; if the log does not hold the snapshot's last entry, then the
///   log is empty and begins after it.
/// * `write(w, entries, configuration)`: begins `w`. `entries` are those of `w.entries`, first to
/// last; `configuration` is
///   that which one of them is, or null. Entries from `w.entries->first` on that exist already are
///   replaced, with all that follow them. Term and vote, where given, become durable no later than
///   the entries.
/// * `entries(first, last, bytes_max)`: some of the entries from `first` on, at least one, none
/// after `last`; no more bytes
///   than `bytes_max` unless the first alone is larger. The view is valid until the next call that
///   is not const. Empty only if the storage has failed.
/// * `size_of(command)`: the bytes a command takes, for the limits of messages and batches.
/// * `room()`: how many bytes of entries can still be begun before the storage is full.
/// * `discard(through)`: the log up to `through` is no longer needed; a durable snapshot covers it.
/// May be done later.
/// * `progress()`: see above.
template <class T, class Command>
concept log_storage_for = requires(T& storage, const T& saved, const log_write& write,
                                   std::span<const entry<Command>> entries,
                                   const indexed_configuration* configuration, log_index index,
                                   const Command& command) {
    { storage.recover() } -> std::same_as<recovered>;
    storage.write(write, entries, configuration);
    {
        storage.entries(index, index, std::size_t{})
        } -> std::same_as<std::span<const entry<Command>>>;
    { saved.size_of(command) } -> std::convertible_to<std::size_t>;
    { saved.room() } -> std::convertible_to<std::uint64_t>;
    storage.discard(index);
    { saved.progress() } -> std::same_as<storage_progress>;
};

/// What `save` is given in the check of the concept: a callable that writes to any sink.
struct snapshot_fill_archetype {
    void operator()(auto& sink) const { sink.write(std::span<const std::byte>{}); }
};

/// A storage that keeps the newest snapshot too. What is received from a leader is a write like the
/// others, begun and durable in sequence; what this server saves of its own may take longer, beside
/// them.
///
/// * `save(last_included, members, fill)`: begins a snapshot of this server's own. Calls
/// `fill(sink)` once, before it
///   returns, with a sink whose `write(std::span<const std::byte>)` takes the bytes. Once durable,
///   it atomically becomes what `snapshot()` gives, unless that has a later last entry by then. One
///   at a time.
/// * `write_chunk(w, bytes)`: begins a chunk of the snapshot that is being received. Offset 0
/// starts it anew.
/// * `install(w, members)`: the snapshot received becomes the snapshot, atomically, and the log is
/// cut as `w` says.
/// * `snapshot()`: the newest durable snapshot.
/// * `read_snapshot(offset, length)`: bytes of it, `length` of them unless it ends before; the view
/// is valid until the next
///   call that is not const. Empty only past its end, or if the storage has failed.
template <class T>
concept snapshot_storage = requires(T& storage, const T& saved, log_position last_included,
                                    const configuration& members, const chunk_write& chunk,
                                    const snapshot_install& install,
                                    std::span<const std::byte> bytes,
                                    const snapshot_fill_archetype& fill) {
    storage.save(last_included, members, fill);
    storage.write_chunk(chunk, bytes);
    storage.install(install, members);
    { saved.snapshot() } -> std::same_as<std::optional<stored_snapshot>>;
    {
        storage.read_snapshot(std::uint64_t{}, std::uint64_t{})
        } -> std::same_as<std::span<const std::byte>>;
};

template <class T, class Command>
concept storage_for = log_storage_for<T, Command> && snapshot_storage<T>;

// -------------------------------------------------------------------------------------------------
// -----------
// clock

/// A steady clock: time that never goes back. Any steady `std::chrono` clock is one as it is.
template <class T>
concept clock = requires(T& source) {
    typename T::time_point;
    typename T::duration;
    { source.now() } -> std::same_as<typename T::time_point>;
    { (source.now() - source.now()).count() } -> std::convertible_to<std::int64_t>;
    requires T::is_steady;
};

}  // namespace raft
