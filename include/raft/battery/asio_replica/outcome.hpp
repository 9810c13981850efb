// SPDX-License-Identifier: BSL-1.0
//
// What becomes of the requests of a replica, beside what becomes of a node's (node/outcome.hpp).
#pragma once

#include <variant>

#include <raft/core/types.hpp>
#include <raft/node/outcome.hpp>

namespace raft {

/// What a query found out about the state machine, when it held everything up to `index` at least.
template <class Value>
struct query_answer {
    log_index index{};
    Value value{};
    friend bool operator==(const query_answer&, const query_answer&) = default;
};

/// What became of a query: its value; refused, when no leader answered in time; or unknown, when it
/// was under way as its time ended.
template <class Value>
using query_outcome = std::variant<query_answer<Value>, refusal, unknown>;

/// What became of a transfer: who leads after it, which is this server itself if the other has not
/// taken over in time.
using transfer_outcome = std::variant<member_id, refusal, unknown>;

/// What became of a snapshot: up to which entry there is one now.
using snapshot_outcome = std::variant<log_index, refusal, unknown>;

namespace detail {

/// What `stop` is answered with: it is over, whatever it cut short.
struct stopped {};

/// How a handler is called with an `Answer`.
template <class Answer>
struct signature_of {
    using type = void(Answer);
};
template <>
struct signature_of<stopped> {
    using type = void();
};

/// Whether what was refused for this reason may be taken a little later, without anybody's doing.
[[nodiscard]] constexpr bool passes_by_itself(refusal_reason reason) {
    return reason == refusal_reason::not_leader || reason == refusal_reason::leadership_lost ||
           reason == refusal_reason::too_many_pending || reason == refusal_reason::no_space ||
           reason == refusal_reason::transfer_in_progress ||
           reason == refusal_reason::leader_not_ready || reason == refusal_reason::commands_missing;
}

}  // namespace detail
}  // namespace raft
