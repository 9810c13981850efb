// SPDX-License-Identifier: BSL-1.0
//
// What befalls the servers in one round, drawn from a seed: faults of one or more of them at once,
// and a change of members in their midst.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace chaos_test {

inline constexpr std::uint64_t server_count = 5;

enum class trouble : std::uint8_t {
    killed,        ///< kill -9, and started again.
    stands_still,  ///< SIGSTOP.
    cut_off,       ///< From all, without a word.
    pair_cut,      ///< From one other.
    way_cut,       ///< What it sends does not reach one other.
    disk_full,
};
inline constexpr std::uint64_t trouble_count = 6;

struct fault {
    trouble what = trouble::killed;
    std::uint64_t at = 0;
    std::uint64_t other = 0;  ///< Of a cut between two.
    std::chrono::milliseconds after{};

    [[nodiscard]] bool is_same(const fault& one) const { return what == one.what && at == one.at; }
};

/// A letter for each server: v(oter), l(earner), w(itness), or - for one that is no member.
using parts = std::string;
inline const parts all_vote(server_count, 'v');

struct round_plan {
    std::vector<fault> faults{};
    parts members{};  ///< Empty: they are not changed.
    /// The disks that are full stay so until the log has met it, and nothing else happens.
    bool fills_logs = false;
    std::chrono::milliseconds length{};
};

[[nodiscard]] inline std::string to_text(const fault& one) {
    const auto at = std::to_string(one.at);
    const auto other = std::to_string(one.other);
    switch (one.what) {
    case trouble::killed: return "kill " + at;
    case trouble::stands_still: return "stop " + at;
    case trouble::cut_off: return "cut " + at;
    case trouble::pair_cut: return "cut " + at + "=" + other;
    case trouble::way_cut: return "cut " + at + ">" + other;
    case trouble::disk_full: return "fill " + at;
    }
    return {};
}

[[nodiscard]] inline std::string to_text(const round_plan& plan) {
    std::string text;
    for (const auto& each : plan.faults) text += to_text(each) + ", ";
    if (plan.fills_logs) return text + "until their logs are";
    if (!plan.members.empty()) text += "members " + plan.members + ", ";
    return text + std::to_string(plan.length.count()) + " ms";
}

class planner {
public:
    /// No round is longer than `longest`, but for what its faults wait for each other.
    planner(std::uint64_t seed, std::chrono::milliseconds longest)
        : random_{seed}, longest_{static_cast<std::uint64_t>(longest.count())} {}

    [[nodiscard]] round_plan next() {
        if (++rounds_ % full_logs_every == 0) return draw_full_logs();
        round_plan plan;
        for (auto rest = 1 + below(3); rest > 0; --rest) {
            const auto one = draw_fault();
            const auto is_there = [&](const fault& each) { return each.is_same(one); };
            if (std::ranges::none_of(plan.faults, is_there)) plan.faults.push_back(one);
        }
        if (below(2) == 0) plan.members = draw_members();
        const auto most = below(4) == 0 ? longest_ : longest_ / 4;
        plan.length = std::chrono::milliseconds{300 + below(most)};
        return plan;
    }

private:
    static constexpr std::uint64_t full_logs_every = 8;

    /// Of one server, of two, or of more than can be done without: then nothing is written.
    [[nodiscard]] round_plan draw_full_logs() {
        round_plan plan{.fills_logs = true};
        const auto first = below(server_count);
        for (std::uint64_t i = 0, count = 1 + below(3); i < count; ++i)
            plan.faults.push_back(
                {.what = trouble::disk_full, .at = 1 + (first + i) % server_count});
        return plan;
    }

    [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

    [[nodiscard]] fault draw_fault() {
        fault one{.what = trouble{static_cast<std::uint8_t>(below(trouble_count))},
                  .at = 1 + below(server_count)};
        one.other = 1 + (one.at + below(server_count - 1)) % server_count;
        one.after = std::chrono::milliseconds{below(600)};
        return one;
    }

    /// Three voters with data, or more: so there may be one witness.
    [[nodiscard]] parts draw_members() {
        auto members = all_vote;
        for (int i = 0; i < 2; ++i) members[below(server_count)] = "vlw-"[below(4)];
        const auto second = members.rfind('w');
        if (members.find('w') != second) members[second] = 'l';
        return members;
    }

    std::mt19937_64 random_;
    std::uint64_t longest_;
    std::uint64_t rounds_ = 0;
};

}  // namespace chaos_test
