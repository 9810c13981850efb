// SPDX-License-Identifier: BSL-1.0
//
// What a recording may do. The step takes the word of whoever calls it that the state is one that a
// server can be in, and that the input is one that it can be given there. Nobody gives that word
// for a file, so it is looked at before the step is.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <variant>

#include <raft/battery/flight_recorder/recording.hpp>
#include <raft/codec/message.hpp>
#include <raft/core/step.hpp>

namespace raft::testing::detail::possible {

using fault = std::optional<std::string_view>;

/// Only a server that has done nothing yet begins.
[[nodiscard]] inline fault find_fault(const core::state& s, const core::started&) {
    const auto* following = std::get_if<core::follower_state>(&s.role);
    if (following == nullptr || *following != core::follower_state{.matched_index = s.commit_index})
        return "it has begun already";
    return std::nullopt;
}

/// What no transport would have delivered.
[[nodiscard]] inline fault find_fault(const core::state&, const core::received& in) {
    constexpr wire::frame_limits any{.entries_max = std::numeric_limits<std::uint32_t>::max()};
    const auto wrong =
        std::visit([&](const auto& m) { return raft::detail::find_fault(m, any); }, in.body);
    if (wrong) return describe(*wrong);
    if (!in.members) return std::nullopt;
    if (!is_valid(in.members->value)) return describe(wire::frame_error::bad_configuration);
    const auto* append = std::get_if<core::append_entries>(&in.body);
    const auto index = in.members->index;
    if (append != nullptr && (index <= append->prev.index || index > append->last_index))
        return describe(wire::frame_error::configuration_misplaced);
    return std::nullopt;
}

/// A snapshot is of what was applied.
[[nodiscard]] inline fault find_fault(const core::state& s, const core::snapshot_saved& in) {
    if (in.description.last_included.index > s.commit_index)
        return "its last entry is not committed";
    return std::nullopt;
}

[[nodiscard]] inline fault find_fault(const core::state&, const auto& /*in*/) {
    return std::nullopt;
}

}  // namespace raft::testing::detail::possible

namespace raft::testing {

/// Why no server can have been given this input in this state; none if one can.
[[nodiscard]] inline std::optional<std::string_view> find_fault(const core::state& before,
                                                                const core::input& in) {
    if (!raft::detail::is_sound(before)) return "no server can be in the state before it";
    return std::visit([&](const auto& each) { return detail::possible::find_fault(before, each); },
                      in);
}

}  // namespace raft::testing
