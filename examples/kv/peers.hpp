// SPDX-License-Identifier: BSL-1.0
//
// Who the others are, and where. The log says it: each configuration who, and the address book
// where, which is written before a server is made a member. A server whose log is empty or far
// behind knows neither: whoever calls it is heard all the same, and answered over that call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "address_file.hpp"
#include "founding.hpp"
#include "known_storages.hpp"
#include "refusals.hpp"
#include "running_node.hpp"
#include "server_options.hpp"
#include <asio/ip/tcp.hpp>

namespace raft_kv {

class peers {
public:
    /// Both outlive it.
    peers(const server_options& options, const event_log& log) : options_{options}, log_{log} {}

    /// Takes up what the directory knows of the others. Says what is wrong, if anything is.
    [[nodiscard]] std::optional<std::string> open(server_identity identity);
    /// How to be connected with them; or what is wrong. `node` outlives the connections.
    [[nodiscard]] std::variant<raft::transport::options, std::string>
    connections(const asio::ip::tcp::endpoint& listen_on, const running_node& node);

    /// Calls those that the log names now. To be called when the log may have changed.
    void follow(running_node& node);
    /// Another server has said where these are.
    void learn(const cluster_layout& answered);

    [[nodiscard]] std::uint64_t cluster() const { return identity_.cluster; }
    [[nodiscard]] const birth_record& birth() const { return identity_.birth; }
    /// Every server that is known, and where.
    [[nodiscard]] const cluster_layout& layout() const { return layout_; }
    /// Callers that were refused.
    [[nodiscard]] const refusal_counts& refused() const { return refused_.counts(); }

private:
    /// What decides who is a peer, and where.
    struct membership_seen {
        std::uint64_t addresses = 0;
        raft::log_index configuration{};
        bool settled = false;
        friend bool operator==(const membership_seen&, const membership_seen&) = default;
    };

    [[nodiscard]] std::variant<std::shared_ptr<raft::security::stream_security>, std::string>
    security() const;
    void connect(running_node& node, bool settled);
    [[nodiscard]] bool takes_guest(const running_node& node, raft::member_id caller) const;
    void tell(const raft::transport::event& event);

    const server_options& options_;
    const event_log& log_;
    server_identity identity_{};
    known_storages storages_{};
    cluster_layout layout_{};  ///< What the identity knows, with what the log says.
    membership_seen seen_{};
    refusals refused_{};
};

}  // namespace raft_kv
