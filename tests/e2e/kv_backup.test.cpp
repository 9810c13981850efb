// SPDX-License-Identifier: BSL-1.0
//
// A cluster is backed up while clients write to it, and another begins with what it held.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <demo/write_load.hpp>
#include <doctest/doctest.h>

#include <support/kv_servers.hpp>

namespace backup_test {

using namespace raft_kv::outside;
using support::finished_program;
using support::kv_servers;
using support::patience;
using support::run_program;
using support::shown;

namespace {

constexpr ending success{.by_signal = false, .number = 0};
constexpr ending failed{.by_signal = false, .number = 1};

finished_program back_up(kv_servers& servers, std::uint64_t from, const std::string& file) {
    const auto& at = servers.cluster().address(from);
    return run_program(
        {RAFT_KV_PATH, "backup", "--from", raft_kv::host_and_port(at.host, at.client_port), file});
}

/// Three servers with empty directories, which wait for a birth.
struct new_servers {
    local_cluster cluster{RAFT_KV_PATH};

    new_servers() {
        for (std::uint64_t id = 1; id <= 3; ++id) cluster.begin_start(id);
    }
    [[nodiscard]] finished_program restore(const std::string& file) const {
        return run_program({RAFT_KV_PATH, "restore", file, "--cluster", cluster.cluster_file()});
    }
    void await_leader() {
        for (std::uint64_t id = 1; id <= 3; ++id) cluster.await_answer(id);
        static_cast<void>(cluster.await_leader());
    }
    [[nodiscard]] contents common_contents() {
        cluster.await_all_caught_up();
        auto first = contents_of(cluster.address(1));
        for (std::uint64_t id = 2; id <= 3; ++id)
            CHECK(first_difference(first, contents_of(cluster.address(id))).empty());
        return first;
    }
};

std::string asked(const raft_kv::server_address& of, std::vector<std::string_view> words) {
    connection client{of, patience};
    return shown(client.call(words));
}

void write_before(kv_servers& servers, int count) {
    for (int i = 0; i < count; ++i)
        REQUIRE(shown(servers.ask({"SET", "before:" + std::to_string(i), std::to_string(i)})) ==
                "OK");
}

void check_before(const contents& held, int count) {
    for (int i = 0; i < count; ++i) {
        const auto found = held.find("before:" + std::to_string(i));
        REQUIRE(found != held.end());
        CHECK(found->second == std::to_string(i));
    }
}

void flip_byte(const std::string& path, std::uint64_t offset) {
    std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
    file.seekg(static_cast<std::streamoff>(offset));
    const auto byte = static_cast<char>(file.get() ^ 0x10);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(byte);
}

}  // namespace

TEST_CASE("e2e: a backup made under load begins another cluster with all that was acknowledged") {
    kv_servers servers;
    const auto file = servers.cluster().directory() + "/backup";
    write_load load{servers.layout(), {.clients = 2, .pipeline = 32}};
    write_before(servers, 100);
    const auto from = servers.leader();
    SUBCASE("of the leader") { REQUIRE(load.await(2000, patience)); }
    SUBCASE("of a follower that has a snapshot") {
        REQUIRE(shown(servers.connect(from).call({"RAFT", "SNAPSHOT"})) == "OK");
        REQUIRE(load.await(1000, patience));
    }
    const auto saved = back_up(servers, from, file);
    CAPTURE(saved.output);
    REQUIRE(saved.how == success);
    CHECK(saved.output.find("100 %") != std::string::npos);
    REQUIRE(load.await(load.acknowledged() + 100, patience));
    load.stop();

    new_servers others;
    const auto born = others.restore(file);
    CAPTURE(born.output);
    REQUIRE(born.how == success);
    others.await_leader();
    const auto held = others.common_contents();
    check_before(held, 100);
    CHECK(held.size() >= 1000);
    leader_client writer{others.cluster.layout(), patience};
    CHECK(shown(writer.persist({"SET", "after", "1"}, patience)) == "OK");

    // Its history and its addresses are its own.
    const auto& first = others.cluster.address(1);
    const auto births = asked(first, {"RAFT", "BIRTH"});
    CHECK(births.find("begins-with ") != std::string::npos);
    CHECK(births.substr(0, 24) !=
          asked(servers.cluster().address(1), {"RAFT", "BIRTH"}).substr(0, 24));
    const auto addresses = asked(first, {"RAFT", "ADDRESS"});
    CHECK(addresses.find(std::to_string(servers.cluster().address(1).client_port)) ==
          std::string::npos);

    for (std::uint64_t id = 1; id <= 3; ++id) others.cluster.kill(id);
    for (std::uint64_t id = 1; id <= 3; ++id) others.cluster.begin_start(id);
    others.await_leader();
    const auto kept = others.common_contents();
    check_before(kept, 100);
    CHECK(kept.contains("after"));
}

TEST_CASE("e2e: what is no whole backup is refused and what is there is not overwritten") {
    kv_servers servers{1};
    const auto file = servers.cluster().directory() + "/backup";
    write_before(servers, 20);
    REQUIRE(shown(servers.ask({"SET", "large", std::string(200'000, 'v')})) == "OK");
    REQUIRE(back_up(servers, 1, file).how == success);
    const auto again = back_up(servers, 1, file);
    CHECK(again.how == failed);
    CHECK(again.output.find("is not overwritten") != std::string::npos);

    new_servers others;
    const auto refuses = [&](const std::string& path, const std::string& why) {
        const auto said = others.restore(path);
        CAPTURE(said.output);
        CHECK(said.how == failed);
        CHECK(said.output.find(why) != std::string::npos);
        CHECK(said.output.find("nothing was changed") != std::string::npos);
    };
    const auto broken = file + "-broken";
    std::filesystem::copy_file(file, broken);
    flip_byte(broken, 100'000);
    refuses(broken, "damaged at offset 66052");
    std::filesystem::resize_file(broken, 90'000);
    refuses(broken, "damaged at offset 90000: the file ends too early");
    std::ofstream{broken, std::ios::trunc} << std::string(9000, 'x');
    refuses(broken, "is no backup");
    refuses(file + "-none", "cannot open");

    REQUIRE(others.restore(file).how == success);
    others.await_leader();
    check_before(others.common_contents(), 20);
    const auto late = others.restore(file);
    CHECK(late.how == failed);
    CHECK(late.output.find("its cluster is born") != std::string::npos);

    // A founder that loses its disk is as lost as one of any other cluster.
    others.cluster.kill(3);
    std::filesystem::remove_all(others.cluster.data_path(3));
    others.cluster.begin_start(3);
    CHECK(others.cluster.process(3).wait(patience) == failed);
}

}  // namespace backup_test
