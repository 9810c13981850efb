// SPDX-License-Identifier: BSL-1.0
//
// The outcome of a request. Every request gets one; none is dropped, and each outcome says all that
// is known.
#pragma once

#include <concepts>
#include <cstddef>
#include <utility>
#include <variant>

#include <raft/core/effects.hpp>

namespace raft {

/// The command was committed and applied here, as the entry at `index`. Final.
template <class Result>
struct applied {
    log_index index{};
    Result result{};
    friend bool operator==(const applied&, const applied&) = default;
};

/// Another entry was committed at the command's index: the command never was applied and never will
/// be. Final; trying again is safe.
struct lost {
    friend bool operator==(const lost&, const lost&) = default;
};

/// This server stopped leading, or lost the leader to which it had forwarded the command, before
/// the outcome was decided: the command may yet be applied, or not. `applied` or `lost` follows if
/// this server learns it, which it may not (it may restart, receive a snapshot, or never learn
/// where in the log the command is).
struct unknown {
    friend bool operator==(const unknown&, const unknown&) = default;
};

/// The outcome of a proposal. `refusal` is final too: the command was never in any log.
template <class Result>
using outcome = std::variant<applied<Result>, refusal, lost, unknown>;

namespace detail {
/// Makes a callable for the outcomes of several commands, by their number, from one for a single
/// outcome.
template <class Result, class F>
[[nodiscard]] auto about_one(F on_outcome) {
    return [function = std::move(on_outcome)](std::size_t, const outcome<Result>& given) mutable {
        function(given);
    };
}

/// Fails to compile with what a proposal's callable is called with, unless it is one for several.
template <class F, class Outcome>
[[nodiscard]] constexpr bool check_takes_outcome() {
    static_assert(std::invocable<F, std::size_t, const Outcome&>,
                  "raft: `on_outcome` is called with a `const outcome<result>&`");
    return false;
}

/// A callable for an outcome; what is called with neither that nor a number is an error.
template <class F, class Outcome>
concept takes_outcome = std::invocable<F, const Outcome&> || check_takes_outcome<F, Outcome>();
}  // namespace detail

/// The state machine now holds everything that was committed when the read was requested, up to
/// `index` at least.
struct read_ready {
    log_index index{};
    friend bool operator==(const read_ready&, const read_ready&) = default;
};

/// What a change of membership must wait for.
enum class change_check {
    live_majority,  ///< A majority of the voters after the change must have answered.
    forced,         ///< Nothing: the caller accepts that the cluster may be left without a leader.
};

/// The outcome of a change of membership: completed or aborted; refused; or unknown, since this
/// server stopped leading. The next leader then continues the change, and the configuration shows
/// its end.
using change_outcome = std::variant<core::change_result, refusal, unknown>;

using read_outcome = std::variant<read_ready, refusal>;

}  // namespace raft
