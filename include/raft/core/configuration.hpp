// SPDX-License-Identifier: BSL-1.0
//
// The members of the cluster (§6). Each member has a place (`slot`), and a set of members is a bit
// mask over the places.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include <raft/core/types.hpp>

namespace raft::core {

/// A set of members of one configuration.
class member_set {
public:
    constexpr member_set() = default;
    [[nodiscard]] static constexpr member_set of(slot member) {
        return member_set{std::uint32_t{1} << member.value};
    }
    [[nodiscard]] static constexpr member_set first(std::size_t count) {
        return member_set{count >= members_max ? ~std::uint32_t{0}
                                               : (std::uint32_t{1} << count) - 1};
    }

    [[nodiscard]] constexpr bool contains(slot member) const {
        return (bits_ >> member.value & 1U) != 0;
    }
    [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
    [[nodiscard]] constexpr std::size_t size() const {
        return static_cast<std::size_t>(std::popcount(bits_));
    }
    constexpr void insert(slot member) { bits_ |= std::uint32_t{1} << member.value; }
    constexpr void erase(slot member) { bits_ &= ~(std::uint32_t{1} << member.value); }

    [[nodiscard]] constexpr slot front() const { return *begin(); }
    /// The first place outside the set; `members_max` if there is none.
    [[nodiscard]] constexpr slot first_free() const {
        return {static_cast<std::uint8_t>(std::countr_one(bits_))};
    }
    [[nodiscard]] constexpr member_set without(member_set gone) const {
        return member_set{bits_ & ~gone.bits_};
    }
    [[nodiscard]] constexpr member_set without(slot member) const {
        return member_set{bits_ & ~of(member).bits_};
    }
    friend constexpr member_set operator|(member_set a, member_set b) {
        return member_set{a.bits_ | b.bits_};
    }
    friend constexpr member_set operator&(member_set a, member_set b) {
        return member_set{a.bits_ & b.bits_};
    }
    friend constexpr bool operator==(member_set, member_set) = default;

    /// Visits the members in the order of their places.
    class iterator {
    public:
        constexpr iterator() = default;
        constexpr explicit iterator(std::uint32_t rest) : rest_{rest} {}
        constexpr slot operator*() const {
            return {static_cast<std::uint8_t>(std::countr_zero(rest_))};
        }
        constexpr iterator& operator++() {
            rest_ &= rest_ - 1;
            return *this;
        }
        friend constexpr bool operator==(iterator, iterator) = default;

    private:
        std::uint32_t rest_ = 0;
    };
    [[nodiscard]] constexpr iterator begin() const { return iterator{bits_}; }
    [[nodiscard]] constexpr iterator end() const { return iterator{0}; }

    [[nodiscard]] constexpr std::uint32_t bits() const { return bits_; }
    [[nodiscard]] static constexpr member_set from_bits(std::uint32_t bits) {
        return member_set{bits};
    }

private:
    constexpr explicit member_set(std::uint32_t bits) : bits_{bits} {}
    std::uint32_t bits_ = 0;
};

/// The members of a configuration, each at its place. A member keeps its place from when it joins
/// until it leaves, and in two successive configurations a place belongs to one member only. So a
/// set of members stays valid across a change. Places are local to a server: a configuration is
/// written with its members in the order of their places, and its reader numbers them anew.
class roster {
public:
    constexpr roster() = default;
    constexpr roster(std::vector<member_id> ids)
        : ids_{std::move(ids)}, taken_{member_set::first(ids_.size())} {}
    constexpr roster(std::initializer_list<member_id> ids) : roster{std::vector<member_id>{ids}} {}

    [[nodiscard]] constexpr std::size_t size() const { return taken_.size(); }
    [[nodiscard]] constexpr bool empty() const { return taken_.empty(); }
    /// All members.
    [[nodiscard]] constexpr member_set everyone() const { return taken_; }
    /// One more than the last occupied place.
    [[nodiscard]] constexpr std::size_t places() const { return ids_.size(); }

    [[nodiscard, gnu::always_inline]] constexpr std::optional<slot> find(member_id id) const {
        for (std::size_t i = 0; i < places() && i < members_max; ++i)
            if (const slot place{static_cast<std::uint8_t>(i)};
                ids_[i] == id && taken_.contains(place))
                return place;
        return std::nullopt;
    }
    [[nodiscard]] constexpr member_id operator[](slot member) const {
        require(taken_.contains(member));
        return ids_[member.value];
    }

    /// Gives a new member the first free place.
    constexpr slot add(member_id id) {
        const auto place = taken_.first_free();
        require(place.value < members_max);
        add_at(place, id);
        return place;
    }
    /// Gives the member this place, which is free.
    constexpr void add_at(slot place, member_id id) {
        require(!taken_.contains(place));
        if (place.value >= ids_.size()) ids_.resize(place.value + std::size_t{1});
        ids_[place.value] = id;
        taken_.insert(place);
    }
    constexpr void keep_only(member_set kept) {
        for (const auto gone : taken_.without(kept)) ids_[gone.value] = {};
        taken_ = taken_ & kept;
        while (!ids_.empty() && !taken_.contains(last())) ids_.pop_back();
    }

    /// The same members, with their places renumbered in order and without gaps: the written form.
    [[nodiscard]] constexpr member_set without_gaps(member_set members) const {
        member_set result;
        std::uint8_t count = 0;
        for (const auto place : taken_) {
            if (members.contains(place)) result.insert({count});
            ++count;
        }
        return result;
    }

    /// Visits the identities in the order of the places.
    class iterator {
    public:
        using value_type = member_id;
        using difference_type = std::ptrdiff_t;

        constexpr iterator() = default;
        constexpr iterator(const roster& all, member_set::iterator at) : all_{&all}, at_{at} {}
        constexpr member_id operator*() const { return (*all_)[*at_]; }
        constexpr iterator& operator++() {
            ++at_;
            return *this;
        }
        constexpr iterator operator++(int) {
            const auto before = *this;
            ++at_;
            return before;
        }
        friend constexpr bool operator==(const iterator& a, const iterator& b) {
            return a.at_ == b.at_;
        }

    private:
        const roster* all_ = nullptr;
        member_set::iterator at_{};
    };
    [[nodiscard]] constexpr iterator begin() const { return {*this, taken_.begin()}; }
    [[nodiscard]] constexpr iterator end() const { return {*this, taken_.end()}; }

    friend constexpr bool operator==(const roster&, const roster&) = default;

private:
    [[nodiscard]] constexpr slot last() const {
        return {static_cast<std::uint8_t>(ids_.size() - 1)};
    }

    std::vector<member_id> ids_{};  ///< By place; a free place has none.
    member_set taken_{};
};

/// The members of the cluster and their parts. A member in neither set of voters is a learner: it
/// receives the log and counts in no majority (thesis §4.2.1).
///
/// A witness votes and acknowledges entries, but stores no commands. It cannot cause the loss of
/// data: it votes only for a log that has every entry that the witness ever acknowledged (§5.4.1),
/// it never leads, and fewer than half of the voters are witnesses, so every majority contains a
/// server with the commands.
///
/// A change in progress leads to `next_voters` and `next_learners` (§6). First its newcomers catch
/// up, and the voters stay the same. Then both sets of voters decide together. Then all other
/// members are removed.
struct configuration {
    roster members{};
    member_set voters{};
    member_set outgoing_voters{};  ///< The voters of the old configuration while the change is
                                   ///< joint (§6), else empty.
    member_set next_voters{};      ///< The voters after the change. Empty without a change, and
                                   ///< once it is joint: they vote then.
    member_set next_learners{};    ///< The learners after the change.
    member_set newcomers{};        ///< The members that joined with the change; they leave if it is
                                   ///< aborted.
    member_set witnesses{};        ///< The members that hold no commands.

    [[nodiscard]] constexpr std::optional<slot> slot_of(member_id id) const {
        return members.find(id);
    }
    [[nodiscard]] constexpr member_id id_of(slot member) const { return members[member]; }
    [[nodiscard]] constexpr member_set everyone() const { return members.everyone(); }
    [[nodiscard]] constexpr member_set all_voters() const { return voters | outgoing_voters; }
    [[nodiscard]] constexpr bool is_joint() const { return !outgoing_voters.empty(); }
    [[nodiscard]] constexpr bool is_changing() const { return is_joint() || !next_voters.empty(); }
    /// The voters once every change in progress is complete.
    [[nodiscard]] constexpr member_set final_voters() const {
        return next_voters.empty() ? voters : next_voters;
    }
    /// The members once every change in progress is complete.
    [[nodiscard]] constexpr member_set final_members() const {
        return is_changing() ? final_voters() | next_learners : everyone();
    }
    [[nodiscard]] constexpr bool is_voter(member_id id) const {
        const auto member = slot_of(id);
        return member && all_voters().contains(*member);
    }
    [[nodiscard]] constexpr bool is_witness(member_id id) const {
        const auto member = slot_of(id);
        return member && witnesses.contains(*member);
    }
    /// Whether this member could lead: a voter that holds the commands.
    [[nodiscard]] constexpr bool can_lead(slot member) const {
        return all_voters().without(witnesses).contains(member);
    }
    [[nodiscard]] constexpr bool can_lead(member_id id) const {
        const auto member = slot_of(id);
        return member && can_lead(*member);
    }

    /// Whether the same members have the same parts, whatever their places.
    friend constexpr bool operator==(const configuration& a, const configuration& b);
};

/// The sets of members in a configuration, in the order in which they are written.
template <class Configuration>
[[nodiscard]] constexpr auto member_sets(Configuration& c) {
    return std::array{&c.voters,        &c.outgoing_voters, &c.next_voters,
                      &c.next_learners, &c.newcomers,       &c.witnesses};
}
inline constexpr std::size_t member_set_count = 6;

[[nodiscard]] constexpr bool operator==(const configuration& a, const configuration& b) {
    if (a.members.size() != b.members.size()) return false;
    const auto sets_of_a = member_sets(a);
    const auto sets_of_b = member_sets(b);
    for (const auto here : a.everyone()) {
        const auto there = b.slot_of(a.id_of(here));
        if (!there) return false;
        for (std::size_t i = 0; i < member_set_count; ++i)
            if (sets_of_a[i]->contains(here) != sets_of_b[i]->contains(*there)) return false;
    }
    return true;
}

/// Whether every majority of these voters contains a server with the commands.
[[nodiscard]] constexpr bool hold_data(member_set voters, member_set witnesses) {
    return voters.empty() || (voters & witnesses).size() * 2 < voters.size();
}

/// Whether no member has two places.
[[nodiscard]] constexpr bool are_distinct(const roster& members) {
    for (const auto place : members.everyone())
        if (members.find(members[place]) != place) return false;
    return true;
}

/// Whether a configuration from outside is valid: no member is there twice, the voters are members,
/// and the witnesses are a minority of the voters.
[[nodiscard]] constexpr bool is_valid(const configuration& c) {
    const auto named = c.all_voters() | c.next_voters | c.next_learners | c.newcomers | c.witnesses;
    if (c.members.places() > members_max || !named.without(c.everyone()).empty()) return false;
    if (c.voters.empty() && !(c.members.empty() && !c.is_changing())) return false;
    if (!(c.next_voters & c.next_learners).empty()) return false;
    for (const auto set : std::array{c.voters, c.outgoing_voters, c.next_voters})
        if (!hold_data(set, c.witnesses)) return false;
    return are_distinct(c.members);
}

/// A configuration in which every member votes: the first one of a new cluster.
[[nodiscard]] constexpr configuration voters_only(std::vector<member_id> members) {
    const auto everyone = member_set::first(members.size());
    return {.members = std::move(members), .voters = everyone};
}

/// A configuration and the index of the entry that holds it; it is in force from the moment it is
/// in the log (§6).
struct indexed_configuration {
    log_index index{};
    configuration value{};
    friend constexpr bool operator==(const indexed_configuration&,
                                     const indexed_configuration&) = default;
};

}  // namespace raft::core

namespace raft {
using core::configuration;
}  // namespace raft
