// SPDX-License-Identifier: BSL-1.0
//
// A program's own state machine under the simulator of raft/testing: three servers on virtual time,
// whose messages are lost, doubled and late, and which crash and come back, by a seed that is
// printed. After each event every server applies what it knows to be committed, and two things must
// hold: the program's own invariant, and that servers which have applied as much are equal, which
// an `apply` that is not deterministic would not leave them.
//
//     raft-simulated [SEED]
//
// The simulator checks the five properties of Figure 3 after each step by itself.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <raft/battery/digest.hpp>
#include <raft/testing/cluster.hpp>
#include <raft/testing/replicated.hpp>

namespace {

using raft::testing::cluster;

/// The program's: accounts between which money moves, so that its sum stays.
struct bank {
    struct command {
        std::size_t from = 0;
        std::size_t to = 0;
        int amount = 0;
    };
    using result = bool;
    std::vector<int> accounts = std::vector<int>(5, 100);

    bool apply(raft::log_index, const command& c) {
        if (accounts[c.from] < c.amount) return false;
        accounts[c.from] -= c.amount;
        accounts[c.to] += c.amount;
        return true;
    }
    /// What servers are compared by.
    [[nodiscard]] std::uint64_t digest() const {
        raft::digests::digest_sink sink;
        for (const auto each : accounts) sink.number(static_cast<std::uint64_t>(each));
        return sink.value();
    }
    [[nodiscard]] bool is_sound() const {
        int sum = 0;
        for (const auto each : accounts) sum += each;
        return sum == 500;
    }
};

class simulation {
public:
    explicit simulation(std::uint64_t seed) : dice_{seed} {}

    /// One event; false if something does not hold.
    bool go_on() {
        const raft::member_id id{roll(3) + 1};
        switch (roll(12)) {
        case 0: crash_or_restart(id); break;
        case 1: lose_one(); break;
        case 2: double_one(); break;
        case 3:
            if (all_.running(id)) all_.time_out(id);
            break;
        case 4:
        case 5: all_.run_for(raft::milliseconds(30)); break;
        case 6:
        case 7: propose(id); break;
        default: deliver_any(); break;
        }
        return apply_and_compare();
    }
    /// Everybody runs, and nothing is lost any more: all must come to the same.
    bool come_to_rest() {
        for (std::uint64_t id = 1; id <= 3; ++id)
            if (!all_.running({id})) crash_or_restart({id});
        all_.run_for(raft::milliseconds(10'000));
        return apply_and_compare() && banks_.applied({1}) == banks_.applied({2}) &&
               banks_.applied({2}) == banks_.applied({3});
    }
    [[nodiscard]] std::uint64_t decided() const { return banks_.applied({1}).value; }
    [[nodiscard]] std::string violation() const {
        return banks_.violation().empty() ? "money was made or lost" : banks_.violation();
    }

private:
    std::uint64_t roll(std::uint64_t sides) { return dice_() % sides; }

    void crash_or_restart(raft::member_id id) {
        all_.running(id) ? all_.crash(id) : all_.restart(id);
    }
    void deliver_any() {
        if (!all_.network().empty()) all_.deliver_nth(roll(all_.network().size()));
    }
    void lose_one() {
        if (!all_.network().empty()) all_.lose_nth(roll(all_.network().size()));
    }
    void double_one() {
        if (!all_.network().empty()) all_.duplicate_nth(roll(all_.network().size()));
    }

    void propose(raft::member_id id) {
        banks_.propose(id, {roll(5), roll(5), static_cast<int>(roll(60))});
    }

    bool apply_and_compare() {
        banks_.follow();
        for (std::uint64_t id = 1; id <= 3; ++id)
            if (all_.running({id}) && !banks_.at({id}).is_sound()) return false;
        return banks_.violation().empty();
    }

    std::mt19937_64 dice_;
    cluster all_{3};
    raft::testing::replicated<bank> banks_{all_};
};

}  // namespace

int main(int count, char** given) {
    const std::uint64_t seed = count > 1 ? std::strtoull(given[1], nullptr, 10) : 1;
    simulation run{seed};
    for (int event = 1; event <= 20'000; ++event)
        if (!run.go_on())
            return std::printf("seed %llu, event %d: %s\n", static_cast<unsigned long long>(seed),
                               event, run.violation().c_str()),
                   1;
    if (!run.come_to_rest()) return std::printf("at rest: %s\n", run.violation().c_str()), 1;
    std::printf("%u entries, and three servers that agree on each of them\n",
                static_cast<unsigned>(run.decided()));
}
