// SPDX-License-Identifier: BSL-1.0
//
// A message between two simulated servers, with all that travels beside it.
#pragma once

#include <optional>

#include <raft/core/step.hpp>

namespace raft::testing {

/// A message on its way.
struct in_flight {
    member_id from{};
    member_id to{};
    core::received what{};
    friend constexpr bool operator==(const in_flight&, const in_flight&) = default;
};

/// The configuration that travels with a message of `sender`.
[[nodiscard]] constexpr std::optional<core::indexed_configuration>
beside(const core::state& sender, const core::message& body) {
    if (const auto* append = std::get_if<core::append_entries>(&body)) {
        for (const auto& each : sender.configurations)
            if (each.index > append->prev.index && each.index <= append->last_index) return each;
    } else if (const auto* chunk = std::get_if<core::install_snapshot>(&body)) {
        const auto index = chunk->last_included.index;
        return core::indexed_configuration{index, members_at(sender, index)};
    }
    return std::nullopt;
}

/// Whether commands, or a snapshot's bytes, could travel with a message.
[[nodiscard]] constexpr bool brings_data(const core::message& body) {
    return std::holds_alternative<core::append_entries>(body) ||
           std::holds_alternative<core::install_snapshot>(body);
}

/// What `sender` sends to `to` as it is now.
[[nodiscard]] constexpr in_flight sent_by(const core::state& sender, member_id to,
                                          const core::message& body) {
    const bool withheld = brings_data(body) && withholds_commands(sender, to);
    return {sender.self, to, {sender.self, body, beside(sender, body), withheld}};
}

}  // namespace raft::testing
