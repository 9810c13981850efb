// SPDX-License-Identifier: BSL-1.0
//
// One key that is only read and written, and no value is written twice: decided at once, however
// many outcomes are unknown, after P. B. Gibbons and E. Korach, "Testing Shared Memories" (1997). A
// write and the reads of its value are a cluster, and stand together in every order. One cluster
// must be before another if one of its operations returned before one of the other's was called;
// there is an order unless two clusters must each be before the other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <raft/testing/history.hpp>
#include <raft/testing/linearizability/search.hpp>

namespace raft::testing::detail::linearizing {

using operations = std::vector<const history_operation*>;

class unique_writes {
public:
    explicit unique_writes(const operations& all) { is_one_ = gather(all); }

    /// Whether it is such a key.
    [[nodiscard]] explicit operator bool() const { return is_one_; }

    /// Operations that cannot be ordered, at most six; none if all can.
    [[nodiscard]] operations conflict() {
        for (const auto& each : clusters_)
            if (each.reads_early()) return each.all();
        std::sort(clusters_.begin(), clusters_.end(), [](const cluster& a, const cluster& b) {
            return a.first_finish() < b.first_finish();
        });
        return crossing();
    }

private:
    static constexpr auto before_all = std::numeric_limits<std::int64_t>::min();

    struct cluster {
        const history_operation* write = nullptr;
        const history_operation* ends_first = nullptr;   ///< Of those that returned, …
        const history_operation* begins_last = nullptr;  ///< … or were called, write included.
        const history_operation* read_first = nullptr;   ///< The first read to return.
        bool is_initial = false;                         ///< Reads of no value.

        [[nodiscard]] std::int64_t first_finish() const {
            if (is_initial) return before_all;
            return ends_first == nullptr ? never : ends_first->finish;
        }
        [[nodiscard]] std::int64_t last_call() const {
            return begins_last == nullptr ? before_all : begins_last->call;
        }
        /// A value was read that nobody had begun to write.
        [[nodiscard]] bool reads_early() const {
            return read_first != nullptr && !is_initial &&
                   (write == nullptr || read_first->finish < write->call);
        }
        [[nodiscard]] bool must_be_before(const cluster& other) const {
            return first_finish() < other.last_call();
        }
        void add(const history_operation& one) {
            const bool returned = one.status == history_status::ok;
            if (returned && (ends_first == nullptr || one.finish < ends_first->finish))
                ends_first = &one;
            if (begins_last == nullptr || one.call > begins_last->call) begins_last = &one;
        }
        void add_read(const history_operation& one) {
            add(one);
            if (read_first == nullptr || one.finish < read_first->finish) read_first = &one;
        }
        [[nodiscard]] operations all() const {
            operations found{write, ends_first, begins_last, read_first};
            std::sort(found.begin(), found.end());
            found.erase(std::unique(found.begin(), found.end()), found.end());
            std::erase(found, nullptr);
            return found;
        }
    };

    [[nodiscard]] bool gather(const operations& all) {
        std::unordered_map<std::string, std::size_t> by_value;
        clusters_.push_back({.is_initial = true});
        for (const auto* one : all) {
            const auto& command = one->commands.front();
            const bool is_read = command.op == history_op::get;
            if (one->commands.size() != 1 || (!is_read && command.op != history_op::put))
                return false;
            if (is_read && one->status == history_status::unknown) continue;
            if (is_read && command.absent) {
                clusters_.front().add_read(*one);
                continue;
            }
            const auto [at, is_new] =
                by_value.try_emplace(is_read ? *command.result : command.value, clusters_.size());
            if (is_new) clusters_.emplace_back();
            auto& own = clusters_[at->second];
            if (is_read) {
                own.add_read(*one);
            } else if (std::exchange(own.write, one) != nullptr) {
                return false;
            } else {
                own.add(*one);
            }
        }
        return true;
    }

    /// Those whose last call is after their first return hold their place for a time, and must not
    /// overlap. All others stand at any moment of theirs, but not within such a time.
    [[nodiscard]] operations crossing() const {
        std::vector<const cluster*> holding;
        for (const auto& each : clusters_) {
            if (each.first_finish() >= each.last_call()) continue;
            if (!holding.empty() && each.must_be_before(*holding.back()))
                return both(*holding.back(), each);
            holding.push_back(&each);
        }
        for (const auto& each : clusters_) {
            const auto after =
                std::partition_point(holding.begin(), holding.end(), [&](const cluster* held) {
                    return held->must_be_before(each);
                });
            if (after == holding.begin()) continue;
            const auto& held = **(after - 1);
            if (&held != &each && each.must_be_before(held)) return both(held, each);
        }
        return {};
    }
    [[nodiscard]] static operations both(const cluster& one, const cluster& other) {
        auto all = one.all();
        for (const auto* each : other.all()) all.push_back(each);
        return all;
    }

    std::vector<cluster> clusters_{};
    bool is_one_ = false;
};

}  // namespace raft::testing::detail::linearizing
