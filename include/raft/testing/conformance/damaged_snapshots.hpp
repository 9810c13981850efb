// SPDX-License-Identifier: BSL-1.0
//
// What a state machine does with bytes that are no snapshot, or not the one that was saved: it
// refuses them, or has a state that is one; and what it was given does not stay behind.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <raft/testing/conformance/state_machine_runs.hpp>

namespace raft::testing::conformance {

template <class Make>
class damaged_snapshots {
    using runs = state_machine_runs<Make>;
    using machine = typename runs::machine;
    using clause = state_machine_clause;
    using bytes = std::vector<std::byte>;

public:
    damaged_snapshots(runs& all, state_machine_report& report) : runs_{all}, report_{report} {}

    void run() {
        const auto& sound = runs_.end().bytes;
        truncate(sound);
        damage(sound);
        for (const auto length : std::array<std::size_t, 5>{0, 1, 7, 64, 4096})
            for (const auto filling : {std::byte{0}, std::byte{0x7F}, std::byte{0xFF}})
                try_one(bytes(length, filling), std::to_string(length) + " bytes of one value");
    }

private:
    void truncate(const bytes& sound) {
        const auto step = std::max<std::size_t>(1, sound.size() / tries_max);
        for (std::size_t length = 0; length < sound.size(); length += step) {
            const auto where =
                "the first " + std::to_string(length) + " of " + std::to_string(sound.size());
            auto instance = runs_.make();
            const auto taken = restored(instance, std::span{sound}.first(length), where);
            if (!taken) return;
            if (!report_.check(clause::restore_refuses_truncated, !*taken, where)) return;
            is_sound_afterwards(instance, where);
        }
    }

    void damage(const bytes& sound) {
        const auto step = std::max<std::size_t>(1, sound.size() / tries_max);
        for (std::size_t place = 0; place < sound.size(); place += step)
            for (const auto flipped : {std::byte{0x01}, std::byte{0x80}, std::byte{0xFF}}) {
                auto damaged = sound;
                damaged[place] ^= flipped;
                try_one(damaged, "byte " + std::to_string(place) + " damaged");
            }
    }

    /// Bytes that make another state are one, which no state machine can know. Bytes that make none
    /// are refused.
    void try_one(const bytes& damaged, const std::string& where) {
        auto instance = runs_.make();
        const auto taken = restored(instance, damaged, where);
        if (!taken) return;
        if (*taken) {
            auto again = runs_.make();
            const auto saved = bytes_of(instance);
            const auto repeated = restored(again, saved, where);
            report_.check(clause::restore_refuses_nonsense,
                          repeated && *repeated && image_of(again).shows_same(image_of(instance)),
                          where);
        }
        is_sound_afterwards(instance, where);
    }

    /// None if it threw.
    [[nodiscard]] std::optional<bool> restored(machine& instance, std::span<const std::byte> from,
                                               const std::string& where) {
        std::optional<bool> taken;
        try {
            bytes_source source{from};
            taken = instance.restore(source);
        } catch (...) {
            // Which one it was says little: the process would have ended.
        }
        report_.check(clause::restore_does_not_throw, taken.has_value(), where);
        return taken;
    }

    void is_sound_afterwards(machine& instance, const std::string& where) {
        const auto& sound = runs_.samples()[runs_.samples().size() / 2];
        bytes_source source{sound.image.bytes};
        const bool same = instance.restore(source) && image_of(instance).shows_same(sound.image);
        report_.check(clause::restore_after_refusal, same, where);
    }

    static constexpr std::size_t tries_max = 64;

    runs& runs_;
    state_machine_report& report_;
};

}  // namespace raft::testing::conformance
