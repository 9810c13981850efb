// SPDX-License-Identifier: BSL-1.0
//
// The thread rule: a node is used from one thread at a time, whichever that is, and everything that
// it calls is called on that thread, before the call returns.
#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include <doctest/doctest.h>

#include <support/trio.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// Who calls the nodes now, and what they called back.
struct watch {
    std::optional<std::thread::id> caller{};
    std::map<const char*, int> calls{};
    int strays = 0;

    void note(const char* what) {
        ++calls[what];
        if (caller != std::this_thread::get_id()) ++strays;
    }

    /// Calls on a thread that has never called before.
    template <class Call>
    void on_another_thread(Call call) {
        std::thread{[&] {
            caller = std::this_thread::get_id();
            call();
            caller.reset();
        }}.join();
    }
};

struct watched_list : list {
    watch* by = nullptr;
    std::size_t apply(log_index index, const int& item) {
        by->note("apply");
        return list::apply(index, item);
    }
    void save(auto& sink) const {
        by->note("save");
        list::save(sink);
    }
};

struct watched_wires : wires_type::port {
    watch* by = nullptr;
    void send(std::span<const member_id> to, const message& body, const attachment<int>& beside) {
        by->note("send");
        wires_type::port::send(to, body, beside);
    }
};

struct watched_storage : memory_storage<int> {
    watch* by = nullptr;
    void write(const log_write& what, std::span<const entry<int>> entries,
               const indexed_configuration* members) {
        by->note("write");
        memory_storage<int>::write(what, entries, members);
    }
};

struct watched_clock : manual_clock {
    watch* by = nullptr;
    [[nodiscard]] time_point now() const {
        by->note("now");
        return manual_clock::now();
    }
};

struct watched_steps {
    watch* by = nullptr;
    void on_state(const state&) { by->note("observe"); }
};

/// Three nodes, each call to one of which comes from a thread of its own.
struct watched_nodes {
    using server =
        node<watched_list, watched_wires, watched_storage, watched_clock&, limits{}, watched_steps>;

    watched_nodes() {
        clock.by = &seen;
        for (std::uint64_t id = 1; id <= 3; ++id) {
            watched_storage disk;
            disk.by = &seen;
            servers.emplace_back(
                node_options{{id}, voters_only({{1}, {2}, {3}}), history_id{1}, {}, id},
                watched_list{{}, &seen}, watched_wires{wires.port_of({id}), &seen}, std::move(disk),
                clock, watched_steps{&seen});
            seen.on_another_thread([&] { REQUIRE(servers.back().start()); });
        }
    }

    void deliver() {
        wires.deliver_all([&](member_id to, member_id from, const message& body, const auto& mail) {
            seen.on_another_thread([&] { servers[to.value - 1].receive(from, body, mail); });
        });
    }

    server& leader() {
        for (int i = 0; i < 200; ++i) {
            for (auto& each : servers)
                if (each.protocol_state().is_leader()) return each;
            pass();
        }
        FAIL("no leader");
        return servers.front();
    }

    void pass() {
        clock.advance_to(clock.manual_clock::now() + std::chrono::milliseconds{20});
        for (auto& each : servers) seen.on_another_thread([&] { each.poll(); });
        deliver();
    }

    watch seen{};
    wires_type wires{};
    watched_clock clock{};
    std::deque<server> servers{};
};

/// Proposes, forwards and reads from within the calls that it gets.
struct insistent {
    watched_nodes::server* at = nullptr;
    watch* by = nullptr;
    int* rest = nullptr;

    void operator()(const outcome<std::size_t>& given) const {
        by->note("outcome");
        if (std::holds_alternative<applied<std::size_t>>(given)) go_on();
    }
    void operator()(const read_outcome& given) const {
        by->note("read");
        if (std::holds_alternative<read_ready>(given)) go_on();
    }
    void go_on() const {
        if (--*rest <= 0) return;
        if (*rest % 3 == 0)
            at->propose(*rest, *this);
        else if (*rest % 3 == 1)
            at->read(*this);
        else
            at->forward(*rest, *this);
    }
};

}  // namespace

TEST_CASE("a node is called by any thread, one at a time, and calls back on that one, within it") {
    watched_nodes c;
    auto& leader = c.leader();
    int rest = 60;
    const insistent asks{&leader, &c.seen, &rest};
    c.seen.on_another_thread([&] { leader.propose(rest, asks); });
    for (int i = 0; i < 200 && rest > 0; ++i) c.pass();
    CHECK(rest == 0);
    c.seen.on_another_thread([&] {
        leader.change_members(leader.status().configuration, {{{1}}, {{2}}},
                              [&](const change_outcome&) { c.seen.note("change"); });
    });
    for (int i = 0; i < 20; ++i) c.pass();
    c.seen.on_another_thread([&] { CHECK_FALSE(leader.take_snapshot()); });

    CHECK(c.seen.strays == 0);
    for (const auto* what :
         {"apply", "save", "send", "write", "now", "observe", "outcome", "read", "change"}) {
        CAPTURE(what);
        CHECK(c.seen.calls[what] > 0);
    }
}
