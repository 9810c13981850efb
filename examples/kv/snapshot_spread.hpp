// SPDX-License-Identifier: BSL-1.0
//
// Servers that save their state at the same moment are slow at the same moment. So each lets the
// log grow by a share of its own beyond what makes a snapshot due: none for the first member, twice
// as much as is due for the leader, on which all clients wait.
#pragma once

#include <algorithm>
#include <cstdint>

#include <raft/core/state.hpp>

namespace raft_kv {

/// How much log makes a snapshot due on this server, where `due` does on the first.
[[nodiscard]] inline std::uint64_t spread(std::uint64_t due, const raft::core::state& s) {
    const auto& members = s.members().members;
    if (due > ~std::uint64_t{0} / 2 || members.empty()) return due;
    if (s.is_leader()) return 2 * due;
    const auto before = std::count_if(members.begin(), members.end(),
                                      [&](raft::member_id each) { return each < s.self; });
    return due + due / members.size() * static_cast<std::uint64_t>(before);
}

}  // namespace raft_kv
