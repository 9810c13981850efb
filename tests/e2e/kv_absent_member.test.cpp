// SPDX-License-Identifier: BSL-1.0
//
// A server that was away while the others changed who belongs to the cluster knows none of those
// who have come. They call it, it hears them (§6), and it is one of them as if it had been there.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <incarnation.hpp>

#include <support/kv_servers.hpp>

using namespace raft_kv::outside;
using raft_kv::id_text;
using raft_kv::server_id;
using support::kv_servers;
using support::patience;
using support::shown;

namespace {

/// Founders 1, 2 and 3, of which 3 goes away, and 4 and 5, which come.
struct absent_member {
    void add_newcomers() {
        for (const std::uint64_t id : {4U, 5U}) {
            servers.cluster().start(id);
            servers.have_done(servers.with_address("ADD", id));
        }
    }

    void change_to(std::initializer_list<const char*> members) {
        leader_client::words request{"RAFT", "CHANGE"};
        request.insert(request.end(), members.begin(), members.end());
        servers.have_done(request);
        write("while:3:is:away:" + std::to_string(++writes));
    }

    void write(const std::string& key, const std::string& value = "1") {
        CAPTURE(key);
        CHECK(shown(servers.ask({"SET", key, value})) == "OK");
    }

    /// So much that a server that catches up has it in many messages.
    void write_much() {
        for (int i = 0; i < 16; ++i) write("large:" + std::to_string(i), std::string(900'000, 'x'));
    }

    void stop(std::initializer_list<std::uint64_t> gone) {
        for (const auto id : gone) servers.cluster().kill(id);
    }

    /// They were removed: what they know of the members of before is of no use to a client.
    void check_that_1_and_2_send_clients_on() {
        std::vector<std::string> remaining;
        for (const std::uint64_t id : {3U, 4U, 5U})
            remaining.push_back(":" + std::to_string(servers.cluster().address(id).client_port));
        for (const std::uint64_t id : {1U, 2U}) {
            auto asked = servers.connect(id);
            CHECK(eventually(patience, [&] {
                const auto said = shown(asked.call({"GET", "large:0"}));
                return said.starts_with("(error) MOVED ") &&
                       std::ranges::any_of(remaining,
                                           [&](const auto& port) { return said.ends_with(port); });
            }));
        }
    }

    /// It is one of {3, 4, 5}, all of which there is.
    void check_that_3_comes_back() {
        stop({1, 2});
        servers.cluster().start(3);
        servers.cluster().await_caught_up(3);
        stop({4});
        write("of:3:and:5:alone");
        servers.cluster().await_caught_up(3);
    }

    kv_servers servers{3, {4, 5}};
    int writes = 0;
};

}  // namespace

TEST_CASE("e2e: a server comes back to members of whom it has never heard") {
    absent_member story;
    story.stop({3});
    story.add_newcomers();
    story.change_to({"3", "4", "5"});
    story.check_that_1_and_2_send_clients_on();
    story.check_that_3_comes_back();
}

TEST_CASE("e2e: a server comes back to members that its log says have left") {
    absent_member story;
    story.add_newcomers();
    story.servers.cluster().await_caught_up(3);
    story.stop({3});
    story.change_to({"1", "2", "3"});
    story.write_much();  // Server 3 will have the one for a while before the other comes.
    story.change_to({"1", "2", "3", "4", "5"});
    story.change_to({"3", "4", "5"});
    story.check_that_3_comes_back();
}

TEST_CASE("e2e: a server that was replaced by its next incarnation is heard no more") {
    const auto second = server_id(3, 2);
    kv_servers servers{3, {second}};
    auto& cluster = servers.cluster();
    cluster.kill(3);
    cluster.start(second);
    servers.have_done(servers.with_address("ANNOUNCE", second));
    servers.have_done({"RAFT", "CHANGE", "1", "2", id_text(second)});
    cluster.kill(second);
    cluster.start(3);
    CHECK(eventually(patience, [&] {
        return cluster.log_tail(3).find("the caller is not a known member") != std::string::npos;
    }));
    CHECK(shown(servers.ask({"SET", "a", "1"})) == "OK");
    cluster.kill(3);
    cluster.start(second);
    cluster.await_caught_up(second);
}
