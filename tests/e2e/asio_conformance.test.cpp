// SPDX-License-Identifier: BSL-1.0
//
// The transport over TCP keeps the contract of a transport, on sockets of this machine, as it is
// and encrypted: with a server that is started anew elsewhere, and one that is gone.
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "asio_transport.hpp"

#include <raft/battery/asio_tls.hpp>
#include <raft/testing/check_transport.hpp>
#include <support/certificates.hpp>
#include <support/key_files.hpp>

using namespace asio_test;

namespace {

using clause = raft::testing::transport_clause;
using options_of = std::function<transport::options(std::uint64_t)>;

/// Three servers that know each other.
class tcp_network {
public:
    explicit tcp_network(options_of options) : options_{std::move(options)} {}

    [[nodiscard]] transport_type& at(member_id id) { return *servers_[id.value - 1]; }

    template <class Receive>
    void start(Receive receive) {
        receive_ = receive;
        for (std::uint64_t id = 1; id <= 3; ++id) open(id);
        for (std::uint64_t id = 1; id <= 3; ++id) introduce(id);
        await_connections();
    }
    bool run_until(const std::function<bool()>& happened) {
        const auto deadline = std::chrono::steady_clock::now() + 1s;
        while (!happened()) {
            io_.restart();
            if (io_.run_one_until(deadline) == 0) return happened();
        }
        return true;
    }
    void move(member_id id) {
        stop(id);
        open(id.value);
        for (std::uint64_t other = 1; other <= 3; ++other) introduce(other);
        await_connections();
    }
    void stop(member_id id) { servers_[id.value - 1].reset(); }

private:
    void open(std::uint64_t id) {
        auto& made = servers_[id - 1].emplace(io_, options_(id));
        REQUIRE_FALSE(made.start(
            [this, id](member_id from, const message& body, const attachment<std::string>& beside) {
                receive_({id}, from, body, beside);
            }));
    }
    /// Tells the others where it is.
    void introduce(std::uint64_t id) {
        for (std::uint64_t other = 1; other <= 3; ++other)
            if (other != id)
                at({other}).set_peer({{id}, "127.0.0.1", at({id}).local_endpoint().port()});
    }
    void await_connections() {
        REQUIRE(asio_test::run_until(io_, [&] {
            return at({1}).room({2}) > 0 && at({1}).room({3}) > 0 && at({2}).room({1}) > 0;
        }));
    }

    asio::io_context io_{};
    options_of options_;
    std::function<void(member_id, member_id, const message&, const attachment<std::string>&)>
        receive_{};
    std::array<std::optional<transport_type>, 3> servers_{};
};

void check_all_of(const options_of& options) {
    const auto report = raft::testing::check_transport<std::string>(
        [&] { return std::make_unique<tcp_network>(options); },
        {"a", "", std::string(100'000, 'x'), "bc"});
    CHECK(report.text() == "");
    CHECK(report.was_checked(clause::moved_one_is_found));
    CHECK(report.was_checked(clause::gone_one_blocks_nobody));
}

}  // namespace

TEST_CASE("asio_transport keeps the contract of a transport") { check_all_of(options_for); }

TEST_CASE("asio_transport keeps the contract of a transport under TLS") {
    const support::key_files files;
    const support::authority authority{"our authority"};
    authority.write(files.path("authority"));
    check_all_of([&](std::uint64_t id) {
        const auto base = files.path(std::to_string(id));
        authority.issue("raft-" + std::to_string(id), base + ".crt", base + ".key", 86'400);
        auto options = options_for(id);
        auto made = security::asio_tls::make({.certificate = base + ".crt",
                                              .key = base + ".key",
                                              .authority = files.path("authority")});
        REQUIRE(std::holds_alternative<std::shared_ptr<security::asio_tls>>(made));
        options.security = std::get<std::shared_ptr<security::asio_tls>>(made);
        return options;
    });
}
