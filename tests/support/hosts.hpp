// SPDX-License-Identifier: BSL-1.0
//
// Hosts with many groups in one process, on a clock that the test moves. What one sends arrives at
// once, unless their link is cut; the storages survive the hosts.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/host.hpp>
#include <raft/battery/manual_clock.hpp>
#include <raft/battery/memory_storage.hpp>

namespace raft::testing {

/// Adds up; the result is the sum.
struct tally {
    using command = int;
    using result = int;
    int sum = 0;
    int apply(log_index, const int& amount) { return sum += amount; }
};

inline settings sleepy_groups() {
    settings config;
    config.quiescence = true;
    config.first_election_at_once = true;
    return config;
}

/// `host_count` hosts from 1 on, with a member of every group on each. Which of them stands first
/// in its configuration goes around from group to group.
class hosts {
public:
    using server = node<tally, wire::outbox<int>::port, memory_storage<int>&, manual_clock&>;
    using host_type = host<server>;

    hosts(std::uint64_t host_count, std::uint64_t group_count, settings config = sleepy_groups(),
          host_options options = {}, std::uint64_t seed = 1)
        : config_{config}, options_{options}, seed_{seed}, groups_{group_count} {
        for (std::uint64_t id = 1; id <= host_count; ++id) disks_[id].resize(group_count + 1);
        for (std::uint64_t id = 1; id <= host_count; ++id) start(id);
        run_to(now());
    }

    /// Starts a host, or starts it again, with what its disks hold.
    void start(std::uint64_t id) {
        auto& started = up_[id] = std::make_unique<host_type>(member_id{id}, options_);
        for (std::uint64_t group = 1; group <= groups_; ++group)
            REQUIRE(started->add({group},
                                 {{id},
                                  core::voters_only(members_of(group)),
                                  history_id{1},
                                  config_,
                                  seed_ * 1'000'003 + group * 101 + id},
                                 tally{}, disks_.at(id)[group], clock_));
    }
    void kill(std::uint64_t id) { up_.erase(id); }

    void cut(std::uint64_t a, std::uint64_t b) { cut_.insert(std::minmax(a, b)); }
    void join(std::uint64_t a, std::uint64_t b) { cut_.erase(std::minmax(a, b)); }
    void join_all() { cut_.clear(); }

    [[nodiscard]] host_type& operator[](std::uint64_t id) { return *up_.at(id); }
    [[nodiscard]] bool is_up(std::uint64_t id) const { return up_.contains(id); }
    [[nodiscard]] manual_clock::time_point now() const { return clock_.now(); }

    /// Ends turns until nobody has anything to say.
    void settle() {
        for (bool silent = false; !silent;) {
            silent = true;
            for (const auto& [id, each] : up_) {
                each->send_all([&, from = id](member_id to, const wire::batch<int>& said) {
                    silent = false;
                    carry(from, to.value, said);
                    return true;
                });
            }
        }
    }

    /// The next time at which a host must be polled.
    [[nodiscard]] std::optional<manual_clock::time_point> deadline() const {
        std::optional<manual_clock::time_point> first;
        for (const auto& [id, each] : up_)
            if (const auto due = each->deadline(); due && (!first || *due < *first)) first = due;
        return first;
    }

    /// Lets time go on to `end`, with a turn of each host whenever one is due.
    void run_to(manual_clock::time_point end) {
        settle();
        for (auto next = deadline(); next && *next <= end; next = deadline()) {
            clock_.advance_to(*next);
            for (const auto& [id, each] : up_) each->poll(clock_.now());
            ++turns;
            settle();
        }
        clock_.advance_to(end);
    }
    void run_for(duration length) {
        run_to(clock_.now() + std::chrono::nanoseconds{length.nanoseconds});
    }

    /// The host that leads the group in the latest term; 0 if none does.
    [[nodiscard]] std::uint64_t leader_of(std::uint64_t group) const {
        std::uint64_t leader = 0;
        term_number latest{};
        for (const auto& [id, each] : up_) {
            const auto& known = each->find({group})->protocol_state();
            if (!known.is_leader() || known.current_term < latest) continue;
            leader = id;
            latest = known.current_term;
        }
        return leader;
    }
    [[nodiscard]] const core::state& state_of(std::uint64_t id, std::uint64_t group) const {
        return up_.at(id)->find({group})->protocol_state();
    }
    [[nodiscard]] int sum_of(std::uint64_t id, std::uint64_t group) const {
        return up_.at(id)->find({group})->state_machine().sum;
    }

    /// Proposes at a host, and says whether that was applied at once.
    bool propose(std::uint64_t id, std::uint64_t group, int amount) {
        const auto done = std::make_shared<bool>(false);
        up_.at(id)->use({group}, [&](server& node) {
            node.propose(amount, [done](const outcome<int>& given) {
                *done = std::holds_alternative<applied<int>>(given);
            });
        });
        settle();
        return *done;
    }

    std::uint64_t turns = 0;
    std::uint64_t batches = 0;
    std::uint64_t messages = 0;
    std::size_t most_bytes = 0;  ///< Of entries and chunks in a batch.

private:
    [[nodiscard]] std::vector<member_id> members_of(std::uint64_t group) const {
        std::vector<member_id> members;
        for (std::uint64_t i = 0; i < disks_.size(); ++i)
            members.push_back({(group + i) % disks_.size() + 1});
        return members;
    }

    void carry(std::uint64_t from, std::uint64_t to, const wire::batch<int>& said) {
        ++batches;
        messages += said.size();
        most_bytes = std::max(most_bytes, said.bytes());
        const auto target = up_.find(to);
        if (target != up_.end() && !cut_.contains(std::minmax(from, to)))
            target->second->deliver({from}, said);
    }

    settings config_;
    host_options options_;
    std::uint64_t seed_;
    std::uint64_t groups_;
    manual_clock clock_{};
    std::map<std::uint64_t, std::vector<memory_storage<int>>> disks_{};
    std::map<std::uint64_t, std::unique_ptr<host_type>> up_{};
    std::set<std::pair<std::uint64_t, std::uint64_t>> cut_{};
};

}  // namespace raft::testing
