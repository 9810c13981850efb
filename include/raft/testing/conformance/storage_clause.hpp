// SPDX-License-Identifier: BSL-1.0
//
// The contract of a storage (policy/storage.hpp), clause by clause.
#pragma once

#include <cstdint>
#include <string_view>

#include <raft/testing/conformance/report.hpp>

namespace raft::testing {

enum class storage_clause : std::uint8_t {
    new_one_is_empty,
    numbers_begin_anew,
    progress_is_of_what_was_begun,
    becomes_durable,
    readable_at_once,
    entries_within,
    entries_bytes,
    entries_kept,
    replaced_are_gone,
    terms_kept,
    configurations_kept,
    vote_kept,
    discard_keeps_the_rest,
    log_begins_by_the_snapshot,
    history_kept,
    fill_called_once,
    snapshot_described,
    snapshot_read,
    snapshot_kept,
    saved_later,
    newer_snapshot_stays,
    incoming_is_what_came,
    installed_is_the_snapshot,
    install_cuts_the_log,
    install_keeps_the_suffix,
    staged_is_kept,
    staging_makes_nothing_durable,
    withheld_is_said,
    cut_ends_the_log,
    loss_is_said,
    durable_survives_a_crash,
    durable_in_order,
    vote_before_entries,
    snapshot_whole_after_a_crash,
    room_is_there,
    full_is_no_failure,
    full_is_said,
    goes_on_with_room,
    failure_is_said,
    failure_is_final,
};

/// How the clause is broken, in plain English.
[[nodiscard]] constexpr std::string_view describe(storage_clause clause) {
    using enum storage_clause;
    switch (clause) {
    case new_one_is_empty:
        return "storage.recover: a storage that was never written to is not empty";
    case numbers_begin_anew:
        return "storage.recover: after it, progress speaks of the writes of an earlier run";
    case progress_is_of_what_was_begun:
        return "storage.progress: it goes back, or is ahead of what was begun";
    case becomes_durable: return "storage.progress: what was begun does not become durable";
    case readable_at_once: return "storage.write: what was begun cannot be read at once";
    case entries_within: return "storage.entries: it gives none, or some that were not asked for";
    case entries_bytes: return "storage.entries: it gives more bytes than were asked for";
    case entries_kept:
        return "storage.write: an entry that was reported durable is missing after a restart";
    case replaced_are_gone: return "storage.write: an entry that was replaced is in the log";
    case terms_kept: return "storage.recover: an entry has not the term in which it was written";
    case configurations_kept:
        return "storage.recover: the configurations are not those of the entries in the log";
    case vote_kept: return "storage.write: term and vote that were reported durable are not there";
    case discard_keeps_the_rest:
        return "storage.discard: an entry after those that may go is missing";
    case log_begins_by_the_snapshot:
        return "storage.recover: the log begins after the snapshot's last entry";
    case history_kept: return "storage.keep_history: it is not there after a restart";
    case fill_called_once: return "storage.save: `fill` is not called once before it returns";
    case snapshot_described:
        return "storage.snapshot: the newest one, its size or its checksum is not said";
    case snapshot_read:
        return "storage.read_snapshot: it gives other bytes, none, or more than were asked for";
    case snapshot_kept: return "storage.save: a durable snapshot is not there after a restart";
    case saved_later: return "storage.save_later: the snapshot does not show, or is another one";
    case newer_snapshot_stays:
        return "storage.save: an older snapshot takes the place of a newer one";
    case incoming_is_what_came:
        return "storage.recover: what it says of a part of a snapshot is not what was received";
    case installed_is_the_snapshot:
        return "storage.install: the snapshot that was received is not the snapshot";
    case install_cuts_the_log:
        return "storage.install: the log is not removed, and begins not after the snapshot";
    case install_keeps_the_suffix:
        return "storage.install: an entry after the snapshot that was to stay is missing";
    case staged_is_kept: return "storage.stage: a chunk that was staged is not kept";
    case staging_makes_nothing_durable:
        return "storage.stage: progress says that it made a write durable";
    case withheld_is_said:
        return "storage.recover: it does not say from where on the log lacks commands";
    case cut_ends_the_log: return "storage.cut: the log does not end where it was cut";
    case loss_is_said: return "storage.cut: what was lost is not said after a restart";
    case durable_survives_a_crash:
        return "storage.progress: what was reported durable is missing after a crash";
    case durable_in_order:
        return "storage.write: after a crash a write is there, and one before it is not";
    case vote_before_entries:
        return "storage.write: after a crash entries are there without their term and vote";
    case snapshot_whole_after_a_crash:
        return "storage.install: after a crash the snapshot is neither the old nor the new one";
    case room_is_there: return "storage.room: what there was room for does not become durable";
    case full_is_no_failure: return "storage.progress: a full disk is taken for a failure";
    case full_is_said: return "storage.waits_for_room: a write waits, and it does not say for what";
    case goes_on_with_room:
        return "storage.write: what waited for room does not become durable when there is some";
    case failure_is_said: return "storage.progress: a write was lost, and it does not say so";
    case failure_is_final: return "storage.progress: after a failure something becomes durable";
    }
    return "unknown clause";
}

using storage_report = conformance_report<storage_clause>;

}  // namespace raft::testing
