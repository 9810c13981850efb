// SPDX-License-Identifier: BSL-1.0
//
// Other names for the same servers. The protocol knows servers by nothing but equality, so a
// cluster and its renaming behave alike, and one of them stands for both (symmetry reduction).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <raft/core/configuration.hpp>

namespace raft::proof {

/// How many servers an explored cluster can have; their identities are 1, 2, ….
inline constexpr std::size_t explored_servers_max = 5;

/// A permutation of the servers' identities.
class renaming {
public:
    constexpr renaming() {
        for (std::size_t i = 0; i < names_.size(); ++i) names_[i] = static_cast<std::uint8_t>(i);
    }
    constexpr void set(member_id from, member_id to) {
        names_[from.value] = static_cast<std::uint8_t>(to.value);
    }
    [[nodiscard]] constexpr member_id of(member_id id) const {
        return id.value < names_.size() ? member_id{names_[id.value]} : id;
    }
    /// A number that no other permutation has.
    [[nodiscard]] constexpr std::uint64_t code() const {
        return std::bit_cast<std::uint64_t>(names_);
    }

private:
    std::array<std::uint8_t, 8> names_{};
    static_assert(explored_servers_max < 8);
};

/// Where the members of a configuration stand once they are renamed and put in order.
class slot_renaming {
public:
    constexpr slot_renaming() = default;
    constexpr slot_renaming(const configuration& members, const renaming& names)
        : count_{members.members.size()} {
        for (const auto member : members.everyone()) {
            const auto name = names.of(members.id_of(member));
            std::uint8_t place = 0;
            for (const auto other : members.members) place += names.of(other) < name;
            to_[member.value] = place;
            from_[place] = member.value;
        }
    }
    [[nodiscard]] constexpr core::slot of(core::slot member) const { return {to_[member.value]}; }
    [[nodiscard]] constexpr core::slot origin_of(core::slot member) const {
        return {from_[member.value]};
    }
    [[nodiscard]] constexpr core::member_set of(core::member_set members) const {
        core::member_set renamed;
        for (const auto each : members) renamed.insert(of(each));
        return renamed;
    }
    [[nodiscard]] constexpr std::size_t count() const { return count_; }

private:
    std::array<std::uint8_t, core::members_max> to_{};
    std::array<std::uint8_t, core::members_max> from_{};
    std::size_t count_ = 0;
};

}  // namespace raft::proof
