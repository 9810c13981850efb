// SPDX-License-Identifier: BSL-1.0
//
// What arrives is looked at before it is believed: a transport may lose a part of it, and the disk
// may be full.
#pragma once

#include <cstdint>
#include <variant>

#include <raft/core/message.hpp>
#include <raft/policy/entry.hpp>

namespace raft::detail {

/// Whether everything that the message speaks of came with it, and no entries that it does not
/// speak of. A chunk of a snapshot makes no sense to a state machine that takes none.
template <bool TakesSnapshots, class Command>
[[nodiscard]] bool has_all_parts(const message& body, const attachment<Command>& beside) {
    if (const auto* append = std::get_if<append_entries>(&body)) {
        if (append->last_index < append->prev.index ||
            beside.entries.size() != append->last_index - append->prev.index)
            return false;
        const auto* carried = beside.configuration;
        return carried == nullptr ||
               (is_valid(carried->value) && carried->index > append->prev.index &&
                carried->index <= append->last_index);
    }
    if (!beside.entries.empty()) return false;
    const auto* chunk = std::get_if<install_snapshot>(&body);
    return chunk == nullptr || (TakesSnapshots && beside.chunk.size() == chunk->length);
}

/// The message as if it had come without its entries: as a heartbeat, which can be answered.
[[nodiscard]] constexpr message without_entries(const message& body) {
    auto alone = std::get<append_entries>(body);
    alone.last_index = alone.prev.index;
    alone.entries_term = {};
    return alone;
}

}  // namespace raft::detail
