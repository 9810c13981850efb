// SPDX-License-Identifier: BSL-1.0
//
// Goal: a state machine gets every committed entry once, in order, whatever is restarted, cut off
// or compacted. Method: nodes over memory batteries; the stories in which other libraries lost or
// doubled entries, each under its number, and lists that grow while everything goes wrong at
// random, from printed seeds.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <support/dice.hpp>
#include <support/trio.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

std::vector<int> up_to(int count) {
    std::vector<int> all(static_cast<std::size_t>(count));
    std::iota(all.begin(), all.end(), 0);
    return all;
}

/// A node that is the whole cluster, made again on the same storage by `restart`.
template <class StateMachine, class Storage, limits Limits = limits{}>
struct alone {
    using server = node<StateMachine, wires_type::port, Storage&, manual_clock&, Limits>;

    /// Whether it starts.
    bool restart() {
        settings config{};
        config.retained_entries = 3;
        up.emplace(node_options{{1}, voters_only({{1}}), history_id{1}, config, 1}, StateMachine{},
                   wires.port_of({1}), disk, clock);
        return up->start();
    }
    void lead() {
        for (int i = 0; i < 20 && !up->protocol_state().is_leader(); ++i) {
            clock.advance_to(clock.now() + std::chrono::milliseconds{100});
            up->poll();
        }
        REQUIRE(up->protocol_state().is_leader());
    }
    void propose(int from, int to) {
        for (int i = from; i < to; ++i) up->propose(i, [](const auto&) {});
    }
    [[nodiscard]] const std::vector<int>& items() const { return up->state_machine().items; }

    wires_type wires{};
    manual_clock clock{};
    Storage disk{};
    std::optional<server> up{};
};

/// A list that takes no snapshot but of the length it expects.
struct picky : list {
    bool restore(auto& source) { return list::restore(source) && items.size() == 99; }
};

/// A storage whose snapshot is lost, or is not the one that its log begins after.
struct forgetful : memory_storage<int> {
    bool forgets = false;
    log_index instead{};

    [[nodiscard]] recovered recover() {
        auto kept = memory_storage<int>::recover();
        if (forgets) kept.snapshot.reset();
        if (instead > log_index{}) kept.snapshot->description.last_included.index = instead;
        return kept;
    }
};

}  // namespace

TEST_CASE("B75 B77 a restarted state machine has its snapshot, then what came after, each once") {
    alone<list, memory_storage<int>> only;
    REQUIRE(only.restart());
    only.lead();
    only.propose(0, 7);
    REQUIRE_FALSE(only.up->take_snapshot());
    only.propose(7, 10);
    REQUIRE(only.items() == up_to(10));

    REQUIRE(only.restart());
    const auto status = only.up->status();
    CHECK(status.first_log_index < status.snapshot.last_included.index);
    CHECK(status.last_applied == status.snapshot.last_included.index);
    CHECK(status.commit_index == status.last_applied);
    CHECK(only.items() == up_to(7));
    only.lead();
    CHECK(only.items() == up_to(10));
    CHECK(only.up->status().last_applied == only.up->status().commit_index);
}

TEST_CASE("S57 a restarted node applies what it has in small pieces, without a gap") {
    alone<list, memory_storage<int>, limits{.message_bytes = 8, .apply_batch = 3}> only;
    REQUIRE(only.restart());
    only.lead();
    only.propose(0, 10);
    for (int i = 0; i < 3; ++i) {
        REQUIRE(only.restart());
        CHECK(only.items().empty());
        only.lead();
        CHECK(only.items() == up_to(10));
    }
}

TEST_CASE("a callable stays whole while it proposes more than ever before") {
    alone<list, memory_storage<int>> only;
    REQUIRE(only.restart());
    only.lead();
    int answered = 0;
    int seen = 0;
    only.up->propose(0, [&, kept = std::make_unique<int>(42)](const auto&) {
        only.propose(1, 100);
        only.up->propose(100, [&](const auto&) { ++answered; });
        seen = *kept;
    });
    CHECK(seen == 42);
    CHECK(answered == 1);
    CHECK(only.items() == up_to(101));
}

TEST_CASE("a callable stays whole while it ends leadership, and hears of its other commands") {
    alone<list, memory_storage<int>> only;
    REQUIRE(only.restart());
    only.lead();
    std::vector<std::size_t> heard;
    std::vector<std::size_t> in_doubt;
    bool later_is_lost = true;
    const auto step_down_at_first = [&, kept = std::make_shared<int>(42)](std::size_t number,
                                                                          const auto& given) {
        if (heard.empty()) CHECK_FALSE(only.up->step_down());
        CHECK(*kept == 42);
        heard.push_back(number);
        if (std::holds_alternative<unknown>(given)) in_doubt.push_back(number);
    };
    only.up->propose(std::vector{0, 1, 2}, step_down_at_first);
    CHECK(heard == std::vector<std::size_t>{0, 1, 2, 1, 2});
    CHECK(in_doubt == std::vector<std::size_t>{1, 2});
    CHECK(only.items() == up_to(3));
    only.up->propose(
        3, [&](const auto& given) { later_is_lost = !std::holds_alternative<refusal>(given); });
    CHECK_FALSE(later_is_lost);
}

TEST_CASE("B76 a node does not start on a snapshot that its state machine does not take") {
    alone<picky, memory_storage<int>> only;
    REQUIRE(only.restart());
    only.lead();
    only.propose(0, 5);
    REQUIRE_FALSE(only.up->take_snapshot());
    CHECK_FALSE(only.restart());
    CHECK(only.up->status().storage_failed);
    told heard;
    only.up->propose(6, heard.listener());
    CHECK(heard.words == words{told::refused(refusal_reason::storage_failed)});
}

TEST_CASE("B72 B76 a node does not start on a log that begins after what it can restore") {
    for (const bool forgets : {false, true}) {
        alone<list, forgetful> only;
        REQUIRE(only.restart());
        only.lead();
        only.propose(0, 9);
        REQUIRE_FALSE(only.up->take_snapshot());
        REQUIRE(only.up->status().first_log_index > log_index{4});
        only.disk.forgets = forgets;
        if (!forgets) only.disk.instead = {2};
        CHECK_FALSE(only.restart());
        CHECK(only.items().empty());
        CHECK_FALSE(only.up->deadline());
    }
}

// ------------------------------------------------------------------------------------ random walks

namespace {

/// Three nodes whose lists grow by values that are all different, and what was said of each value.
/// Elections come often, and leave time for writes between them.
settings quick_elections() {
    settings config{};
    config.election_timeout = milliseconds(300);
    config.heartbeat_interval = milliseconds(60);
    return config;
}

struct growing_lists {
    trio nodes{quick_elections()};
    std::map<int, outcome<std::size_t>> said{};
    int values = 0;

    void propose(std::uint64_t id) {
        const auto value = values++;
        nodes[id].propose(
            value, [this, value](const auto& given) { said.insert_or_assign(value, given); });
    }

    /// A server that leads, as far as it knows, or any.
    std::uint64_t some_leader(dice& d) {
        const auto first = d.below(3);
        for (std::uint64_t i = 0; i < 3; ++i) {
            const auto id = (first + i) % 3 + 1;
            if (nodes[id].protocol_state().is_leader()) return id;
        }
        return first + 1;
    }

    void one_event(dice& d) {
        const auto id = d.below(3) + 1;
        const auto kind = d.below(100);
        if (kind < 40) return propose(some_leader(d));
        if (kind < 60) return nodes.deliver();
        if (kind < 80) return nodes.pass(static_cast<int>(d.below(80)) * 5);
        if (kind < 83) return nodes.start(id);
        if (kind < 85) return (void)nodes.cut.insert_or_assign(some_leader(d), true);
        if (kind < 87) return (void)nodes.cut.insert_or_assign(id, true);
        if (kind < 89) return nodes.cut.clear();
        if (kind < 96) {
            for (auto& [each, server] : nodes.up) (void)server.take_snapshot();
            return;
        }
        nodes.disks[id].held = kind < 98;
    }

    void settle() {
        nodes.cut.clear();
        for (auto& [id, disk] : nodes.disks) disk.held = false;
        nodes.pass(3000);
        propose(nodes.leader_id());
        nodes.pass(500);
    }

    /// What is wrong with the lists; empty if nothing is.
    std::string wrong() {
        const auto& items = nodes[1].state_machine().items;
        for (const std::uint64_t id : {2U, 3U})
            if (nodes[id].state_machine().items != items) return "the lists are different";
        if (std::set<int>(items.begin(), items.end()).size() != items.size())
            return "a value is there twice";
        for (const auto& [value, given] : said) {
            const auto place = std::find(items.begin(), items.end(), value);
            if (const auto* done = std::get_if<applied<std::size_t>>(&given)) {
                if (done->result == 0 || done->result > items.size() ||
                    items[done->result - 1] != value)
                    return "a value that was applied is not in its place";
            } else if (!std::holds_alternative<unknown>(given) && place != items.end()) {
                return "a value that was refused or lost is there";
            }
        }
        return {};
    }
};

}  // namespace

TEST_CASE("B86 lists lose nothing and double nothing over failovers, restarts and snapshots") {
    std::size_t applied_values = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        CAPTURE(seed);
        growing_lists lists;
        dice d{seed};
        for (int event = 0; event < 300; ++event) {
            lists.one_event(d);
            for (auto& [id, each] : lists.nodes.up)
                REQUIRE(each.status().last_applied <= each.status().commit_index);
        }
        lists.settle();
        REQUIRE(lists.wrong() == "");
        applied_values += lists.nodes[1].state_machine().items.size();
    }
    CHECK(applied_values > 3000);
}
