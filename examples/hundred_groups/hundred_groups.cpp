// SPDX-License-Identifier: BSL-1.0
//
// A hundred groups on three hosts: each group has a log, a leader and a term of its own, and what
// all of them have to say to a host leaves as one batch a turn. The hosts are in one process here;
// between processes an `asio_host_transport` carries the batches.
#include <cstdint>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <optional>

#include <raft/battery/host.hpp>
#include <raft/battery/manual_clock.hpp>
#include <raft/battery/memory_storage.hpp>

namespace {

struct counter {
    using command = int;
    using result = int;
    int value = 0;
    int apply(raft::log_index, const int& amount) { return value += amount; }
};

using storage = raft::memory_storage<int>;
using server = raft::node<counter, raft::wire::outbox<int>::port, storage, raft::manual_clock&>;

constexpr std::uint64_t groups = 100;

class three_hosts {
public:
    three_hosts() {
        raft::settings config;
        config.quiescence = true;  // A group in which nothing is to be done sleeps.
        for (std::uint64_t id = 1; id <= 3; ++id) hosts_.emplace_back(raft::member_id{id});
        for (std::uint64_t group = 1; group <= groups; ++group)
            for (std::uint64_t id = 1; id <= 3; ++id)
                hosts_[id - 1].add({group},
                                   {.id = {id},
                                    .initial = raft::core::voters_only({{1}, {2}, {3}}),
                                    .birth = raft::history_id{group},  // None has run yet.
                                    .config = config,
                                    .seed = group * 3 + id},
                                   counter{}, storage{}, clock_);
    }

    /// Lets time go on to where the first host has something to do, and what is said arrive.
    bool take_turn() {
        std::optional<raft::manual_clock::time_point> due;
        for (const auto& each : hosts_)
            if (const auto its = each.deadline(); its && (!due || *its < *due)) due = its;
        if (due && *due > clock_.now()) clock_.advance_to(*due);
        for (auto& each : hosts_) each.poll(clock_.now());
        carry_batches();
        return due.has_value();
    }

    /// Has a group count, at whichever host leads it.
    bool propose(std::uint64_t group, int amount) {
        bool applied = false;
        for (auto& each : hosts_)
            each.use({group}, [&](server& here) {
                if (here.protocol_state().is_leader())
                    here.propose(amount, [&](const raft::outcome<int>& outcome) {
                        applied = std::holds_alternative<raft::applied<int>>(outcome);
                    });
            });
        carry_batches();
        return applied;
    }

    [[nodiscard]] int value_at(std::uint64_t id, std::uint64_t group) const {
        return hosts_[id - 1].find({group})->state_machine().value;
    }
    [[nodiscard]] bool is_led(std::uint64_t group) const {
        for (const auto& each : hosts_)
            if (each.find({group})->protocol_state().is_leader()) return true;
        return false;
    }
    [[nodiscard]] std::uint64_t led_by(std::uint64_t id) const {
        std::uint64_t count = 0;
        for (std::uint64_t group = 1; group <= groups; ++group)
            count += hosts_[id - 1].find({group})->protocol_state().is_leader();
        return count;
    }
    [[nodiscard]] std::uint64_t batches() const { return batches_; }

private:
    void carry_batches() {
        for (bool silent = false; !silent;) {
            silent = true;
            for (std::uint64_t from = 1; from <= 3; ++from)
                hosts_[from - 1].send_all(
                    [&](raft::member_id to, const raft::wire::batch<int>& said) {
                        silent = false;
                        ++batches_;
                        hosts_[to.value - 1].deliver({from}, said);
                        return true;
                    });
        }
    }

    raft::manual_clock clock_{};
    std::deque<raft::host<server>> hosts_{};
    std::uint64_t batches_ = 0;
};

}  // namespace

int main() {
    three_hosts all;
    bool led = false;
    for (int turn = 0; turn < 10'000 && !led; ++turn) {
        all.take_turn();
        led = true;
        for (std::uint64_t group = 1; group <= groups; ++group) led = led && all.is_led(group);
    }
    if (!led) return std::puts("not every group has a leader"), 1;
    for (std::uint64_t id = 1; id <= 3; ++id)
        std::printf("host %u leads %u groups\n", static_cast<unsigned>(id),
                    static_cast<unsigned>(all.led_by(id)));

    for (std::uint64_t group = 1; group <= groups; ++group)
        if (!all.propose(group, static_cast<int>(group))) return std::puts("not applied"), 1;
    int turns = 0;
    while (turns < 10'000 && all.take_turn()) ++turns;  // Until all of them sleep.
    for (std::uint64_t id = 1; id <= 3; ++id)
        for (std::uint64_t group = 1; group <= groups; ++group)
            if (all.value_at(id, group) != static_cast<int>(group))
                return std::puts("a host has not applied what a group decided"), 1;
    std::printf("%u groups hold what they decided on three hosts, and sleep: %u batches in all\n",
                static_cast<unsigned>(groups), static_cast<unsigned>(all.batches()));
}
