// SPDX-License-Identifier: BSL-1.0
//
// The vocabulary of the protocol: terms, log indexes, members, instants. Each is a type of its own
// and none converts into another, so a term cannot be used where an index is expected. "None" is
// std::optional, never a special value.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

namespace raft {

/// A term of leadership (§5.1). Terms count up from 0; no leader ever has term 0.
struct term_number {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(const term_number&, const term_number&) = default;
};

[[nodiscard]] constexpr term_number next(term_number term) { return {term.value + 1}; }

/// The index of an entry in the log (§5.3). The first entry has index 1; index 0 is before it.
struct log_index {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(const log_index&, const log_index&) = default;
    friend constexpr log_index operator+(log_index index, std::uint64_t count) {
        return {index.value + count};
    }
    friend constexpr log_index operator-(log_index index, std::uint64_t count) {
        return {index.value - count};
    }
    friend constexpr std::uint64_t operator-(log_index last, log_index first) {
        return last.value - first.value;
    }
};

[[nodiscard]] constexpr log_index next(log_index index) { return index + 1; }
[[nodiscard]] constexpr log_index previous(log_index index) { return index - 1; }

/// The identity of a server. It is never reused: not for another server, and not for the same
/// server after it lost its disk.
struct member_id {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(const member_id&, const member_id&) = default;
};

/// A length of time in nanoseconds.
struct duration {
    std::int64_t nanoseconds = 0;
    friend constexpr auto operator<=>(const duration&, const duration&) = default;
    friend constexpr duration operator+(duration a, duration b) {
        return {a.nanoseconds + b.nanoseconds};
    }
    friend constexpr duration operator*(duration a, std::int64_t factor) {
        return {a.nanoseconds * factor};
    }
};

[[nodiscard]] constexpr duration milliseconds(std::int64_t count) { return {count * 1'000'000}; }

/// A point on the clock of one server: nanoseconds since an origin that is only its own. Instants
/// never leave a server.
struct instant {
    std::int64_t nanoseconds = 0;
    friend constexpr auto operator<=>(const instant&, const instant&) = default;
    friend constexpr instant operator+(instant from, duration length) {
        return {from.nanoseconds + length.nanoseconds};
    }
    friend constexpr duration operator-(instant to, instant from) {
        return {to.nanoseconds - from.nanoseconds};
    }
};

}  // namespace raft

namespace raft::core {

/// The number of a write, in the order in which a server issued its writes to the storage. A
/// running server never reuses a number, so a completion identifies exactly one write. (An index
/// and a term would not: an entry can be written, truncated, and written again.)
struct write_sequence {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(const write_sequence&, const write_sequence&) = default;
};

/// The number of a round of heartbeats of one leader (thesis §6.4). An acknowledgement of round r
/// proves that the follower still recognized this leader after round r began.
struct read_round {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(const read_round&, const read_round&) = default;
};

/// The most servers that a configuration can name. A joint configuration counts both its halves.
inline constexpr std::size_t members_max = 32;

/// A member's place in the roster of a configuration.
struct slot {
    std::uint8_t value = 0;
    friend constexpr auto operator<=>(const slot&, const slot&) = default;
};

/// Makes the optional empty. After `reset()` of an optional of a trivial type clang 14 refuses to
/// copy it in a constant expression, because its storage then holds no value.
template <class T>
constexpr void forget(std::optional<T>& value) {
    value = std::optional<T>{};
}

/// A broken invariant of this library stops the process; in a constant expression it is a compile
/// error.
[[noreturn]] inline void invariant_broken() { __builtin_trap(); }

/// Stops the process when a rule that this library itself must keep is broken. Never used on input
/// from outside.
constexpr void require(bool holds) {
    if (!holds) invariant_broken();
}

/// The alternative that the caller knows to be there, as a role that was checked before.
template <class T, class Variant>
[[nodiscard]] constexpr auto& held(Variant& variant) {
    auto* const found = std::get_if<T>(&variant);
    require(found != nullptr);
    return *found;
}

/// The value that the caller knows to be there: a view.
template <class T>
[[nodiscard]] constexpr const T& held(const std::optional<T>& value) {
    require(value.has_value());
    return *value;
}

}  // namespace raft::core

namespace raft::detail {
using namespace core;  // what is around the core names it without a prefix
}
