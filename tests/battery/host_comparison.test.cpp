// SPDX-License-Identifier: BSL-1.0
//
// Hosts whose groups compare their states and tell which commands they can read: what goes wrong in
// a group is found there, and no other group notices.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/host.hpp>
#include <raft/battery/host/comparisons.hpp>
#include <raft/battery/manual_clock.hpp>
#include <raft/battery/memory_storage.hpp>

using namespace raft;
using digests::group_report;

namespace {

constexpr std::uint64_t groups = 6;
constexpr std::uint64_t interval = 8;
constexpr int large = 1'000'000;

/// Adds up, wrongly if it is told to.
struct sum {
    using command = int;
    using result = std::int64_t;
    static constexpr std::uint32_t commands_read = 1;
    std::int64_t value = 0;
    std::shared_ptr<int> fault = std::make_shared<int>(0);

    result apply(log_index, const int& more) { return value += more + *fault; }
    [[nodiscard]] std::uint64_t digest() const { return static_cast<std::uint64_t>(value); }
    static std::uint32_t version_of(const int& more) { return more >= large ? 1 : 0; }
};

using server = node<sum, wire::outbox<int>::port, memory_storage<int>&, manual_clock&>;

/// Three hosts; what they send arrives, reports as frames of bytes.
class compared_hosts {
public:
    compared_hosts() {
        for (std::uint64_t id = 1; id <= 3; ++id) {
            disks_[id].resize(groups + 1);
            hosts_.emplace_back(member_id{id});
        }
        for (std::uint64_t id = 1; id <= 3; ++id)
            for (std::uint64_t group = 1; group <= groups; ++group) add(id, group);
    }

    [[nodiscard]] int& fault(std::uint64_t id, std::uint64_t group) {
        return *faults_[{id, group}];
    }
    [[nodiscard]] digests::group_comparisons& compared(std::uint64_t id) { return compared_[id]; }

    void pass(int milliseconds) {
        for (int i = 0; i < milliseconds; i += 10) {
            clock_.advance_to(clock_.now() + std::chrono::milliseconds{10});
            for (auto& each : hosts_) each.poll(clock_.now());
            carry_all();
        }
    }

    /// Where the group is led, if it is.
    [[nodiscard]] std::uint64_t leader_of(std::uint64_t group) const {
        for (std::uint64_t id = 1; id <= 3; ++id)
            if (hosts_[id - 1].find({group})->protocol_state().is_leader()) return id;
        return 0;
    }

    /// So often, in each group; why the last was refused.
    std::optional<refusal_reason> add_in_each(int more, int times = 1) {
        std::optional<refusal_reason> no;
        for (int i = 0; i < times; ++i)
            for (std::uint64_t group = 1; group <= groups; ++group) {
                const auto leader = leader_of(group);
                REQUIRE(leader != 0);
                hosts_[leader - 1].use({group}, [&](server& node) {
                    node.propose(more, [&](const outcome<std::int64_t>& given) {
                        if (const auto* why = std::get_if<refusal>(&given)) no = why->reason;
                    });
                });
                carry_all();
            }
        pass(1'000);
        return no;
    }

    /// Host and group of the servers that have stopped.
    [[nodiscard]] std::set<std::pair<std::uint64_t, std::uint64_t>> stopped() const {
        std::set<std::pair<std::uint64_t, std::uint64_t>> found;
        for (std::uint64_t id = 1; id <= 3; ++id)
            for (std::uint64_t group = 1; group <= groups; ++group)
                if (hosts_[id - 1].find({group})->status().state_differs) found.emplace(id, group);
        return found;
    }

    /// A report that host `through` hands on as if it were from one of its servers.
    void forge(std::uint64_t through, std::uint64_t to, const group_report& said) {
        receive(through, to, said);
    }

    std::set<std::uint64_t> silent{};  ///< Hosts that send no reports.

private:
    void add(std::uint64_t id, std::uint64_t group) {
        sum machine;
        faults_[{id, group}] = machine.fault;
        node_options options{.id = {id},
                             .initial = core::voters_only({{1}, {2}, {3}}),
                             .birth = history_id{group},
                             .seed = group * 3 + id};
        options.digest_interval = interval;
        REQUIRE(
            hosts_[id - 1].add({group}, options, std::move(machine), disks_[id][group], clock_));
    }

    [[nodiscard]] instant now() const {
        return {std::chrono::nanoseconds{clock_.now().time_since_epoch()}.count()};
    }
    auto sender(std::uint64_t from) {
        return [this, from](member_id to, const group_report& said) {
            if (!silent.contains(from)) reports_.push_back({from, to.value, said});
        };
    }
    void receive(std::uint64_t from, std::uint64_t to, const group_report& said) {
        std::vector<std::byte> frame;
        wire::append_report(frame, said);
        REQUIRE(wire::is_beside_protocol(frame));
        std::optional<group_report> read;
        REQUIRE_FALSE(wire::decode_report(frame, read));
        REQUIRE(read == said);
        compared_[to].receive(hosts_[to - 1], {from}, *read, now(), sender(to));
    }

    void carry_all() {
        for (bool nothing = false; !nothing;) {
            nothing = true;
            for (std::uint64_t id = 1; id <= 3; ++id) {
                auto& here = hosts_[id - 1];
                here.each_used([&](group_id group, server& node) {
                    compared_[id].look(group, node, now(), sender(id));
                });
                here.send_all([&](member_id to, const wire::batch<int>& said) {
                    nothing = false;
                    hosts_[to.value - 1].deliver({id}, said);
                    return true;
                });
            }
            while (!reports_.empty()) {
                const auto next = reports_.front();
                reports_.pop_front();
                receive(next.from, next.to, next.said);
            }
        }
    }

    struct on_its_way {
        std::uint64_t from = 0;
        std::uint64_t to = 0;
        group_report said{};
    };

    manual_clock clock_{};
    std::map<std::uint64_t, std::vector<memory_storage<int>>> disks_{};
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::shared_ptr<int>> faults_{};
    std::deque<host<server>> hosts_{};
    std::map<std::uint64_t, digests::group_comparisons> compared_{};
    std::deque<on_its_way> reports_{};
};

std::string name(member_id id) { return std::to_string(id.value); }

}  // namespace

TEST_CASE("host comparison: groups that are equal are compared, and go on") {
    compared_hosts all;
    all.pass(5'000);
    CHECK(all.add_in_each(1, 3 * interval) == std::nullopt);
    for (std::uint64_t group = 1; group <= groups; ++group) {
        const auto* const status = all.compared(all.leader_of(group)).status({group});
        REQUIRE(status != nullptr);
        CHECK(status->compared >= 2);
        CHECK(status->differences == 0);
    }
    CHECK(all.stopped().empty());
}

TEST_CASE("host comparison: who differs in one group stops there, and serves all others") {
    compared_hosts all;
    all.pass(5'000);
    CHECK(all.add_in_each(1) == std::nullopt);
    const auto wrong = all.leader_of(4) % 3 + 1;
    all.fault(wrong, 4) = 1;
    CHECK(all.add_in_each(1, 3 * interval) == std::nullopt);
    CHECK(all.stopped() == std::set{std::pair{wrong, std::uint64_t{4}}});

    const auto news = all.compared(wrong).take_news();
    REQUIRE(news.size() == 1);
    CHECK(news[0].first == group_id{4});
    CHECK(text_of(std::get<digests::state_difference>(news[0].second), name)
              .ends_with("the state of server " + name({wrong}) + " is not that of the others"));
    CHECK(all.compared(wrong).take_news().empty());
    all.compared(wrong).forget({4});
    CHECK(all.compared(wrong).status({4}) == nullptr);
}

TEST_CASE("host comparison: new commands are taken once all hosts have said that they read them") {
    compared_hosts all;
    all.silent = {3};
    all.pass(5'000);
    // Where the silent host leads it hears the others, who can all read what it can.
    for (std::uint64_t group = 1; group <= groups; ++group)
        if (all.leader_of(group) != 3)
            CHECK(all.compared(all.leader_of(group)).status({group}) != nullptr);
    CHECK(all.add_in_each(large) == refusal_reason::members_too_old);
    all.silent.clear();
    all.pass(1'000);
    CHECK(all.add_in_each(large) == std::nullopt);
}

TEST_CASE("host comparison: a report is taken of servers on the host that it came from") {
    compared_hosts all;
    all.pass(5'000);
    CHECK(all.add_in_each(1, 3 * interval) == std::nullopt);
    const auto leader = all.leader_of(2);
    const auto victim = leader % 3 + 1;
    const auto other = victim % 3 + 1;
    const auto digest = [&](std::uint64_t id, std::uint64_t value) {
        return digests::member_digest{{id}, value};
    };
    group_report forged{.group = {2},
                        .from = {leader},
                        .to = {victim},
                        .said = {.purpose = digests::report_purpose::stopping,
                                 .term = {1},
                                 .difference = {.index = {interval},
                                                .compared = {digest(leader, 9), digest(other, 9),
                                                             digest(victim, 8)},
                                                .agreed = 9}}};
    for (std::uint64_t term = 1; term < 9; ++term) {
        forged.said.term = {term};
        all.forge(other, victim, forged);
        auto misdirected = forged;
        misdirected.to = {other};
        all.forge(leader, victim, misdirected);
        auto unknown = forged;
        unknown.group = {groups + 1};
        all.forge(leader, victim, unknown);
    }
    CHECK(all.stopped().empty());
    for (std::uint64_t term = 1; term < 9; ++term) {
        forged.said.term = {term};
        all.forge(leader, victim, forged);
    }
    CHECK(all.stopped() == std::set{std::pair{victim, std::uint64_t{2}}});
}
