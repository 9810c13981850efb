// SPDX-License-Identifier: BSL-1.0
//
// The codecs of what is bytes already.
#pragma once

#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <raft/codec/customization.hpp>

namespace raft {
namespace detail {

// The standard does not let memcpy be called with null pointers, which empty spans have.
inline void copy_bytes(std::byte* to, const void* from, std::size_t count) {
    if (count != 0) std::memcpy(to, from, count);
}

}  // namespace detail

/// The characters as they are; every sequence of bytes is a string.
template <>
struct codec<std::string> {
    [[nodiscard]] static std::size_t size(const std::string& value) { return value.size(); }

    static void encode(const std::string& value, std::span<std::byte> out) {
        detail::copy_bytes(out.data(), value.data(), value.size());
    }

    [[nodiscard]] static std::optional<std::string> decode(std::span<const std::byte> bytes) {
        return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
};

/// The bytes as they are.
template <>
struct codec<std::vector<std::byte>> {
    [[nodiscard]] static std::size_t size(const std::vector<std::byte>& value) {
        return value.size();
    }

    static void encode(const std::vector<std::byte>& value, std::span<std::byte> out) {
        detail::copy_bytes(out.data(), value.data(), value.size());
    }

    [[nodiscard]] static std::optional<std::vector<std::byte>>
    decode(std::span<const std::byte> bytes) {
        return std::vector<std::byte>(bytes.begin(), bytes.end());
    }
};

}  // namespace raft
