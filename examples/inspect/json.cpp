// SPDX-License-Identifier: BSL-1.0
#include "json.hpp"

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace raft_inspect {

namespace {

std::string quoted(std::string_view text) {
    std::string out{'"'};
    for (const char each : text) {
        const auto code = static_cast<unsigned char>(each);
        if (each == '"' || each == '\\')
            out += {'\\', each};
        else if (code < 0x20)
            out += "\\u" + hex_text(code, 4);
        else
            out += each;
    }
    return out + '"';
}

std::string number(std::uint64_t value) { return std::to_string(value); }

std::string truth(bool value) { return value ? "true" : "false"; }

template <class Value, class Text>
std::string or_null(const std::optional<Value>& value, Text text) {
    return value ? text(*value) : "null";
}

std::string position(raft::core::log_position at) {
    return "{\"index\":" + number(at.index.value) + ",\"term\":" + number(at.term.value) + "}";
}

template <class List, class Text>
std::string list(const List& all, Text text) {
    std::string out;
    for (const auto& each : all) out += (out.empty() ? "" : ",") + text(each);
    return "[" + out + "]";
}

void member(const char* name, const std::string& value) {
    std::printf("\"%s\":%s,\n", name, value.c_str());
}

std::string log(const raft::wal::storage_inspection& found) {
    return "{\"after\":" + position(found.base) + ",\"last\":" + position(found.last) +
           ",\"lacks_from\":" +
           or_null(found.lacks_from, [](raft::log_index at) { return number(at.value); }) +
           ",\"lost_through\":" + or_null(found.lost_through, position) +
           ",\"replaced\":" + truth(found.log_is_replaced) + "}";
}

std::string members(const report& all) {
    return or_null(all.found.members(), [&](const raft::core::indexed_configuration& latest) {
        const auto& members = latest.value;
        return "{\"index\":" + number(latest.index.value) +
               ",\"changing\":" + truth(members.is_changing()) + ",\"members\":" +
               list(members.everyone(),
                    [&](raft::core::slot each) {
                        return "{\"id\":" + quoted(all.id_text(members.id_of(each))) +
                               ",\"part\":" + quoted(describe(part_of(members, each))) + "}";
                    }) +
               "}";
    });
}

std::string_view name_of(raft::wal::segment_condition condition) {
    switch (condition) {
    case raft::wal::segment_condition::whole: return "whole";
    case raft::wal::segment_condition::unfinished: return "unfinished";
    case raft::wal::segment_condition::spare: return "spare";
    case raft::wal::segment_condition::damaged: return "damaged";
    case raft::wal::segment_condition::unread: break;
    }
    return "unread";
}

std::string segment(const raft::wal::inspected_segment& each) {
    const bool counts = each.first <= each.last;
    return "{\"name\":" + quoted(each.name) + ",\"bytes\":" + number(each.bytes) +
           ",\"format\":" + number(each.format) +
           ",\"condition\":" + quoted(name_of(each.condition)) + ",\"end\":" + number(each.end) +
           ",\"first\":" + (counts ? number(each.first.value) : "null") +
           ",\"last\":" + (counts ? number(each.last.value) : "null") + "}";
}

std::string snapshot(const raft::wal::inspected_snapshot& each) {
    auto text = "{\"name\":" + quoted(each.name) + ",\"good\":" + truth(each.is_sound);
    if (!each.stored)
        return text + ",\"last\":null,\"bytes\":null,\"checksum\":null,\"withheld\":null}";
    const auto& described = each.stored->description;
    return text + ",\"last\":" + position(described.last_included) +
           ",\"bytes\":" + number(described.size) +
           ",\"checksum\":" + quoted(hex_text(described.checksum, 8)) +
           ",\"withheld\":" + truth(each.stored->withheld) + "}";
}

std::string draft(const raft::wal::inspected_draft& each) {
    auto text = "{\"name\":" + quoted(each.name) + ",\"bytes\":" + number(each.bytes);
    if (!each.received) return text + ",\"last\":null,\"received\":null,\"size\":null}";
    const auto& described = each.received->description;
    return text + ",\"last\":" + position(described.last_included) +
           ",\"received\":" + number(each.received->bytes) + ",\"size\":" + number(described.size) +
           "}";
}

std::string problem(const raft::file_storage_error& each) {
    return "{\"text\":" + quoted(each.message) +
           ",\"file\":" + (each.file.empty() ? "null" : quoted(each.file)) +
           ",\"offset\":" + or_null(each.offset, number) + "}";
}

std::string owner(const report& all) {
    return or_null(all.owner, [&](const kv_owner& owner) {
        return "{\"claim\":" + quoted(owner.claim) + ",\"founders\":" +
               list(owner.founders, [&](std::uint64_t id) { return quoted(all.id_text({id})); }) +
               "}";
    });
}

std::string hex(std::uint64_t value) { return quoted(hex_text(value)); }

}  // namespace

void begin_json(const report& all) {
    const auto& found = all.found;
    std::printf("{\"version\":1,\n");
    member("directory", quoted(found.directory));
    member("kv", owner(all));
    member("mark", or_null(found.mark, [](raft::storage_mark mark) { return hex(mark.value); }));
    member("history",
           or_null(found.history, [](raft::history_id history) { return hex(history.value); }));
    member("term", number(found.vote.current_term.value));
    member("vote", or_null(found.vote.voted_for,
                           [&](raft::member_id id) { return quoted(all.id_text(id)); }));
    member("log", log(found));
    member("members", members(all));
    member("configurations",
           list(found.configurations, [](const auto& each) { return number(each.index.value); }));
    member("segments", list(found.segments, segment));
    member("set_aside", list(found.set_aside, quoted));
    member("snapshots", list(found.snapshots, snapshot));
    member("drafts", list(found.drafts, draft));
}

void begin_json_entries() { std::printf("\"entries\":["); }

void json_entry(const raft::wal::inspected_entry& each, bool is_first) {
    std::printf("%s\n{\"index\":%s,\"term\":%s,\"kind\":%s,\"bytes\":%s}", is_first ? "" : ",",
                number(each.index.value).c_str(), number(each.term.value).c_str(),
                quoted(describe(each.kind)).c_str(), number(each.bytes).c_str());
}

void end_json_entries() { std::printf("],\n"); }

void end_json(const report& all) {
    auto problems = all.found.problems;
    if (all.owner)
        for (const auto& each : all.owner->problems) problems.push_back({each});
    member("notes", list(all.found.notes, quoted));
    member("problems", list(problems, problem));
    std::printf("\"changing\":%s}\n", truth(all.found.is_changing).c_str());
}

}  // namespace raft_inspect
