// SPDX-License-Identifier: BSL-1.0
//
// Who belongs to the cluster, and what a majority of it is (§5.2, §5.3, §6). Sets of members are
// bit masks over the slots of one configuration, so that a majority is a popcount.
#pragma once

#include <array>
#include <bit>
#include <optional>
#include <vector>

#include <raft/core/types.hpp>

namespace raft {

/// A set of members of one configuration.
class member_set {
public:
    constexpr member_set() = default;
    [[nodiscard]] static constexpr member_set of(slot member) {
        return member_set{std::uint32_t{1} << member.value};
    }
    [[nodiscard]] static constexpr member_set first(std::size_t count) {
        return member_set{count == members_max ? ~std::uint32_t{0}
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

    /// Visits the members in ascending order of their slots.
    class iterator {
    public:
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
        std::uint32_t rest_;
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

[[nodiscard]] constexpr bool is_majority(member_set agreeing, member_set voters) {
    return (agreeing & voters).size() * 2 > voters.size();
}

/// The members of the cluster and their parts in it. A member that is in neither set of voters is a
/// learner: it receives the log and counts in no majority (thesis §4.2.1).
///
/// A witness votes, and acknowledges which entries there are, but holds no commands. It cannot lose
/// data: it gives its vote only to a log that has every entry it ever acknowledged (§5.4.1), it
/// never leads, and it is one of fewer than half of the voters, so that in every majority there is
/// a server with the commands.
///
/// A change under way leads to `next_voters` and `next_learners` (§6): its newcomers catch up while
/// the voters are what they were; then both sets of voters decide; then everyone else is gone.
struct configuration {
    std::vector<member_id> members{};
    member_set voters{};
    member_set outgoing_voters{};  ///< The voters of the old configuration while the change is
                                   ///< joint (§6), else empty.
    member_set next_voters{};      ///< Who will vote; empty without a change, and once it is joint,
                                   ///< as they vote then.
    member_set next_learners{};    ///< Who only learns when the change is complete.
    member_set newcomers{};        ///< Who came with the change, and goes if it is given up.
    member_set witnesses{};        ///< Of the members: those that hold no commands.

    [[nodiscard, gnu::always_inline]] constexpr std::optional<slot> slot_of(member_id id) const {
        for (std::size_t i = 0; i < members.size(); ++i)
            if (members[i] == id) return slot{static_cast<std::uint8_t>(i)};
        return std::nullopt;
    }

    [[nodiscard]] constexpr member_id id_of(slot member) const { return members[member.value]; }
    [[nodiscard]] constexpr member_set everyone() const {
        return member_set::first(members.size());
    }
    [[nodiscard]] constexpr member_set all_voters() const { return voters | outgoing_voters; }
    [[nodiscard]] constexpr bool is_joint() const { return !outgoing_voters.empty(); }
    [[nodiscard]] constexpr bool is_changing() const { return is_joint() || !next_voters.empty(); }
    /// Who votes once every change under way is complete.
    [[nodiscard]] constexpr member_set final_voters() const {
        return next_voters.empty() ? voters : next_voters;
    }
    /// Who belongs to the cluster then.
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

    /// §6: while the change is joint, agreement needs a majority of the old and a majority of the
    /// new configuration.
    [[nodiscard]] constexpr bool has_quorum(member_set agreeing) const {
        return is_majority(agreeing, voters) &&
               (!is_joint() || is_majority(agreeing, outgoing_voters));
    }

    friend constexpr bool operator==(const configuration&, const configuration&) = default;
};

/// The sets of members in a configuration, in the order in which they are written down.
template <class Configuration>
[[nodiscard]] constexpr auto member_sets(Configuration& c) {
    return std::array{&c.voters,        &c.outgoing_voters, &c.next_voters,
                      &c.next_learners, &c.newcomers,       &c.witnesses};
}
inline constexpr std::size_t member_set_count = 6;

/// Whether these voters leave a server with the commands in every majority of them.
[[nodiscard]] constexpr bool hold_data(member_set voters, member_set witnesses) {
    return voters.empty() || (voters & witnesses).size() * 2 < voters.size();
}

/// Whether a configuration from outside can be one: within the limit, no member twice, voters among
/// the members, and witnesses among them in the minority.
[[nodiscard]] constexpr bool is_valid(const configuration& c) {
    const auto named = c.all_voters() | c.next_voters | c.next_learners | c.newcomers | c.witnesses;
    if (c.members.size() > members_max || !named.without(c.everyone()).empty()) return false;
    if (c.voters.empty() && !(c.members.empty() && !c.is_changing())) return false;
    if (!(c.next_voters & c.next_learners).empty()) return false;
    for (const auto set : std::array{c.voters, c.outgoing_voters, c.next_voters})
        if (!hold_data(set, c.witnesses)) return false;
    for (std::size_t i = 0; i < c.members.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (c.members[i] == c.members[j]) return false;
    return true;
}

/// A configuration in which everyone votes: what a new cluster begins with.
[[nodiscard]] constexpr configuration voters_only(std::vector<member_id> members) {
    const auto count = members.size();
    return {.members = static_cast<std::vector<member_id>&&>(members),
            .voters = member_set::first(count)};
}

/// Whether a majority of `voters` agrees, by `agrees(slot)`.
template <class Agrees>
[[nodiscard]] constexpr bool majority_agrees(member_set voters, Agrees agrees) {
    int balance = 0;
    for (const auto voter : voters) balance += agrees(voter) ? 1 : -1;
    return balance > 0;
}

/// Whether a quorum of the configuration agrees: both halves while it is joint (§6).
template <class Agrees>
[[nodiscard]] constexpr bool quorum_agrees(const configuration& c, Agrees agrees) {
    return majority_agrees(c.voters, agrees) &&
           (!c.is_joint() || majority_agrees(c.outgoing_voters, agrees));
}

/// The largest value that a majority of `voters` has reached, by `value_of(slot)`. None of it
/// without voters.
template <class ValueOf>
[[nodiscard]] constexpr auto majority_reached(member_set voters, ValueOf value_of) {
    decltype(value_of(slot{})) reached{};
    const auto half = voters.size() / 2;
    for (const auto candidate : voters) {
        const auto value = value_of(candidate);
        if (value <= reached) continue;
        std::size_t count = 0;
        for (const auto other : voters) count += value_of(other) >= value;
        if (count > half) reached = value;
    }
    return reached;
}

/// The largest value that a quorum of the configuration has reached: the lesser of both halves
/// while it is joint (§6).
template <class ValueOf>
[[nodiscard]] constexpr auto quorum_reached(const configuration& c, ValueOf value_of) {
    const auto incoming = majority_reached(c.voters, value_of);
    if (!c.is_joint()) return incoming;
    const auto outgoing = majority_reached(c.outgoing_voters, value_of);
    return incoming < outgoing ? incoming : outgoing;
}

/// A configuration and the index of the entry that holds it; it is in force from the moment it is
/// in the log (§6).
struct indexed_configuration {
    log_index index{};
    configuration value{};
    friend constexpr bool operator==(const indexed_configuration&,
                                     const indexed_configuration&) = default;
};

}  // namespace raft
