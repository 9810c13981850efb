// SPDX-License-Identifier: BSL-1.0
//
// What takes the effects of one step as the rules emit them, and carries them out on the spot: a
// message is written once, where the transport wants it.
#pragma once

#include <optional>
#include <span>

#include <raft/core/effects.hpp>
#include <raft/node/observer.hpp>
#include <raft/node/sender.hpp>
#include <raft/policy.hpp>

namespace raft::detail {

/// What few steps ask for, and what a step leaves to its end.
struct left_to_the_end : occasional_effects {
    bool any = false;
    std::optional<log_write> vote{};
};

/// `Node`: whose step it is. Its parts are reached as a friend.
template <class Node>
class performer {
    using entries_view = typename Node::entries_view;
    using storage_type = typename Node::storage_type;

public:
    /// `given`: the entries that came with the input.
    performer(Node& owner, entries_view given) : node_{owner}, given_{given} {}

    [[gnu::always_inline]] void send(auto to, const auto& body) {
        observe_message(node_.observer_, to, body);
        sender<typename Node::command, Node::message_bytes, typename Node::transport_type,
               storage_type>{node_.state_, node_.transport_, node_.storage_, node_.sending_room_}
            .send(to, body);
    }
    void set(timer which, instant deadline) { deadline_of(which) = deadline; }
    void cancel(timer which) { deadline_of(which).reset(); }

    /// Entries may follow, and go with it; but messages may that count on it, if the storage is
    /// durable at once.
    void persist(write_sequence sequence, const hard_state& kept) {
        observe_write(node_.observer_, sequence, kept);
        const log_write vote{sequence, kept, std::nullopt};
        if constexpr (is_durable_at_once<storage_type>)
            return node_.storage_.write(vote, {}, nullptr);
        node_.occasional_.any = true;
        node_.occasional_.vote = vote;
    }
    /// Inline, down to the storage: made up for one call, the description of a write needs no
    /// memory.
    [[gnu::always_inline]] void append(write_sequence sequence, const raft::append& entries) {
        observe_write(node_.observer_, sequence, entries);
        auto& vote = node_.occasional_.vote;
        if (is_durable_at_once<storage_type> || !vote)
            return node_.begin_write({sequence, std::nullopt, entries}, given_);
        node_.begin_write({sequence, vote->vote, entries}, given_);
        vote.reset();
    }
    /// It is in the state, where `deliver` sees it.
    void commit_through(log_index) {}
    void accept(accepted_proposal place) { node_.accepted_ = place; }
    [[nodiscard]] occasional_effects& occasionally() {
        node_.occasional_.any = true;
        return node_.occasional_;
    }

private:
    [[nodiscard]] std::optional<instant>& deadline_of(timer which) {
        return node_.deadlines_[static_cast<std::size_t>(which)];
    }

    Node& node_;
    entries_view given_;
};

}  // namespace raft::detail
