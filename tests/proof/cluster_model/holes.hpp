// SPDX-License-Identifier: BSL-1.0
//
// What must hold of servers that lack something: the commands of entries that came without them
// (missing_commands.hpp), the end of a log that the disk has lost (lost_entries.hpp), or everything
// (a wiped disk). What a server lacks is read from its disk, not from what the server takes it for.
//
// * Who lacks commands neither leads nor stands, and, unless it is a witness, is not counted on for
//   them when an entry is committed (rules.hpp).
// * In every quorum that could elect a leader or commit there is a server that promises each
//   committed entry: it has it, or votes as if it had it. A server that is halted promises by being
//   silent: a quorum with it agrees on nothing.
// * As long as no disk has lost anything there is a disk with the command of each committed entry.
//
// So whoever is elected has what is committed, commands and all; and where the last disk with a
// command is lost, which can be the only one beside a witness, nobody is elected who would do
// without it.
#pragma once

#include <algorithm>

#include <proof/cluster_model/explored_cluster.hpp>

namespace raft::proof {

/// Whether `agrees(server)` holds of a majority of the voters, and while a change is joint of both
/// halves. Counted here once more, so that the step is not judged by its own counting.
[[nodiscard]] constexpr bool quorum_of(const configuration& members, auto agrees) {
    for (const auto& half : {members.voters, members.outgoing_voters}) {
        std::size_t agreeing = 0;
        std::size_t all = 0;
        for (const auto voter : half) {
            ++all;
            if (agrees(members.id_of(voter).value - 1)) ++agreeing;
        }
        if (all > 0 && agreeing * 2 <= all) return false;
    }
    return true;
}

/// Whether a disk has no command of the entry at `index`, or no state that it went into.
[[nodiscard]] inline bool lacks_on_disk(const core::recovered_state& disk, log_index index) {
    return disk.lacks_from &&
           (*disk.lacks_from <= index || *disk.lacks_from <= disk.snapshot.last_included.index);
}

/// Whether a server keeps others from doing without this entry.
[[nodiscard]] inline bool promises(const explored_server& server, core::log_position entry) {
    const auto& disk = server.disk.inside().durable;
    return server.now.is_halted() || entry.index <= disk.snapshot.last_included.index ||
           (disk.lost_through && at_least_as_up_to_date(*disk.lost_through, entry)) ||
           disk.log.term_at(entry.index) == entry.term;
}

/// Whether a disk holds the command of this entry, or a state that it went into.
[[nodiscard]] inline bool holds_command(const explored_server& server, core::log_position entry) {
    const auto& disk = server.disk.inside().durable;
    return !lacks_on_disk(disk, entry.index) && (entry.index <= disk.snapshot.last_included.index ||
                                                 disk.log.term_at(entry.index) == entry.term);
}

namespace detail {

/// Whether a server lacks commands, by what it has written, whether that is durable or not.
[[nodiscard]] inline bool lacks_commands_written(const explored_server& server) {
    const auto& inside = server.disk.inside();
    const auto is_withheld = [](const simulated_disk::unfinished& each) {
        return (each.entries && each.entries->source == core::entry_source::withheld) ||
               (each.install && each.install->withheld);
    };
    if (!inside.durable.lacks_from && std::ranges::none_of(inside.waiting, is_withheld))
        return false;
    auto disk = server.disk;
    disk.finish(disk.unfinished_writes());
    return disk.inside().durable.lacks_from.has_value();
}

/// Whether this configuration is in the log of `s`, and committed.
[[nodiscard]] inline bool is_committed(const explored_past& past, const core::state& s,
                                       const core::indexed_configuration& members) {
    const auto index = members.index.value;
    if (index > past.committed_count) return false;
    const auto term = s.log.term_at(members.index);
    return index == 0 || !term || term->value == past.committed[index - 1].term;
}

/// The latest configuration that is committed; null if no server that takes part has one.
[[nodiscard]] inline const configuration* committed_members(const explored_cluster& c,
                                                            std::size_t servers) {
    const core::indexed_configuration* latest = nullptr;
    for (std::size_t i = 0; i < servers; ++i) {
        const auto& s = c.at(i).now;
        for (const auto& each : s.configurations)
            if (!s.is_halted() && !each.value.members.empty() && is_committed(c.past, s, each) &&
                (latest == nullptr || each.index > latest->index))
                latest = &each;
    }
    return latest == nullptr ? nullptr : &latest->value;
}

}  // namespace detail

/// The rule that is broken after a step of server `i`; null if none is.
[[nodiscard]] inline const char* broken_by_holes(const model_bounds& bounds,
                                                 const explored_cluster& c, std::size_t i) {
    const auto& now = c.at(i).now;
    if ((now.is_leader() || now.is_candidate()) && detail::lacks_commands_written(c.at(i)))
        return now.is_leader() ? "a server leads that lacks commands"
                               : "a server stands that lacks commands";
    const auto& past = c.past;
    const auto* members =
        past.committed_count > 0 ? detail::committed_members(c, bounds.servers) : nullptr;
    if (members == nullptr) return nullptr;
    const bool all_disks_are_whole =
        past.left.damages == bounds.damages && past.left.wipes == bounds.wipes;
    for (std::uint64_t index = 1; index <= past.committed_count; ++index) {
        const core::log_position entry{{index}, {past.committed[index - 1].term}};
        if (entry.term == term_number{}) continue;  // Before the story began, and forgotten.
        if (quorum_of(*members, [&](std::size_t v) { return !promises(c.at(v), entry); }))
            return "a quorum could do without a committed entry";
        const auto has_it = [&](const explored_server& each) { return holds_command(each, entry); };
        if (all_disks_are_whole &&
            std::none_of(c.servers.begin(), c.servers.begin() + bounds.servers, has_it))
            return "no disk has the command of a committed entry";
    }
    return nullptr;
}

}  // namespace raft::proof
