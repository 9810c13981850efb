// SPDX-License-Identifier: BSL-1.0
//
// Where a server keeps what it must not forget: the concept of a storage.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <raft/core/configuration.hpp>
#include <raft/core/effects.hpp>
#include <raft/core/log.hpp>
#include <raft/policy/entry.hpp>
#include <raft/policy/identity.hpp>

namespace raft {

/// A snapshot that a storage keeps: what it is, and the configuration in force at its last entry.
struct stored_snapshot {
    core::snapshot_description description{};
    configuration members{};
    bool withheld = false;  ///< A witness's: it has no state. Only of a `witness_storage`.
    friend constexpr bool operator==(const stored_snapshot&, const stored_snapshot&) = default;
};

/// What a storage has of a snapshot that was being received.
struct received_part {
    core::snapshot_description description{};
    std::uint64_t bytes = 0;     ///< The first so many bytes are durable …
    std::uint32_t checksum = 0;  ///< … and this is their CRC32C.
    friend constexpr bool operator==(const received_part&, const received_part&) = default;
};

/// What a storage found when it was opened: all that was durable when the process ended, and
/// perhaps some of what was not yet.
struct recovered {
    core::hard_state vote{};
    std::optional<stored_snapshot> snapshot{};
    /// Where the receipt of another one can go on. A storage need not keep it: then it is received
    /// anew.
    std::optional<received_part> incoming{};
    /// The log begins after this position, which is not after the snapshot's last entry.
    core::log_position log_base{};
    /// The terms of the entries, as runs, and the last entry's index (the base's without entries).
    std::vector<core::term_run> runs{};
    log_index last_index{};
    /// The configurations among the entries, in order.
    std::vector<core::indexed_configuration> configurations{};
    /// Where the log ended before the storage lost entries of it that may have been acknowledged;
    /// term and vote are not in doubt. The same after every restart, until `forget_loss`. Only of a
    /// storage that has that (`loss_remembering_storage`).
    std::optional<core::log_position> lost_through{};
    /// From which entry on the log has no commands (`entry_source::withheld`); if the snapshot
    /// reaches so far, it has no state. The same after every restart, until it is cut off or
    /// replaced. Only of a `witness_storage`.
    std::optional<log_index> lacks_from{};
    /// Which history it belongs to, once `keep_history` was called. Only of a
    /// `history_keeping_storage`.
    std::optional<history_id> history{};
    /// Whether the storage had never been written to.
    bool empty = true;
    friend constexpr bool operator==(const recovered&, const recovered&) = default;
};

/// How far a storage has come. `durable` only grows; once `failed`, always failed.
struct storage_progress {
    /// This write, and all that were begun before it, will survive a crash.
    core::write_sequence durable{};
    /// A write was lost. Nothing after `durable` will ever be durable.
    bool failed = false;
    friend constexpr bool operator==(const storage_progress&, const storage_progress&) = default;
};

/// The part of a storage that keeps term, vote and log.
///
/// Writes are begun in the order of their sequence numbers and become durable in that order, at
/// once or later; a write that is durable implies all earlier ones. What has been begun can be read
/// at once. Nothing blocks for the disk. If the storage has a thread, only `progress` may cross it,
/// and the program calls `node::poll` when it has changed. After a failure the storage changes
/// nothing on disk any more, and `progress` says so for ever.
///
/// * `recover()`: what was found when it was opened. Called first, once for each run of a node,
///   which numbers its writes anew from 1. A snapshot can be durable before the log that it covers
///   is; if the log does not hold the snapshot's last entry, then the log is empty and begins after
///   it.
/// * `write(w, entries, configuration)`: begins `w`. `entries` are those of `w.entries`, first to
///   last; `configuration` is that which one of them is, or null. Entries from `w.entries->first`
///   on that exist already are replaced, with all that follow them. Term and vote, where given,
///   become durable no later than the entries.
/// * `entries(first, last, bytes_max)`: some of the entries from `first` on, at least one, none
///   after `last`; no more bytes than `bytes_max` unless the first alone is larger. The view is
///   valid until the next call that is not const. Empty only if the storage has failed, or cannot
///   read them now and can later.
/// * `size_of(command)`: the bytes that a command takes, for the limits of messages and batches.
/// * `room()`: how many bytes of entries can still be begun before the storage is full.
/// * `discard(through)`: the log up to `through` is no longer needed, since a durable snapshot
///   covers it. It may go later.
/// * `progress()`: how far it has come.
template <class T, class Command>
concept log_storage_for = requires(T& storage, const T& saved, const core::log_write& write,
                                   std::span<const entry<Command>> entries,
                                   const core::indexed_configuration* configuration,
                                   log_index index, const Command& command, std::size_t bytes) {
    { storage.recover() } -> std::same_as<recovered>;
    storage.write(write, entries, configuration);
    { storage.entries(index, index, bytes) } -> std::same_as<std::span<const entry<Command>>>;
    { saved.size_of(command) } -> std::convertible_to<std::size_t>;
    { saved.room() } -> std::convertible_to<std::uint64_t>;
    storage.discard(index);
    { saved.progress() } -> std::same_as<storage_progress>;
};

/// A storage that may have lost entries of the middle of its log, knows where the log ended, and is
/// opened all the same: the other servers bring what is lost, and until then this one helps to
/// elect nobody who lacks it.
///
/// * `forget_loss()`: what was lost is durable in the log again, or covered by a durable snapshot:
///   `recover` need not speak of it any more. It may be forgotten later.
template <class T>
concept loss_remembering_storage = requires(T& storage) {
    storage.forget_loss();
};

/// A storage that says which history its log is a part of: what is in it is then never taken for
/// another cluster's.
///
/// * `keep_history(history)`: durable when it returns. Called at most once, before any write, for a
///   storage that has none. False, with `progress` failed, if it cannot be kept.
template <class T>
concept history_keeping_storage = requires(T& storage, history_id history) {
    { storage.keep_history(history) } -> std::same_as<bool>;
};

/// A storage that knows from which entry on its log lacks commands, as a witness's does. A server
/// with another one is no witness: what comes without commands is ignored, as if it had been lost.
///
/// * `write` with `entry_source::withheld`: the entries have no commands, and `recover` says from
///   where on, for as long as they are in the log. A snapshot saved of them, or installed
///   `withheld`, has no state.
/// * `cut(w)`: begins to end the log at `w.last_kept`; if that is the log's start, the snapshot
///   goes too. `recover` speaks of `lost_through` from then on, until `forget_loss`. That is
///   durable no later than the cut.
template <class T>
concept witness_storage = loss_remembering_storage<T> &&
    requires(T& storage, const core::log_cut& begun) {
    storage.cut(begun);
};

}  // namespace raft

namespace raft::policy {

/// Whether a storage says of itself, by `static constexpr bool durable_at_once = true`, that a
/// `write` which has returned survives a crash, whatever `progress` is asked or says. Such a
/// storage never fails: the node answers for a write without a look back. A type that derives from
/// one and is slower says `false`.
template <class Storage>
inline constexpr bool is_durable_at_once = [] {
    if constexpr (requires { Storage::durable_at_once; })
        return bool{Storage::durable_at_once};
    else
        return false;
}();

/// Whether all commands count the same bytes, as a storage says of itself by `static constexpr
/// std::size_t command_bytes`: then the node need not ask for the size of each.
template <class Storage>
concept has_fixed_command_bytes = requires {
    Storage::command_bytes;
};

/// What `save` is given in the check of the concept: a callable that writes to any sink.
struct snapshot_fill_archetype {
    void operator()(auto& sink) const { sink.write(std::span<const std::byte>{}); }
};

}  // namespace raft::policy

namespace raft {

/// The part of a storage that keeps the newest snapshot. What is received from a leader is a write
/// like the others, begun and durable in sequence; what this server saves of its own may take
/// longer, beside them.
///
/// * `save(last_included, members, fill)`: begins a snapshot of this server's own. Calls
///   `fill(sink)` once, before it returns, with a sink whose `write(std::span<const std::byte>)`
///   takes the bytes. Once durable, it atomically becomes what `snapshot()` gives, unless that has
///   a later last entry by then. One at a time.
/// * `write_chunk(w, bytes)`: begins a chunk of `w.snapshot`, which is being received. Offset 0
///   starts it anew; every other chunk follows the one before, or what `recover` gave.
/// * `install(w, members)`: the snapshot received becomes the snapshot, atomically, and the log is
///   cut as `w` says.
/// * `snapshot()`: the newest durable snapshot. Its description says the size and the CRC32C of the
///   bytes: with another one no other server would take it.
/// * `read_snapshot(offset, length)`: bytes of it, at least one, unless it ends before; at most
///   `length`. The view is valid until the next call that is not const. Empty only at its end, or
///   if the storage has failed.
template <class T>
concept snapshot_storage = requires(T& storage, const T& saved, core::log_position last_included,
                                    const configuration& members, const core::chunk_write& chunk,
                                    const core::snapshot_install& install,
                                    std::span<const std::byte> bytes,
                                    const policy::snapshot_fill_archetype& fill,
                                    std::uint64_t number) {
    storage.save(last_included, members, fill);
    storage.write_chunk(chunk, bytes);
    storage.install(install, members);
    { saved.snapshot() } -> std::same_as<std::optional<stored_snapshot>>;
    { storage.read_snapshot(number, number) } -> std::same_as<std::span<const std::byte>>;
};

/// What has become of a chunk of a snapshot that a storage was given to stage.
enum class staging : std::uint8_t {
    under_way,  ///< It is on its way to the disk, or waits for room there.
    kept,       ///< It is on the disk, after all that was received of that snapshot before.
    lost,       ///< It is gone, and what was received before as well: to be received anew.
};

/// What has become of it, in plain English.
[[nodiscard]] constexpr std::string_view describe(staging state) {
    switch (state) {
    case staging::under_way: return "on its way to the disk";
    case staging::kept: return "on the disk";
    case staging::lost: return "lost";
    }
    return "unknown state";
}

/// A storage for which no room is no failure: a full disk, a quota, or as many open files as may
/// be. What meets it waits where nothing was promised yet, and goes on when there is room. A chunk
/// of a snapshot must not hold up the votes and entries behind it meanwhile, so the node has it
/// staged first, beside the sequence of writes, and the protocol hears of it when it is kept. Then
/// neither `write_chunk` nor `install` can meet no room any more.
///
/// * `stage(snapshot, members, offset, bytes)`: begins to put a chunk on the disk, one at a time:
///   in place of one that is under way. Not before all writes that were begun earlier are durable;
///   by itself it makes none durable. With the last chunk all is on the disk that `install` needs;
///   if the process ends before that, `recover` may give the snapshot as if it had been installed.
/// * `staged()`: what has become of the last one.
/// * `waits_for_room()`: whether a write, or a chunk that is under way, waits for room.
template <class T>
concept staging_storage = snapshot_storage<T> &&
    requires(T& storage, const T& saved, const core::snapshot_description& snapshot,
             const configuration& members, std::uint64_t offset, std::span<const std::byte> bytes) {
    storage.stage(snapshot, members, offset, bytes);
    { saved.staged() } -> std::same_as<staging>;
    { saved.waits_for_room() } -> std::same_as<bool>;
};

}  // namespace raft

namespace raft::policy {

/// What `save_later` is given in the check of the concept: a callable that can only be moved.
struct later_fill_archetype : snapshot_fill_archetype {
    later_fill_archetype() = default;
    later_fill_archetype(later_fill_archetype&&) = default;
    later_fill_archetype& operator=(later_fill_archetype&&) = default;
};

}  // namespace raft::policy

namespace raft {

/// A storage that saves a snapshot while the node goes on.
///
/// * `save_later(last_included, members, fill)`: as `save`, but `fill` is moved, and called and
///   destroyed on a thread of the storage's own: as long as `fill` takes, writes go on. It may be
///   called again, and writes the same then: where there was no room, for example. That it is done
///   shows as with `save`, in `snapshot()`. If the snapshot cannot be kept it never shows there,
///   the log stays, and the storage says why in a way of its own. A storage that is destroyed waits
///   for `fill` to return.
template <class T>
concept background_snapshot_storage = snapshot_storage<T> &&
    requires(T& storage, core::log_position last_included, const configuration& members,
             policy::later_fill_archetype fill) {
    storage.save_later(last_included, members, std::move(fill));
};

/// Where a server keeps what it must not forget: term, vote, log, snapshots.
template <class T, class Command>
concept storage_for = log_storage_for<T, Command> && snapshot_storage<T>;

}  // namespace raft

namespace raft::policy {

/// The least storage, to compile against: it says of every write that it is durable, keeps none,
/// and has room for none.
template <class Command>
struct storage_archetype {
    [[nodiscard]] recovered recover() { return {}; }
    void write(const core::log_write& begun, std::span<const entry<Command>>,
               const core::indexed_configuration*) {
        durable = begun.sequence;
    }
    [[nodiscard]] std::span<const entry<Command>> entries(log_index, log_index, std::size_t) {
        return {};
    }
    [[nodiscard]] std::size_t size_of(const Command&) const { return 0; }
    [[nodiscard]] std::uint64_t room() const { return 0; }
    void discard(log_index) {}
    [[nodiscard]] storage_progress progress() const { return {durable, false}; }

    void save(core::log_position, const configuration&, const auto&) {}
    void write_chunk(const core::chunk_write& begun, std::span<const std::byte>) {
        durable = begun.sequence;
    }
    void install(const core::snapshot_install& begun, const configuration&) {
        durable = begun.sequence;
    }
    [[nodiscard]] std::optional<stored_snapshot> snapshot() const { return std::nullopt; }
    [[nodiscard]] std::span<const std::byte> read_snapshot(std::uint64_t, std::uint64_t) {
        return {};
    }

    core::write_sequence durable{};
};

/// The least storage that saves while the node goes on: it keeps no snapshot.
template <class Command>
struct background_storage_archetype : storage_archetype<Command> {
    void save_later(core::log_position, const configuration&, auto) {}
};

/// Fails to compile with the name of what `T` lacks to be a storage.
template <class T, class Command>
constexpr void check_storage() {
    using entries_view = std::span<const entry<Command>>;
    static_assert(
        requires(T & storage) {
            { storage.recover() } -> std::same_as<recovered>;
        },
        "raft: a Storage needs `recovered recover()`");
    static_assert(
        requires(T & storage, const core::log_write& write, entries_view entries,
                 const core::indexed_configuration* members) {
            storage.write(write, entries, members);
        },
        "raft: a Storage needs `write(const log_write&, std::span<const entry<Command>>, const "
        "indexed_configuration*)`, where Command is the `command` of the state machine");
    static_assert(
        requires(T & storage, log_index index) {
            { storage.entries(index, index, std::size_t{}) } -> std::same_as<entries_view>;
        },
        "raft: a Storage needs `std::span<const entry<Command>> entries(log_index first, log_index "
        "last, size_t bytes_max)`");
    static_assert(
        requires(const T& storage, const Command& command) {
            { storage.size_of(command) } -> std::convertible_to<std::size_t>;
        },
        "raft: a Storage needs `size_t size_of(const Command&) const`");
    static_assert(
        requires(const T& storage) {
            { storage.room() } -> std::convertible_to<std::uint64_t>;
        },
        "raft: a Storage needs `uint64_t room() const`");
    static_assert(
        requires(T & storage, log_index through) { storage.discard(through); },
        "raft: a Storage needs `discard(log_index through)`");
    static_assert(
        requires(const T& storage) {
            { storage.progress() } -> std::same_as<storage_progress>;
        },
        "raft: a Storage needs `storage_progress progress() const`");
    static_assert(snapshot_storage<T>,
                  "raft: a Storage keeps snapshots: it needs `save`, `write_chunk`, `install`, "
                  "`snapshot` and `read_snapshot`");
    static_assert(
        background_snapshot_storage<T> ||
            !requires { &T::template save_later<later_fill_archetype>; },
        "raft: a Storage's `save_later` takes a log_position, a configuration and a "
        "callable that can only be moved");
    static_assert(
        loss_remembering_storage<T> || !requires { &T::forget_loss; },
        "raft: a Storage's `forget_loss` takes nothing");
}

}  // namespace raft::policy
