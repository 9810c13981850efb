// SPDX-License-Identifier: BSL-1.0
//
// What one host has to say to another in one turn: messages of many groups, each with its group and
// with the members that it is from and to.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

#include <raft/codec/command.hpp>
#include <raft/policy.hpp>

namespace raft {

/// The identity of a group: the same on every host that has a member of it.
struct group_id {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(const group_id&, const group_id&) = default;
};

/// The id of a member that runs on `host`, whose own id is below 2^32. A member that comes back to
/// a host where the group has been before is a new one: it gets an incarnation that was never used
/// there.
[[nodiscard]] constexpr member_id member_on(member_id host, std::uint32_t incarnation = 0) {
    return {std::uint64_t{incarnation} << 32U | host.value};
}

/// The host that a member runs on.
[[nodiscard]] constexpr member_id host_of(member_id member) {
    return {member.value & std::numeric_limits<std::uint32_t>::max()};
}

}  // namespace raft

namespace raft::wire {

/// One message of a batch. Views: valid as long as the batch is neither changed nor cleared.
template <class Command>
struct batch_part {
    group_id group{};
    member_id from{};
    member_id to{};
    const core::message& body;
    attachment<Command> beside{};
};

/// Messages to one host, in the order in which they were added. Its memory is used again. One
/// thread at a time.
template <class Command>
class batch {
public:
    [[nodiscard]] bool empty() const { return messages_.empty(); }
    [[nodiscard]] std::size_t size() const { return messages_.size(); }

    /// The bytes of commands and chunks in it: a command counts as its codec says, or else as many
    /// as its type has.
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

    template <class Body>
    void add(group_id group, member_id from, member_id to, const Body& body,
             const attachment<Command>& beside) {
        auto& added = messages_.emplace_back();
        added.group = group;
        added.from = from;
        added.to = to;
        if constexpr (std::is_same_v<Body, core::message>)
            added.body = body;
        else
            added.body.template emplace<Body>(body);
        added.entries = store(entries_, beside.entries);
        added.chunk = store(chunks_, beside.chunk);
        added.commands = beside.commands;
        if (beside.configuration != nullptr)
            added.configuration = store(configurations_, std::span{beside.configuration, 1});
        bytes_ += bytes_of(beside);
    }

    /// Calls `take(const batch_part<Command>&)` for each message.
    template <class Take>
    void for_each(Take take) const {
        for (const auto& each : messages_) {
            const auto configuration = view(configurations_, each.configuration);
            take(batch_part<Command>{
                .group = each.group,
                .from = each.from,
                .to = each.to,
                .body = each.body,
                .beside = {.entries = view(entries_, each.entries),
                           .configuration = configuration.empty() ? nullptr : configuration.data(),
                           .chunk = view(chunks_, each.chunk),
                           .commands = each.commands}});
        }
    }

    void clear() {
        messages_.clear();
        entries_.clear();
        configurations_.clear();
        chunks_.clear();
        bytes_ = 0;
    }

    /// What `bytes` grows by.
    [[nodiscard]] static std::size_t bytes_of(const attachment<Command>& beside) {
        std::size_t sum = beside.chunk.size();
        for (const auto& each : beside.entries)
            if (each.command) sum += bytes_of(*each.command);
        return sum;
    }

private:
    struct range {
        std::size_t first = 0;
        std::size_t count = 0;
    };

    struct stored {
        group_id group{};
        member_id from{};
        member_id to{};
        range entries{};
        range chunk{};
        range configuration{};
        command_access commands = command_access::given;
        core::message body{};
    };

    /// A command that stays in memory may be what no codec takes: the codec is asked only where
    /// what the command holds is elsewhere, or where it is the program's own.
    [[nodiscard]] static std::size_t bytes_of(const Command& command) {
        constexpr bool is_all_here = std::is_trivially_copyable_v<Command>;
        if constexpr (detail::has_own_codec<Command> ||
                      (!is_all_here && policy::encodable<Command>))
            return codec<Command>::size(command);
        else
            return sizeof(command);
    }

    template <class T>
    static range store(std::vector<T>& kept, std::span<const T> given) {
        const range place{kept.size(), given.size()};
        kept.insert(kept.end(), given.begin(), given.end());
        return place;
    }

    template <class T>
    static std::span<const T> view(const std::vector<T>& kept, range place) {
        return std::span{kept}.subspan(place.first, place.count);
    }

    std::vector<stored> messages_{};
    std::vector<entry<Command>> entries_{};
    std::vector<core::indexed_configuration> configurations_{};
    std::vector<std::byte> chunks_{};
    std::size_t bytes_ = 0;
};

}  // namespace raft::wire
