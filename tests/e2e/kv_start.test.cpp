// SPDX-License-Identifier: BSL-1.0
//
// How a server starts: where it listens, what it tells when it cannot, who may read its files, and
// what signals do to it meanwhile.
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <demo/free_ports.hpp>
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <support/kv_servers.hpp>

using namespace raft_kv::outside;
using support::kv_servers;
using support::patience;
using support::run_program;
using support::shown;

namespace {

constexpr ending exited_with_0{.by_signal = false, .number = 0};
constexpr ending exited_with_1{.by_signal = false, .number = 1};
constexpr ending exited_with_3{.by_signal = false, .number = 3};

std::string log_of(const local_cluster& cluster, std::uint64_t id) {
    std::ifstream file{cluster.log_path(id)};
    return {std::istreambuf_iterator<char>{file}, {}};
}

bool log_says(const local_cluster& cluster, std::uint64_t id, std::string_view text) {
    return log_of(cluster, id).find(text) != std::string::npos;
}

std::vector<std::string> with_limit(const std::string& limit, std::vector<std::string> command) {
    command.insert(command.begin(), {"/bin/sh", "-c", "ulimit " + limit + "; exec \"$0\" \"$@\""});
    return command;
}

bool has_ipv6() {
    asio::io_context io;
    asio::ip::tcp::acceptor acceptor{io};
    asio::error_code error;
    acceptor.open(asio::ip::tcp::v6(), error);
    if (!error) acceptor.bind({asio::ip::address_v6::loopback(), 0}, error);
    return !error;
}

/// Tells everybody that it is full, and hangs up.
class full_server {
public:
    explicit full_server(std::uint16_t port)
        : acceptor_{io_, {asio::ip::address_v4::loopback(), port}} {
        accept();
        thread_ = std::thread{[this] { io_.run(); }};
    }
    full_server(const full_server&) = delete;
    full_server& operator=(const full_server&) = delete;
    ~full_server() {
        io_.stop();
        thread_.join();
    }

private:
    void accept() {
        acceptor_.async_accept([this](const asio::error_code& error, asio::ip::tcp::socket caller) {
            if (error) return;
            asio::error_code ignored;
            const std::string_view text{"-ERR max number of clients reached\r\n"};
            asio::write(caller, asio::buffer(text), ignored);
            accept();
        });
    }

    asio::io_context io_;
    asio::ip::tcp::acceptor acceptor_;
    std::thread thread_;
};

}  // namespace

TEST_CASE("F12 a server listens where its flags say and is announced where the file says") {
    local_cluster cluster{RAFT_KV_PATH, 1};
    const auto ports = free_ports(3);
    // An address that is kept for documentation (RFC 5737), so it is nobody's.
    std::ofstream{cluster.cluster_file()} << "1 203.0.113.7 7001 6001\n";
    const raft_kv::server_address here{.id = 1, .host = "127.0.0.1", .client_port = ports[0]};
    const auto refused = run_program(cluster.command(1));
    CAPTURE(refused.output);
    CHECK(refused.how == exited_with_1);
    CHECK(refused.output.find("--listen tells one") != std::string::npos);

    const auto as_port = [](std::uint16_t port) { return std::to_string(port); };
    std::vector<std::vector<std::string>> ways{
        {"--listen", as_port(ports[0]), "--listen-peers", as_port(ports[1])},
        {"--listen", "127.0.0.1:" + as_port(ports[0]), "--listen-peers", "0.0.0.0"},
    };
    if (has_ipv6())
        ways.push_back({"--listen", "[::]:" + as_port(ports[0]), "--listen-peers",
                        "[::1]:" + as_port(ports[1])});
    // Whoever lets the cluster begin is where its servers can be reached.
    const auto nearby = cluster.cluster_file() + "-nearby";
    std::ofstream{nearby} << "1 " << here.host << " 7001 " << here.client_port << "\n";
    for (auto flags : ways) {
        CAPTURE(flags[1]);
        flags.insert(flags.end(), {"--metrics", as_port(ports[2])});
        cluster.set_flags(flags);
        cluster.begin_start(1);
        raft_kv::outside::be_born(RAFT_KV_PATH, nearby, nearby + ".log");
        const auto leads = eventually(patience, [&] {
            const auto status = status_of(here);
            return status && status->leads();
        });
        CAPTURE(log_of(cluster, 1));
        REQUIRE(leads);
        connection client{here, patience};
        CHECK(shown(client.call({"RAFT", "ADDRESS"})).find("1 203.0.113.7 7001 6001") !=
              std::string::npos);
        cluster.kill(1);
    }
}

TEST_CASE("F6 all addresses change: the line that the refusal gives makes it the same cluster") {
    local_cluster cluster{RAFT_KV_PATH, 1};
    cluster.start(1);
    cluster.kill(1);
    const auto ports = free_ports(2);
    const auto moved = "1 127.0.0.1 " + std::to_string(ports[0]) + " " + std::to_string(ports[1]);
    std::ofstream{cluster.cluster_file()} << moved << "\n";
    const auto refused = run_program(cluster.command(1));
    CAPTURE(refused.output);
    CHECK(refused.how == exited_with_1);
    const auto mark = refused.output.rfind("cluster id:");
    REQUIRE(mark != std::string::npos);
    const auto line = refused.output.substr(mark, std::string_view{"cluster id:"}.size() + 16);
    std::ifstream kept{cluster.data_path(1) + "/servers"};
    std::string first;
    std::getline(kept, first);
    CHECK(first == line);
    std::ofstream{cluster.cluster_file()} << line << "\n" << moved << "\n";
    cluster.begin_start(1);
    const raft_kv::server_address here{.id = 1, .host = "127.0.0.1", .client_port = ports[1]};
    CHECK(eventually(patience, [&] { return status_of(here).has_value(); }));
}

TEST_CASE("F10 a server whose storage fails for good ends with a status of its own") {
    local_cluster cluster{RAFT_KV_PATH, 1};
    const auto fail = [&] {
        cluster.start(1);
        REQUIRE(cluster.await_leader().leads());
        connection client{cluster.address(1), patience};
        CHECK(shown(client.call({"SET", "a", "1"})) == "OK");
        std::filesystem::remove_all(cluster.data_path(1));
        static_cast<void>(client.call({"RAFT", "SNAPSHOT"}));
    };
    fail();
    CHECK(cluster.process(1).wait(patience) == exited_with_3);
    CHECK(log_says(cluster, 1, "storage failed"));
    const auto log = log_of(cluster, 1);
    const auto halted = log.find("storage failed");
    const auto stood = log.rfind("stands for election", halted);
    CHECK(log.find("leads in term", stood) < halted);

    cluster.set_flags({"--stay-when-failed"});
    fail();
    CHECK(eventually(patience, [&] {
        const auto status = status_of(cluster.address(1));
        return status && status->role == "halted";
    }));
    CHECK(cluster.runs(1));
}

TEST_CASE("F21 who joins through a server that is full is told so and waits") {
    local_cluster cluster{RAFT_KV_PATH, 1, {4}};
    cluster.begin_start(4);  // Before the socket is there, which it would inherit.
    {
        const full_server nobody_gets_in{cluster.address(1).client_port};
        CHECK(eventually(patience, [&] {
            return log_says(cluster, 4, "it said ERR max number of clients reached");
        }));
        CHECK(cluster.runs(4));
    }
    cluster.start(1);
    cluster.await_answer(4);
}

TEST_CASE("F22 a witness that is added before it joins has stored nothing and is let in") {
    kv_servers servers{3, {4}};
    auto leader = servers.connect(servers.leader());
    const auto request = servers.with_address("ADD", 4);
    std::vector<std::string_view> words{request.begin(), request.end()};
    words.emplace_back("WITNESS");
    std::jthread asking{[&] { CHECK(shown(leader.call(words)) == "OK"); }};
    const auto known = eventually(patience, [&] {
        const auto status = servers.cluster().leader();
        return status && status->members.size() == 4;
    });
    CHECK(known);
    servers.cluster().start(4);
    asking.join();
    const auto members = servers.cluster().await_leader().members;
    REQUIRE(members.size() == 4);
    CHECK(members.back().part == "witness");

    // From now on it votes: without its data it may not come back as who it was.
    servers.cluster().kill(4);
    std::filesystem::remove_all(servers.cluster().data_path(4));
    const auto refused = run_program(servers.cluster().command(4));
    CAPTURE(refused.output);
    CHECK(refused.how == exited_with_1);
    CHECK(refused.output.find("server 4.2") != std::string::npos);
}

TEST_CASE("F23 a limit on the size of files is told and does not kill without a word") {
    local_cluster cluster{RAFT_KV_PATH, 1};
    const auto refused = run_program(with_limit("-f 1000", cluster.command(1)));
    CAPTURE(refused.output);
    CHECK(refused.how == exited_with_1);
    CHECK(refused.output.find("File too large") != std::string::npos);
}

TEST_CASE("F23 whoever ends a server while it starts ends it well") {
    local_cluster cluster{RAFT_KV_PATH, 1};
    std::filesystem::create_directory(cluster.data_path(1));
    // It waits where it reads this, for somebody who writes.
    REQUIRE(::mkfifo((cluster.data_path(1) + "/servers").c_str(), 0600) == 0);
    for (const auto signal : {SIGTERM, SIGINT, SIGHUP}) {
        CAPTURE(signal);
        cluster.begin_start(1);
        const auto log_is_open = eventually(patience, [&] {
            return std::filesystem::exists(cluster.data_path(1) + "/newest-segment");
        });
        CHECK(log_is_open);
        cluster.process(1).signal(SIGUSR1);
        cluster.process(1).signal(signal);
        CHECK(cluster.process(1).wait(patience) == exited_with_0);
        for (const auto& each : std::filesystem::directory_iterator{cluster.data_path(1)})
            if (each.path().filename() != "servers") std::filesystem::remove(each.path());
    }
}

TEST_CASE("F26 what a server keeps is for its owner alone") {
    local_cluster cluster{RAFT_KV_PATH, 1};
    cluster.start(1);
    REQUIRE(cluster.await_leader().leads());
    connection client{cluster.address(1), patience};
    CHECK(shown(client.call({"SET", "a", "1"})) == "OK");
    CHECK(shown(client.call({"RAFT", "SNAPSHOT"})) == "OK");
    cluster.process(1).signal(SIGUSR1);
    const auto recording = cluster.data_path(1) + "/flight-recording";
    CHECK(eventually(patience, [&] { return std::filesystem::exists(recording); }));
    CHECK(eventually(patience, [&] { return status_of(cluster.address(1))->snapshot > 0; }));
    namespace fs = std::filesystem;
    constexpr auto others = fs::perms::group_all | fs::perms::others_all;
    CHECK((fs::status(cluster.data_path(1)).permissions() & others) == fs::perms::none);
    std::size_t files = 0;
    for (const auto& each : fs::directory_iterator{cluster.data_path(1)}) {
        CAPTURE(each.path().string());
        CHECK((each.status().permissions() & others) == fs::perms::none);
        ++files;
    }
    CHECK(files >= 6);
}
