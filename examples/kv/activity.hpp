// SPDX-License-Identifier: BSL-1.0
//
// What a server has done since it was started, counted.
#pragma once

#include <cstdint>

namespace raft_kv {

struct activity {
    std::uint64_t commands = 0;  ///< Of clients, whatever became of them.
    // Each write has one of these outcomes.
    std::uint64_t writes_applied = 0;
    std::uint64_t writes_refused = 0;
    std::uint64_t writes_lost = 0;
    std::uint64_t writes_unknown = 0;

    std::uint64_t entries_proposed = 0;  ///< Batches of writes.
    std::uint64_t read_rounds_served = 0;
    std::uint64_t read_rounds_refused = 0;
    std::uint64_t elections = 0;    ///< Times that it stood for election.
    std::uint64_t leaderships = 0;  ///< Times that it was elected.
    std::uint64_t snapshots = 0;    ///< Times that there was a newer one, saved here or received.
};

}  // namespace raft_kv
