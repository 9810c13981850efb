// SPDX-License-Identifier: BSL-1.0
//
// A snapshot of the store as bytes: a mark of what it is, the servers' addresses, the number of
// pairs, when keys were removed, each pair with when it was changed and when it expires, and a
// checksum of all that came before. Reading believes nothing: no length is trusted beyond the
// limits of keys and values, and what does not add up is no snapshot.
//
// Version 3, which has no expiries, is written where no key has one: servers of before can read it.
// Version 2, which is read, knows nothing of changes either.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bytes.hpp"
#include "limits.hpp"
#include "sharded_map.hpp"

#include <raft/crc32c.hpp>

namespace raft_kv {

inline constexpr std::string_view snapshot_mark = "raft-kv snapshot 4\n";
inline constexpr std::string_view snapshot_mark_3 = "raft-kv snapshot 3\n";
inline constexpr std::string_view snapshot_mark_2 = "raft-kv snapshot 2\n";
static_assert(snapshot_mark.size() == snapshot_mark_3.size() &&
              snapshot_mark.size() == snapshot_mark_2.size());

template <class Sink>
class snapshot_writer {
public:
    explicit snapshot_writer(Sink& sink) : sink_{sink} {}

    void begin(std::string_view addresses, std::size_t pairs, const sharded_map::removals& removed,
               bool any_expires) {
        any_expires_ = any_expires;
        buffer_.append(any_expires ? snapshot_mark : snapshot_mark_3);
        append_string(buffer_, addresses);
        append_integer(buffer_, std::uint64_t{pairs});
        append_integer(buffer_, removed.cleared_at);
        append_integer(buffer_, static_cast<std::uint32_t>(removed.erased.size()));
        for (const auto& each : removed.erased) {
            append_integer(buffer_, each.shard);
            append_integer(buffer_, each.at);
        }
        flush();
    }

    void pair(std::string_view key, const sharded_map::stored& held) {
        append_string(buffer_, key);
        append_string(buffer_, held.value);
        append_integer(buffer_, held.changed_at);
        if (any_expires_) {
            append_integer(buffer_, held.when.at);
            append_integer(buffer_, static_cast<std::uint64_t>(held.when.unix_ms));
        }
        if (buffer_.size() >= 64 * limits::kibibyte) flush();
    }

    void end() {
        flush();
        append_integer(buffer_, checksum_);
        write();
    }

private:
    void flush() {
        checksum_ = raft::wire::crc32c(std::as_bytes(std::span{buffer_}), checksum_);
        write();
    }

    void write() {
        sink_.write(std::as_bytes(std::span{buffer_}));
        buffer_.clear();
    }

    Sink& sink_;
    std::string buffer_;
    std::uint32_t checksum_ = 0;
    bool any_expires_ = false;
};

template <class Source>
class snapshot_reader {
public:
    explicit snapshot_reader(Source& source) : source_{source} {}

    /// The number of pairs that follow.
    [[nodiscard]] std::optional<std::uint64_t> begin(std::string& addresses,
                                                     sharded_map::removals& removed) {
        std::string mark;
        if (!take(mark, snapshot_mark.size())) return std::nullopt;
        any_expires_ = mark == snapshot_mark;
        knows_changes_ = any_expires_ || mark == snapshot_mark_3;
        if (!knows_changes_ && mark != snapshot_mark_2) return std::nullopt;
        if (!string(addresses, limits::address_book_bytes_max)) return std::nullopt;
        std::uint64_t pairs = 0;
        if (!integer(pairs) || (knows_changes_ && !take_removals(removed))) return std::nullopt;
        return pairs;
    }

    [[nodiscard]] bool pair(std::string& key, sharded_map::stored& held) {
        return string(key, limits::key_bytes_max) && string(held.value, limits::value_bytes_max) &&
               (!knows_changes_ || integer(held.changed_at)) &&
               (!any_expires_ || (integer(held.when.at) && integer(held.when.unix_ms)));
    }

    [[nodiscard]] bool end() {
        const auto computed = checksum_;
        std::string said;
        return take(said, sizeof(computed)) && integer_from<std::uint32_t>(said) == computed;
    }

private:
    template <class Integer>
    [[nodiscard]] bool integer(Integer& value) {
        std::string bytes;
        if (!take(bytes, sizeof(Integer))) return false;
        value = integer_from<Integer>(bytes);
        return true;
    }

    [[nodiscard]] bool take_removals(sharded_map::removals& removed) {
        std::uint32_t count = 0;
        if (!integer(removed.cleared_at) || !integer(count)) return false;
        for (; count > 0; --count) {
            auto& each = removed.erased.emplace_back();
            if (!integer(each.shard) || !integer(each.at)) return false;
        }
        return true;
    }

    [[nodiscard]] bool string(std::string& text, std::size_t length_max) {
        std::uint32_t length = 0;
        return integer(length) && length <= length_max && take(text, length);
    }

    [[nodiscard]] bool take(std::string& text, std::size_t length) {
        text.resize(length);
        if (!source_.read(std::as_writable_bytes(std::span{text}))) return false;
        checksum_ = raft::wire::crc32c(std::as_bytes(std::span{text}), checksum_);
        return true;
    }

    Source& source_;
    std::uint32_t checksum_ = 0;
    bool knows_changes_ = true;
    bool any_expires_ = true;
};

}  // namespace raft_kv
