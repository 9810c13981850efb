// SPDX-License-Identifier: BSL-1.0
//
// The kinds of fault that a simulation makes, and how many there were of each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace raft::testing::simulation {

enum class fault : std::uint8_t {
    loss,
    duplication,
    reordering,
    delay,
    reset,
    one_way_cut,
    silent_cut,
    chain,
    flapping,
    clock_drift,
    clock_jump,
    pause,
    kill,
    power_loss,
    crash_at_an_effect,
    crash_in_recovery,
    lost_writes,
    misdirected_writes,
    torn_writes,
    bit_rot,
    read_error,
    write_error,
    full_disk,
    no_descriptors,
    failing_sync,
    slow_disk,
    slow_disks_everywhere,
    broken_snapshot_stream,
    wiped_disk,
    wiped_founder,
    changed_part,
    change_of_members,
    forced_change,
    transfer,
    operators_snapshot,
};
inline constexpr std::size_t fault_kinds = std::size_t(fault::operators_snapshot) + 1;

/// Its name, as the report of a run has it.
[[nodiscard]] constexpr std::string_view name_of(fault kind) {
    constexpr std::array<std::string_view, fault_kinds> names{"loss",
                                                              "duplication",
                                                              "reordering",
                                                              "delay",
                                                              "reset",
                                                              "one-way-cut",
                                                              "silent-cut",
                                                              "chain",
                                                              "flapping",
                                                              "clock-drift",
                                                              "clock-jump",
                                                              "pause",
                                                              "kill",
                                                              "power-loss",
                                                              "crash-at-an-effect",
                                                              "crash-in-recovery",
                                                              "lost-writes",
                                                              "misdirected-writes",
                                                              "torn-writes",
                                                              "bit-rot",
                                                              "read-error",
                                                              "write-error",
                                                              "full-disk",
                                                              "no-descriptors",
                                                              "failing-sync",
                                                              "slow-disk",
                                                              "slow-disks-everywhere",
                                                              "broken-snapshot-stream",
                                                              "wiped-disk",
                                                              "wiped-founder",
                                                              "changed-part",
                                                              "change-of-members",
                                                              "forced-change",
                                                              "transfer",
                                                              "operators-snapshot"};
    return names[static_cast<std::size_t>(kind)];
}

class fault_counts {
public:
    void add(fault kind) { ++counts_[static_cast<std::size_t>(kind)]; }
    void add(const fault_counts& more) {
        for (std::size_t i = 0; i < fault_kinds; ++i) counts_[i] += more.counts_[i];
    }
    [[nodiscard]] std::uint64_t of(fault kind) const {
        return counts_[static_cast<std::size_t>(kind)];
    }
    [[nodiscard]] std::uint64_t all() const {
        std::uint64_t sum = 0;
        for (const auto each : counts_) sum += each;
        return sum;
    }

private:
    std::array<std::uint64_t, fault_kinds> counts_{};
};

}  // namespace raft::testing::simulation
