// SPDX-License-Identifier: BSL-1.0
//
// A message of any kind with any fields, as somebody could send it who knows the format and the
// state of the receiver, and keeps to nothing else: whatever the codec would let pass, and nothing
// that it refuses.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include <fuzz/choices.hpp>

#include <raft/codec/message_parts.hpp>
#include <raft/core/step.hpp>

namespace raft::fuzz {

/// Chooses numbers that mean something to a server in this state, and others.
class number_source {
public:
    number_source(choices& chosen, const core::state& s) : chosen_{chosen}, state_{s} {}

    /// Below 2^63, as the codec has it.
    [[nodiscard]] std::uint64_t any() {
        switch (chosen_.below(8)) {
        case 0: return chosen_.below(8);
        case 1: return near(state_.current_term.value);
        case 2: return near(state_.log.last_index().value);
        case 3: return near(state_.commit_index.value);
        case 4: return near(state_.log.base().index.value);
        case 5: return near(state_.log.last_term().value);
        case 6: return chosen_.number(2);
        default: return chosen_.number(8) >> 1U;
        }
    }

    [[nodiscard]] member_id member() {
        const auto id = chosen_.below(9);
        return {id < 8 ? id : 99U};
    }

    /// Valid, or none.
    [[nodiscard]] std::optional<core::configuration> members() {
        if (chosen_.flip()) return state_.members();
        core::configuration made;
        for (auto left = chosen_.below(6); left > 0; --left) made.members.add(member());
        for (auto* set : core::member_sets(made))
            *set = core::member_set::from_bits(chosen_.byte()) & made.everyone();
        return is_valid(made) ? std::optional{made} : std::nullopt;
    }

private:
    [[nodiscard]] std::uint64_t near(std::uint64_t place) {
        constexpr std::uint64_t reach = 3;
        const auto moved = place + chosen_.below(2 * reach + 1);
        return std::min(moved > reach ? moved - reach : 0, detail::number_limit - 1);
    }

    choices& chosen_;
    const core::state& state_;
};

/// Fills the fields of a message.
struct field_filler {
    number_source& numbers;
    choices& chosen;

    void operator()(auto&... fields) { (fill(fields), ...); }
    void fill(bool& field) { field = chosen.flip(); }
    void fill(std::uint32_t& field) { field = static_cast<std::uint32_t>(numbers.any()); }
    void fill(std::uint64_t& field) { field = numbers.any(); }
    void fill(core::refusal_reason& field) {
        constexpr auto kinds = static_cast<std::size_t>(core::last_refusal_reason) + 1;
        field = static_cast<core::refusal_reason>(chosen.below(kinds));
    }
    void fill(core::log_position& field) {
        fill(field.index.value);
        fill(field.term.value);
    }
    void fill(core::request_id& field) {
        fill(field.run);
        fill(field.number);
    }
    void fill(auto& field) { fill(field.value); }
};

template <std::size_t Kind = 0>
[[nodiscard]] core::message blank_message(std::size_t kind) {
    if constexpr (Kind + 1 < std::variant_size_v<core::message>)
        if (kind != Kind) return blank_message<Kind + 1>(kind);
    return std::variant_alternative_t<Kind, core::message>{};
}

/// The configuration beside a message, where the codec lets one pass.
[[nodiscard]] inline std::optional<core::indexed_configuration>
beside_hostile(const core::message& body, choices& chosen, number_source& numbers) {
    log_index index;
    if (const auto* append = std::get_if<core::append_entries>(&body)) {
        const auto count = append->last_index - append->prev.index;
        if (count == 0 || chosen.flip()) return std::nullopt;
        index = next(append->prev.index) + chosen.below(8) % count;
    } else if (const auto* chunk = std::get_if<core::install_snapshot>(&body)) {
        index = chunk->last_included.index -
                std::min(chunk->last_included.index.value, std::uint64_t{chosen.below(2)});
    } else {
        return std::nullopt;
    }
    auto members = numbers.members();
    if (!members) return std::nullopt;
    return core::indexed_configuration{index, *std::move(members)};
}

/// None if the codec would refuse what was chosen.
[[nodiscard]] inline std::optional<core::received> hostile_message(choices& chosen,
                                                                   const core::state& receiver) {
    number_source numbers{chosen, receiver};
    core::received made{.from = numbers.member(),
                        .body = blank_message(chosen.below(std::variant_size_v<core::message>))};
    field_filler filler{numbers, chosen};
    std::visit([&](auto& m) { detail::each_field(filler, m); }, made.body);
    const auto fault = std::visit(
        [](const auto& m) { return detail::find_fault(m, wire::frame_limits{}); }, made.body);
    if (fault) return std::nullopt;
    made.members = beside_hostile(made.body, chosen, numbers);
    const auto* chunk = std::get_if<core::install_snapshot>(&made.body);
    if (chunk != nullptr ? chunk->size == 0
                         : std::holds_alternative<core::append_entries>(made.body))
        made.withheld = chosen.flip();
    return made;
}

}  // namespace raft::fuzz
