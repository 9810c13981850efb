// SPDX-License-Identifier: BSL-1.0
// error: raft: a node cannot own what cannot be moved: name the type of that part .T&.
#include <raft/battery/manual_clock.hpp>
#include <raft/battery/memory_storage.hpp>
#include <raft/raft.hpp>

struct counter {
    using command = int;
    using result = int;
    int value = 0;
    int apply(raft::log_index, const int& amount) { return value += amount; }
};

struct unmovable : raft::policy::transport_archetype<int> {
    unmovable() = default;
    unmovable(const unmovable&) = delete;
};

using server = raft::node<counter, unmovable, raft::memory_storage<int>, raft::manual_clock>;

server* chosen = nullptr;
