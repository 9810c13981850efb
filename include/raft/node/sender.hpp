// SPDX-License-Identifier: BSL-1.0
//
// From a message of the step to messages on the wire: what travels beside it is read from the
// storage, and only if the transport has room for it.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include <raft/core/snapshot.hpp>
#include <raft/policy.hpp>

namespace raft::detail {

/// The configuration that one of the entries in [first, last] is; null if none is one.
[[nodiscard]] inline const indexed_configuration* carried_in(const state& s, log_index first,
                                                             log_index last) {
    for (auto each = s.configurations.rbegin(); each != s.configurations.rend(); ++each) {
        if (each->index < first) break;
        if (each->index <= last && each->index > log_index{}) return &*each;
    }
    return nullptr;
}

/// The memory that sending needs, reused from one message to the next.
template <class Command>
struct sending_room {
    std::array<member_id, members_max> receivers{};  ///< The receivers of the message.
    std::vector<entry<Command>> blanks{};            ///< The entries as a witness gets them.
};

/// Sends one message of the step.
template <class Command, std::size_t MessageBytes, class Transport, class Storage>
class sender {
public:
    sender(const state& known, Transport& transport, Storage& storage, sending_room<Command>& room)
        : state_{known}, transport_{transport}, storage_{storage}, room_{room} {}

    void send(const outgoing& each) {
        if (const auto* one = std::get_if<member_id>(&each.to))
            return transport_.send(std::span{one, 1}, each.body, {});
        const auto to = held<member_set>(each.to);
        if (const auto* append = std::get_if<append_entries>(&each.body))
            return send_append(to, *append);
        if (const auto* chunk = std::get_if<install_snapshot>(&each.body))
            return send_chunk(to, *chunk);
        transport_.send(listed(to), each.body, {});
    }

    void send_append(member_set to, const append_entries& body) {
        const auto witnesses = state_.witnesses_among(to);
        if (!witnesses.empty()) {
            send_blanks(witnesses, body);
            to = to.without(witnesses);
            if (to.empty()) return;
        }
        if (body.last_index > body.prev.index) return send_entries(to, body);
        transport_.send(listed(to), body, {});
    }

private:
    [[nodiscard]] std::span<member_id> listed(member_set members) {
        std::size_t count = 0;
        for (const auto member : members) room_.receivers[count++] = state_.identity_of(member);
        return std::span{room_.receivers}.first(count);
    }

    /// A witness gets the terms and indexes of the entries, and not their commands.
    void send_blanks(member_set witnesses, const append_entries& body) {
        const auto first = next(body.prev.index);
        room_.blanks.assign(body.last_index - body.prev.index, {body.entries_term, std::nullopt});
        auto blank = beside(first, body.last_index, room_.blanks);
        blank.commands = command_access::withheld;
        transport_.send(listed(witnesses), body, blank);
    }

    struct listed_receivers {
        std::span<member_id> receivers{};
        std::size_t room = MessageBytes;
    };

    /// Those of `members` for which the transport has room, and for how many bytes.
    [[nodiscard]] listed_receivers listed_with_room(member_set members) {
        std::size_t room = MessageBytes, count = 0;
        for (const auto member : members) {
            const auto id = state_.identity_of(member);
            const std::size_t here = transport_.room(id);
            if (here == 0) continue;
            room_.receivers[count++] = id;
            room = here < room ? here : room;
        }
        return {std::span{room_.receivers}.first(count), room};
    }

    /// Keeps of `to` those for which the transport has room; returns for how many bytes.
    [[nodiscard]] std::size_t keep_those_with_room(std::span<member_id>& to) {
        auto room = MessageBytes;
        std::size_t kept = 0;
        for (const auto member : to) {
            const std::size_t here = transport_.room(member);
            if (here == 0) continue;
            to[kept++] = member;
            room = here < room ? here : room;
        }
        to = to.first(kept);
        return room;
    }

    /// One message of the step may become several on the wire: each carries as many bytes as it
    /// may.
    void send_entries(member_set members, const append_entries& whole) {
        const auto to = listed_with_room(members);
        if (to.receivers.empty()) return;
        const auto first = next(whole.prev.index);
        const auto entries = storage_.entries(first, whole.last_index, to.room);
        if (entries.size() < whole.last_index - whole.prev.index)
            return send_in_parts(to.receivers, whole);
        transport_.send(to.receivers, whole, beside(first, whole.last_index, entries));
    }

    void send_in_parts(std::span<member_id> to, append_entries rest) {
        while (rest.prev.index < rest.last_index) {
            const auto room = keep_those_with_room(to);
            if (to.empty()) return;
            const auto first = next(rest.prev.index);
            const auto entries = storage_.entries(first, rest.last_index, room);
            if (entries.empty()) return;  // The storage has failed, and the node will see it.
            auto part = rest;
            part.last_index = rest.prev.index + entries.size();
            transport_.send(to, part, beside(first, part.last_index, entries));
            rest.prev = {part.last_index, rest.entries_term};
        }
    }

    [[nodiscard]] attachment<Command> beside(log_index first, log_index last,
                                             std::span<const entry<Command>> entries) const {
        return {.entries = entries, .configuration = carried_in(state_, first, last), .chunk = {}};
    }

    /// A chunk is sent only if the storage still has the snapshot to which the step refers: one
    /// with the same description, or any description if the chunk has size 0, as for a witness. The
    /// chunk may be shorter than requested: the receiver requests what follows.
    void send_chunk(member_set receivers, install_snapshot chunk) {
        auto to = listed(receivers);
        const bool withheld = !state_.witnesses_among(receivers).empty();
        const auto stored = storage_.snapshot();
        if (!stored || stored->description.last_included != chunk.last_included ||
            (chunk.size != 0 && stored->description != description_of(chunk)))
            return;
        const auto bytes = storage_.read_snapshot(chunk.offset, chunk.length);
        if (bytes.empty() != (chunk.length == 0)) return;
        chunk.length = static_cast<std::uint32_t>(bytes.size());
        if (!bytes.empty()) static_cast<void>(keep_those_with_room(to));
        const indexed_configuration members{chunk.last_included.index, stored->members};
        transport_.send(to, chunk,
                        {.entries = {},
                         .configuration = &members,
                         .chunk = bytes,
                         .commands = withheld ? command_access::withheld : command_access::given});
    }

    const state& state_;
    Transport& transport_;
    Storage& storage_;
    sending_room<Command>& room_;
};

}  // namespace raft::detail
