// SPDX-License-Identifier: BSL-1.0
//
// The keys as the log's time shows them: what has expired is not there, for whoever looks, from the
// entry on by which the time came. Its memory is given back a little at a time, so that no entry
// takes long, however much expires at once; that, too, depends on the log alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "expiry.hpp"
#include "sharded_map.hpp"

namespace raft_kv {

class keyspace {
public:
    using stored = sharded_map::stored;

    keyspace() = default;
    /// Of a snapshot.
    keyspace(sharded_map keys, raft::timing::log_time now) : keys_{std::move(keys)} {
        pass_time(now);
        keys_.for_each([this](const auto&, const stored& held) { expiring_ += count(held.when); });
        if (expiring_ == 0) return;
        for (std::uint32_t shard = 0; shard < sharded_map::cursors(); ++shard)
            index_.note(shard, keys_.first_expiry(shard));
    }

    /// Takes as long as it takes to count what has expired and is still kept.
    [[nodiscard]] std::size_t size() const { return keys_.size() - kept_too_long(); }
    [[nodiscard]] bool empty() const { return size() == 0; }
    /// How many of them have an expiry. As `size`.
    [[nodiscard]] std::size_t expiring() const { return expiring_ - kept_too_long(); }
    /// Something that is kept, be it there or not, has an expiry.
    [[nodiscard]] bool keeps_any_expiry() const { return expiring_ != 0; }
    /// All that is kept, to be saved.
    [[nodiscard]] const sharded_map& all() const { return keys_; }

    /// The digest of all that is kept; `count_changed`, at the end of each entry, keeps it up.
    [[nodiscard]] std::uint64_t digest() const { return keys_.digest(); }
    void count_changed() { keys_.count_changed(); }

    // -------------------------------------------------------------------------------------- looks

    /// Null if there is no such key. Valid until something is changed.
    [[nodiscard]] const stored* find(std::string_view key) const {
        const auto* held = keys_.find(key);
        return held != nullptr && is_gone(*held) ? nullptr : held;
    }

    /// Calls `use(key, stored)` for each, in any order.
    template <class F>
    void for_each(F use) const {
        keys_.for_each([&](const auto& key, const stored& held) {
            if (!is_gone(held)) use(key, held);
        });
    }

    /// As `sharded_map::scan`.
    template <class F>
    std::uint64_t scan(std::uint64_t cursor, F use) const {
        return keys_.scan(cursor, [&, goes_on = true](const auto& key, const stored& held) mutable {
            if (!is_gone(held)) goes_on = use(key);
            return goes_on;
        });
    }
    [[nodiscard]] static constexpr std::uint64_t cursors() { return sharded_map::cursors(); }

    /// No change of the key, its end among them, is at a greater index of the log. What has expired
    /// and is still kept goes now.
    [[nodiscard]] std::uint64_t changed_at(std::string_view key, std::uint64_t at) {
        const auto* held = keys_.find(key);
        if (held != nullptr && is_gone(*held)) erase_kept(key, *held, at);
        return keys_.changed_at(key);
    }

    // ------------------------------------------------------------------------------------ changes

    /// What is there, to be changed by the entry `at`; null if there is no such key.
    [[nodiscard]] stored* find_to_change(std::string_view key, std::uint64_t at) {
        auto* const held = keys_.find_to_change(key);
        if (held == nullptr || !is_gone(*held)) return held;
        erase_kept(key, *held, at);
        return nullptr;
    }

    /// Of a key that is not there.
    void insert(std::string_view key, std::string_view value, std::uint64_t at, expiry when = {}) {
        keys_.insert(key, {std::string{value}, at, when});
        follow(sharded_map::shard_of(key), {}, when);
    }

    /// `held`: what is at the key.
    void set_expiry(std::string_view key, stored& held, expiry when) {
        const auto before = std::exchange(held.when, when);
        follow(sharded_map::shard_of(key), before, when);
    }

    /// False if there was no such key.
    bool erase(std::string_view key, std::uint64_t at) {
        auto* const held = find_to_change(key, at);
        if (held == nullptr) return false;
        erase_kept(key, *held, at);
        return true;
    }

    void clear(std::uint64_t at) {
        keys_.clear(at);
        index_ = expiry_index{sharded_map::cursors()};
        expiring_ = 0;
    }

    // --------------------------------------------------------------------------------------- time

    void pass_time(raft::timing::log_time now) { now_ = whole_ms(now); }

    /// Gives back the memory of some of what has expired, by the entry `at`. A shard is no more
    /// than a write may have to copy.
    void remove_expired(std::uint64_t at) {
        for (int rest = shards_per_entry; rest > 0; --rest) {
            const auto due = index_.first();
            if (!due || due->at > now_) return;
            expiring_ -= keys_.erase_expired(due->shard, now_, at);
            index_.note(due->shard, keys_.first_expiry(due->shard));
        }
    }

    /// When the next key expires: in the past, if something is still to be given back.
    [[nodiscard]] std::optional<raft::timing::log_time> next_expiry() const {
        const auto due = index_.first();
        if (!due) return std::nullopt;
        return time_of_ms(due->at);
    }

    friend bool operator==(const keyspace& a, const keyspace& b) { return a.keys_ == b.keys_; }

private:
    static constexpr int shards_per_entry = 16;

    [[nodiscard]] static std::size_t count(const expiry& when) { return when.at != 0 ? 1 : 0; }
    [[nodiscard]] bool is_gone(const stored& held) const {
        return held.when.at != 0 && held.when.at <= now_;
    }

    /// What has expired, until its memory is given back: it is in the shards that are due.
    [[nodiscard]] std::size_t kept_too_long() const {
        std::size_t found = 0;
        index_.for_each_due(now_,
                            [&](std::uint32_t shard) { found += keys_.expired(shard, now_); });
        return found;
    }

    void erase_kept(std::string_view key, const stored& held, std::uint64_t at) {
        const auto before = held.when;
        keys_.erase(key, at);
        follow(sharded_map::shard_of(key), before, {});
    }

    /// A key of this shard had one expiry, and has another. The index tells the state and not how
    /// it came about: all servers give back the same, also those that come by a snapshot.
    void follow(std::uint32_t shard, const expiry& before, const expiry& after) {
        expiring_ = expiring_ - count(before) + count(after);
        const auto first = index_.first_of(shard);
        if (after.at != 0 && (first == 0 || after.at < first)) return index_.note(shard, after.at);
        if (before.at != 0 && before.at == first && after.at != first)
            index_.note(shard, keys_.first_expiry(shard));
    }

    sharded_map keys_{};
    expiry_index index_{sharded_map::cursors()};
    std::size_t expiring_ = 0;
    std::uint64_t now_ = 0;
};

}  // namespace raft_kv
