// SPDX-License-Identifier: BSL-1.0
//
// A client's stream around its session. At most one read and one write are under way; nothing is
// read while the session has no use for it, so a client is never given more memory than its session
// has.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "client_stream.hpp"
#include "limits.hpp"
#include "memory_budget.hpp"
#include "session.hpp"
#include <asio/error_code.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/context.hpp>

namespace raft_kv {

class connection;

/// Who calls from there, and reached that address, is on this host: no system takes a packet from
/// outside that says it comes from the system's own address. Redis takes loopback alone; but here
/// servers, and `raft-kv init`, call each other as the cluster file names them.
[[nodiscard]] bool is_on_this_host(const asio::ip::address& from, const asio::ip::address& reached);

/// Whoever keeps the connections.
class connection_owner {
public:
    connection_owner() = default;
    connection_owner(const connection_owner&) = delete;
    connection_owner& operator=(const connection_owner&) = delete;
    virtual ~connection_owner() = default;

    /// Something has changed: `pump` and `flush` are to be called, soon, but not from within.
    virtual void changed(session& which) = 0;
    virtual void closed(connection& which) = 0;
    /// It is about to be closed, for this reason.
    virtual void goes(connection& which, std::string_view why) = 0;
    /// What all replies together may take, and what to do when they take more.
    [[nodiscard]] virtual memory_budget& replies() = 0;
    virtual void make_room_for_replies() = 0;
    /// The same of what clients have said in part.
    [[nodiscard]] virtual memory_budget& requests() = 0;
    virtual void make_room_for_requests() = 0;
};

class connection final : public session {
public:
    using clock = std::chrono::steady_clock;

    /// `tls`: null if it speaks none.
    connection(service& server, connection_owner& owner, asio::ip::tcp::socket socket,
               asio::ssl::context* tls, std::uint64_t id)
        : session{server, id}
        , owner_{owner}
        , replies_{owner.replies()}
        , requests_{owner.requests()}
        , stream_{std::move(socket), tls}
        , id_{id} {
        tell_addresses();
    }

    /// Its requests are taken, once there was a handshake if it speaks TLS.
    void start();
    [[nodiscard]] std::uint64_t id() const { return id_; }
    /// When the client last sent or fetched anything.
    [[nodiscard]] clock::time_point active_at() const { return client().active; }
    /// Its part of the memory that unfetched replies take.
    [[nodiscard]] std::size_t reply_share() const { return replies_.bytes(); }
    /// And of what is said in part.
    [[nodiscard]] std::size_t request_share() const { return requests_.bytes(); }
    /// It holds too much of that, and is told so before it is closed.
    void refuse_for_memory();
    void settle() override;
    void flush() override;
    void close();

private:
    [[nodiscard]] std::shared_ptr<connection> self();
    void tell_addresses();
    void was_greeted(const asio::error_code& error);
    void read();
    void write();
    void was_read(const asio::error_code& error, std::size_t count);
    void note_strange_beginning(const asio::error_code& error, std::size_t count);
    void was_written(const asio::error_code& error);

    connection_owner& owner_;
    memory_budget::share replies_;
    memory_budget::share requests_;
    client_stream stream_;
    std::uint64_t id_;
    bool reading_ = false;
    bool has_spoken_ = false;
    bool closed_ = false;
    std::array<char, limits::read_bytes> input_;
};

}  // namespace raft_kv
