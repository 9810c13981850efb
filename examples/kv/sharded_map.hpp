// SPDX-License-Identifier: BSL-1.0
//
// A map of strings that can be copied at once, to be saved while it is used: its keys lie in many
// shards, and a copy shares each of them until it is written to. Then that shard alone is copied.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "copy_on_write.hpp"

#include <raft/crc32c.hpp>

namespace raft_kv {

class sharded_map {
public:
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }

    /// Null if there is no such key. Valid until the map is changed.
    [[nodiscard]] const std::string* find(std::string_view key) const {
        const auto& shard = shards_[shard_of(key)].read();
        const auto found = shard.find(key);
        return found == shard.end() ? nullptr : &found->second;
    }

    /// The value, to be changed; null if there is no such key.
    [[nodiscard]] std::string* find_to_change(std::string_view key) {
        auto& shard = shards_[shard_of(key)].change();
        const auto found = shard.find(key);
        return found == shard.end() ? nullptr : &found->second;
    }

    /// False, and nothing changed, if there is such a key.
    bool insert(std::string_view key, std::string_view value) {
        const bool is_new = shards_[shard_of(key)].change().emplace(key, value).second;
        if (is_new) ++size_;
        return is_new;
    }

    /// False if there was no such key.
    bool erase(std::string_view key) {
        auto& shard = shards_[shard_of(key)].change();
        const auto found = shard.find(key);
        if (found == shard.end()) return false;
        shard.erase(found);
        --size_;
        return true;
    }

    void clear() { *this = sharded_map{}; }

    /// Calls `use(key, value)` for each, in any order.
    template <class F>
    void for_each(F use) const {
        for (const auto& shard : shards_)
            for (const auto& [key, value] : shard.read()) use(key, value);
    }

    /// Calls `use(key, value)` for each, in an order that depends on nothing but the keys.
    template <class F>
    void for_each_in_order(F use) const {
        std::vector<const pair*> pairs;
        for (const auto& shard : shards_) {
            pairs.clear();
            for (const auto& each : shard.read()) pairs.push_back(&each);
            std::sort(pairs.begin(), pairs.end(),
                      [](const pair* a, const pair* b) { return a->first < b->first; });
            for (const auto* each : pairs) use(each->first, each->second);
        }
    }

    friend bool operator==(const sharded_map& a, const sharded_map& b) {
        return std::equal(a.shards_.begin(), a.shards_.end(), b.shards_.begin(),
                          [](const auto& x, const auto& y) { return x.read() == y.read(); });
    }

private:
    struct string_hash {
        using is_transparent = void;
        [[nodiscard]] std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    using map = std::unordered_map<std::string, std::string, string_hash, std::equal_to<>>;
    using pair = map::value_type;
    /// Many, so that no write has much to copy: of three million keys, some two hundred.
    static constexpr std::size_t shard_count = 16 * 1024;

    /// The same on every server, which `std::hash` need not be.
    [[nodiscard]] static std::size_t shard_of(std::string_view key) {
        return raft::crc32c(std::as_bytes(std::span{key})) % shard_count;
    }

    std::vector<copy_on_write<map>> shards_ = std::vector<copy_on_write<map>>(shard_count);
    std::size_t size_ = 0;
};

}  // namespace raft_kv
