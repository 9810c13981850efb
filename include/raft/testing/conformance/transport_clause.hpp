// SPDX-License-Identifier: BSL-1.0
//
// The contract of a transport (policy/transport.hpp), clause by clause.
#pragma once

#include <cstdint>
#include <string_view>

#include <raft/testing/conformance/report.hpp>

namespace raft::testing {

enum class transport_clause : std::uint8_t {
    message_arrives,
    message_is_unchanged,
    beside_is_unchanged,
    views_are_copied,
    no_other_gets_it,
    each_gets_it,
    sender_is_told,
    calls_nobody_within_send,
    stranger_is_passed_over,
    room_comes,
    gone_one_blocks_nobody,
    moved_one_is_found,
};

/// How the clause is broken, in plain English.
[[nodiscard]] constexpr std::string_view describe(transport_clause clause) {
    using enum transport_clause;
    switch (clause) {
    case message_arrives:
        return "transport.send: a message never arrives, however often it is sent";
    case message_is_unchanged: return "transport.send: a message arrives that nobody has sent";
    case beside_is_unchanged:
        return "transport.send: what travels beside a message arrives as something else";
    case views_are_copied: return "transport.send: it reads its views after it has returned";
    case no_other_gets_it:
        return "transport.send: a message arrives at a server it was not sent to";
    case each_gets_it: return "transport.send: of several receivers one never gets the message";
    case sender_is_told: return "transport.send: a message arrives as that of another server";
    case calls_nobody_within_send: return "transport.send: it delivers before it has returned";
    case stranger_is_passed_over:
        return "transport.send: an unknown receiver keeps the message from the others";
    case room_comes: return "transport.room: there is never room for entries to a server that runs";
    case gone_one_blocks_nobody: return "transport.send: a server that is gone blocks the others";
    case moved_one_is_found: return "transport.send: a server whose address changed is not found";
    }
    return "unknown clause";
}

using transport_report = conformance_report<transport_clause>;

}  // namespace raft::testing
