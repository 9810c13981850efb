// SPDX-License-Identifier: BSL-1.0
//
// Numbers and strings as bytes, little endian, for the log entries and the snapshots of the store.
// Reading is checked: what ends too early is said, never read past.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace raft_kv {

template <class Integer>
void append_integer(std::string& bytes, Integer value) {
    for (std::size_t i = 0; i < sizeof(Integer); ++i)
        bytes.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

/// A length and that many bytes.
inline void append_string(std::string& bytes, std::string_view text) {
    append_integer(bytes, static_cast<std::uint32_t>(text.size()));
    bytes.append(text);
}

template <class Integer>
[[nodiscard]] Integer integer_from(std::string_view bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Integer); ++i)
        value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return static_cast<Integer>(value);
}

/// Reads bytes from the front. Once something was missing everything is.
class byte_reader {
public:
    explicit byte_reader(std::string_view bytes) : rest_{bytes} {}

    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    [[nodiscard]] bool failed() const { return failed_; }

    template <class Integer>
    [[nodiscard]] Integer integer() {
        return integer_from<Integer>(take(sizeof(Integer)).value_or(zeros));
    }

    [[nodiscard]] std::string_view string() {
        return take(integer<std::uint32_t>()).value_or(std::string_view{});
    }

private:
    static constexpr std::string_view zeros{"\0\0\0\0\0\0\0\0", 8};

    [[nodiscard]] std::optional<std::string_view> take(std::size_t count) {
        if (failed_ || rest_.size() < count) {
            failed_ = true;
            return std::nullopt;
        }
        const auto taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }

    std::string_view rest_;
    bool failed_ = false;
};

}  // namespace raft_kv
