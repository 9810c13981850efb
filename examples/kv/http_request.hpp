// SPDX-License-Identifier: BSL-1.0
//
// The little of HTTP/1.1 (RFC 9112) that a request for a page needs. All else is refused.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace raft_kv {

enum class http_verdict : std::uint8_t {
    incomplete,  ///< The rest of the head has not come yet.
    get,         ///< GET of a page.
    bad,         ///< No such request.
};

struct http_request {
    http_verdict verdict = http_verdict::incomplete;
    std::string_view path{};  ///< Of a GET: what is asked for, without a query.
    friend bool operator==(const http_request&, const http_request&) = default;
};

inline constexpr std::size_t http_head_bytes_max = 4096;

namespace detail {

[[nodiscard]] inline bool is_token(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [&](char byte) {
        return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
               (byte >= 'A' && byte <= 'Z') || marks.find(byte) != marks.npos;
    });
}

[[nodiscard]] inline bool is_field_value(std::string_view text) {
    return std::ranges::all_of(text, [](char byte) {
        return byte == '\t' || (static_cast<unsigned char>(byte) >= ' ' && byte != 0x7f);
    });
}

/// A field that announces a body, which this page has no use for.
[[nodiscard]] inline bool announces_body(std::string_view name) {
    const auto is = [&](std::string_view lower) {
        return std::ranges::equal(name, lower, [](char byte, char wanted) {
            return (byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte) == wanted;
        });
    };
    return is("content-length") || is("transfer-encoding");
}

[[nodiscard]] inline bool is_field(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == line.npos) return false;
    const auto name = line.substr(0, colon);
    return is_token(name) && is_field_value(line.substr(colon + 1)) && !announces_body(name);
}

[[nodiscard]] inline http_request judge_request_line(std::string_view line) {
    constexpr http_request bad{http_verdict::bad, {}};
    constexpr std::string_view method = "GET ";
    if (!line.starts_with(method)) return bad;
    line.remove_prefix(method.size());
    const auto space = line.find(' ');
    if (space == line.npos) return bad;
    const auto version = line.substr(space + 1);
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return bad;
    const auto target = line.substr(0, space);
    const auto graphic = [](char byte) { return byte > ' ' && byte < 0x7f; };
    if (!target.starts_with('/') || !std::ranges::all_of(target, graphic)) return bad;
    return {http_verdict::get, target.substr(0, target.find('?'))};
}

}  // namespace detail

/// What all that has come so far asks for.
[[nodiscard]] inline http_request judge_http_request(std::string_view bytes) {
    constexpr http_request bad{http_verdict::bad, {}};
    http_request request;
    for (bool first = true;; first = false) {
        const auto end = bytes.find("\r\n");
        if (end == bytes.npos) break;
        const auto line = bytes.substr(0, end);
        bytes.remove_prefix(end + 2);
        if (first) {
            request = detail::judge_request_line(line);
            if (request.verdict == http_verdict::bad) return bad;
        } else if (line.empty()) {
            // Another request, or a body, that nobody announced.
            return bytes.empty() ? request : bad;
        } else if (!detail::is_field(line)) {
            return bad;
        }
    }
    return {};
}

}  // namespace raft_kv
