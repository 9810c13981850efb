// SPDX-License-Identifier: BSL-1.0
//
// A simulated run, written down so that it can be shown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <page/observed.hpp>
#include <page/run.hpp>

#include <raft/testing/simulator.hpp>

namespace raft_sim {

/// Sees a simulation and makes a run of it. Of what happens in one event, a server's own changes
/// come first, and then what it sends because of them.
class recording final : public raft::testing::simulation::spectator {
public:
    using simulator = raft::testing::simulator<>;

    explicit recording(simulator& seen) : stage_{seen.inside()} { stage_.around.seen_by = this; }
    recording(const recording&) = delete;  // The simulator refers to it.
    recording& operator=(const recording&) = delete;

    void on_sent(std::uint16_t from, std::uint16_t to, std::uint32_t number,
                 std::span<const std::byte> frame) override;
    void on_lost(std::uint16_t from, std::uint16_t to, std::span<const std::byte> frame) override;
    void on_arrived(std::uint32_t number) override;
    void on_void(std::uint32_t number) override;
    void on_fault(raft::testing::simulation::fault kind, std::uint16_t place) override;
    void on_event() override;

    /// The simulation is over, and nobody is seen any more.
    [[nodiscard]] raft_page::run finish();

private:
    [[nodiscard]] raft_page::message message_of(std::uint16_t from, std::uint16_t to,
                                                std::span<const std::byte> frame);
    void see_servers();
    void append(std::vector<raft_page::event>& later);

    raft::testing::simulation::stage<raft::testing::simulation::register_workload>& stage_;
    raft_page::run run_{};
    raft_page::observed_servers servers_{run_};
    std::unordered_map<std::uint32_t, std::size_t> on_their_way_{};
    std::vector<raft_page::event> sent_{};    ///< In this event, with what is lost then.
    std::vector<raft_page::event> faults_{};  ///< In this event.
};

/// What is to be seen of one run, with all of it over.
[[nodiscard]] raft_page::run recorded(const raft::testing::simulator_options& wanted,
                                      raft::testing::simulator_report& found);

}  // namespace raft_sim
