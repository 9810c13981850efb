// SPDX-License-Identifier: BSL-1.0
//
// Operations on keys that belong together, in numbers: keys and values are counted as they come.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include <raft/testing/history.hpp>

namespace raft::testing::detail::linearizing {

using value_id = std::uint32_t;
inline constexpr value_id no_value = 0;  ///< The key has none.
inline constexpr value_id any_answer = std::numeric_limits<value_id>::max();
inline constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

/// Each value once.
class value_table {
public:
    [[nodiscard]] value_id id_of(const std::string& text) {
        const auto [at, is_new] = ids_.try_emplace(text, static_cast<value_id>(texts_.size() + 1));
        if (is_new) texts_.push_back(&at->first);
        return at->second;
    }
    /// Of any but `no_value`.
    [[nodiscard]] const std::string& text(value_id id) const { return *texts_[id - 1]; }

private:
    std::unordered_map<std::string, value_id> ids_{};
    std::vector<const std::string*> texts_{};
};

/// A command. Answers of cas and del are 0 and 1, all others are values.
struct step {
    history_op op = history_op::get;
    std::uint32_t key = 0;
    value_id value = no_value;
    value_id expect = no_value;
    value_id answer = any_answer;
    friend auto operator<=>(const step&, const step&) = default;
};

struct prepared {
    std::vector<step> steps{};
    std::int64_t call = 0;
    std::int64_t finish = never;
    [[nodiscard]] bool is_done() const { return finish != never; }
    /// It changes nothing, in whatever state.
    [[nodiscard]] bool is_pure() const {
        return std::all_of(steps.begin(), steps.end(), [](const step& each) {
            return each.op == history_op::get || (each.op == history_op::cas && each.answer == 0);
        });
    }
    /// It may have been done, always can be, and leaves the same whatever was there.
    [[nodiscard]] bool is_blind() const {
        const auto op = steps.front().op;
        return !is_done() && steps.size() == 1 &&
               (op == history_op::put || op == history_op::remove);
    }
};

/// What is to be ordered: first all that was done, by call, then what may have been, by call.
struct problem {
    std::vector<prepared> all{};
    std::size_t done = 0;  ///< How many were.
    std::vector<std::string> keys{};
    value_table values{};
    /// Of a key that is only ever appended to: the longest value that was seen there. It only
    /// grows, so each shorter one is how that begins.
    std::vector<std::optional<std::string>> grows_to{};
};

class preparation {
public:
    void add(const history_operation& one) {
        if (one.status == history_status::fail) return;
        const bool is_done = one.status == history_status::ok;
        prepared made{{}, one.call, is_done ? one.finish : never};
        for (const auto& each : one.commands) made.steps.push_back(step_of(each, is_done));
        if (is_done || !made.is_pure()) made_.all.push_back(std::move(made));
    }
    [[nodiscard]] problem finish() {
        std::stable_sort(made_.all.begin(), made_.all.end(), [](const auto& a, const auto& b) {
            return std::tuple{!a.is_done(), a.call} < std::tuple{!b.is_done(), b.call};
        });
        made_.done = static_cast<std::size_t>(std::count_if(
            made_.all.begin(), made_.all.end(), [](const auto& each) { return each.is_done(); }));
        find_growing();
        return std::move(made_);
    }

private:
    [[nodiscard]] step step_of(const history_command& one, bool is_done) {
        const auto [at, is_new] =
            keys_.try_emplace(one.key, static_cast<std::uint32_t>(keys_.size()));
        if (is_new) made_.keys.push_back(one.key);
        step made{one.op, at->second, made_.values.id_of(one.value)};
        if (one.op == history_op::get || one.op == history_op::remove) made.value = no_value;
        if (one.op == history_op::cas && one.expect) made.expect = made_.values.id_of(*one.expect);
        if (!is_done) return made;
        if (one.absent) made.answer = no_value;
        if (one.result)
            made.answer = one.op == history_op::cas || one.op == history_op::remove
                              ? value_id{*one.result == "true"}
                              : made_.values.id_of(*one.result);
        return made;
    }
    void find_growing() {
        made_.grows_to.assign(made_.keys.size(), std::string{});
        for (const auto& one : made_.all)
            for (const auto& each : one.steps) {
                auto& longest = made_.grows_to[each.key];
                if (each.op != history_op::get && each.op != history_op::append) longest.reset();
                if (!longest || each.answer == any_answer || each.answer == no_value) continue;
                const auto& seen = made_.values.text(each.answer);
                if (seen.size() > longest->size()) longest = seen;
            }
    }

    problem made_{};
    std::unordered_map<std::string, std::uint32_t> keys_{};
};

}  // namespace raft::testing::detail::linearizing
