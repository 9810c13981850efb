// SPDX-License-Identifier: BSL-1.0
//
// Where a server listens, if that is not where the others find it: behind NAT, in a container with
// a published port, behind the name of a service.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace raft_kv {

struct listen_address {
    std::string host{};      ///< Empty: not said.
    std::uint16_t port = 0;  ///< 0: not said.
    friend bool operator==(const listen_address&, const listen_address&) = default;
};

namespace detail {

[[nodiscard]] inline std::optional<std::uint16_t> port_in(std::string_view text) {
    std::uint16_t port = 0;
    const auto end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, port);
    if (parsed.ec != std::errc{} || parsed.ptr != end || port == 0) return std::nullopt;
    return port;
}

}  // namespace detail

/// "HOST", "HOST:PORT" or "PORT"; an IPv6 address stands in brackets where a port follows.
[[nodiscard]] inline std::optional<listen_address> listen_address_in(std::string_view text) {
    if (text.empty()) return std::nullopt;
    if (text.find_first_not_of("0123456789") == text.npos) {
        const auto port = detail::port_in(text);
        return port ? std::optional{listen_address{{}, *port}} : std::nullopt;
    }
    listen_address found;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == text.npos) return std::nullopt;
        found.host = text.substr(1, end - 1);
        text.remove_prefix(end + 1);
    } else {
        const auto colon = text.find(':');
        const auto is_ipv6 = colon != text.npos && text.find(':', colon + 1) != text.npos;
        const auto end = is_ipv6 ? text.npos : colon;
        found.host = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end);
    }
    if (found.host.empty()) return std::nullopt;
    if (text.empty()) return found;
    const auto port = text.starts_with(':') ? detail::port_in(text.substr(1)) : std::nullopt;
    if (!port) return std::nullopt;
    found.port = *port;
    return found;
}

}  // namespace raft_kv
