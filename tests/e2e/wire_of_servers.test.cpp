// SPDX-License-Identifier: BSL-1.0
//
// Goal: who is on the wire between real servers with certificates sees nothing of what clients
// wrote; with a secret alone he sees all. Method: wires between processes, which record.
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "asio_relay.hpp"
#include <doctest/doctest.h>

#include <support/key_files.hpp>
#include <support/kv_servers.hpp>
#include <support/member_certificates.hpp>

using raft_kv::outside::leader_client;
using raft_kv::outside::local_cluster;
using support::key_files;
using support::patience;

namespace {

/// Three servers that reach each other over wires that record.
class recorded_servers {
public:
    explicit recorded_servers(std::vector<std::string> flags,
                              std::vector<std::string> key_flags = {}) {
        for (const auto& each : cluster_.layout().servers) {
            const auto address = asio::ip::make_address("127.0.1." + std::to_string(each.id));
            wires_.push_back(std::make_unique<asio_test::relay>(
                io_, asio_test::tcp::endpoint{address, each.peer_port},
                asio_test::tcp::endpoint{asio::ip::make_address(each.host), each.peer_port}));
        }
        flags.insert(flags.end(), {"--listen-peers", "127.0.1.%i"});
        cluster_.set_flags(std::move(flags));
        cluster_.set_key_flags(std::move(key_flags));
        thread_ = std::thread{[this] { io_.run(); }};
    }
    recorded_servers(const recorded_servers&) = delete;
    recorded_servers& operator=(const recorded_servers&) = delete;
    ~recorded_servers() { stop(); }

    /// All that was on the wires while these commands were answered.
    [[nodiscard]] std::string record(const std::vector<leader_client::words>& commands) {
        cluster_.start_all();
        leader_client client{cluster_.layout(), patience};
        for (const auto& each : commands) REQUIRE(client.persist(each, patience));
        cluster_.await_all_caught_up();
        stop();
        std::string all;
        for (const auto& wire : wires_)
            for (const auto* part : {&wire->heard_of_callers(), &wire->told_to_callers()})
                all.append(reinterpret_cast<const char*>(part->data()), part->size());
        return all;
    }

private:
    void stop() {
        io_.stop();
        if (thread_.joinable()) thread_.join();
    }

    local_cluster cluster_{RAFT_KV_PATH, 3};
    asio::io_context io_{};
    std::vector<std::unique_ptr<asio_test::relay>> wires_{};
    std::thread thread_{};
};

}  // namespace

TEST_CASE("e2e: on the wires of servers with certificates there is no word of a command") {
    const std::string key = "the key that somebody wrote";
    const std::string value = "and what he wrote there";
    const std::vector<leader_client::words> commands(20, {"SET", key, value});
    const auto shows = [](const std::string& wire, std::string_view words) {
        return wire.find(words) != std::string::npos;
    };
    key_files files;
    // So that what is looked for would be found.
    recorded_servers open{{}, {"--peer-secret-file", files.put("secret", std::string(32, 's'))}};
    const auto in_the_open = open.record(commands);
    CHECK(shows(in_the_open, key));
    CHECK(shows(in_the_open, value));

    support::member_certificates all;
    recorded_servers closed{all.flags()};
    const auto encrypted = closed.record(commands);
    CHECK(encrypted.size() > commands.size() * (key.size() + value.size()));
    CHECK_FALSE(shows(encrypted, key));
    CHECK_FALSE(shows(encrypted, value));
}
