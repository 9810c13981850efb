// SPDX-License-Identifier: BSL-1.0
//
// A client's socket around its session. At most one read and one write are under way; nothing is
// read while the session has no use for it, so a client is never given more memory than its session
// has.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "limits.hpp"
#include "session.hpp"
#include <asio/error_code.hpp>
#include <asio/ip/tcp.hpp>

namespace raft_kv {

class connection;

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
    virtual void too_slow(connection& which) = 0;
};

class connection final : public session {
public:
    connection(service& server, connection_owner& owner, asio::ip::tcp::socket socket,
               std::uint64_t id)
        : session{server, id}, owner_{owner}, socket_{std::move(socket)}, id_{id} {}

    [[nodiscard]] std::uint64_t id() const { return id_; }
    void flush() override;
    void close();

private:
    [[nodiscard]] std::shared_ptr<connection> self();
    void read();
    void write();
    void was_read(const asio::error_code& error, std::size_t count);
    void was_written(const asio::error_code& error);

    connection_owner& owner_;
    asio::ip::tcp::socket socket_;
    std::uint64_t id_;
    bool reading_ = false;
    bool closed_ = false;
    std::array<char, limits::read_bytes> input_;
};

}  // namespace raft_kv
