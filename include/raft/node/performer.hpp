// SPDX-License-Identifier: BSL-1.0
//
// Carries out what a step asks of storage and transport. The other effects may call back into the
// program: the node handles them after that.
#pragma once

#include <optional>
#include <span>

#include <raft/core/steady.hpp>
#include <raft/node/backlog.hpp>
#include <raft/node/observer.hpp>
#include <raft/node/saving.hpp>
#include <raft/node/sender.hpp>
#include <raft/policy.hpp>

namespace raft::detail {

/// `Node`: the owner of the step. Its parts are reached as a friend.
template <class Node>
class performer {
    using command = typename Node::command;
    using attachment_type = attachment<command>;
    using storage_type = typename Node::storage_type;
    using sender_type =
        sender<command, Node::message_bytes, typename Node::transport_type, storage_type>;

public:
    /// `given`: what came with the input.
    performer(Node& owner, const attachment_type& given) : node_{owner}, given_{given} {}

    /// Writes come first: messages may rely on them, if the storage is durable at once.
    void perform(const effects& out) {
        if (witness_storage<storage_type> && out.rare->cut)
            cut_log(out);
        else if (out.write)
            write(*out.write);
        for (const auto& each : out.messages) send(each);
    }

    /// Takes a step on the fast path (steady.hpp), if that is possible, and carries it out.
    template <class Body>
    [[nodiscard, gnu::always_inline]] bool step_short(member_id from, const Body& body) {
        const auto taken = take_short(node_.state_, from, body, node_.now_);
        if (taken == short_step::not_taken) return false;
        observe_received(node_.observer_, node_.now_, from, body, nullptr, false);
        perform(taken, body);
        observe_state(node_.observer_, node_.state_);
        return true;
    }
    [[nodiscard, gnu::always_inline]] bool step_short(const proposed& in) {
        if (propose_short(node_.state_, in.count) == short_step::not_taken) return false;
        observe_input(node_.observer_, node_.now_, in);
        append(write_of_last(node_.state_, in.count, entry_source::proposed));
        send_to_others(node_.state_.log.last_index() - in.count);
        observe_state(node_.observer_, node_.state_);
        return true;
    }

    /// Carries out the effects that only few steps have. `chunk`: the bytes that came with the
    /// input.
    static void perform_rare(Node& node, const rare_effects& rare,
                             std::span<const std::byte> chunk) {
        node.delivery_.on_effects(rare, node.state_.current_leader());
        if (rare.chunk) node.arriving_.check.write(*rare.chunk, chunk, node.storage_);
        if (rare.install) {
            node.storage_.install(*rare.install, node.state_.configurations.front().value);
            if (!rare.install->keep_suffix)
                node.last_written_ = rare.install->snapshot.last_included.index;
            node.restore_at_ = rare.install->sequence;
        }
        if (rare.snapshot_wanted) node.schedule_.wanted = true;
        let_go(rare, node.storage_);
    }

private:
    void perform(short_step taken, const append_entries& m) {
        const auto count = m.last_index - m.prev.index;
        if (count > 0) append(write_of_last(node_.state_, count, entry_source::received));
        if (taken != short_step::sends) return;
        const auto& follower = held<follower_state>(node_.state_.role);
        auto to = *follower.leader;
        const auto reply = acknowledgement(node_.state_, follower);
        observe_message(node_.observer_, to, reply);
        node_.transport_.send(std::span{&to, 1}, reply, {});
    }
    void perform(short_step taken, const append_entries_reply&) {
        if (taken == short_step::sends) send_to_others(node_.state_.log.last_index());
    }

    // -------------------------------------------------------------------------------------- writes

    void write(const log_write& whole) {
        observe_write(node_.observer_, whole);
        if (!whole.entries) return node_.storage_.write(whole, {}, nullptr);
        const auto& appended = *whole.entries;
        if (appended.first <= node_.last_written_) forget_replaced(appended.first);
        node_.last_written_ = appended.last;
        switch (appended.source) {
        case entry_source::no_op: return write_own(whole, nullptr);
        case entry_source::configuration:
            return write_own(whole, &node_.state_.configurations.back());
        case entry_source::proposed:
        case entry_source::received:
        case entry_source::withheld: return write_given(whole, appended);
        }
    }

    /// Entries that came with the input are appended to the end of the log.
    [[gnu::always_inline]] void append(const log_write& whole) {
        observe_write(node_.observer_, whole);
        node_.last_written_ = whole.entries->last;
        node_.backlog_.add(bytes_of(given_.entries, node_.storage_));
        node_.storage_.write(whole, given_.entries, nullptr);
    }

    /// A vote of the same step is written before the cut, and entries are written after it.
    void cut_log(const effects& out) {
        if constexpr (witness_storage<storage_type>) {
            const auto& cut_off = *out.rare->cut;
            if (out.write && out.write->vote)
                write({.sequence = {cut_off.sequence.value - 1},
                       .vote = out.write->vote,
                       .entries = std::nullopt});
            node_.backlog_.clear();
            node_.saving_at_.reset();
            node_.last_written_ = cut_off.last_kept.index;
            node_.storage_.cut(cut_off);
            if (out.write && out.write->entries)
                write({.sequence = out.write->sequence,
                       .vote = std::nullopt,
                       .entries = out.write->entries});
        }
    }

    /// Writes the last of the entries that came with the input: the earlier ones may be here
    /// already.
    void write_given(const log_write& whole, const core::append& appended) {
        const auto count = static_cast<std::size_t>(appended.last - appended.first) + 1;
        const auto entries = given_.entries.last(count);
        if (appended.source != entry_source::withheld)
            node_.backlog_.add(bytes_of(entries, node_.storage_));
        const auto* carried = given_.configuration;
        if (carried != nullptr && carried->index < appended.first) carried = nullptr;
        node_.storage_.write(whole, entries, carried);
    }

    /// The protocol's own entry holds no command.
    void write_own(const log_write& whole, const indexed_configuration* carried) {
        const entry<command> own{whole.entries->term, std::nullopt};
        node_.storage_.write(whole, {&own, 1}, carried);
    }

    /// Entries from `first` on are about to be replaced, and will never be applied.
    void forget_replaced(log_index first) {
        while (first <= node_.last_written_) {
            const auto gone =
                node_.storage_.entries(first, node_.last_written_, Node::message_bytes);
            if (gone.empty()) return;
            node_.backlog_.remove(bytes_of(gone, node_.storage_));
            first = first + gone.size();
        }
    }

    // ------------------------------------------------------------------------------------ messages

    void send(const outgoing& each) {
        observe_message(node_.observer_, each.to, each.body);
        if (const auto* forwarded = std::get_if<forward_proposal>(&each.body))
            return send_forwarded(held<member_id>(each.to), *forwarded);
        sender_of_node().send(each);
    }

    /// Sends the entries after `prev` to all other members.
    void send_to_others(log_index prev) {
        const auto& leader = held<leader_state>(node_.state_.role);
        const auto body = append_after_own(node_.state_, leader, prev);
        observe_message(node_.observer_, leader.others, body);
        sender_of_node().send_append(leader.others, body);
    }

    [[nodiscard]] sender_type sender_of_node() const {
        return {node_.state_, node_.transport_, node_.storage_, node_.sending_room_};
    }

    /// If the transport has no room for the commands they wait: the request is sent again later.
    void send_forwarded(member_id to, const forward_proposal& body) {
        if (!node_.delivery_.forwarding.fits_in(node_.transport_.room(to))) return;
        node_.transport_.send(std::span{&to, 1}, body,
                              attachment_type{.entries = node_.delivery_.forwarding.sent()});
    }

    Node& node_;
    const attachment_type& given_;
};

}  // namespace raft::detail
