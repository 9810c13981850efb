// SPDX-License-Identifier: BSL-1.0
//
// What a server of an idle group takes up, heap included: the protocol's state by itself, and a
// whole node with its policies.
#include <memory>

#include "cluster.hpp"
#include "measure.hpp"
#include "works.hpp"
#include <malloc.h>

namespace bench {

namespace {

/// What a copy of the state takes from the heap, which is as much as it needs.
std::size_t heap_of(const raft::core::state& s) {
    const auto before = bytes_in_use();
    const auto copy = std::make_unique<raft::core::state>(s);
    check(*copy == s);
    const auto taken = bytes_in_use() - before;
    return static_cast<std::size_t>(taken) - malloc_usable_size(copy.get());
}

}  // namespace

void measure_idle(std::vector<row>& rows) {
    constexpr std::size_t servers = 3;
    const auto before = bytes_in_use();
    const auto idle = std::make_unique<cluster<16>>(servers);
    idle->elect_first();
    const auto elected = bytes_in_use();

    const auto add = [&](const char* work, std::size_t bytes) {
        rows.push_back(
            {.work = work, .system = "raft", .servers = static_cast<int>(servers), .bytes = bytes});
    };
    add("idle: state, without its heap", sizeof(raft::core::state));
    const auto& leading = idle->leader().protocol_state();
    const auto& following = idle->server(1).protocol_state();
    check(leading.is_leader() && following.is_follower());
    add("idle: state of a leader", sizeof(raft::core::state) + heap_of(leading));
    add("idle: state of a follower", sizeof(raft::core::state) + heap_of(following));
    add("idle: node, without its heap", sizeof(cluster<16>::node_type));
    add("idle: node, batteries included", static_cast<std::size_t>(elected - before) / servers);
}

}  // namespace bench
