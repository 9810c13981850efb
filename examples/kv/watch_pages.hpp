// SPDX-License-Identifier: BSL-1.0
//
// What whatever watches over a server can ask it by HTTP: metrics, whether it is well (/healthz),
// and whether to send it clients (/ready).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "event_log.hpp"
#include "health.hpp"
#include "http_server.hpp"
#include "listen_address.hpp"
#include "running_node.hpp"
#include "service.hpp"
#include <asio/io_context.hpp>

namespace raft_kv {

class watch_pages {
public:
    /// All outlive it.
    watch_pages(asio::io_context& io, const service& server, running_node& node,
                const event_log& log);

    /// Begins to answer there, if the flag says where; what is wrong, if it cannot.
    [[nodiscard]] std::optional<std::string> listen(const listen_address& flag);
    /// Asks whether all is applied, as long as that is not known. Once a turn.
    void look_after();
    /// It is about to stop: no clients should be sent here.
    void say_stopping() { stopping_ = true; }
    void stop() { pages_.stop(); }

private:
    [[nodiscard]] std::optional<http_page> page(std::string_view path) const;
    [[nodiscard]] std::optional<std::string> obstacle() const;

    asio::io_context& io_;
    const service& server_;
    running_node& node_;
    const event_log& log_;
    http_server pages_;
    health health_;
    bool stopping_ = false;
};

}  // namespace raft_kv
