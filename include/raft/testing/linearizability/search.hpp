// SPDX-License-Identifier: BSL-1.0
//
// Looks for an order of operations that explains all answers: the search of J. M. Wing and C. Gong,
// "Testing and Verifying Concurrent Objects" (1993), with what G. Lowe, "Testing for
// Linearizability" (2017), added: a pair of (what was ordered, state) that led nowhere is never
// tried again. Beside that:
//  - a read that fits now is ordered now: later it could only fit as well;
//  - what may never have happened is ordered only for the sake of what follows it: a write that no
//    answer came of, right before an operation on its key;
//  - of equal ones of these the first called stands for all.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <raft/testing/linearizability/prepared.hpp>

namespace raft::testing {

/// How much may be spent on keys that belong together; then the answer is `undecided`.
struct linearizability_limits {
    std::uint64_t steps = 20'000'000;               ///< Operations tried.
    std::size_t memory = std::size_t{1024} << 20U;  ///< Bytes of what led nowhere.
};

enum class linearizability : std::uint8_t { holds, violated, undecided };

[[nodiscard]] constexpr std::string_view describe(linearizability l) {
    switch (l) {
    case linearizability::holds: return "linearizable";
    case linearizability::violated: return "not linearizable";
    case linearizability::undecided: return "undecided";
    }
    return "?";
}

namespace detail::linearizing {

class search {
public:
    search(problem& given, const linearizability_limits& limits)
        : p_{given}
        , limits_{limits}
        , ordered_(given.all.size(), false)
        , state_(given.keys.size(), no_value)
        , blind_(given.keys.size()) {
        std::map<std::vector<step>, std::vector<std::size_t>> alike;
        for (auto i = p_.done; i < p_.all.size(); ++i) alike[p_.all[i].steps].push_back(i);
        for (auto& [steps, members] : alike)
            if (p_.all[members.front()].is_blind())
                blind_[steps.front().key].push_back(std::move(members));
            else
                optional_.push_back(std::move(members));
    }

    [[nodiscard]] linearizability run() {
        if (!open_node(0)) return linearizability::holds;
        while (!path_.empty()) {
            auto& top = path_.back();
            if (top.next == top.moves.size()) {
                remember();
                if (memory_ > limits_.memory) return linearizability::undecided;
                path_.pop_back();
                if (!path_.empty()) take_back();
                continue;
            }
            if (++steps_ > limits_.steps) return linearizability::undecided;
            top.undo_from = undo_.size();
            if (!make(top.moves[top.next++])) continue;
            if (is_known_failure(top.base)) {
                take_back();
            } else if (!open_node(path_.back().base)) {
                return linearizability::holds;
            }
        }
        return linearizability::violated;
    }

private:
    using move = std::vector<std::size_t>;  ///< These, one right after another.
    struct node {
        std::size_t base = 0;  ///< All done before it are ordered.
        std::vector<move> moves{};
        std::size_t next = 0;
        std::size_t undo_from = 0;  ///< Of the move before `next`.
    };
    struct change {
        std::uint32_t key;
        value_id before;
    };

    [[nodiscard]] std::size_t advanced(std::size_t base) const {
        while (base < p_.done && ordered_[base]) ++base;
        return base;
    }

    /// False if there is nothing left that must be ordered.
    bool open_node(std::size_t base) {
        base = advanced(base);
        if (base == p_.done) return false;
        path_.push_back({base, moves_at(base), 0, 0});
        return true;
    }

    [[nodiscard]] std::vector<move> moves_at(std::size_t base) {
        std::vector<std::size_t> next;
        auto latest = never;
        for (auto i = base; i < p_.done && p_.all[i].call <= latest; ++i) {
            if (ordered_[i]) continue;
            next.push_back(i);
            latest = std::min(latest, p_.all[i].finish);
        }
        std::erase_if(next, [&](std::size_t i) { return p_.all[i].call > latest; });
        for (const auto i : next)
            if (p_.all[i].is_pure() && fits(i)) return {{i}};
        std::sort(next.begin(), next.end(), [&](std::size_t a, std::size_t b) {
            return p_.all[a].finish < p_.all[b].finish;
        });
        for (const auto& group : optional_)
            if (const auto first = first_of(group, latest)) next.push_back(*first);
        std::vector<move> all;
        for (const auto i : next) all.push_back({i});
        for (const auto i : next) add_after_blind(all, i, latest);
        return all;
    }

    /// Whether it can be ordered next.
    [[nodiscard]] bool fits(std::size_t i) {
        const auto mark = undo_.size();
        const bool result = apply(p_.all[i]);
        undo_to(mark);
        return result;
    }

    [[nodiscard]] std::optional<std::size_t> first_of(const std::vector<std::size_t>& group,
                                                      std::int64_t latest) const {
        for (const auto i : group)
            if (!ordered_[i]) return p_.all[i].call <= latest ? std::optional{i} : std::nullopt;
        return std::nullopt;
    }

    /// `target`, after one or more writes that may have happened, at most one for each of its keys.
    void add_after_blind(std::vector<move>& all, std::size_t target, std::int64_t latest) {
        std::vector<move> before{{}};
        std::vector<std::uint32_t> keys;
        for (const auto& each : p_.all[target].steps) {
            if (std::find(keys.begin(), keys.end(), each.key) != keys.end()) continue;
            keys.push_back(each.key);
            if (each.op == history_op::put) continue;
            for (std::size_t count = before.size(), i = 0; i < count; ++i)
                for (const auto& group : blind_[each.key])
                    if (is_of_use(group, each))
                        if (const auto first = first_of(group, latest)) {
                            before.push_back(before[i]);
                            before.back().push_back(*first);
                        }
        }
        for (auto i = before.size(); i-- > 1;) {
            before[i].push_back(target);
            all.push_back(std::move(before[i]));
        }
    }
    [[nodiscard]] bool is_of_use(const std::vector<std::size_t>& group, const step& next) const {
        const auto leaves = p_.all[group.front()].steps.front().value;
        return next.op != history_op::get || next.answer == any_answer || next.answer == leaves;
    }

    /// Orders all of them, or none.
    bool make(const move& chosen) {
        const auto mark = undo_.size();
        for (std::size_t i = 0; i < chosen.size(); ++i) {
            if (apply(p_.all[chosen[i]])) {
                ordered_[chosen[i]] = true;
                continue;
            }
            undo_to(mark);
            while (i-- > 0) ordered_[chosen[i]] = false;
            return false;
        }
        return true;
    }
    void take_back() {
        const auto& top = path_.back();
        for (const auto i : top.moves[top.next - 1]) ordered_[i] = false;
        undo_to(top.undo_from);
    }

    /// False, with nothing done, if it does not answer so in this state.
    bool apply(const prepared& one) {
        const auto mark = undo_.size();
        for (const auto& each : one.steps)
            if (!apply(each)) return undo_to(mark), false;
        return true;
    }
    bool apply(const step& s) {
        const auto had = state_[s.key];
        const auto is = [&](value_id answer) {
            return s.answer == any_answer || s.answer == answer;
        };
        switch (s.op) {
        case history_op::get: return is(had);
        case history_op::put: return leave(s.key, s.value);
        case history_op::remove: return is(had != no_value) && leave(s.key, no_value);
        case history_op::cas:
            if (!is(had == s.expect)) return false;
            return had != s.expect || leave(s.key, s.value);
        case history_op::append: return append(s, had) && is(state_[s.key]);
        case history_op::increment: return increment(s, had) && is(state_[s.key]);
        }
        return false;
    }
    bool append(const step& s, value_id had) {
        const auto text = (had == no_value ? "" : p_.values.text(had)) + p_.values.text(s.value);
        const auto& end = p_.grows_to[s.key];
        if (end && text.size() <= end->size() && !end->starts_with(text)) return false;
        return leave(s.key, p_.values.id_of(text));
    }
    bool increment(const step& s, value_id had) {
        const auto number = had == no_value ? std::int64_t{0} : whole_number(p_.values.text(had));
        const auto by = whole_number(p_.values.text(s.value));
        std::int64_t sum = 0;
        if (!number || !by || __builtin_add_overflow(*number, *by, &sum)) return false;
        return leave(s.key, p_.values.id_of(std::to_string(sum)));
    }
    bool leave(std::uint32_t key, value_id value) {
        undo_.push_back({key, state_[key]});
        state_[key] = value;
        return true;
    }
    void undo_to(std::size_t mark) {
        for (; undo_.size() > mark; undo_.pop_back())
            state_[undo_.back().key] = undo_.back().before;
    }

    /// What was ordered, and the state: all that the rest of the search depends on.
    [[nodiscard]] std::string situation(std::size_t base) const {
        std::string bytes(state_.size() * sizeof(value_id) + sizeof base, '\0');
        std::memcpy(bytes.data(), &base, sizeof base);
        std::memcpy(bytes.data() + sizeof base, state_.data(), state_.size() * sizeof(value_id));
        append_bits(bytes, p_.done, ordered_.size());
        append_bits(bytes, base, p_.done);
        bytes.resize(bytes.find_last_not_of('\0') + 1);
        return bytes;
    }
    void append_bits(std::string& bytes, std::size_t from, std::size_t to) const {
        for (; from < to; from += 8) {
            unsigned bits = 0;
            for (std::size_t i = from; i < std::min(to, from + 8); ++i)
                bits |= static_cast<unsigned>(ordered_[i]) << (i - from);
            bytes += static_cast<char>(bits);
        }
    }
    void remember() {
        auto bytes = situation(path_.back().base);
        memory_ += bytes.size() + 64;
        failures_.insert(std::move(bytes));
    }
    [[nodiscard]] bool is_known_failure(std::size_t base) const {
        return !failures_.empty() && failures_.contains(situation(advanced(base)));
    }

    problem& p_;
    linearizability_limits limits_;
    std::vector<bool> ordered_;
    std::vector<value_id> state_;
    std::vector<std::vector<std::vector<std::size_t>>> blind_;  ///< By key, those alike together.
    std::vector<std::vector<std::size_t>> optional_{};  ///< All others, those alike together.
    std::vector<node> path_{};
    std::vector<change> undo_{};
    std::unordered_set<std::string> failures_{};
    std::uint64_t steps_ = 0;
    std::size_t memory_ = 0;
};

}  // namespace detail::linearizing

}  // namespace raft::testing
