// SPDX-License-Identifier: BSL-1.0
//
// Three nodes over memory batteries, on a clock that the test moves, with storages that can be
// slow, full or broken.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/manual_clock.hpp>
#include <raft/battery/memory_network.hpp>
#include <raft/battery/memory_storage.hpp>
#include <raft/raft.hpp>

namespace raft::testing {

/// Appends the commands to a list; the result is how many there are.
struct list {
    using command = int;
    using result = std::size_t;
    std::vector<int> items{};

    std::size_t apply(log_index, const int& item) {
        items.push_back(item);
        return items.size();
    }
    void save(auto& sink) const {
        for (const auto& item : items) sink.write(std::as_bytes(std::span{&item, 1}));
    }
    bool restore(auto& source) {
        items.clear();
        int item = 0;
        while (source.read(std::as_writable_bytes(std::span{&item, 1}))) items.push_back(item);
        return true;
    }
};

/// A storage that is durable when the test says so, has the room that the test gives, and fails.
class wayward_storage : public memory_storage<int> {
public:
    static constexpr bool durable_at_once = false;
    bool held = false;
    bool broken = false;
    std::uint64_t free = std::numeric_limits<std::uint64_t>::max();

    [[nodiscard]] recovered recover() {
        shown_ = {};
        return memory_storage<int>::recover();
    }
    [[nodiscard]] storage_progress progress() const {
        if (!held) shown_ = memory_storage<int>::progress().durable;
        return {shown_, broken};
    }
    [[nodiscard]] std::uint64_t room() const { return free; }

private:
    mutable core::write_sequence shown_{};
};

using wires_type = memory_network<int>;

/// Three nodes; what is sent waits for `deliver`.
template <class Storage, limits Limits = limits{}>
struct trio_over {
    using server = node<list, wires_type::port, Storage&, manual_clock&, Limits>;

    explicit trio_over(settings config = {}) {
        for (std::uint64_t id = 1; id <= 3; ++id) {
            config.retained_entries = 2;
            options.push_back(
                {{id}, core::voters_only({{1}, {2}, {3}}), history_id{1}, config, id});
            start(id);
        }
    }

    void start(std::uint64_t id) {
        up.erase(id);
        up.try_emplace(id, options[id - 1], list{}, wires.port_of({id}), disks[id], clock);
        REQUIRE(up.at(id).start());
    }

    server& operator[](std::uint64_t id) { return up.at(id); }

    void deliver() {
        wires.deliver_all(
            [&](member_id to, member_id from, const core::message& body, const auto& mail) {
                if (!up.contains(to.value) || cut.contains(to.value) || cut.contains(from.value))
                    return;
                for (int i = copies ? copies(body) : 1; i > 0; --i)
                    up.at(to.value).receive(from, body, mail);
            });
    }

    void pass(int milliseconds) {
        for (int i = 0; i < milliseconds; i += 5) {
            clock.advance_to(clock.now() + std::chrono::milliseconds{5});
            for (auto& [id, each] : up) each.poll();
            deliver();
        }
    }

    server& leader() {
        for (int i = 0; i < 100; ++i) {
            for (auto& [id, each] : up)
                if (each.protocol_state().is_leader() && !cut.contains(id)) return each;
            pass(50);
        }
        FAIL("no leader");
        return up.begin()->second;
    }
    std::uint64_t leader_id() { return leader().status().id.value; }

    wires_type wires{};
    manual_clock clock{};
    std::map<std::uint64_t, Storage> disks{};
    std::vector<node_options> options{};
    std::map<std::uint64_t, server> up{};
    std::map<std::uint64_t, bool> cut{};
    std::function<int(const core::message&)>
        copies{};  ///< How many of a message arrive; empty: one.
};

using trio = trio_over<wayward_storage>;
using server = trio::server;

/// Keeps what it is told, in words.
struct told {
    std::vector<std::string> words{};

    auto listener() {
        return [this](const outcome<std::size_t>& given) { words.push_back(in_words(given)); };
    }
    static std::string in_words(const outcome<std::size_t>& given) {
        if (const auto* done = std::get_if<applied<std::size_t>>(&given))
            return "applied " + std::to_string(done->result);
        if (const auto* no = std::get_if<refusal>(&given))
            return "refused " + std::to_string(static_cast<int>(no->reason));
        return std::holds_alternative<lost>(given) ? "lost" : "unknown";
    }
    static std::string refused(refusal_reason reason) {
        return "refused " + std::to_string(static_cast<int>(reason));
    }
};

using words = std::vector<std::string>;

}  // namespace raft::testing
