// SPDX-License-Identifier: BSL-1.0
//
// Whoever wants to see a simulation as it goes on, to show it or to write it down. It changes
// nothing: a run is the same whether it is seen or not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include <raft/testing/simulator/fault.hpp>

namespace raft::testing::simulation {

/// What concerns no server more than others.
inline constexpr std::uint16_t nowhere = std::numeric_limits<std::uint16_t>::max();

class spectator {
public:
    /// A frame is on its way. It has this number until it has come or is void; then another may
    /// have it.
    virtual void on_sent(std::uint16_t from, std::uint16_t to, std::uint32_t number,
                         std::span<const std::byte> frame) = 0;
    /// A frame is lost as it is sent.
    virtual void on_lost(std::uint16_t from, std::uint16_t to,
                         std::span<const std::byte> frame) = 0;
    /// A frame has come to its receiver's host, …
    virtual void on_arrived(std::uint32_t number) = 0;
    /// … or never will.
    virtual void on_void(std::uint32_t number) = 0;
    virtual void on_fault(fault kind, std::uint16_t place) = 0;
    /// An event of the simulation is over, with all that it led to.
    virtual void on_event() = 0;

protected:
    ~spectator() = default;
};

}  // namespace raft::testing::simulation
