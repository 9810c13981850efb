// SPDX-License-Identifier: BSL-1.0
//
// The servers of a run, as those see them who look at their states now and then: what has changed
// since is what happened.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "run.hpp"

#include <raft/core/step.hpp>

namespace raft_page {

[[nodiscard]] message_class class_of(const raft::core::message& body);

class observed_servers {
public:
    explicit observed_servers(run& into) : run_{into} {}

    /// The server is in this state.
    void see(std::int64_t at, std::uint64_t server, const raft::core::state& now);
    /// It does not run.
    void see_down(std::int64_t at, std::uint64_t server);

private:
    struct sight {
        happened::stood stood{};
        raft::core::log_terms log{};
        raft::log_index committed{};
        std::optional<raft::log_index> configuration{};  ///< Where the newest one stands.
    };

    void see_log(std::int64_t at, std::uint64_t server, const raft::core::log_terms& before,
                 const raft::core::log_terms& now);

    run& run_;
    std::map<std::uint64_t, sight> seen_{};
};

}  // namespace raft_page
