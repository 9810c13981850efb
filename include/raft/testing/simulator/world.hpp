// SPDX-License-Identifier: BSL-1.0
//
// What all parts of a simulation share: the time, the dice, what is going to happen, what went
// wrong on purpose, and the first thing that went wrong otherwise.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <raft/testing/simulator/dice.hpp>
#include <raft/testing/simulator/fault.hpp>
#include <raft/testing/simulator/schedule.hpp>
#include <raft/testing/simulator/spectator.hpp>

namespace raft::testing::simulation {

struct world {
    explicit world(std::uint64_t seed) : luck{seed} {}

    dice luck;
    moment now = 0;
    schedule events{};
    fault_counts faults{};
    std::string violation{};  ///< Empty if every rule was kept.
    spectator* seen_by = nullptr;

    void expect(bool holds, const char* what) {
        if (!holds && violation.empty()) violation = what;
    }
    void violate(std::string what) {
        if (violation.empty()) violation = std::move(what);
    }
    /// Something goes wrong on purpose, at the server at `place`.
    void go_wrong(fault kind, std::uint16_t place) {
        faults.add(kind);
        if (seen_by != nullptr) [[unlikely]]
            seen_by->on_fault(kind, place);
    }
    void after(moment delay, event added) {
        added.at = now + delay;
        events.add(added);
    }
};

}  // namespace raft::testing::simulation
