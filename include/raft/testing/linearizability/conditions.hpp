// SPDX-License-Identifier: BSL-1.0
//
// What holds of every linearizable history and costs little to see, for keys that are too much for
// an exact answer. A key of which that cannot be said (it has increments or appends whose new value
// is not known) is passed over.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <raft/testing/linearizability/registers.hpp>

namespace raft::testing::detail::linearizing {

/// A condition, in words, and operations that break it, if any do.
struct condition {
    std::string words{};
    operations broken_by{};
};

/// Of one key: where its values came from, and when.
class key_conditions {
public:
    void add(const history_operation& one, const history_command& command) {
        const bool is_done = one.status == history_status::ok;
        if (command.op == history_op::get) {
            if (is_done && !command.absent) reads_.emplace_back(&one, *command.result);
        } else if (command.op == history_op::put) {
            add_write(one, command.value);
        } else if (command.op == history_op::cas) {
            if (!is_done || command.result == "true") add_write(one, command.value);
        } else if (command.op != history_op::remove) {
            if (is_done && command.result) return add_write(one, *command.result);
            is_open_ = true;
        } else if (is_done) {
            changes_.push_back(&one);
        }
    }
    /// Some change has a value that nobody knows.
    [[nodiscard]] bool is_open() const { return is_open_; }

    [[nodiscard]] operations read_of_nothing() const {
        for (const auto& [read, value] : reads_)
            if (!writes_.contains(value)) return {read};
        return {};
    }
    [[nodiscard]] operations read_before_write() const {
        for (const auto& [read, value] : reads_) {
            const auto found = writes_.find(value);
            if (found == writes_.end()) continue;
            const auto& all = found->second;
            if (std::all_of(all.begin(), all.end(),
                            [&, r = read](auto* each) { return r->finish < each->call; }))
                return {read, all.front()};
        }
        return {};
    }
    /// Each write of the value was over, and then another change was made, from its call to its
    /// return, before the read was called.
    [[nodiscard]] operations read_of_overwritten() {
        order_changes();
        for (const auto& [read, value] : reads_) {
            const auto found = writes_.find(value);
            if (found == writes_.end()) continue;
            operations broken;
            for (const auto* write : found->second) {
                const auto* over = change_between(*write, *read);
                if (over == nullptr) break;
                broken.push_back(write);
                broken.push_back(over);
            }
            if (broken.size() < 2 * found->second.size()) continue;
            broken.push_back(read);
            return broken;
        }
        return {};
    }

private:
    void add_write(const history_operation& one, const std::string& value) {
        writes_[value].push_back(&one);
        if (one.status == history_status::ok) changes_.push_back(&one);
    }
    void order_changes() {
        std::sort(changes_.begin(), changes_.end(),
                  [](auto* a, auto* b) { return a->finish < b->finish; });
        latest_.clear();
        for (const auto* each : changes_)
            latest_.push_back(
                latest_.empty() || each->call > latest_.back()->call ? each : latest_.back());
    }
    /// The last called of those that returned before the read, if that was after the write.
    [[nodiscard]] const history_operation* change_between(const history_operation& write,
                                                          const history_operation& read) const {
        const auto end = std::partition_point(changes_.begin(), changes_.end(),
                                              [&](auto* each) { return each->finish < read.call; });
        if (end == changes_.begin() || write.status != history_status::ok) return nullptr;
        const auto* last = latest_[static_cast<std::size_t>(end - changes_.begin()) - 1];
        return write.finish < last->call ? last : nullptr;
    }

    std::vector<std::pair<const history_operation*, std::string>> reads_{};
    std::unordered_map<std::string, operations> writes_{};
    operations changes_{};  ///< That surely left another value, or none, …
    operations latest_{};   ///< … and of those up to each the one that was called last.
    bool is_open_ = false;
};

[[nodiscard]] inline std::vector<condition> conditions_of(const operations& all) {
    std::unordered_map<std::string, key_conditions> keys;
    for (const auto* one : all)
        for (const auto& each : one->commands) keys[each.key].add(*one, each);
    std::vector<condition> found{{"no value was read that nobody wrote"},
                                 {"no value was read before it was written"},
                                 {"no value was read that had been overwritten before"}};
    for (auto& [key, own] : keys) {
        if (own.is_open()) continue;
        if (found[0].broken_by.empty()) found[0].broken_by = own.read_of_nothing();
        if (found[1].broken_by.empty()) found[1].broken_by = own.read_before_write();
        if (found[2].broken_by.empty()) found[2].broken_by = own.read_of_overwritten();
    }
    return found;
}

}  // namespace raft::testing::detail::linearizing
