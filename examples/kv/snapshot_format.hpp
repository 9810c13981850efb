// SPDX-License-Identifier: BSL-1.0
//
// A snapshot of the store as bytes: a mark of what it is, the servers' addresses, the number of
// pairs, each pair, and a checksum of all that came before. Reading believes nothing: no length is
// trusted beyond the limits of keys and values, and what does not add up is no snapshot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bytes.hpp"
#include "limits.hpp"

#include <raft/crc32c.hpp>

namespace raft_kv {

inline constexpr std::string_view snapshot_mark = "raft-kv snapshot 2\n";

template <class Sink>
class snapshot_writer {
public:
    explicit snapshot_writer(Sink& sink) : sink_{sink} {}

    void begin(std::string_view addresses, std::size_t pairs) {
        buffer_.append(snapshot_mark);
        append_string(buffer_, addresses);
        append_integer(buffer_, std::uint64_t{pairs});
        flush();
    }

    void pair(std::string_view key, std::string_view value) {
        append_string(buffer_, key);
        append_string(buffer_, value);
        if (buffer_.size() >= 64 * limits::kibibyte) flush();
    }

    void end() {
        flush();
        append_integer(buffer_, checksum_);
        write();
    }

private:
    void flush() {
        checksum_ = raft::crc32c(std::as_bytes(std::span{buffer_}), checksum_);
        write();
    }

    void write() {
        sink_.write(std::as_bytes(std::span{buffer_}));
        buffer_.clear();
    }

    Sink& sink_;
    std::string buffer_;
    std::uint32_t checksum_ = 0;
};

template <class Source>
class snapshot_reader {
public:
    explicit snapshot_reader(Source& source) : source_{source} {}

    /// The number of pairs that follow.
    [[nodiscard]] std::optional<std::uint64_t> begin(std::string& addresses) {
        std::string mark;
        if (!take(mark, snapshot_mark.size()) || mark != snapshot_mark) return std::nullopt;
        if (!string(addresses, limits::address_book_bytes_max)) return std::nullopt;
        std::string count;
        if (!take(count, sizeof(std::uint64_t))) return std::nullopt;
        return integer_from<std::uint64_t>(count);
    }

    [[nodiscard]] bool pair(std::string& key, std::string& value) {
        return string(key, limits::key_bytes_max) && string(value, limits::value_bytes_max);
    }

    [[nodiscard]] bool end() {
        const auto computed = checksum_;
        std::string said;
        return take(said, sizeof(computed)) && integer_from<std::uint32_t>(said) == computed;
    }

private:
    [[nodiscard]] bool string(std::string& text, std::size_t length_max) {
        if (!take(text, sizeof(std::uint32_t))) return false;
        const auto length = integer_from<std::uint32_t>(text);
        return length <= length_max && take(text, length);
    }

    [[nodiscard]] bool take(std::string& text, std::size_t length) {
        text.resize(length);
        if (!source_.read(std::as_writable_bytes(std::span{text}))) return false;
        checksum_ = raft::crc32c(std::as_bytes(std::span{text}), checksum_);
        return true;
    }

    Source& source_;
    std::uint32_t checksum_ = 0;
};

}  // namespace raft_kv
