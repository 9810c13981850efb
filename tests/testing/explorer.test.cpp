// SPDX-License-Identifier: BSL-1.0
//
// Goal: the explorer visits all that a model can reach, once, and tells the shortest way to what is
// wrong. Method: small models of which both are known by other means.
#include <cstdint>

#include <doctest/doctest.h>

#include <proof/explorer.hpp>

using namespace raft::proof;

namespace {

/// Two jugs, of 5 and 3 litres, at a well: it is wrong to have 4 litres in the large one, which
/// takes six acts and no fewer.
struct jugs {
    struct state {
        std::uint64_t large = 0;
        std::uint64_t small = 0;
    };
    void initial_states(auto visit) { visit(state{}, nullptr); }
    void successors(const state& now, auto visit) {
        const auto [large, small] = now;
        const auto to_small = std::min(large, 3 - small);
        const auto to_large = std::min(small, 5 - large);
        visit(state{5, small}, nullptr);
        visit(state{large, 3}, nullptr);
        visit(state{0, small}, nullptr);
        visit(state{large, 0}, nullptr);
        visit(state{large - to_small, small + to_small}, nullptr);
        visit(state{large + to_large, small - to_large}, nullptr);
    }
    const char* violation(const state& now) const {
        return now.large == forbidden ? "four litres" : nullptr;
    }
    void encode(const state& now, encoding& out) const {
        out.put(now.large);
        out.put(now.small);
    }
    void decode(std::span<const std::uint8_t> bytes, state& now) const {
        decoding in{bytes};
        now.large = in.get();
        now.small = in.get();
    }
    std::uint64_t forbidden = 4;
};

/// The points of a cube, from one corner; a step out of it is wrong when it is forbidden.
struct cube {
    using state = std::array<std::uint64_t, 3>;
    void initial_states(auto visit) { visit(state{}, nullptr); }
    void successors(const state& now, auto visit) {
        for (std::size_t i = 0; i < 3; ++i) {
            auto next = now;
            if (++next[i] < side)
                visit(next, nullptr);
            else if (closed)
                visit(now, "it left the cube");
        }
    }
    const char* violation(const state&) const { return nullptr; }
    void encode(const state& now, encoding& out) const {
        for (const auto each : now) out.put(each);
    }
    void decode(std::span<const std::uint8_t> bytes, state& now) const {
        decoding in{bytes};
        for (auto& each : now) each = in.get();
    }
    std::uint64_t side = 0;
    bool closed = false;
};

}  // namespace

TEST_CASE("explorer: finds every state once, at its depth") {
    const auto found = explorer<jugs>{jugs{.forbidden = 9}}.run();
    CHECK(found.complete);
    CHECK(found.violations == 0);
    CHECK(found.states == 16);  // All with a jug that is full or empty.
}

TEST_CASE("explorer: tells a shortest way to a state that breaks a rule") {
    const auto found = explorer<jugs>{jugs{}}.run();
    CHECK_FALSE(found.complete);
    REQUIRE(found.first);
    CHECK(found.first->rule == doctest::String{"four litres"});
    CHECK(found.first->states.size() == 7);  // The beginning, and what six acts lead to.
    CHECK(found.first->states.front() == std::vector<std::uint8_t>{0, 0});
    CHECK(found.first->states.back()[0] == 4);
}

TEST_CASE("explorer: tells a shortest way to a transition that breaks a rule") {
    const auto found = explorer<cube>{cube{.side = 3, .closed = true}}.run();
    REQUIRE(found.first);
    CHECK(found.first->rule == doctest::String{"it left the cube"});
    CHECK(found.first->states.size() == 4);
}

TEST_CASE("explorer: the number of threads changes nothing, nor does a table that must grow") {
    for (const std::size_t threads : {1U, 2U, 5U}) {
        const auto found = explorer<cube>{cube{.side = 60}, {.threads = threads}}.run();
        CHECK(found.complete);
        CHECK(found.states == 60U * 60 * 60);
        CHECK(found.transitions == 3U * 59 * 60 * 60);
        CHECK(found.depth == 178);
    }
}

TEST_CASE("explorer: stops at its limits, and says that it did") {
    const auto deep = explorer<cube>{cube{.side = 60}, {.depth_max = 3}}.run();
    CHECK_FALSE(deep.complete);
    CHECK(deep.states == 10);
    const auto many = explorer<cube>{cube{.side = 60}, {.states_max = 1000}}.run();
    CHECK_FALSE(many.complete);
    CHECK(many.states >= 1000);
    CHECK(many.states < 2000);
}
