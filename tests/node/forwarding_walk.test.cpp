// SPDX-License-Identifier: BSL-1.0
//
// Goal: whatever the network loses, repeats or delays, and whichever servers stop, a command that
// is forwarded is applied at most once, and who asked for it is told nothing that is not so.
// Method: random walks over three nodes that all forward; afterwards all is well again, and
// everything that was said is held against what the state machines hold.
#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <doctest/doctest.h>

#include <support/dice.hpp>
#include <support/trio.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// A message on its way, with what travels beside it.
struct letter {
    member_id from{};
    member_id to{};
    message body{};
    std::vector<entry<int>> entries{};
    std::optional<indexed_configuration> configuration{};
    std::vector<std::byte> chunk{};

    [[nodiscard]] attachment<int> beside() const {
        return {.entries = entries,
                .configuration = configuration ? &*configuration : nullptr,
                .chunk = chunk};
    }
};

using letters = std::vector<letter>;

struct wires {
    letters& waiting;
    const bool& is_bad;
    member_id self{};

    void send(std::span<const member_id> to, const message& body, const attachment<int>& beside) {
        for (const auto each : to) {
            auto& sent = waiting.emplace_back(letter{.from = self, .to = each, .body = body});
            sent.entries.assign(beside.entries.begin(), beside.entries.end());
            sent.chunk.assign(beside.chunk.begin(), beside.chunk.end());
            if (beside.configuration != nullptr) sent.configuration = *beside.configuration;
        }
    }
    /// While times are bad, too little for many a request, and sometimes none at all.
    std::size_t room(member_id) const {
        return is_bad ? waiting.size() % 5 * sizeof(int) : 1U << 20U;
    }
};

/// A command, and what was said of it.
struct asked {
    int command = 0;
    bool abandoned = false;  ///< The node that was asked has ended.
    std::uint64_t by = 0;
    std::vector<outcome<std::size_t>> said{};

    template <class Outcome>
    [[nodiscard]] bool ends_with() const {
        return !said.empty() && std::holds_alternative<Outcome>(said.back());
    }
};

class walk {
public:
    explicit walk(std::uint64_t seed) : dice_{seed} {
        for (std::uint64_t id = 1; id <= 3; ++id) start(id);
        if (dice_.below(2) == 0) faults_ = 0;
    }

    void run(int events) {
        for (int i = 0; i < events; ++i) event();
        recover();
    }

    /// Holds what was said against what is applied.
    void check() {
        const auto& items = up_.at(1)->state_machine().items;
        for (auto& [id, each] : up_) CHECK(each->state_machine().items == items);
        for (const auto& each : asked_) {
            const auto times = std::count(items.begin(), items.end(), each.command);
            CAPTURE(each.command);
            CHECK(times <= 1);
            CHECK(is_orderly(each));
            if (each.ends_with<refusal>() || each.ends_with<lost>()) CHECK(times == 0);
            if (each.ends_with<applied<std::size_t>>()) {
                const auto result = std::get<applied<std::size_t>>(each.said.back()).result;
                CHECK(items.at(result - 1) == each.command);
                ++applied_;
            }
        }
    }
    [[nodiscard]] int applied_commands() const { return applied_; }

private:
    using server = node<list, wires, wayward_storage&, manual_clock&>;

    /// One final outcome, or `unknown` and perhaps one after it.
    static bool is_orderly(const asked& each) {
        if (each.said.empty()) return each.abandoned;
        if (each.said.size() == 1) return !each.ends_with<lost>();
        const bool settled = each.ends_with<applied<std::size_t>>() || each.ends_with<lost>();
        return each.said.size() == 2 && settled && std::holds_alternative<unknown>(each.said[0]);
    }

    void start(std::uint64_t id) {
        node_options options{
            {id}, voters_only({{1}, {2}, {3}}), history_id{1}, {}, dice_.below(~0ULL)};
        options.config.retained_entries = 2;
        if (dice_.below(2) == 0) options.snapshot_after_entries = 8;
        up_[id] = std::make_unique<server>(options, list{}, wires{waiting_, is_bad_, {id}},
                                           disks_[id], clock_);
        REQUIRE(up_[id]->start());
    }

    void restart(std::uint64_t id) {
        for (auto& each : asked_)
            if (each.by == id) each.abandoned = true;
        up_.erase(id);
        start(id);
    }

    void ask(std::uint64_t id) {
        auto& added = asked_.emplace_back(asked{.command = next_command_++, .by = id});
        const auto hear = [&added](const auto& given) { added.said.push_back(given); };
        if (dice_.below(8) == 0)
            up_.at(id)->propose(added.command, hear);
        else
            up_.at(id)->forward(added.command, hear);
    }

    /// Any of the messages on their way comes, or is lost; it may come again.
    void deliver() {
        if (waiting_.empty()) return;
        const auto place = dice_.below(3) == 0 ? dice_.below(waiting_.size()) : 0;
        const auto next = waiting_[place];
        if (dice_.below(100) >= faults_)
            waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(place));
        if (dice_.below(100) >= faults_)
            up_.at(next.to.value)->receive(next.from, next.body, next.beside());
    }

    void pass(int milliseconds) {
        clock_.advance_to(clock_.now() + std::chrono::milliseconds{milliseconds});
        for (auto& [id, each] : up_) each->poll();
    }

    void event() {
        const auto id = dice_.below(3) + 1;
        const auto kind = dice_.below(1000);
        if (kind < 700) return deliver();
        if (kind < 850) return ask(id);
        if (kind < 980) return pass(static_cast<int>(dice_.below(40)));
        if (kind < 985) return pass(static_cast<int>(dice_.below(1000)));
        if (kind < 990) return restart(id);
        if (kind < 993) static_cast<void>(up_.at(id)->transfer_leadership());
        if (kind < 995) static_cast<void>(up_.at(id)->step_down());
    }

    /// Nothing is lost any more, for long enough that everything is applied everywhere.
    void recover() {
        is_bad_ = false;
        for (int i = 0; i < 1000; ++i) {
            pass(5);
            for (int rest = 200; rest > 0 && !waiting_.empty(); --rest) {
                const auto next = waiting_.front();
                waiting_.erase(waiting_.begin());
                up_.at(next.to.value)->receive(next.from, next.body, next.beside());
            }
        }
    }

    dice dice_;
    std::uint64_t faults_ = 20;  ///< Of a hundred.
    bool is_bad_ = true;
    letters waiting_{};
    manual_clock clock_{};
    std::map<std::uint64_t, wayward_storage> disks_{};
    std::deque<asked> asked_{};
    int next_command_ = 1;
    int applied_ = 0;
    std::map<std::uint64_t, std::unique_ptr<server>> up_{};
};

}  // namespace

TEST_CASE("whatever is forwarded is applied at most once, and every outcome is so") {
    int applied_commands = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        walk w{seed};
        w.run(2000);
        w.check();
        applied_commands += w.applied_commands();
    }
    CHECK(applied_commands > 1000);
}
