// SPDX-License-Identifier: BSL-1.0
//
// Which cluster a storage belongs to, and which storage it is. An empty storage looks the same
// whether its server never ran or lost its disk; only the first may vote. So a cluster begins by an
// explicit act, its birth, and from then on has a history of its own; what is born again is another
// cluster. A storage has a mark, by which its peers know it from the next one under the same name.
#pragma once

#include <compare>
#include <cstdint>

namespace raft {

/// Which history of entries a server takes part in. A random number that is minted once, when the
/// cluster is born, and is the same on all of its servers. Never that of another cluster, nor of
/// the same one born again.
struct history_id {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(const history_id&, const history_id&) = default;
};

/// Which storage a server has. A random number that is minted when the storage is made.
struct storage_mark {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(const storage_mark&, const storage_mark&) = default;
};

}  // namespace raft
