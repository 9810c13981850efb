// SPDX-License-Identifier: BSL-1.0
//
// How entries are put into records: how long each is there, and how many fit into one. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <raft/battery/file_storage/record.hpp>
#include <raft/codec/command.hpp>
#include <raft/policy.hpp>

namespace raft::wal {

template <class Command>
[[nodiscard]] std::size_t encoded_bytes(const entry<Command>& each) {
    const auto command = each.command ? codec<Command>::size(*each.command) : 0;
    return command + entry_overhead_bytes;
}

template <class Command>
void encode(const entry<Command>& each, record_builder& record) {
    if (!each.command) return record.entry_without_command();
    const auto bytes = codec<Command>::size(*each.command);
    core::require(bytes < no_command);
    codec<Command>::encode(*each.command, record.command(bytes));
}

/// How many of the entries fit into one record of at most `limit` bytes, `fixed` of which are not
/// theirs: one at least, and only such as have the same term.
template <class Command>
[[nodiscard]] std::size_t fitting(std::span<const entry<Command>> entries, std::uint64_t fixed,
                                  std::uint64_t limit) {
    auto bytes = fixed + encoded_bytes(entries.front());
    std::size_t count = 1;
    for (; count < entries.size(); ++count) {
        bytes += encoded_bytes(entries[count]);
        if (bytes > limit || entries[count].term != entries.front().term) break;
    }
    return count;
}

}  // namespace raft::wal
