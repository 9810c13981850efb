// SPDX-License-Identifier: BSL-1.0
//
// The file that says who the servers of a cluster are. Each line is one server:
//
//     <id> <host> <peer-port> <client-port> [<tls-port>]
//
// and `#` starts a comment; the last port is for TLS. A line `cluster <name>` may name the cluster:
// servers talk only to servers of the same, which the name says or, without one, the ids with their
// hosts and peer ports, in any order. With a name a server can move to another address. The
// name `id:<16 hexadecimal digits>` is the identity itself, however it once came about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <raft/core/types.hpp>

namespace raft_kv {

/// How many servers' addresses are kept at most: more than can be members at once, those that were
/// and those that are to be among them.
inline constexpr std::size_t known_servers_max = 4 * raft::core::members_max;

struct server_address {
    std::uint64_t id = 0;
    std::string host{};
    std::uint16_t peer_port = 0;
    std::uint16_t client_port = 0;
    std::uint16_t tls_port = 0;  ///< Where clients speak TLS; 0: nobody has said.
    friend bool operator==(const server_address&, const server_address&) = default;
};

struct cluster_layout {
    std::string name{};                     ///< Empty if the file gives none.
    std::vector<server_address> servers{};  ///< In the order of their ids.
    /// Where clients speak TLS, of each server of which nobody has said: as this server's own.
    std::uint16_t tls_port = 0;

    /// The port that a client is sent to, which speaks TLS if the client does.
    [[nodiscard]] std::uint16_t port_for_client(const server_address& server, bool by_tls) const {
        if (!by_tls) return server.client_port;
        return server.tls_port != 0 ? server.tls_port : tls_port;
    }
    [[nodiscard]] const server_address* find(std::uint64_t id) const;
    /// Adds a server, or gives it another address. Another server that was at one of its ports is
    /// there no longer, unless both have the same number: then one takes the other's place.
    void put(server_address added);
    /// The server at one of these ports, but for those of the same number. Null if there is none.
    [[nodiscard]] const server_address* clash_with(const server_address& added) const;
    /// What a server shows to its peers, so that two clusters never mix.
    [[nodiscard]] std::uint64_t identity() const;
    friend bool operator==(const cluster_layout&, const cluster_layout&) = default;
};

/// What is wrong with the file: "line 3: the peer port '99999' is not between 1 and 65535".
struct layout_error {
    std::string text{};
    friend bool operator==(const layout_error&, const layout_error&) = default;
};

[[nodiscard]] std::variant<cluster_layout, layout_error>
parse_cluster(std::string_view text, std::size_t servers_max = raft::core::members_max);
[[nodiscard]] std::variant<cluster_layout, layout_error> read_cluster_file(const std::string& path);

/// The address in these words, "<host> <peer-port> <client-port>" with a "<tls-port>" or without,
/// or what is wrong with them.
[[nodiscard]] std::variant<server_address, std::string>
parse_address(std::uint64_t id, std::span<const std::string_view> words);

/// Whether a cluster file can say this address: what is read must be what was written.
[[nodiscard]] bool is_address(const server_address& server);

/// The name that is the identity itself: "id:6a0e51a4b3aaf5cf".
[[nodiscard]] std::string name_of_identity(std::uint64_t identity);

/// A cluster file with these servers, which names the cluster by its identity.
[[nodiscard]] std::string cluster_text(std::uint64_t identity,
                                       const std::vector<server_address>& servers);

/// What is known of servers' addresses: `agreed` and, as far as a file has room for them, those of
/// `others` beside it.
[[nodiscard]] cluster_layout combined(const cluster_layout& others,
                                      const std::vector<server_address>& agreed);

/// "host:port", with the brackets that an IPv6 address needs.
[[nodiscard]] std::string host_and_port(std::string_view host, std::uint16_t port);

}  // namespace raft_kv
