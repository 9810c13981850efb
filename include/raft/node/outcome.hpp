// SPDX-License-Identifier: BSL-1.0
//
// What becomes of a request. Every request is answered; none is dropped, and none is answered with
// less than is known.
#pragma once

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

/// Another entry was committed at the command's index: it never was applied and never will be.
/// Final; trying again is safe.
struct lost {
    friend bool operator==(const lost&, const lost&) = default;
};

/// This server stopped leading, or lost the leader that it had forwarded the command to, before the
/// command's fate was decided: it may yet be applied, or not. `applied` or `lost` follows if this
/// server comes to know, which it may not (it may restart, be sent a snapshot, or never hear where
/// in the log the command is).
struct unknown {
    friend bool operator==(const unknown&, const unknown&) = default;
};

/// What became of a proposal. `refusal` is final too: the command was never in any log.
template <class Result>
using outcome = std::variant<applied<Result>, refusal, lost, unknown>;

namespace detail {
/// A callable for the outcomes of several commands, by their number, from one for a single one.
template <class Result, class F>
[[nodiscard]] auto about_one(F on_outcome) {
    return [function = std::move(on_outcome)](std::size_t, const outcome<Result>& given) mutable {
        function(given);
    };
}
}  // namespace detail

/// The state machine now holds everything that was committed when the read was asked for, up to
/// `index` at least.
struct read_ready {
    log_index index{};
    friend bool operator==(const read_ready&, const read_ready&) = default;
};

/// What a change of membership is held up by.
enum class change_check {
    live_majority,  ///< It begins once a majority of those who would vote has answered.
    forced,         ///< Nothing: whoever asks knows that the cluster may be left without a leader.
};

/// What became of a change of membership: completed or given up; refused; or unknown, since this
/// server stopped leading: whoever leads goes on with it, and the configuration will tell.
using change_outcome = std::variant<change_result, refusal, unknown>;

using read_outcome = std::variant<read_ready, refusal>;

}  // namespace raft
