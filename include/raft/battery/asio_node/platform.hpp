// SPDX-License-Identifier: BSL-1.0
//
// What a node at work on an event loop stands on: clock and timers, files, connections. A program
// stands on its system. Its tests can put the same program on another platform, where time passes
// when they say so (testing/asio_virtual_replica.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <variant>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <raft/battery/asio_transport.hpp>
#include <raft/battery/file_storage.hpp>

namespace raft {

/// The system's clock and network, and its files or others.
template <wal::storage_files Files = wal::posix_files>
struct system_platform {
    using files = Files;
    using clock = std::chrono::steady_clock;
    using timer = asio::steady_timer;
    template <class Command>
    using transport = asio_transport<Command>;

    /// Who carries out what a storage has begun; if it is `flush_mode::manual`, the node has it
    /// done after `flush_time`.
    static constexpr flush_mode flushes = flush_mode::thread;

    [[nodiscard]] static files files_at(asio::io_context&, const std::string& /*directory*/) {
        return {};
    }
    [[nodiscard]] static clock clock_of(asio::io_context&) { return {}; }
    [[nodiscard]] static std::chrono::system_clock::time_point wall_clock(asio::io_context&) {
        return std::chrono::system_clock::now();
    }
    [[nodiscard]] static std::uint64_t seed(asio::io_context&) { return std::random_device{}(); }

    /// Where a server listens that others find at this address; or what is wrong with it. Blocks
    /// where a name is to be resolved.
    [[nodiscard]] static std::variant<asio::ip::tcp::endpoint, std::string>
    endpoint_of(asio::io_context& io, const raft::transport::peer& own) {
        asio::error_code error;
        const auto found =
            asio::ip::tcp::resolver{io}.resolve(own.host, std::to_string(own.port), error);
        if (error || found.empty())
            return "cannot find the address of " + own.host + ": " + error.message();
        return found.begin()->endpoint();
    }
};

}  // namespace raft
