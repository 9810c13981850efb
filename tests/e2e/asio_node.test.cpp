// SPDX-License-Identifier: BSL-1.0
//
// Nodes at work on one event loop, with real files and real connections.
#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "asio_transport.hpp"
#include <demo/free_ports.hpp>
#include <doctest/doctest.h>
#include <unistd.h>

#include <raft/battery/asio_node.hpp>
#include <support/replicas.hpp>

namespace {

using support::counter;
using counter_node = raft::asio_node<counter>;
using asio_test::run_until;

constexpr raft::history_id history{77};

/// Three servers on one loop. In each turn of one its `in_turn` is called.
class loop_of_nodes {
public:
    loop_of_nodes() : ports_{raft_kv::outside::free_ports(3)} {
        std::string name = std::filesystem::temp_directory_path() / "raft-asio-node-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
        root_ = name;
        for (std::uint64_t id = 1; id <= 3; ++id) start(id);
    }
    loop_of_nodes(const loop_of_nodes&) = delete;
    loop_of_nodes& operator=(const loop_of_nodes&) = delete;
    ~loop_of_nodes() {
        for (const auto& each : nodes) each->stop();
        std::filesystem::remove_all(root_);
    }

    /// Who leads, once all agree; null before.
    [[nodiscard]] counter_node* leader() const {
        counter_node* found = nullptr;
        for (const auto& each : nodes) {
            if (!each->is_running()) continue;
            if (!each->node().protocol_state().current_leader()) return nullptr;
            if (each->node().protocol_state().is_leader()) found = each.get();
        }
        return found;
    }
    [[nodiscard]] std::size_t index_of(const counter_node& one) const {
        std::size_t i = 0;
        while (nodes[i].get() != &one) ++i;
        return i;
    }

    asio::io_context io{1};
    std::vector<std::shared_ptr<counter_node>> nodes{};
    std::array<std::function<void()>, 3> in_turn{};

private:
    void start(std::uint64_t id) {
        const auto at = id - 1;
        nodes.push_back(counter_node::make(io, [this, at] {
            if (in_turn[at]) in_turn[at]();
        }));
        auto& made = *nodes.back();
        REQUIRE_FALSE(made.open(root_ / std::to_string(id)));
        raft::node_options options{.id = {id}, .birth = history, .seed = id};
        options.initial = raft::core::voters_only({{1}, {2}, {3}});
        options.config.election_timeout = raft::milliseconds(300);
        options.config.heartbeat_interval = raft::milliseconds(60);
        raft::transport::options connections{
            .cluster = {history.value},
            .self = {id},
            .listen = {asio::ip::address_v4::loopback(), ports_[at]},
            .history = history,
            .mark = made.storage().mark()};
        for (std::uint64_t other = 1; other <= 3; ++other)
            if (other != id) connections.peers.push_back({{other}, "127.0.0.1", ports_[other - 1]});
        REQUIRE_FALSE(made.listen(counter{}, options, connections));
        REQUIRE(made.start());
    }

    std::vector<std::uint16_t> ports_;
    std::filesystem::path root_{};
};

}  // namespace

TEST_CASE("asio node: what is proposed on the loop is applied everywhere") {
    loop_of_nodes all;
    REQUIRE(run_until(all.io, [&] { return all.leader() != nullptr; }));
    auto& leader = *all.leader();
    std::int64_t sum = 0;
    leader.node().propose({.amount = 5}, [&](const raft::outcome<std::int64_t>& given) {
        sum = std::get<raft::applied<std::int64_t>>(given).result;
    });
    leader.schedule_turn();
    REQUIRE(run_until(all.io, [&] {
        return sum == 5 && std::ranges::all_of(all.nodes, [](const auto& each) {
                   return each->node().state_machine().value == 5;
               });
    }));
}

TEST_CASE("asio node: a server that goes hands over first, and may end in its own turn") {
    loop_of_nodes all;
    REQUIRE(run_until(all.io, [&] { return all.leader() != nullptr; }));
    auto& first = *all.leader();
    const auto before = first.node().protocol_state().current_term;
    CHECK_FALSE(first.has_handed_over());
    all.in_turn[all.index_of(first)] = [&] {
        if (first.has_handed_over()) first.stop();
    };
    first.schedule_turn();
    REQUIRE(run_until(all.io, [&] { return !first.is_running(); }));
    REQUIRE(run_until(all.io, [&] { return all.leader() != nullptr; }));
    CHECK(all.leader() != &first);
    const auto& state = all.leader()->node().protocol_state();
    CHECK(state.current_term == raft::next(before));
}
