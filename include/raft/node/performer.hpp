// SPDX-License-Identifier: BSL-1.0
//
// What takes the effects of one step as the rules emit them, and carries them out on the spot: a
// message is written once, where the transport wants it.
#pragma once

#include <optional>
#include <span>
#include <type_traits>

#include <raft/core/effects.hpp>
#include <raft/node/backlog.hpp>
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
    using command = typename Node::command;
    using attachment_type = attachment<command>;
    using storage_type = typename Node::storage_type;

public:
    /// `given`: what came with the input.
    performer(Node& owner, const attachment_type& given) : node_{owner}, given_{given} {}

    [[gnu::always_inline]] void send(auto to, const auto& body) {
        observe_message(node_.observer_, to, body);
        if constexpr (std::is_same_v<decltype(body), const forward_proposal&>)
            return send_forwarded(to, body);
        else
            sender<command, Node::message_bytes, typename Node::transport_type, storage_type>{
                node_.state_, node_.transport_, node_.storage_, node_.sending_room_}
                .send(to, body);
    }
    void set(timer which, instant deadline) { node_.deadlines_.set(which, deadline); }
    void cancel(timer which) { node_.deadlines_.cancel(which); }

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
            return begin_write({sequence, std::nullopt, entries});
        begin_write({sequence, vote->vote, entries});
        vote.reset();
    }
    /// What follows in the log is written after it, and a vote of the same step before.
    [[gnu::noinline, gnu::cold]] void cut_log(const log_cut& cut_off) {
        if constexpr (witness_storage<storage_type>) {
            auto& vote = node_.occasional_.vote;
            if (vote) node_.storage_.write(*vote, {}, nullptr);
            vote.reset();
            node_.backlog_.clear();
            node_.saving_at_.reset();
            node_.last_written_ = cut_off.last_kept.index;
            node_.storage_.cut(cut_off);
        }
    }
    /// It is in the state, where `deliver` sees it.
    void commit_through(log_index) {}
    void accept(accepted_proposal place) { node_.accepted_ = place; }
    [[nodiscard]] occasional_effects& occasionally() {
        node_.occasional_.any = true;
        return node_.occasional_;
    }

private:
    /// Where there is no room for them the commands wait: they are asked for again.
    void send_forwarded(member_id to, const forward_proposal& body) {
        if (!node_.delivery_.forwarding.fits_in(node_.transport_.room(to))) return;
        node_.transport_.send(std::span{&to, 1}, body,
                              attachment_type{.entries = node_.delivery_.forwarding.sent()});
    }

    [[gnu::always_inline]] void begin_write(const log_write& write) {
        const auto& appended = *write.entries;
        if (appended.first <= node_.last_written_) forget_replaced(node_, appended.first);
        node_.last_written_ = appended.last;
        switch (appended.source) {
        case entry_source::no_op: return begin_own(node_, write, nullptr);
        case entry_source::configuration:
            return begin_own(node_, write, &node_.state_.configurations.back());
        case entry_source::proposed:
        case entry_source::received:
        case entry_source::withheld: return begin_given(write, appended);
        }
    }

    /// The last entries of those that came with the input: what went before may be here already.
    [[gnu::always_inline]] void begin_given(const log_write& write, const raft::append& appended) {
        const auto count = static_cast<std::size_t>(appended.last - appended.first) + 1;
        const auto entries = given_.entries.last(count);
        if (appended.source != entry_source::withheld) [[likely]]
            node_.backlog_.add(bytes_of(entries, node_.storage_));
        const auto* carried = given_.configuration;
        if (carried != nullptr && carried->index < appended.first) [[unlikely]]
            carried = nullptr;
        node_.storage_.write(write, entries, carried);
    }

    /// The protocol's own entry holds no command.
    [[gnu::noinline, gnu::cold]] static void begin_own(Node& node, log_write write,
                                                       const indexed_configuration* carried) {
        const entry<command> own{write.entries->term, std::nullopt};
        node.storage_.write(write, {&own, 1}, carried);
    }

    /// Entries from `first` on are about to be replaced, and will never be applied.
    [[gnu::noinline, gnu::cold]] static void forget_replaced(Node& node, log_index first) {
        while (first <= node.last_written_) {
            const auto gone = node.storage_.entries(first, node.last_written_, Node::message_bytes);
            if (gone.empty()) return;
            node.backlog_.remove(bytes_of(gone, node.storage_));
            first = first + gone.size();
        }
    }

    Node& node_;
    const attachment_type& given_;
};

}  // namespace raft::detail
