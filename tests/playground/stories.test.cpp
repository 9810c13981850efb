// SPDX-License-Identifier: BSL-1.0
//
// Goal: each story of the playground ends as its words say, however long its messages take, and
// nothing that the page or a link can ask for breaks a rule. Method: the stories as the page plays
// them, over many seeds, and random calls of what the page calls.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <playground/stories.hpp>
#include <playground/view.hpp>
#include <playground/world.hpp>

using namespace raft_playground;
using raft::testing::s1, raft::testing::s2, raft::testing::s3, raft::testing::s4, raft::testing::s5;
using terms = std::vector<std::uint64_t>;

extern "C" {
std::int32_t begin(std::uint32_t servers, std::uint32_t seed, std::uint32_t settings);
void run_until(double end);
double next_at();
std::int32_t act(std::uint32_t what, std::uint32_t a, std::uint32_t b);
const char* view();
const char* note();
}

namespace {

const story& story_of(std::string_view name) {
    const auto found = std::ranges::find(stories, name, &story::name);
    REQUIRE(found != stories.end());
    return *found;
}

void tell_next(world& all, const stage& next) {
    next.act(all);
    if (next.milliseconds == 0) return;
    all.run_until(all.servers().now() + raft::milliseconds(next.milliseconds));
}

/// The world after so many stages of the story, or after all of them.
world told(std::string_view name, std::uint32_t seed, std::size_t stages = 99) {
    const auto& which = story_of(name);
    auto options = which.options;
    options.seed = seed;
    world all{options};
    for (const auto& each : which.stages.first(std::min(stages, which.stages.size()))) {
        tell_next(all, each);
        CHECK_MESSAGE(all.violation() == nullptr, name, ", seed ", seed, ": ", all.violation());
    }
    return all;
}

template <class Check>
void for_all_seeds(std::string_view name, Check check) {
    for (std::uint32_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(name);
        CAPTURE(seed);
        check(seed);
    }
}

bool all_agree(const world& all) {
    const auto& c = all.servers();
    return std::ranges::all_of(c.servers(), [&](member_id id) {
        return c.log(id) == c.log(s1) && c.commit(id) == c.commit(s1);
    });
}

std::uint64_t acknowledged(const world& all) {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(all.writes(), [](const written& each) { return each.acknowledged; }));
}

}  // namespace

TEST_CASE("playground: an election is won, and another one after its winner has crashed") {
    for_all_seeds("An election", [](std::uint32_t seed) {
        const auto first = told("An election", seed, 3);
        REQUIRE(first.servers().leader().has_value());
        const auto after = told("An election", seed);
        REQUIRE(after.servers().leader().has_value());
        CHECK(after.servers().leader() != first.servers().leader());
        CHECK(all_agree(after));
    });
}

TEST_CASE("playground: a split vote elects nobody, and the next election somebody") {
    for_all_seeds("A split vote", [](std::uint32_t seed) {
        const auto split = told("A split vote", seed, 2);
        CHECK_FALSE(split.servers().leader().has_value());
        CHECK(split.servers().at(s1).current_term == split.servers().at(s2).current_term);
        CHECK(told("A split vote", seed).servers().leader().has_value());
    });
}

TEST_CASE("playground: what a majority has is acknowledged, and nothing else") {
    for_all_seeds("Writes, and a majority", [](std::uint32_t seed) {
        CHECK(acknowledged(told("Writes, and a majority", seed, 3)) == 3);
        CHECK(acknowledged(told("Writes, and a majority", seed, 4)) == 6);
        const auto without = told("Writes, and a majority", seed, 5);
        CHECK(acknowledged(without) == 6);
        CHECK(without.writes().size() == 9);
        CHECK(acknowledged(told("Writes, and a majority", seed)) == 9);
    });
}

TEST_CASE("playground: a leader that is cut off commits nothing, and gives way") {
    for_all_seeds("The leader is cut off", [](std::uint32_t seed) {
        const auto parted = told("The leader is cut off", seed, 3);
        CHECK(acknowledged(parted) == 3);
        const auto after = told("The leader is cut off", seed);
        CHECK(acknowledged(after) == 6);
        CHECK(all_agree(after));
    });
}

TEST_CASE("playground: a follower that is cut off raises no term and disturbs nobody") {
    for_all_seeds("A follower is cut off", [](std::uint32_t seed) {
        const auto before = told("A follower is cut off", seed, 1);
        const auto after = told("A follower is cut off", seed);
        CHECK(after.servers().leader() == before.servers().leader());
        for (const auto id : after.servers().servers())
            CHECK(after.servers().term(id) == before.servers().term(s1));
        CHECK(acknowledged(after) > 5);
        CHECK(all_agree(after));
    });
}

TEST_CASE("playground: the other stories end as they say") {
    for_all_seeds("the others", [](std::uint32_t seed) {
        CHECK(acknowledged(told("The power fails", seed)) == 3);
        CHECK(acknowledged(told("Clients find the leader", seed)) > 6);
        const auto caught_up = told("A snapshot", seed);
        CHECK(caught_up.servers().commit(s1) == caught_up.servers().commit(s2));
        CHECK(caught_up.servers().commit(s1) == caught_up.servers().commit(s3));
        CHECK(caught_up.servers().at(s1).snapshot.last_included.index.value +
                  caught_up.servers().at(s2).snapshot.last_included.index.value +
                  caught_up.servers().at(s3).snapshot.last_included.index.value >
              raft::testing::s2.value * 8);
        const auto changed = told("The members change", seed);
        REQUIRE(changed.servers().leader().has_value());
        const auto& members = changed.servers().at(*changed.servers().leader()).members();
        CHECK(members.everyone().size() == 3);
        CHECK(members.slot_of(s4).has_value());
        const auto repaired = told("Figure 7", seed);
        CHECK(repaired.servers().log(s1) == terms{1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8});
        CHECK(all_agree(repaired));
    });
}

TEST_CASE("playground: Figure 8 goes as the paper says") {
    const auto a = told("Figure 8 (d)", 1, 1);
    CHECK(a.servers().log(s1) == terms{1, 2});
    CHECK(a.servers().log(s2) == terms{1, 2});
    CHECK(a.servers().log(s3) == terms{1});
    const auto b = told("Figure 8 (d)", 1, 2);
    CHECK(b.servers().log(s5) == terms{1, 3});
    const auto c = told("Figure 8 (d)", 1, 3);
    CHECK(c.servers().log(s1) == terms{1, 2, 4});
    CHECK(c.servers().log(s3) == terms{1, 2});
    CHECK(c.servers().commit(s1) == 0);
    const auto d = told("Figure 8 (d)", 1);
    for (const auto id : {s2, s3, s4, s5}) CHECK(d.servers().log(id) == terms{1, 3, 5});
    const auto e = told("Figure 8 (e)", 1);
    CHECK(e.servers().log(s2) == terms{1, 2, 4});
    CHECK_FALSE(e.servers().at(s5).is_leader());
}

TEST_CASE("playground: the same actions are the same run") {
    for (const auto& each : stories)
        CHECK(view_of(told(each.name, 7)) == view_of(told(each.name, 7)));
}

TEST_CASE("playground: whatever the page asks for, no rule is broken and the page is told") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    const auto below = [&](std::uint32_t limit) {
        return static_cast<std::uint32_t>(random() % limit);
    };
    for (int run = 0; run < 20; ++run) {
        REQUIRE(begin(3 + below(5), below(1'000), below(8)) == 1);
        double now = 0;
        for (int i = 0; i < 300; ++i) {
            const auto is_stage = below(50) == 0;
            static_cast<void>(act(is_stage ? 18 : below(20), below(9), below(9)));
            static_cast<void>(note());
            now = std::max(now, next_at()) + below(200);
            if (std::string_view{view()}.find("\"violation\":\"\"") == std::string_view::npos)
                FAIL(view());
            run_until(now);
        }
    }
    CHECK(begin(2, 1, 0) == 0);
    CHECK(begin(8, 1, 0) == 0);
    CHECK(begin(5, 1, 8) == 0);
    CHECK(begin(5, 1, 3) == 1);
    CHECK(act(0, 6, 0) == 0);
    CHECK(act(99, 1, 1) == 0);
    CHECK(act(18, 12, 0) == 0);
    CHECK(act(5, 1, 1) == 0);
}
