// SPDX-License-Identifier: BSL-1.0
//
// Goal: real servers with a secret form a cluster, and a cluster is begun, joined and talked to
// only by who proves that it knows it; the log and RAFT STATUS tell of whoever was refused.
#include <span>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <raft/codec/handshake.hpp>
#include <raft/codec/message.hpp>
#include <support/key_files.hpp>
#include <support/kv_servers.hpp>
#include <support/raw_socket.hpp>

using namespace raft_kv::outside;
using support::key_files;
using support::kv_servers;
using support::patience;
using support::raw_socket;
using support::shown;

namespace {

constexpr std::string_view right = "a secret that is the same for all servers";
constexpr std::string_view wrong = "a secret that somebody else has made up";

std::vector<std::string> with(const std::string& path) { return {"--peer-secret-file", path}; }

/// Waits for words in the log of a server.
bool logs(kv_servers& servers, std::uint64_t id, std::string_view wanted) {
    return eventually(patience, [&] {
        std::ifstream file{servers.cluster().log_path(id)};
        const std::string text{std::istreambuf_iterator<char>{file}, {}};
        return text.find(wanted) != std::string::npos;
    });
}

std::string status_of_peers(kv_servers& servers, std::uint64_t id) {
    auto asked = servers.connect(id);
    const auto all = shown(asked.call({"RAFT", "STATUS"}));
    return all.substr(all.find("peers-prove"));
}

/// As a member that the servers know, with a vote in a term far ahead behind it.
std::string forged_call(std::uint64_t cluster, std::uint64_t from, std::uint64_t to) {
    const auto question = raft::wire::encode_handshake(
        {.version_newest = 1, .cluster = {cluster}, .from = {from}, .to = {to}});
    std::vector<std::byte> bytes{question.begin(), question.end()};
    const raft::core::message vote = raft::core::request_vote{.term = {1'000'000}};
    REQUIRE_FALSE(
        raft::wire::append_frame(bytes, vote, raft::attachment<std::string>{}, {}, 1).has_value());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

raft::wire::handshake_verdict verdict_in(const std::string& reply) {
    raft::wire::handshake said{};
    const auto fault = raft::wire::decode_handshake(std::as_bytes(std::span{reply}), said);
    REQUIRE_FALSE(fault.has_value());
    return said.verdict;
}

}  // namespace

TEST_CASE("e2e: servers with a secret hear no forged frame and no server without it") {
    key_files files;
    kv_servers servers{3, {}, {}, with(files.put("right", right))};
    auto& cluster = servers.cluster();
    CHECK(shown(servers.ask({"SET", "a", "1"})) == "OK");
    const auto before = cluster.await_leader();
    CHECK(status_of_peers(servers, before.id) ==
          "peers-prove, secret, peers-refused, (integer) 0]");

    const auto& at = cluster.address(before.id);
    const auto known = before.id % 3 + 1;
    raw_socket liar{at.peer_port};
    REQUIRE(liar.send(forged_call(servers.layout().identity(), known, before.id)));
    CHECK(verdict_in(liar.receive(raft::wire::handshake_bytes)) ==
          raft::wire::handshake_verdict::proof_wanted);
    CHECK(liar.receive_all().empty());
    CHECK(logs(servers, before.id, "refused, the caller has no secret, and one is wanted"));
    CHECK(status_of_peers(servers, before.id) ==
          "peers-prove, secret, peers-refused, (integer) 1]");

    // One of them comes back with another secret.
    const auto other = before.id % 3 + 1;
    cluster.kill(other);
    cluster.set_key_flags(with(files.put("wrong", wrong)));
    cluster.begin_start(other);
    CHECK(logs(servers, before.id, "refused, the proof is wrong: of another secret"));
    CHECK(logs(servers, other, "refused by the peer, the proof is wrong: of another secret"));
    CHECK(shown(servers.ask({"SET", "a", "2"})) == "OK");
    const auto now = cluster.await_leader();
    CHECK(now.id == before.id);
    CHECK(now.term == before.term);

    cluster.kill(other);
    cluster.set_key_flags(with(files.path("right")));
    cluster.start(other);
    cluster.await_all_caught_up();
}

TEST_CASE("e2e: servers change their secret one after another and no member is refused") {
    key_files files;
    const auto file_of = [](std::uint64_t id) { return "secret-" + std::to_string(id); };
    for (std::uint64_t id = 1; id <= 3; ++id) files.put(file_of(id), right);
    kv_servers servers{3, {}, {}, with(files.path("secret-%i"))};
    auto& cluster = servers.cluster();
    const std::string older{right};
    const std::string newer{"the secret that comes after it"};
    // Whoever has the file as it is now, and whoever has it as it was, both meet it anew.
    const auto meet_again = [&](std::uint64_t changed) {
        const auto other = changed % 3 + 1;
        cluster.kill(other);
        cluster.start(other);
        cluster.await_all_caught_up();
        for (std::uint64_t id = 1; id <= 3; ++id)
            CHECK(status_of_peers(servers, id) ==
                  "peers-prove, secret, peers-refused, (integer) 0]");
    };
    for (const auto& text : {older + "\n" + newer, newer + "\n" + older, newer})
        for (std::uint64_t id = 1; id <= 3; ++id) {
            CAPTURE(id);
            files.put(file_of(id), text);
            CHECK(shown(servers.ask({"SET", "a", text})) == "OK");
            if (id < 3) meet_again(id);  // While some have it and some have not.
        }

    const auto who_keeps_the_old = support::run_program(
        {RAFT_KV_PATH, "init", "--cluster", cluster.cluster_file(), "--wait-seconds", "0",
         "--peer-secret-file", files.put("old", older)});
    CHECK(who_keeps_the_old.output.find("WRONGPASS the proof is wrong") != std::string::npos);
    CHECK(logs(servers, 1, "secret-1 was read anew"));
}

TEST_CASE("e2e: a cluster is born and joined only by who proves that it knows the secret") {
    key_files files;
    const auto secret = files.put("right", right);
    local_cluster cluster{RAFT_KV_PATH, 1, {2}};
    cluster.set_flags({"--election-timeout-ms=300", "--heartbeat-ms=60"});
    cluster.set_key_flags(with(secret));
    cluster.begin_start(1);
    const auto init = [&](std::vector<std::string> more) {
        std::vector<std::string> arguments{RAFT_KV_PATH,           "init",           "--cluster",
                                           cluster.cluster_file(), "--wait-seconds", "0"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return support::run_program(std::move(arguments)).output;
    };
    const auto says = [&](const std::vector<std::string>& flags, std::string_view expected) {
        return eventually(patience,
                          [&] { return init(flags).find(expected) != std::string::npos; });
    };
    CHECK(says({}, "it said NOAUTH this server hears who knows its secret"));
    CHECK(says(with(files.put("wrong", wrong)), "it said WRONGPASS the proof is wrong"));
    CHECK(says(with(secret), "born: history"));
    cluster.await_answer(1);
    static_cast<void>(cluster.await_leader());

    cluster.set_key_flags(with(files.path("wrong")));
    cluster.begin_start(2);
    const auto waits = [&] {
        return cluster.log_tail(2).find("it said WRONGPASS the proof is wrong") !=
               std::string::npos;
    };
    CHECK(eventually(patience, waits));
    cluster.kill(2);
    cluster.set_key_flags(with(secret));
    cluster.start(2);
    const auto& at = cluster.address(2);
    connection leader{cluster.address(1), patience};
    CHECK(shown(leader.call({"RAFT", "ADD", "2", at.host, std::to_string(at.peer_port),
                             std::to_string(at.client_port)})) == "OK");
    CHECK(shown(leader.call({"SET", "a", "1"})) == "OK");
    cluster.await_all_caught_up();
}

TEST_CASE("e2e: a joiner with a secret believes no server that cannot prove it") {
    key_files files;
    local_cluster cluster{RAFT_KV_PATH, 1, {2}};
    cluster.start(1);
    cluster.set_key_flags(with(files.put("right", right)));
    cluster.begin_start(2);
    CHECK(eventually(patience, [&] {
        return cluster.log_tail(2).find("it said NOSECRET this server has no secret") !=
               std::string::npos;
    }));
    cluster.set_key_flags(with(files.path("absent")));
    cluster.begin_start(2);
    const auto ended = cluster.process(2).wait(patience);
    REQUIRE(ended);
    CHECK(ended->number == 1);
    CHECK(cluster.log_tail(2).find("absent cannot be read") != std::string::npos);
}
