// SPDX-License-Identifier: BSL-1.0
//
// Goal: whatever a file says, a replay tells it or refuses it; the step is never given what no
// server can be given. Method: recordings of a cluster in which everything happens, of which single
// bytes are forged, and their checksums made right again. A sanitizer sees the rest.
#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/flight_recorder.hpp>
#include <raft/battery/manual_clock.hpp>
#include <raft/battery/memory_network.hpp>
#include <raft/battery/memory_storage.hpp>
#include <raft/raft.hpp>
#include <raft/testing/cluster.hpp>
#include <raft/testing/replay.hpp>
#include <support/dice.hpp>

using namespace raft;
using namespace raft::flight;
using namespace raft::wire;
using namespace raft::core;
using testing::dice;
using testing::replay;
using testing::replayed_step;

namespace {

using bytes = std::vector<std::byte>;

struct saved_counter {
    using command = int;
    using result = int;
    int value = 0;
    int apply(log_index, const int& amount) { return value += amount; }
    void save(auto& sink) const { sink.write(std::as_bytes(std::span{&value, 1})); }
    [[nodiscard]] bool restore(auto& source) {
        return source.read(std::as_writable_bytes(std::span{&value, 1}));
    }
};

settings with_everything() {
    settings config;
    config.retained_entries = 2;
    config.clock_drift_ppm = 100;
    config.quiescence = true;
    return config;
}

/// Five servers, of which three vote at first, and messages that are lost.
struct eventful_cluster {
    using network = memory_network<int>;
    using server = node<saved_counter, network::port, memory_storage<int>, manual_clock&, limits{},
                        flight::recorder<>>;

    explicit eventful_cluster(std::uint64_t seed) : random{seed} {
        for (std::uint64_t id = 1; id <= count; ++id)
            servers.emplace_back(
                node_options{.id = {id},
                             .initial = id <= 3 ? voters_only({{1}, {2}, {3}}) : configuration{},
                             .birth = history_id{1},
                             .config = with_everything(),
                             .seed = seed + id},
                saved_counter{}, wires.port_of({id}), memory_storage<int>{}, clock,
                flight::recorder<>{{.bytes = 4096U << random.below(5), .file = {}}});
        for (auto& each : servers) each.start();
    }

    void live(int turns) {
        for (int i = 0; i < turns; ++i) {
            act(servers[random.below(count)]);
            if (random.below(3) == 0) pass(std::chrono::milliseconds{random.below(120)});
            wires.deliver_all([&](auto to, auto... mail) {
                if (random.below(12) != 0) servers[to.value - 1].receive(mail...);
            });
        }
    }

    void pass(std::chrono::milliseconds time) {
        clock.advance_to(clock.now() + time);
        for (auto& each : servers) each.poll();
    }

    void act(server& at) {
        switch (random.below(9)) {
        case 0: return static_cast<void>(at.take_snapshot());
        case 1: return static_cast<void>(at.transfer_leadership());
        case 2: return static_cast<void>(at.wake());
        case 3: return at.read([](const read_outcome&) {});
        case 4: return change(at);
        case 5: return at.forward(1, [](const outcome<int>&) {});
        default: return at.propose(1, [](const outcome<int>&) {});
        }
    }

    void change(server& at) {
        std::vector<member> wanted{{{1 + random.below(3)}}};
        for (std::uint64_t id = 1; id <= count; ++id) {
            const auto part = random.below(4) == 0 ? member_part::learner : member_part::voter;
            if (id != wanted[0].id.value && random.below(3) != 0) wanted.push_back({{id}, part});
        }
        at.change_members(at.status().configuration, wanted, [](const change_outcome&) {});
    }

    static constexpr std::uint64_t count = 5;
    dice random;
    network wires;
    manual_clock clock;
    std::deque<server> servers;
};

/// A file, and where its last state begins, which the step is never given.
struct recorded_file {
    bytes all{};
    std::size_t last_state = 0;
};

std::vector<recorded_file> recordings(std::uint64_t seed) {
    eventful_cluster c{seed};
    c.live(600);
    std::vector<recorded_file> found;
    for (auto& each : c.servers) {
        bytes after;
        raft::detail::append_value(after, each.protocol_state());
        auto all = each.observer().recorded(each.protocol_state());
        const auto at = all.size() - after.size() - 8;
        found.push_back({std::move(all), at});
    }
    return found;
}

bytes forged(const recorded_file& of, dice& random) {
    constexpr std::size_t header = 20;
    auto all = of.all;
    for (auto changes = 1 + random.below(3); changes > 0; --changes) {
        auto& one = all[header + random.below(of.last_state - header)];
        one = random.below(2) == 0 ? static_cast<std::byte>(random.below(256))
                                   : one ^ static_cast<std::byte>(1U << random.below(8));
    }
    const auto checked = std::span{all}.first(all.size() - 4);
    raft::detail::store_little_endian(&all[checked.size()], wire::crc32c(checked));
    return all;
}

recording begun(const state& before, std::vector<input> inputs) {
    recording all{.stretches = {{.before = before, .inputs = {}}}, .after = before};
    for (auto& each : inputs) all.stretches[0].inputs.push_back({{}, std::move(each)});
    return all;
}

state fresh() {
    recovered_state kept;
    kept.configurations.push_back({{}, voters_only({{1}, {2}, {3}})});
    return initial_state({1}, {}, kept, 7);
}

void check_refused(const recording& all, std::size_t number, std::string_view why) {
    const auto result = replay(all, [](const replayed_step&) {});
    CHECK(result.impossible == why);
    CHECK(result.inputs + 1 == number);
    CHECK_FALSE(result.same());
}

}  // namespace

TEST_CASE("replay: forged bytes are told or refused, and never reach the step") {
    std::size_t told = 0;
    std::size_t refused = 0;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        CAPTURE(seed);
        dice random{seed};
        const auto files = recordings(seed);
        for (const auto& each : files) {
            const auto read = read_recording(each.all);
            REQUIRE(std::holds_alternative<recording>(read));
            const auto& honest = std::get<recording>(read);
            const auto whole = replay(honest, [](const replayed_step&) {});
            CAPTURE(whole.impossible);
            CHECK(whole.same());
        }
        for (int i = 0; i < 1000; ++i) {
            CAPTURE(i);
            const auto read = read_recording(forged(files[random.below(files.size())], random));
            const auto* all = std::get_if<recording>(&read);
            if (all == nullptr) continue;
            const auto result = replay(*all, [&](const replayed_step& step) {
                told += testing::in_words(step, {}).size();
            });
            refused += result.impossible.empty() ? 0U : 1U;
        }
    }
    CHECK(told > 0);
    CHECK(refused > 0);
}

TEST_CASE("replay: a server begins once, and as one that has done nothing yet") {
    check_refused(begun(fresh(), {started{}, timer_fired{timer::election}, started{}}), 3,
                  "it has begun already");
    auto leads = fresh();
    leads.role = candidate_state{};
    check_refused(begun(leads, {started{}}), 1, "it has begun already");
}

TEST_CASE("replay: what no transport delivers and no storage reports is refused") {
    const append_entries backwards{.term = {1}, .prev = {{5}, {1}}, .last_index = {4}};
    check_refused(begun(fresh(), {started{}, received{{2}, backwards, std::nullopt}}), 2,
                  describe(frame_error::range_backwards));
    check_refused(begun(fresh(), {started{}, snapshot_saved{{.last_included = {{9}, {1}}}}}), 2,
                  "its last entry is not committed");
    auto impossible = fresh();
    impossible.commit_index = {9};
    check_refused(begun(impossible, {started{}}), 1, "no server can be in the state before it");
}

TEST_CASE("replay: a leader that a member of no place waits for is impossible") {
    testing::cluster c{3, settings{}};
    c.elect({1});
    auto leads = c.at({1});
    CHECK(raft::detail::is_sound(leads));
    leads.tasks.change().awaiting_snapshot = member_set::of(slot{1});
    CHECK(raft::detail::is_sound(leads));
    leads.tasks.change().awaiting_snapshot = member_set::of(slot{7});
    CHECK_FALSE(raft::detail::is_sound(leads));
}
