// SPDX-License-Identifier: BSL-1.0
//
// Nodes that compare their states, over memory batteries, on a clock that the test moves. Each has
// a state machine of its own kind, whose `apply` the test can make wrong.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/comparison.hpp>
#include <raft/battery/digest.hpp>
#include <raft/battery/manual_clock.hpp>
#include <raft/battery/memory_network.hpp>
#include <raft/battery/memory_storage.hpp>
#include <raft/codec/saved_value.hpp>
#include <raft/raft.hpp>

namespace raft::comparison_test {

inline constexpr std::uint64_t interval = 8;

/// Adds up; what is added can be made wrong, on one server.
struct sum {
    using command = int;
    using result = std::int64_t;
    std::int64_t value = 0;
    std::shared_ptr<int> fault = std::make_shared<int>(0);

    result apply(log_index, const int& more) { return value += more + *fault; }
    void save(auto& sink) const { save_value(sink, value); }
    bool restore(auto& source) { return restore_value(source, value); }
};
struct digested_sum : sum {
    [[nodiscard]] std::uint64_t digest() const {
        return digests::digest_of(static_cast<const sum&>(*this));
    }
};
struct newly_digested_sum : sum {
    static constexpr std::uint32_t digest_version = 2;
    [[nodiscard]] std::uint64_t digest() const { return static_cast<std::uint64_t>(value); }
};
static_assert(digesting_state_machine<digested_sum> && !digesting_state_machine<sum>);

using network = memory_network<int>;

/// One server, whatever its state machine.
struct server {
    virtual ~server() = default;
    virtual void poll() = 0;
    virtual void look() = 0;
    virtual void receive(member_id from, const core::message& body,
                         const attachment<int>& mail) = 0;
    virtual void receive(member_id from, const digests::peer_report& said) = 0;
    virtual std::optional<refusal> propose(int more) = 0;
    virtual void change(std::vector<member> wanted) = 0;
    virtual std::optional<refusal> read() = 0;
    virtual std::optional<refusal> take_snapshot() = 0;
    [[nodiscard]] virtual node_status status() const = 0;
    [[nodiscard]] virtual std::int64_t value() const = 0;
    [[nodiscard]] virtual std::span<const state_digest> digests() const = 0;
    digests::comparison compares{};
};

struct report_on_its_way {
    member_id from{};
    member_id to{};
    digests::peer_report said{};
};

struct cluster {
    explicit cluster(std::uint64_t voters) {
        std::vector<member_id> ids;
        for (std::uint64_t id = 1; id <= voters; ++id) ids.push_back({id});
        initial = core::voters_only(ids);
    }

    template <class Machine>
    struct server_of final : server {
        server_of(cluster& owner, const node_options& options)
            : all{owner}
            , node{options, machine_of(owner, options.id), owner.wires.port_of(options.id),
                   owner.disks[options.id.value], owner.clock} {
            REQUIRE(node.start());
        }
        static Machine machine_of(cluster& owner, member_id id) {
            Machine made;
            made.fault = owner.faults[id.value];
            return made;
        }
        auto sender() {
            return [this](std::span<const member_id> to, const digests::peer_report& said) {
                for (const auto id : to) all.reports.push_back({node.status().id, id, said});
            };
        }
        instant now() const {
            return {std::chrono::nanoseconds{all.clock.now().time_since_epoch()}.count()};
        }
        void poll() override { node.poll(); }
        void look() override { compares.look(node, now(), sender()); }
        void receive(member_id from, const core::message& body,
                     const attachment<int>& mail) override {
            node.receive(from, body, mail);
        }
        void receive(member_id from, const digests::peer_report& said) override {
            compares.receive(node, from, said, now(), sender());
        }
        std::optional<refusal> propose(int more) override {
            std::optional<refusal> no;
            node.propose(more, [&no](const outcome<std::int64_t>& given) {
                if (const auto* why = std::get_if<refusal>(&given)) no = *why;
            });
            return no;
        }
        void change(std::vector<member> wanted) override {
            node.change_members(node.status().configuration, std::move(wanted),
                                [](const change_outcome&) {});
        }
        std::optional<refusal> read() override {
            std::optional<refusal> no;
            node.read([&no](const read_outcome& given) {
                if (const auto* why = std::get_if<refusal>(&given)) no = *why;
            });
            return no;
        }
        std::optional<refusal> take_snapshot() override { return node.take_snapshot(); }
        [[nodiscard]] node_status status() const override { return node.status(); }
        [[nodiscard]] std::int64_t value() const override { return node.state_machine().value; }
        [[nodiscard]] std::span<const state_digest> digests() const override {
            return node.digests();
        }

        cluster& all;
        raft::node<Machine, network::port, memory_storage<int>&, manual_clock&> node;
    };

    template <class Machine = digested_sum>
    void start(std::uint64_t id) {
        up.erase(id);
        auto& fault = faults[id];
        if (!fault) fault = std::make_shared<int>(0);
        settings config;
        config.retained_entries = 2;
        if (timeouts.contains(id)) config.election_timeout = milliseconds(timeouts[id]);
        node_options options{.id = {id},
                             .initial = initial,
                             .birth = history_id{1},
                             .config = config,
                             .seed = ++seeds};
        if (!initial.slot_of({id})) options.initial = {};
        options.digest_interval = interval;
        up[id] = std::make_unique<server_of<Machine>>(*this, options);
    }
    void start_all() {
        for (const auto id : initial.members) start(id.value);
    }

    server& operator[](std::uint64_t id) { return *up.at(id); }

    void deliver() {
        const auto takes = [&](member_id from, member_id to) {
            return up.contains(to.value) && !cut.contains(to.value) && !cut.contains(from.value);
        };
        wires.deliver_all(
            [&](member_id to, member_id from, const core::message& body, const auto& mail) {
                if (takes(from, to)) up.at(to.value)->receive(from, body, mail);
            });
        for (auto& [id, each] : up) each->look();
        while (!reports.empty()) {
            const auto [from, to, said] = reports.front();
            reports.pop_front();
            const bool old = old_wires.contains(from.value) || old_wires.contains(to.value);
            const bool lost = loses && loses({from, to, said});
            if (!old && !lost && takes(from, to)) up.at(to.value)->receive(from, said);
        }
    }

    void pass(int milliseconds) {
        for (int i = 0; i < milliseconds; i += 5) {
            clock.advance_to(clock.now() + std::chrono::milliseconds{5});
            for (auto& [id, each] : up) each->poll();
            do deliver();
            while (!wires.empty() || !reports.empty());
        }
    }

    std::uint64_t leader() {
        for (int i = 0; i < 200; ++i) {
            for (auto& [id, each] : up)
                if (each->status().role == std::string{"leader"} && !cut.contains(id)) return id;
            pass(50);
        }
        FAIL("no leader");
        return 0;
    }
    std::uint64_t follower(std::uint64_t besides = 0) {
        const auto leads = leader();
        for (const auto& [id, each] : up)
            if (id != leads && id != besides) return id;
        FAIL("no follower");
        return 0;
    }

    /// So many commands, each applied everywhere that can.
    void write(int count) {
        for (int i = 0; i < count; ++i) {
            const auto leads = leader();
            if (up.at(leads)->propose(1)) return pass(50);
            do deliver();
            while (!wires.empty() || !reports.empty());
        }
        pass(500);
    }

    /// The servers that have stopped because of their state.
    [[nodiscard]] std::set<std::uint64_t> stopped() const {
        std::set<std::uint64_t> found;
        for (const auto& [id, each] : up)
            if (each->status().state_differs) found.insert(id);
        return found;
    }
    [[nodiscard]] std::uint64_t differences_told() const {
        std::uint64_t count = 0;
        for (const auto& [id, each] : up) count += each->compares.status().differences;
        return count;
    }

    network wires{};
    std::deque<report_on_its_way> reports{};
    manual_clock clock{};
    configuration initial{};
    std::map<std::uint64_t, memory_storage<int>> disks{};
    std::map<std::uint64_t, std::shared_ptr<int>> faults{};
    std::map<std::uint64_t, int> timeouts{};
    std::map<std::uint64_t, std::unique_ptr<server>> up{};
    std::set<std::uint64_t> cut{};
    std::set<std::uint64_t> old_wires{};
    std::function<bool(const report_on_its_way&)> loses{};
    std::uint64_t seeds = 0;
};

}  // namespace raft::comparison_test
