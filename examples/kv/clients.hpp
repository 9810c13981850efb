// SPDX-License-Identifier: BSL-1.0
//
// All the clients of a server: how they come in, how many there may be, what their replies may take
// together, and who has to go.
//
// When all places are taken, a few are left in reserve: whoever gets one may ask about the server
// and the cluster, and not for data. So operators and joining servers get in whatever clients do.
// In the reserve the one that is silent for longest makes room for the next; when a client leaves,
// the one that came first gets its place.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "client_limits.hpp"
#include "client_listener.hpp"
#include "client_tls.hpp"
#include "connection.hpp"
#include "event_log.hpp"
#include "memory_budget.hpp"
#include "server_options.hpp"
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

namespace raft_kv {

class clients final : public connection_owner {
public:
    /// `changed(session)`: it is to be pumped and flushed, soon, but not from within.
    clients(asio::io_context& io, service& server, client_limits most, event_log log,
            std::function<void(session&)> changed);
    clients(const clients&) = delete;
    clients& operator=(const clients&) = delete;
    ~clients() override;

    /// Listens where the flags say, or the cluster file, and beside that for clients that speak TLS
    /// if they are to. What is wrong, if it cannot.
    [[nodiscard]] std::optional<std::string> listen(asio::io_context& io,
                                                    const server_options& options);
    [[nodiscard]] asio::ip::tcp::endpoint listens_on() const { return plain_.listens_on(); }
    /// From now on they are let in.
    void open();
    /// Nobody comes in any more, and those who are there are answered what they have asked.
    void close();
    void cancel_timers();

    [[nodiscard]] bool empty() const { return connections_.empty(); }
    [[nodiscard]] client_report report() const;
    /// Of CLIENT LIST, for those that fit, in the order of their coming.
    [[nodiscard]] std::string lines(const client_filter& which) const;
    /// Those that fit; how many they were.
    [[nodiscard]] std::size_t close_all(const client_filter& which);

    // connection_owner
    void changed(session& which) override { changed_(which); }
    void closed(connection& which) override;
    void goes(connection& which, std::string_view why) override;
    void make_room_for_replies() override;
    [[nodiscard]] memory_budget& replies() override { return replies_; }
    void make_room_for_requests() override;
    [[nodiscard]] memory_budget& requests() override { return requests_; }

private:
    using clock = std::chrono::steady_clock;
    using tcp = asio::ip::tcp;

    [[nodiscard]] std::optional<std::string> listen_for_tls(const client_tls_settings& settings,
                                                            const server_address& self);
    /// `tls`: null if it speaks none.
    void was_accepted(tcp::socket socket, asio::ssl::context* tls);
    [[nodiscard]] bool all_places_taken() const;
    void take_into_reserve(connection& added);
    void give_place_to_the_first_in_reserve();
    void watch_for_idle();
    void let_idle_go();

    service& server_;
    client_limits most_;
    event_log log_;
    std::function<void(session&)> changed_;
    memory_budget replies_;
    memory_budget requests_;
    client_listener plain_;
    client_listener by_tls_;
    std::optional<client_tls> tls_;
    asio::steady_timer idle_timer_;
    std::unordered_map<std::uint64_t, std::shared_ptr<connection>> connections_;
    std::vector<std::uint64_t> reserve_;  ///< In the order of their coming.
    std::uint64_t last_id_ = 0;
    std::uint64_t turned_away_ = 0;
    std::uint64_t closed_for_memory_ = 0;
};

}  // namespace raft_kv
