// SPDX-License-Identifier: BSL-1.0
//
// Whether a server has room for what its leader sends: on its disk, and among the entries that wait
// to be applied. What it has no room for stays at the leader. No room on the disk is told to the
// leader with the acknowledgements, until there is room again for what was sent.
#pragma once

#include <cstddef>
#include <cstdint>

#include <raft/core/step.hpp>
#include <raft/node/backlog.hpp>
#include <raft/node/receipt.hpp>
#include <raft/policy.hpp>

namespace raft::detail {

/// It reaches the parts of `Node`, its owner, as a friend.
template <class Node>
class room_check {
    using entries_view = typename Node::entries_view;

public:
    explicit room_check(Node& owner) : node_{owner} {}

    [[nodiscard]] bool takes_all(entries_view entries) const {
        return takes(bytes_of(entries, node_.storage_));
    }

    /// How many of the entries there is room for, from the first on, if not for all. If the disk
    /// has room for none, it is full.
    [[nodiscard]] std::size_t count_taken(entries_view entries) {
        std::size_t count = 0;
        std::uint64_t bytes = 0;  // Of one more than that.
        while (takes(bytes += bytes_of(entries.subspan(count, 1), node_.storage_))) ++count;
        if (count == 0 && bytes > node_.storage_.room()) {
            node_.room_wanted_ = bytes;
            if (!node_.state_.disk.full) node_.step_and_finish(room_changed{true});
        }
        return count;
    }

    /// Updates whether the disk is full.
    void look() {
        const bool is_full = node_.state_.disk.full;
        bool waits = false;
        if constexpr (staging_storage<typename Node::storage_type>)
            waits = node_.storage_.waits_for_room();
        if (!is_full && waits) {
            node_.room_wanted_ = 0;
            node_.step_and_finish(room_changed{true});
        } else if (is_full && !waits && node_.storage_.room() >= node_.room_wanted_) {
            node_.step_and_finish(room_changed{false});
        }
    }

private:
    /// However large the first entry is that waits to be applied, it may wait.
    [[nodiscard]] bool takes(std::uint64_t bytes) const {
        if (bytes > node_.storage_.room()) return false;
        const auto waiting = node_.backlog_.bytes();
        return waiting == 0 || waiting + bytes <= Node::unapplied_bytes;
    }

    Node& node_;
};

}  // namespace raft::detail
