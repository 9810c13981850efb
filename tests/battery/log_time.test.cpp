// SPDX-License-Identifier: BSL-1.0
//
// Goal: what expires by the log's time does so at the same entry on all servers, whatever their
// clocks show and whoever leads. Method: three nodes, each with a clock of its own, on virtual
// time; a state machine notes at which entry each of its leases went.
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/log_time.hpp>
#include <raft/battery/sessions.hpp>
#include <support/cluster_of_clocks.hpp>
#include <support/journal.hpp>

using namespace raft;
using namespace raft::testing;

namespace {

constexpr instant at_ms(std::int64_t ms) { return {ms * 1'000'000}; }
constexpr timing::log_time time_ms(std::uint64_t ms) { return {ms * 1'000'000}; }

/// Names that are held for a while, and at which entry each came to its end.
struct leases {
    struct grant {
        std::string name{};
        std::int64_t milliseconds = 0;
        friend bool operator==(const grant&, const grant&) = default;
    };
    using command = grant;
    using result = std::string;

    void expire(log_index index, timing::log_time time) {
        now = time;
        std::erase_if(until, [&](const auto& each) {
            if (each.second > now) return false;
            gone[each.first] = index.value;
            return true;
        });
    }
    result apply(log_index, const grant& asked) {
        until[asked.name] = now + milliseconds(asked.milliseconds);
        return "granted";
    }
    [[nodiscard]] std::optional<timing::log_time> next_expiry() const {
        std::optional<timing::log_time> first;
        for (const auto& [name, when] : until) first = std::min(first.value_or(when), when);
        return first;
    }
    void save(auto& sink) const {
        save_value(sink, until);
        save_value(sink, gone);
    }
    [[nodiscard]] bool restore(auto& source) {
        return restore_value(source, until) && restore_value(source, gone);
    }

    timing::log_time now{};
    std::map<std::string, timing::log_time> until{};
    std::map<std::string, std::uint64_t> gone{};
    friend bool operator==(const leases&, const leases&) = default;
};

using machine = timing::timed<leases>;
static_assert(timing::keeps_log_time<machine>);
static_assert(timing::keeps_log_time<sessions<leases>>);
static_assert(snapshotting_state_machine<machine>);

/// Three servers that hold leases.
struct lease_servers : cluster_of_clocks<machine> {
    using cluster_of_clocks<machine>::cluster_of_clocks;

    void grant(const std::string& name, std::int64_t milliseconds) {
        const auto id = leader();
        propose(id, timing::stamped<leases::grant>{read_time(id), {name, milliseconds}});
    }
    bool held(std::uint64_t id, const std::string& name) {
        return machine_of(id).machine().until.contains(name);
    }
    std::optional<int> time_until_gone(const std::string& name, int most) {
        return time_until([&] { return !held(leader(), name); }, most);
    }
};

}  // namespace

TEST_CASE("log time: a lease goes at one entry on servers whose clocks are minutes apart") {
    lease_servers c{{0, 7, 95}};
    const auto first = c.leader();
    c.grant("lock", 3'000);
    c.grant("day", 86'400'000);
    c.pass(1'000);
    c.kill(first);
    const auto waited = c.time_until_gone("lock", 10'000);
    REQUIRE(waited.has_value());
    // 2,000 ms were left, and the election has stopped no time.
    CHECK(*waited >= 2'000);
    CHECK(*waited <= 2'010);
    c.start(first);
    c.pass(3'000);
    for (std::uint64_t id = 1; id <= 3; ++id) {
        CHECK(c.machine_of(id).machine().gone == c.machine_of(first).machine().gone);
        CHECK_FALSE(c.held(id, "lock"));
        CHECK(c.held(id, "day"));
    }
    CHECK(c.machine_of(first).machine().gone.at("lock") > 0);
}

TEST_CASE("log time: nothing is revived and nothing goes early whoever leads") {
    lease_servers c{{60, 0, 5}};
    c.grant("long", 600'000);
    c.grant("short", 200);
    REQUIRE(c.time_until_gone("short", 1'000).has_value());
    for (int turn = 0; turn < 6; ++turn) {
        const auto leads = c.leader();
        CHECK_FALSE(c[leads].transfer_leadership().has_value());
        c.pass(500);
        for (std::uint64_t id = 1; id <= 3; ++id) {
            CHECK_FALSE(c.held(id, "short"));
            CHECK(c.held(id, "long"));
        }
    }
    // Some 10 minutes less those 3 seconds: what the log says was left is what was left.
    const auto& m = c.machine_of(c.leader());
    const auto left = m.machine().until.at("long").nanoseconds - m.now().nanoseconds;
    CHECK(left / 1'000'000'000 >= 590);
    CHECK(left / 1'000'000'000 <= 598);
}

TEST_CASE("log time: a restart of all servers loses no more than since the last stamp") {
    lease_servers c{{0, 1, 2}};
    c.grant("lock", 60'000);
    c.pass(30'500);
    for (std::uint64_t id = 1; id <= 3; ++id) {
        CHECK_FALSE(c[id].take_snapshot().has_value());
        c.kill(id);
    }
    c.pass(3'600'000 / 100);  // Nobody is there to count it.
    for (std::uint64_t id = 1; id <= 3; ++id) c.start(id);
    const auto waited = c.time_until_gone("lock", 60'000);
    REQUIRE(waited.has_value());
    CHECK(*waited >= 25'000);
    CHECK(*waited <= 30'600);
}

TEST_CASE("log time: a group that sleeps is woken by what expires") {
    settings config{};
    config.quiescence = true;
    lease_servers c{{0, 10, 20}, config};
    c.grant("lock", 700);
    const auto leads = c.leader();
    bool slept = false;
    const auto is_gone = [&] { return !c.held(1, "lock") && !c.held(2, "lock"); };
    for (int i = 0; i < 2'000 && !is_gone(); ++i) {
        c.pass(1);
        slept = slept || !c[leads].deadline().has_value();
    }
    CHECK(slept);
    CHECK(is_gone());
}

TEST_CASE("log time: the clock of a leader goes on though its own stamps come back late") {
    timing::log_clock clock{time_ms(50), at_ms(1'000)};
    CHECK(clock.read(at_ms(1'010)) == time_ms(60));
    clock.see(time_ms(60), at_ms(1'015), true);  // What it wrote 5 ms ago.
    CHECK(clock.read(at_ms(1'015)) == time_ms(65));
    clock.see(time_ms(90), at_ms(1'020), true);  // Of one whose clock is ahead.
    CHECK(clock.read(at_ms(1'021)) == time_ms(91));
    clock.see(time_ms(91), at_ms(1'030), false);  // A follower goes by what it hears.
    CHECK(clock.read(at_ms(1'030)) == time_ms(91));
    clock.see(time_ms(91), at_ms(1'050), false);  // No news.
    CHECK(clock.read(at_ms(1'050)) == time_ms(111));
    CHECK(clock.when(time_ms(121)) == at_ms(1'060));
    CHECK(clock.when(time_ms(1)) == at_ms(1'030));
    const timing::log_time never{~std::uint64_t{0}};
    CHECK(clock.when(never) > at_ms(1'000'000'000'000));
    CHECK(never + milliseconds(1) == never);
    CHECK(time_ms(5) + milliseconds(-1) == time_ms(5));
}

TEST_CASE("log time: a stamp is due when something expires and now and then until then") {
    const timing::log_clock clock{time_ms(0), at_ms(0)};
    timing::stamp_schedule stamps{milliseconds(1'000)};
    CHECK_FALSE(stamps.due(clock, time_ms(0), std::nullopt).has_value());
    CHECK(stamps.due(clock, time_ms(0), time_ms(300)) == at_ms(300));
    CHECK(stamps.due(clock, time_ms(0), time_ms(5'000)) == at_ms(1'000));
    CHECK(stamps.due(clock, time_ms(900), time_ms(5'000)) == at_ms(1'900));
    stamps.proposed();
    CHECK_FALSE(stamps.due(clock, time_ms(0), time_ms(300)).has_value());
    stamps.settled();
    CHECK(stamps.due(clock, time_ms(0), time_ms(300)) == at_ms(300));
    stamps.proposed();
    stamps.refused(at_ms(500));
    CHECK(stamps.due(clock, time_ms(0), time_ms(300)) == at_ms(600));
}

TEST_CASE("log time: it is saved and restored and a stamp behind it does nothing") {
    machine one;
    CHECK(one.apply({1}, timing::stamped<leases::grant>{time_ms(100), {"a", 50}}) == "granted");
    CHECK(one.apply({2}, machine::stamp_at(time_ms(10))).empty());
    CHECK(one.now() == time_ms(100));
    CHECK(one.next_expiry() == time_ms(150));
    byte_sink sink;
    one.save(sink);
    machine other;
    byte_source source{sink.bytes};
    REQUIRE(other.restore(source));
    CHECK(other.now() == time_ms(100));
    CHECK(other.next_expiry() == time_ms(150));
    for (auto* each : {&one, &other}) each->apply({3}, machine::stamp_at(time_ms(150)));
    CHECK(other.machine().gone == std::map<std::string, std::uint64_t>{{"a", 3}});
    CHECK(one == other);
    byte_source nothing{{}};
    CHECK_FALSE(other.restore(nothing));
    CHECK(one == other);
}

TEST_CASE("log time: stamps and stamped commands come back from their bytes and from no others") {
    for (const machine::command& each :
         {machine::stamp_at(time_ms(7)),
          machine::command{timing::stamped<leases::grant>{time_ms(8), {"name", 9}}}}) {
        std::vector<std::byte> bytes(codec<machine::command>::size(each));
        codec<machine::command>::encode(each, bytes);
        CHECK(codec<machine::command>::decode(bytes) == each);
        bytes.pop_back();
        CHECK_FALSE(codec<machine::command>::decode(bytes).has_value());
    }
    CHECK_FALSE(codec<timing::pass_time>::decode(std::vector<std::byte>(9)).has_value());
    CHECK_FALSE(
        codec<timing::stamped<leases::grant>>::decode(std::vector<std::byte>(7)).has_value());
}

TEST_CASE("log time: sessions give it to a state machine in which things expire") {
    using with_sessions = sessions<leases>;
    with_sessions one;
    with_sessions::command open = session::open{};
    with_sessions::stamp(open, time_ms(100));
    CHECK(std::get<session::opened>(one.apply({1}, open)).session == session::id{1});
    one.apply({2}, session::exactly_once<leases::grant>{{{1}, {1}}, {0}, time_ms(200), {"a", 50}});
    CHECK(one.next_expiry() == time_ms(250));
    with_sessions::command plain = session::at_least_once<leases::grant>{{"b", 500}};
    with_sessions::stamp(plain, time_ms(900));  // It bears none.
    one.apply({3}, plain);
    CHECK(one.now() == time_ms(200));
    CHECK(std::holds_alternative<session::time_passed>(
        one.apply({4}, with_sessions::stamp_at(time_ms(250)))));
    CHECK(one.machine().gone == std::map<std::string, std::uint64_t>{{"a", 4}});
    one.apply({5}, session::close{{1}, time_ms(800)});
    CHECK(one.machine().gone == std::map<std::string, std::uint64_t>{{"a", 4}, {"b", 5}});
    CHECK(one.session_count() == 0);
}
