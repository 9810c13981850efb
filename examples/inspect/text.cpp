// SPDX-License-Identifier: BSL-1.0
#include "text.hpp"

#include <cstdio>
#include <string>
#include <string_view>

namespace raft_inspect {

namespace {

void line(std::string_view name, const std::string& text) {
    std::printf("  %-10.*s %s\n", static_cast<int>(name.size()), name.data(), text.c_str());
}

std::string number(std::uint64_t value) { return std::to_string(value); }

std::string words(std::string_view text) { return std::string{text}; }

std::string position(raft::core::log_position at) {
    return number(at.index.value) + " of term " + number(at.term.value);
}

std::string bytes(std::uint64_t count) { return number(count) + (count == 1 ? " byte" : " bytes"); }

std::string range(raft::log_index first, raft::log_index last) {
    if (last < first) return "no entries";
    if (first == last) return "entry " + number(first.value);
    return "entries " + number(first.value) + " to " + number(last.value);
}

std::string members(const report& all, const raft::configuration& members) {
    std::string text;
    for (const auto member : members.everyone())
        text += (text.empty() ? "" : ", ") + all.id_text(members.id_of(member)) + " " +
                words(describe(part_of(members, member)));
    if (members.is_changing()) text += "; a change is under way";
    return text;
}

void tell_identity(const report& all) {
    const auto& found = all.found;
    if (all.owner) {
        std::string founders;
        for (const auto id : all.owner->founders) founders += " " + all.id_text({id});
        line("raft-kv", all.owner->claim + (founders.empty() ? "" : "; founders:" + founders));
    }
    line("storage",
         (found.mark ? "mark " + hex_text(found.mark->value) : "no mark, as of version 1") + ", " +
             (found.history ? "history " + hex_text(found.history->value) : "no history yet"));
}

void tell_log(const report& all) {
    const auto& found = all.found;
    const auto& [term, voted_for] = found.vote;
    line("promises", "term " + number(term.value) + ", " +
                         (voted_for ? "vote for " + all.id_text(*voted_for) : "no vote"));
    const auto first = next(found.base.index);
    line("log", range(first, found.last.index) +
                    (found.last.index < first ? ", after " : ", the last ") + position(found.last));
    if (found.lacks_from)
        line("holes", "no commands from entry " + number(found.lacks_from->value) +
                          " on, as in the log of a witness");
    if (found.lost_through)
        line("lost", "the log went to entry " + position(*found.lost_through) +
                         ", and not all of it is here again from the other servers");
    if (const auto latest = found.members())
        line("members",
             members(all, latest->value) + " (as of entry " + number(latest->index.value) + ")");
    else
        line("members", "those that the program began with: no entry and no snapshot names them");
    for (const auto& each : found.configurations)
        line("", "entry " + number(each.index.value) + ": " + members(all, each.value));
}

void tell_segments(const raft::wal::storage_inspection& found) {
    if (!found.segments.empty()) std::printf("segments\n");
    for (const auto& each : found.segments) {
        auto text = bytes(each.bytes) + ", ";
        if (each.format != 0) text += "version " + number(each.format) + ", ";
        if (each.end != 0)
            text +=
                range(each.first, each.last) + ", records up to offset " + number(each.end) + ", ";
        line(each.name, text + words(describe(each.condition)));
    }
    for (const auto& name : found.set_aside) line(name, "set aside when the log was damaged");
}

void tell_snapshots(const raft::wal::storage_inspection& found) {
    if (!found.snapshots.empty() || !found.drafts.empty()) std::printf("snapshots\n");
    for (const auto& each : found.snapshots) {
        std::string text = each.is_sound ? "good" : "not good";
        if (each.stored) {
            const auto& described = each.stored->description;
            text = "up to entry " + position(described.last_included) + ", " +
                   bytes(described.size) + ", checksum " + hex_text(described.checksum, 8) + ": " +
                   text + (each.stored->withheld ? ", without a state" : "");
        }
        line(each.name, text);
    }
    for (const auto& each : found.drafts) {
        auto text = bytes(each.bytes) + ", not finished";
        if (each.received) {
            const auto& [described, received, checksum] = *each.received;
            text = number(received) + " of " + bytes(described.size) +
                   " received of a snapshot up to entry " + position(described.last_included);
        }
        line(each.name, text);
    }
}

}  // namespace

void tell(const report& all) {
    std::printf("%s\n", all.found.directory.c_str());
    tell_identity(all);
    tell_log(all);
    tell_segments(all.found);
    tell_snapshots(all.found);
}

void tell(const raft::wal::inspected_entry& each) {
    line(number(each.index.value), "term " + number(each.term.value) + " " +
                                       words(describe(each.kind)) +
                                       (each.bytes == 0 ? "" : ", " + bytes(each.bytes)));
}

void tell_verdict(const report& all) {
    for (const auto& each : all.found.notes) std::printf("note: %s\n", each.c_str());
    for (const auto& each : all.found.problems) std::printf("problem: %s\n", each.message.c_str());
    if (all.owner)
        for (const auto& each : all.owner->problems) std::printf("problem: %s\n", each.c_str());
    const auto count = all.problems();
    std::printf("%s\n", count == 0   ? "no problems"
                        : count == 1 ? "1 problem"
                                     : (number(count) + " problems").c_str());
}

}  // namespace raft_inspect
