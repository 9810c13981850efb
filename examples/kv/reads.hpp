// SPDX-License-Identifier: BSL-1.0
//
// Clients' reads. Those of a turn that want the same are one round, which the node is asked for
// once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "activity.hpp"
#include "running_node.hpp"
#include "session.hpp"

namespace raft_kv {

class reads {
public:
    /// `changed(session)`: it has something to be told. All outlive it.
    reads(running_node& node, activity& done, std::function<void(session&)> changed)
        : node_{node}, done_{done}, changed_{std::move(changed)} {}

    /// The round that this session is now part of, as `service::join_read` says.
    [[nodiscard]] std::uint64_t join(session& by, const raft::core::read_requested& asked) {
        auto wanted = asked;
        if (uses_lease_ && wanted.consistency == raft::read_consistency::linearizable)
            wanted.consistency = raft::read_consistency::lease;
        auto group = std::ranges::find(groups_, wanted, &read_group::wanted);
        if (group == groups_.end())
            group = groups_.insert(group, {.wanted = wanted, .round = next_round_++});
        if (group->all.empty() || group->all.back().get() != &by)
            group->all.push_back(by.shared_from_this());
        return group->round;
    }

    /// Asks for the rounds. Once a turn.
    void submit() {
        for (auto& group : std::exchange(groups_, {}))
            node_.node().read(group.wanted,
                              [this, round = group.round, all = std::move(group.all)](
                                  const raft::read_outcome& given) { tell(round, all, given); });
    }

    /// Whether linearizable reads are answered under a lease, as `service::use_lease` says.
    [[nodiscard]] std::optional<std::string> use_lease(bool on, const raft::settings& config) {
        if (on && !config.clock_drift_ppm)
            return "NOLEASE a lease needs a bound on the clocks: start the servers with "
                   "--clock-drift-ppm";
        uses_lease_ = on;
        return std::nullopt;
    }
    [[nodiscard]] bool uses_lease() const { return uses_lease_; }

private:
    using readers = std::vector<std::shared_ptr<session>>;

    /// Reads that want the same, asked for together.
    struct read_group {
        raft::core::read_requested wanted{};
        std::uint64_t round = 0;
        readers all{};
    };

    void tell(std::uint64_t round, const readers& all, const raft::read_outcome& given) {
        const auto* refused = std::get_if<raft::refusal>(&given);
        ++(refused != nullptr ? done_.read_rounds_refused : done_.read_rounds_served);
        for (const auto& each : all) {
            if (refused != nullptr)
                each->reads_refused(round, *refused);
            else
                each->reads_ready(round);
            changed_(*each);
        }
    }

    running_node& node_;
    activity& done_;
    std::function<void(session&)> changed_;
    std::vector<read_group> groups_{};
    std::uint64_t next_round_ = 1;
    bool uses_lease_ = false;
};

}  // namespace raft_kv
