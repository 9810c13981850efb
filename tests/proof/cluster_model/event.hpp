// SPDX-License-Identifier: BSL-1.0
//
// What can happen to an explored cluster, one thing at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include <raft/core/membership.hpp>

namespace raft::proof {

/// What happened.
struct explored_event {
    enum class kind : std::uint8_t {
        begin,
        election_timer,
        heartbeat_timer,
        propose,
        read,
        transfer,  ///< `number` is the target.
        resign,
        wake,
        change,  ///< The bits of `number` are those that are to vote.
        part,    ///< `number` says who is to have which part: see `wanted_part`.
        snapshot,
        deliver,      ///< `number` is the place in the network.
        disk,         ///< `number` writes become durable.
        crash,        ///< `number` unfinished writes survive.
        damage,       ///< A crash after which nothing is left of the log after entry `number`.
        wipe,         ///< A crash after which nothing is left.
        birth,        ///< The founders are found to be there, and empty: the cluster is born.
        join_birth,   ///< The server hears that it is one of those that were found.
        time_passes,  ///< The instant of this `number` runs out.
    };
    kind what{};
    std::size_t server = 0;
    std::size_t number = 0;
};

/// The part that a change gives to one server; none: it is to be a member no more.
struct wanted_part {
    std::size_t server = 0;
    std::optional<member_part> part{};

    static constexpr std::size_t parts = 4;
    [[nodiscard]] static constexpr wanted_part of(std::size_t number) {
        wanted_part wanted{number / parts, std::nullopt};
        if (const auto part = number % parts; part > 0)
            wanted.part = static_cast<member_part>(part - 1);
        return wanted;
    }

    /// All members of `now` with that change.
    [[nodiscard]] constexpr std::vector<member> among(const configuration& now) const {
        auto all = membership_of(now);
        const member_id id{server + 1};
        std::erase_if(all, [&](const member& each) { return each.id == id; });
        if (part) all.push_back({id, *part});
        return all;
    }
};

}  // namespace raft::proof
