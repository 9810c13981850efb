// SPDX-License-Identifier: BSL-1.0
//
// The file that says who the servers of a cluster are. Each line is one server:
//
//     <id> <host> <peer-port> <client-port>
//
// and `#` starts a comment. A line `cluster <name>` may give the cluster a name. Servers talk only
// to servers of the same cluster: the name decides what is the same or, without one, the ids with
// their hosts and peer ports, in any order. With a name a server can move to another address.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace raft_kv {

struct server_address {
    std::uint64_t id = 0;
    std::string host{};
    std::uint16_t peer_port = 0;
    std::uint16_t client_port = 0;
    friend bool operator==(const server_address&, const server_address&) = default;
};

struct cluster_layout {
    std::string name{};                     ///< Empty if the file gives none.
    std::vector<server_address> servers{};  ///< In the order of their ids.

    [[nodiscard]] const server_address* find(std::uint64_t id) const;
    /// What a server shows to its peers, so that two clusters never mix.
    [[nodiscard]] std::uint64_t identity() const;
    friend bool operator==(const cluster_layout&, const cluster_layout&) = default;
};

/// What is wrong with the file: "line 3: the peer port '99999' is not between 1 and 65535".
struct layout_error {
    std::string text{};
    friend bool operator==(const layout_error&, const layout_error&) = default;
};

[[nodiscard]] std::variant<cluster_layout, layout_error> parse_cluster(std::string_view text);
[[nodiscard]] std::variant<cluster_layout, layout_error> read_cluster_file(const std::string& path);

/// "host:port", with the brackets that an IPv6 address needs.
[[nodiscard]] std::string host_and_port(std::string_view host, std::uint16_t port);

}  // namespace raft_kv
