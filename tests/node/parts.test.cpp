// SPDX-License-Identifier: BSL-1.0
//
// Goal: entries that do not fit in one message arrive in several, none left out and none twice.
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <support/trio.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

TEST_CASE("S57 where a message is split the rest begins with the entry that comes next") {
    trio_over<wayward_storage, limits{.message_bytes = 2 * sizeof(int)}> servers;
    auto& leader = servers.leader();
    servers.pass(100);
    const auto first = next(leader.status().last_log_index).value;
    servers.cut[servers.leader_id() % 3 + 1] = true;

    std::vector<std::pair<std::uint64_t, std::uint64_t>> stretches;
    servers.copies = [&](const message& body) {
        const auto* sent = std::get_if<append_entries>(&body);
        if (sent != nullptr && sent->last_index > sent->prev.index)
            stretches.emplace_back(next(sent->prev.index).value, sent->last_index.value);
        return 1;
    };
    const std::vector<int> commands{1, 2, 3, 4, 5};
    leader.propose(std::span<const int>{commands}, [](std::size_t, const auto&) {});
    servers.deliver();
    CHECK(stretches == std::vector<std::pair<std::uint64_t, std::uint64_t>>{
                           {first, first + 1}, {first + 2, first + 3}, {first + 4, first + 4}});
    CHECK(leader.state_machine().items == commands);
}
