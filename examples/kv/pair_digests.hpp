// SPDX-License-Identifier: BSL-1.0
//
// The digest of all pairs of a map, in no order: the sum of the digests of the pairs. It is kept up
// as pairs change, which takes the same time however many there are.
//
// When a key was last changed is no part of it: snapshots of old versions do not tell.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "expiry.hpp"

#include <raft/battery/digest.hpp>

namespace raft_kv {

class pair_digests {
public:
    [[nodiscard]] static std::uint64_t of(std::string_view key, std::string_view value,
                                          const expiry& when) {
        raft::digests::digest_sink sink;
        sink.number(key.size());
        sink.number(when.at);
        sink.number(static_cast<std::uint64_t>(when.unix_ms));
        sink.write(std::as_bytes(std::span{key}));
        sink.write(std::as_bytes(std::span{value}));
        return sink.value();
    }

    void add(std::string_view key, std::string_view value, const expiry& when) {
        sum_ += of(key, value, when);
    }
    void remove(std::string_view key, std::string_view value, const expiry& when) {
        sum_ -= of(key, value, when);
    }
    [[nodiscard]] std::uint64_t sum() const { return sum_; }

    /// A pair was taken off, as it is being changed: it is to be added again.
    void note_changed(std::string_view key) { changed_.emplace_back(key); }
    [[nodiscard]] const std::vector<std::string>& changed() const { return changed_; }
    [[nodiscard]] std::vector<std::string> take_changed() { return std::exchange(changed_, {}); }

private:
    std::uint64_t sum_ = 0;
    std::vector<std::string> changed_{};
};

}  // namespace raft_kv
