// SPDX-License-Identifier: BSL-1.0
//
// Servers are replaced by those of a newer program, which has commands that the older one does not
// know: none is proposed before all members can read it, and who meets one stops before it.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/log_time.hpp>
#include <raft/battery/sessions.hpp>
#include <support/compared_servers.hpp>

namespace raft::comparison_test {
namespace {

/// The program of version 1 has large numbers, which that of version 0 does not know.
constexpr int small = 1;
constexpr int large = 1'000'000;
std::uint32_t version_for(int more) { return more >= large ? 1 : 0; }

struct older_sum : digested_sum {
    static constexpr std::uint32_t commands_read = 0;
    static std::uint32_t version_of(const int& more) { return version_for(more); }
};
struct newer_sum : digested_sum {
    static constexpr std::uint32_t commands_read = 1;
    static std::uint32_t version_of(const int& more) { return version_for(more); }
};
static_assert(versioned_state_machine<older_sum> && !versioned_state_machine<digested_sum>);
static_assert(versioned_state_machine<sessions<newer_sum>>);
static_assert(sessions<newer_sum>::commands_read == 1);
static_assert(!versioned_state_machine<sessions<digested_sum>>);

const refusal too_old{refusal_reason::members_too_old, std::nullopt};

std::optional<refusal_reason> reason(const std::optional<refusal>& given) {
    return given ? std::optional{given->reason} : std::nullopt;
}

struct upgraded : cluster {
    using cluster::cluster;

    template <class Machine>
    void restart(std::uint64_t id) {
        start<Machine>(id);
        pass(2'000);
    }
    std::optional<refusal_reason> add(int more) {
        const auto given = reason(up.at(leader())->propose(more));
        pass(500);
        return given;
    }
    void make_leader(std::uint64_t id) {
        for (int i = 0; i < 100 && leader() != id; ++i) {
            cut = {leader()};
            pass(3'000);
            cut.clear();
            pass(1'000);
        }
        REQUIRE(leader() == id);
    }
};

/// Two are of the newer program, one is of the older.
struct mixed : upgraded {
    mixed() : upgraded{3} {
        start<older_sum>(1);
        start<newer_sum>(2);
        start<newer_sum>(3);
        make_leader(2);
    }
};

}  // namespace

TEST_CASE("versions: a new command is refused until the last member can read it") {
    mixed c;
    CHECK(c.add(small) == std::nullopt);
    CHECK(c.add(large) == refusal_reason::members_too_old);
    CHECK(describe(refusal_reason::members_too_old) ==
          "a member cannot read this command, or has not said that it can");
    c.restart<newer_sum>(1);
    CHECK(c.add(large) == std::nullopt);
    for (std::uint64_t id = 1; id <= 3; ++id) CHECK(c[id].value() == small + large);
    CHECK(c.stopped().empty());
}

TEST_CASE("versions: a member that has not said what it reads is taken for an older one") {
    upgraded c{3};
    c.start<newer_sum>(1);
    c.start<newer_sum>(2);
    CHECK(c.add(large) == refusal_reason::members_too_old);
    c.restart<newer_sum>(3);
    CHECK(c.add(large) == std::nullopt);

    SUBCASE("what the log has goes on, though a member is down") {
        const auto down = c.follower();
        c.up.erase(down);
        CHECK(c.add(large) == std::nullopt);
        c.make_leader(c.follower());
        CHECK(c.add(large) == std::nullopt);
    }
    SUBCASE("a server of an older wire does not say it") {
        c.up.erase(3);
        c.old_wires = {3};
        upgraded d{3};
        d.old_wires = {3};
        for (std::uint64_t id = 1; id <= 3; ++id) d.start<newer_sum>(id);
        d.pass(2'000);
        CHECK(d.add(large) == refusal_reason::members_too_old);
    }
}

TEST_CASE("versions: all commands together are refused if one of them is too new") {
    mixed c;
    const auto before = c[2].status().last_applied;
    auto& leader = dynamic_cast<cluster::server_of<newer_sum>&>(c[2]);
    std::vector<refusal_reason> told;
    leader.node.propose(std::span<const int>{std::vector{small, large}},
                        [&](std::size_t, const outcome<std::int64_t>& given) {
                            told.push_back(std::get<refusal>(given).reason);
                        });
    CHECK(told == std::vector(2, refusal_reason::members_too_old));
    c.pass(500);
    CHECK(c[2].status().last_applied == before);
}

TEST_CASE("versions: what all could read may be proposed, though one is down and another leads") {
    upgraded c{3};
    for (std::uint64_t id = 1; id <= 3; ++id) c.start<newer_sum>(id);
    c.pass(5'000);
    c.up.erase(c.leader());
    CHECK(c.add(large) == std::nullopt);

    SUBCASE("one that has said since that it reads less is heard") {
        upgraded d{3};
        for (std::uint64_t id = 1; id <= 3; ++id) d.start<newer_sum>(id);
        d.make_leader(2);
        d.pass(5'000);
        d.start<older_sum>(1);
        d.pass(8'000);
        CHECK(d.add(large) == refusal_reason::members_too_old);
    }
}

TEST_CASE("versions: a server alone reads what it proposes") {
    upgraded c{1};
    c.start<newer_sum>(1);
    CHECK(c.add(large) == std::nullopt);
    CHECK(c[1].value() == large);
}

TEST_CASE("versions: an older server stops before a command that it cannot read") {
    upgraded c{3};
    for (std::uint64_t id = 1; id <= 3; ++id) c.start<newer_sum>(id);
    c.make_leader(2);
    CHECK(c.add(small) == std::nullopt);
    c.up.erase(1);
    CHECK(c.add(small) == std::nullopt);
    CHECK(c.add(large) == std::nullopt);
    CHECK(c.add(small) == std::nullopt);

    // The operator takes the older program again.
    c.restart<older_sum>(1);
    c.pass(8'000);
    CHECK(c[1].status().version_too_old);
    CHECK(c[1].status().role == std::string{"halted"});
    CHECK(c[1].value() == 2 * small);
    CHECK(reason(c[1].read()) == refusal_reason::version_too_old);
    CHECK(describe(core::halt_reason::version_too_old) ==
          "its program is too old for a command of the log");
    CHECK(c.differences_told() == 0);
    const auto news = c[2].compares.take_news();
    REQUIRE(news.size() == 1);
    CHECK(text_of(std::get<digests::version_difference>(news[0]),
                  [](member_id id) { return std::to_string(id.value); }) ==
          "server 1 reads commands up to version 0, and version 1 is in use: it needs the "
          "newer program");

    // With the newer one it goes on where it stopped.
    c.restart<newer_sum>(1);
    CHECK_FALSE(c[1].status().version_too_old);
    CHECK(c[1].value() == c[2].value());
}

TEST_CASE("versions: a follower forwards no command that its leader cannot read") {
    upgraded c{3};
    c.start<older_sum>(1);
    c.start<newer_sum>(2);
    c.start<newer_sum>(3);
    c.make_leader(1);
    const auto forward = [&](std::uint64_t id, int more) {
        std::optional<outcome<std::int64_t>> told;
        dynamic_cast<cluster::server_of<newer_sum>&>(c[id]).node.forward(
            more, [&](const outcome<std::int64_t>& given) { told = given; });
        c.pass(500);
        return told.value();
    };
    CHECK(std::holds_alternative<applied<std::int64_t>>(forward(2, small)));
    CHECK(std::get<refusal>(forward(2, large)).reason == refusal_reason::members_too_old);

    // A leader that could read it refuses it for one that cannot.
    c.make_leader(3);
    CHECK(std::get<refusal>(forward(2, large)).reason == refusal_reason::members_too_old);
    c.restart<newer_sum>(1);
    CHECK(std::holds_alternative<applied<std::int64_t>>(forward(2, large)));
}

}  // namespace raft::comparison_test
