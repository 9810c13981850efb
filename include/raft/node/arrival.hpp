// SPDX-License-Identifier: BSL-1.0
//
// How a node receives a snapshot (§7): its chunks wait here until the storage has them
// (`staging_storage`). To the protocol it is as if the messages had been in transit for longer. So
// the protocol never counts on a chunk for which there is no room, and gets the last chunk only
// when the whole snapshot can be installed.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <raft/core/snapshot.hpp>
#include <raft/core/step.hpp>
#include <raft/node/incoming.hpp>
#include <raft/node/receipt.hpp>
#include <raft/node/recovery.hpp>
#include <raft/policy.hpp>

namespace raft::detail {

/// A chunk of a snapshot, with the message that brought it.
struct arrived_chunk {
    member_id from{};
    install_snapshot body{};
    indexed_configuration members{};
    std::vector<std::byte> bytes{};
};

/// What a node has of the snapshot that it receives, besides what the protocol and the storage
/// have.
struct arriving_snapshot {
    incoming_check check{};
    std::optional<arrived_chunk> waiting{};
};

/// Passes chunks from the transport, through the storage, to the protocol. It reaches the parts of
/// `Node`, its owner, as a friend.
template <class Node>
class arrival {
    using attachment_type = attachment<typename Node::command>;
    static constexpr bool stages_chunks =
        Node::takes_snapshots && staging_storage<typename Node::storage_type>;

public:
    explicit arrival(Node& owner) : node_{owner} {}

    /// A chunk came. `withheld`: only the description, for a witness.
    void receive(member_id from, const install_snapshot& m, const attachment_type& beside,
                 bool withheld) {
        if (!withheld && node_.arriving_.check.finds_damage(node_.state_, m, beside.chunk))
            return node_.step_and_finish(snapshot_damaged{});
        if constexpr (stages_chunks)
            if (!withheld && beside.configuration != nullptr &&
                awaits_chunk(node_.state_, m, beside.configuration->value))
                return stage(from, m, beside);
        hand_on(from, m, beside, withheld);
    }

    /// Checks what the storage has done.
    void check_storage_progress() {
        if constexpr (stages_chunks)
            if (node_.arriving_.waiting) check_staged_chunk();
    }

    /// The whole snapshot is durable: the state machine restores its state.
    void install() {
        node_.restore_at_.reset();
        if (!restore(node_.state_, node_.state_machine_, node_.storage_))
            return node_.step_and_finish(storage_failed{});
        if (lacks_snapshot_state(node_.state_)) return;
        node_.delivery_.skip_to(node_.state_.snapshot.last_included.index);
        node_.digests_.forget();
        node_.backlog_.clear();
    }

private:
    void hand_on(member_id from, const message& body, const attachment_type& beside,
                 bool withheld) {
        node_.finish(node_.step_on_message(from, body, beside, withheld), beside.chunk);
        node_.settle();
    }

    /// The storage may persist the snapshot before the protocol receives it, so the term of its
    /// last entry must be known here first. A chunk that is being staged is not staged again.
    void stage(member_id from, const install_snapshot& m, const attachment_type& beside) {
        if (m.last_included.term > node_.state_.current_term)
            return hand_on(from, without_chunk(m), {{}, beside.configuration, {}}, false);
        auto& waiting = node_.arriving_.waiting;
        const auto description = description_of(m);
        if (waiting && description_of(waiting->body) == description &&
            waiting->body.offset == m.offset)
            return;
        const auto bytes = beside.chunk;
        waiting = {from, m, *beside.configuration, {bytes.begin(), bytes.end()}};
        node_.storage_.stage(description, beside.configuration->value, m.offset, bytes);
    }

    /// If the storage has lost the chunk, the snapshot is received from the start.
    void check_staged_chunk() {
        const auto found = node_.storage_.staged();
        if (found == staging::under_way) return;
        const auto chunk = *std::exchange(node_.arriving_.waiting, std::nullopt);
        if (found == staging::lost) return node_.step_and_finish(snapshot_damaged{});
        hand_on(chunk.from, chunk.body, {{}, &chunk.members, chunk.bytes}, false);
    }

    Node& node_;
};

}  // namespace raft::detail
