// SPDX-License-Identifier: BSL-1.0
#include "endpoints.hpp"

#include "cluster_file.hpp"

namespace raft_kv {

using tcp = asio::ip::tcp;

listen_address listening(const listen_address& flag, const std::string& host, std::uint16_t port) {
    if (flag == listen_address{}) return {host, port};
    const auto everywhere = flag.host.empty() ? "0.0.0.0" : flag.host;
    return {everywhere, flag.port != 0 ? flag.port : port};
}

std::variant<tcp::endpoint, std::string> endpoint_of(asio::io_context& io,
                                                     const listen_address& at) {
    const auto& [host, port] = at;
    asio::error_code error;
    const auto address = asio::ip::make_address(host, error);
    if (!error) return tcp::endpoint{address, port};
    const auto found = tcp::resolver{io}.resolve(host, std::to_string(port), error);
    if (error || found.empty())
        return "cannot find the address of " + host + ": " + error.message();
    return found.begin()->endpoint();
}

std::string where_else(const listen_address& flag, std::string_view name) {
    if (flag != listen_address{}) return {};
    return " (where that is not an address of this machine, " + std::string{name} + " tells one)";
}

bool is_loopback(const asio::ip::address& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
    return address.is_loopback();
}

std::string address_text(const tcp::endpoint& endpoint) {
    return host_and_port(endpoint.address().to_string(), endpoint.port());
}

}  // namespace raft_kv
