// SPDX-License-Identifier: BSL-1.0
//
// A map of strings that can be copied at once, to be saved while it is used: its keys lie in many
// shards, and a copy shares each of them until it is written to. Then that shard alone is copied.
//
// Each key knows at which index of the log it was last changed, and when it expires. Of keys that
// are not there it is known for all of a shard together: when the last of them went.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "copy_on_write.hpp"
#include "expiry.hpp"
#include "pair_digests.hpp"

#include <raft/crc32c.hpp>

namespace raft_kv {

class sharded_map {
public:
    /// The same on every server, which `std::hash` need not be.
    [[nodiscard]] static std::uint32_t shard_of(std::string_view key) {
        return raft::wire::crc32c(std::as_bytes(std::span{key})) % shard_count;
    }

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }

    struct stored {
        std::string value{};
        std::uint64_t changed_at = 0;
        expiry when{};
        bool counted = false;  ///< The map's own: it is in the digest.
        friend bool operator==(const stored& a, const stored& b) {
            return a.value == b.value && a.changed_at == b.changed_at && a.when == b.when;
        }
    };

    /// Null if there is no such key. Valid until the map is changed.
    [[nodiscard]] const stored* find(std::string_view key) const {
        const auto& keys = shards_[shard_of(key)].read().keys;
        const auto found = keys.find(key);
        return found == keys.end() ? nullptr : &found->second;
    }

    /// No change of the key, its removal among them, is at a greater index of the log. 0: none is
    /// known.
    [[nodiscard]] std::uint64_t changed_at(std::string_view key) const {
        const auto& shard = shards_[shard_of(key)].read();
        const auto found = shard.keys.find(key);
        return found != shard.keys.end() ? found->second.changed_at
                                         : std::max(shard.erased_at, cleared_at_);
    }

    /// What is there, to be changed; null if there is no such key.
    [[nodiscard]] stored* find_to_change(std::string_view key) {
        auto& keys = shards_[shard_of(key)].change().keys;
        const auto found = keys.find(key);
        if (found == keys.end()) return nullptr;
        if (discount(*found)) digests_.note_changed(key);
        return &found->second;
    }

    /// False, and nothing changed, if there is such a key.
    bool insert(std::string_view key, stored held) {
        auto& keys = shards_[shard_of(key)].change().keys;
        const auto [place, is_new] = keys.emplace(key, std::move(held));
        if (!is_new) return false;
        ++size_;
        count(*place);
        return true;
    }

    /// What was given to be changed is as it is to be. A long value that changes again and again is
    /// not counted each time.
    void count_changed() {
        if (digests_.changed().size() < changed_max) return;
        for (const auto& key : digests_.take_changed()) {
            auto& keys = shards_[shard_of(key)].change().keys;
            const auto found = keys.find(key);
            if (found != keys.end() && !found->second.counted) count(*found);
        }
    }
    /// Of all keys and values.
    [[nodiscard]] std::uint64_t digest() const {
        auto all = digests_.sum();
        auto changed = digests_.changed();
        std::sort(changed.begin(), changed.end());
        changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
        for (const auto& key : changed)
            if (const auto* held = find(key); held != nullptr && !held->counted)
                all += pair_digests::of(key, held->value, held->when);
        return all;
    }

    /// False if there was no such key.
    bool erase(std::string_view key, std::uint64_t at) {
        auto& shard = shards_[shard_of(key)].change();
        const auto found = shard.keys.find(key);
        if (found == shard.keys.end()) return false;
        static_cast<void>(discount(*found));
        shard.keys.erase(found);
        shard.erased_at = at;
        --size_;
        return true;
    }

    /// When the first of a shard's keys expires; 0 if none does.
    [[nodiscard]] std::uint64_t first_expiry(std::uint32_t shard) const {
        std::uint64_t first = 0;
        for (const auto& [key, held] : shards_[shard].read().keys)
            if (held.when.at != 0 && (first == 0 || held.when.at < first)) first = held.when.at;
        return first;
    }

    /// How many of a shard expire no later than that.
    [[nodiscard]] std::size_t expired(std::uint32_t which, std::uint64_t through) const {
        const auto found = std::ranges::count_if(shards_[which].read().keys, [&](const auto& each) {
            return expires_within(each.second, through);
        });
        return static_cast<std::size_t>(found);
    }

    /// Erases those. How many there were.
    std::size_t erase_expired(std::uint32_t which, std::uint64_t through, std::uint64_t at) {
        auto& shard = shards_[which].change();
        const auto erased = std::erase_if(shard.keys, [&](const auto& each) {
            const auto& held = each.second;
            const bool is_due = expires_within(held, through);
            if (is_due && held.counted) digests_.remove(each.first, held.value, held.when);
            return is_due;
        });
        if (erased != 0) shard.erased_at = at;
        size_ -= erased;
        return erased;
    }

    void clear(std::uint64_t at) {
        *this = sharded_map{};
        cleared_at_ = at;
    }

    /// Calls `use(key, stored)` for each, in any order.
    template <class F>
    void for_each(F use) const {
        for (const auto& shard : shards_)
            for (const auto& [key, held] : shard.read().keys) use(key, held);
    }

    /// Calls `use(key, stored)` for each in whole shards, from the shard that the cursor names on,
    /// until it says false at the end of one. The next cursor; 0 when all were seen. Writes
    /// meanwhile do no harm: a key stays in its shard, on every server.
    template <class F>
    std::uint64_t scan(std::uint64_t cursor, F use) const {
        for (auto shard = cursor; shard < shard_count; ++shard) {
            bool goes_on = true;
            for (const auto& [key, held] : shards_[shard].read().keys) goes_on = use(key, held);
            if (!goes_on) return (shard + 1) % shard_count;
        }
        return 0;
    }

    /// Where a scan may begin.
    [[nodiscard]] static constexpr std::uint64_t cursors() { return shard_count; }

    /// Calls `use(key, stored)` for each, in an order that depends on nothing but the keys.
    template <class F>
    void for_each_in_order(F use) const {
        std::vector<const pair*> pairs;
        for (const auto& shard : shards_) {
            pairs.clear();
            for (const auto& each : shard.read().keys) pairs.push_back(&each);
            std::sort(pairs.begin(), pairs.end(),
                      [](const pair* a, const pair* b) { return a->first < b->first; });
            for (const auto* each : pairs) use(each->first, each->second);
        }
    }

    /// What it knows of keys that are gone, to be saved.
    struct removals {
        struct of_shard {
            std::uint32_t shard = 0;
            std::uint64_t at = 0;
        };
        std::uint64_t cleared_at = 0;
        std::vector<of_shard> erased{};  ///< Of the shards of which a key was removed.
    };

    [[nodiscard]] removals removed() const {
        removals known{.cleared_at = cleared_at_};
        for (std::uint32_t shard = 0; shard < shard_count; ++shard)
            if (const auto at = shards_[shard].read().erased_at; at != 0)
                known.erased.push_back({shard, at});
        return known;
    }

    /// False, and nothing changed, if there is no such shard.
    [[nodiscard]] bool remember(const removals& known) {
        for (const auto& each : known.erased)
            if (each.shard >= shard_count) return false;
        cleared_at_ = known.cleared_at;
        for (const auto& each : known.erased) shards_[each.shard].change().erased_at = each.at;
        return true;
    }

    friend bool operator==(const sharded_map& a, const sharded_map& b) {
        return a.cleared_at_ == b.cleared_at_ &&
               std::equal(a.shards_.begin(), a.shards_.end(), b.shards_.begin(),
                          [](const auto& x, const auto& y) { return x.read() == y.read(); });
    }

private:
    struct string_hash {
        using is_transparent = void;
        [[nodiscard]] std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    using map = std::unordered_map<std::string, stored, string_hash, std::equal_to<>>;
    using pair = map::value_type;
    struct shard_type {
        map keys{};
        std::uint64_t erased_at = 0;
        friend bool operator==(const shard_type&, const shard_type&) = default;
    };
    [[nodiscard]] static bool expires_within(const stored& held, std::uint64_t through) {
        return held.when.at != 0 && held.when.at <= through;
    }
    void count(pair& of) {
        of.second.counted = true;
        digests_.add(of.first, of.second.value, of.second.when);
    }
    /// False if it was not counted.
    bool discount(pair& of) {
        if (!std::exchange(of.second.counted, false)) return false;
        digests_.remove(of.first, of.second.value, of.second.when);
        return true;
    }

    /// Many, so that no write has much to copy: of three million keys, some two hundred.
#ifdef RAFT_KV_SHARDS  // Of tests/fuzz, where each of many stores lives for a moment.
    static constexpr std::uint32_t shard_count = RAFT_KV_SHARDS;
#else
    static constexpr std::uint32_t shard_count = 16 * 1024;
#endif
    /// How many changed keys wait to be counted.
    static constexpr std::size_t changed_max = 64;

    std::vector<copy_on_write<shard_type>> shards_ =
        std::vector<copy_on_write<shard_type>>(shard_count);
    std::uint64_t cleared_at_ = 0;
    std::size_t size_ = 0;
    pair_digests digests_{};
};

}  // namespace raft_kv
