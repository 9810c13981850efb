// SPDX-License-Identifier: BSL-1.0
//
// The report for programs, on stdout: one object. Members may be added; those that are there keep
// their meaning for as long as `version` is 1. What is not known is null. Indexes, terms, offsets
// and numbers of bytes are numbers; ids of servers are strings, and marks, histories and checksums
// strings of hexadecimal digits.
//
//   version         1
//   directory       as it was given
//   kv              of a directory of raft-kv: {claim, founders: [id]}
//   mark, history   which storage it is, and which history it belongs to
//   term, vote      what the server has promised; as far as the log can be read
//   log             {after: position, last: position, lacks_from, lost_through: position, replaced}
//   members         {index, changing, members: [{id, part}]}, the newest configuration
//   configurations  [index] of the entries that are configurations
//   segments        [{name, bytes, format, condition, end, first, last}]; first and last are null
//                   if no entry in it counts; condition: whole, unfinished, spare, damaged, unread
//   set_aside       [name] of files that a recovery of a damaged log has left
//   snapshots       [{name, good, last: position, bytes, checksum, withheld}], the last one counts
//   drafts          [{name, bytes, last: position, received, size}] of snapshots not finished
//   entries         with --entries: [{index, term, kind, bytes}]; kind: command, configuration,
//                   no-op, withheld
//   notes           [text]
//   problems        [{text, file, offset}]; the last two of damage alone
//   changing        whether the directory changed so fast that the problems may be none
//
// A position is {index, term}.
#pragma once

#include "report.hpp"

namespace raft_inspect {

/// Begins the object: all but the entries and what is wrong.
void begin_json(const report& all);
/// Before the first entry, for each, and after the last one.
void begin_json_entries();
void json_entry(const raft::wal::inspected_entry& each, bool is_first);
void end_json_entries();
/// Notes and problems, and the end of the object.
void end_json(const report& all);

}  // namespace raft_inspect
