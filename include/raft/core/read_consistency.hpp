// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace raft::core {

/// What a read may be answered from.
enum class read_consistency : std::uint8_t {
    linearizable,  ///< Everything that was committed when the read was requested.
    lease,  ///< The same, as long as the clocks keep the configured bound; no message is sent while
            ///< the leader's lease holds (thesis §6.4.1).
    stale,  ///< Everything that was committed at the last contact with the leader, which was at
            ///< most the given time ago.
};

}  // namespace raft::core

namespace raft {
using core::read_consistency;
}  // namespace raft
