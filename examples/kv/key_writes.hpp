// SPDX-License-Identifier: BSL-1.0
//
// What each write does to the keys, by the entry of the log that it is in, and what it answers.
#pragma once

#include <algorithm>
#include <charconv>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "bytes.hpp"
#include "decimal.hpp"
#include "keyspace.hpp"
#include "limits.hpp"
#include "operations.hpp"

namespace raft_kv {

/// A number as Redis takes one: digits with at most a minus before them, no zeros in front.
[[nodiscard]] inline std::optional<std::int64_t> integer_in(std::string_view text) {
    const auto digits = text.starts_with('-') ? text.substr(1) : text;
    if (digits.empty() || (digits.front() == '0' && text != "0")) return std::nullopt;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

class key_writes {
public:
    /// `index`: of the entry; `now`: the log's time.
    key_writes(keyspace& keys, std::uint64_t index, raft::timing::log_time now)
        : keys_{keys}, index_{index}, now_{now} {}

    /// Carries out the write of this code, whose operands are next. Malformed, if it is none of
    /// keys.
    [[nodiscard]] write_result apply(operation_code which, byte_reader& reader) {
        switch (which) {
        case operation_code::set: return set(reader, {});
        case operation_code::set_expiring: return set_expiring(reader);
        case operation_code::get_expiring: return get_expiring(reader);
        case operation_code::expire: return expire(reader);
        case operation_code::persist: return persist(reader);
        case operation_code::remove: return remove(reader);
        case operation_code::increment: return increment(reader);
        case operation_code::append: return append(reader);
        case operation_code::set_many: return set_many(reader);
        case operation_code::set_many_if_absent: return set_many_if_absent(reader);
        case operation_code::compare_and_set: return compare_and_set(reader);
        case operation_code::take: return take(reader);
        case operation_code::rename: return rename(reader);
        case operation_code::copy: return copy(reader);
        case operation_code::set_range: return set_range(reader);
        case operation_code::add_decimal: return add_decimal(reader);
        case operation_code::clear: keys_.clear(index_); return {};
        default: return {.what = kind::malformed};
        }
    }

private:
    using kind = write_result::kind;
    using stored = keyspace::stored;

    /// Of a key and a value that no client could have written: clients' words are checked before
    /// they are proposed, but a peer may have put anything into the log, and what is stored must be
    /// what a snapshot can hold.
    [[nodiscard]] static bool is_too_long(std::string_view key, std::string_view value = {}) {
        return key.size() > limits::key_bytes_max || value.size() > limits::value_bytes_max;
    }

    // --------------------------------------------------------------------------------------- time

    [[nodiscard]] static lifetime read_lifetime(byte_reader& reader) {
        const auto milliseconds = reader.integer<std::int64_t>();
        return {milliseconds, reader.integer<std::int64_t>()};
    }

    [[nodiscard]] static expiry_change read_change(byte_reader& reader) {
        const auto flags = reader.integer<std::uint8_t>();
        expiry_change change{.keeps = (flags & 1U) != 0};
        if ((flags & 2U) != 0) change.lives = read_lifetime(reader);
        return change;
    }

    /// Whoever is to live so long is not gone a moment earlier.
    [[nodiscard]] expiry end_of(const lifetime& lives) const {
        return {begun_ms(now_) + static_cast<std::uint64_t>(lives.milliseconds), lives.unix_ms};
    }

    /// `found`: what is at the key.
    void change_expiry(std::string_view key, stored& found, expiry when) {
        keys_.set_expiry(key, found, when);
        found.changed_at = index_;
    }

    void give_lifetime(std::string_view key, stored& found, const lifetime& lives) {
        if (lives.milliseconds <= 0)
            keys_.erase(key, index_);
        else
            change_expiry(key, found, end_of(lives));
    }

    [[nodiscard]] write_result set_expiring(byte_reader& reader) {
        const auto change = read_change(reader);
        return set(reader, change);
    }

    [[nodiscard]] write_result get_expiring(byte_reader& reader) {
        const auto key = reader.string();
        const auto change = read_change(reader);
        if (reader.failed()) return {.what = kind::malformed};
        auto* const found = keys_.find_to_change(key, index_);
        if (found == nullptr) return {.what = kind::nothing};
        write_result answer{.what = kind::value, .text = found->value};
        if (change.lives)
            give_lifetime(key, *found, *change.lives);
        else if (!change.keeps && found->when != expiry{})
            change_expiry(key, *found, {});
        return answer;
    }

    [[nodiscard]] write_result expire(byte_reader& reader) {
        const auto flags = reader.integer<std::uint8_t>();
        const auto key = reader.string();
        const auto lives = read_lifetime(reader);
        if (reader.failed()) return {.what = kind::malformed};
        auto* const found = keys_.find_to_change(key, index_);
        if (found == nullptr || !may_expire(flags, found->when, lives)) return number(0);
        give_lifetime(key, *found, lives);
        return number(1);
    }

    /// As Redis has it: no expiry is later than any.
    [[nodiscard]] bool may_expire(unsigned flags, const expiry& held, const lifetime& lives) const {
        const bool has_one = held.at != 0;
        if (((flags & 1U) != 0 && has_one) || ((flags & 2U) != 0 && !has_one)) return false;
        if ((flags & 12U) == 0) return true;
        if (!has_one) return (flags & 8U) != 0;
        if ((flags & 16U) != 0) return is_wanted(flags, lives.unix_ms <=> held.unix_ms);
        if (lives.milliseconds <= 0) return is_wanted(flags, std::strong_ordering::less);
        return is_wanted(flags, end_of(lives).at <=> held.at);
    }
    [[nodiscard]] static bool is_wanted(unsigned flags, std::strong_ordering order) {
        return (flags & 4U) != 0 ? order > 0 : order < 0;
    }

    [[nodiscard]] write_result persist(byte_reader& reader) {
        const auto key = reader.string();
        if (reader.failed()) return {.what = kind::malformed};
        auto* const found = keys_.find_to_change(key, index_);
        if (found == nullptr || found->when == expiry{}) return number(0);
        change_expiry(key, *found, {});
        return number(1);
    }

    // ------------------------------------------------------------------------------------- values

    [[nodiscard]] static write_result number(std::int64_t value) {
        return {.what = kind::number, .number = value};
    }

    /// `found`: what is at the key, or null. What was there before goes, with its expiry.
    void put(std::string_view key, stored* found, std::string_view value) {
        change_value(key, found, value);
        if (found != nullptr) keys_.set_expiry(key, *found, {});
    }

    /// The same, but its expiry stays.
    void change_value(std::string_view key, stored* found, std::string_view value) {
        if (found == nullptr) return keys_.insert(key, value, index_);
        found->value = value;
        found->changed_at = index_;
    }

    void put_expiring(std::string_view key, stored* found, std::string_view value,
                      const expiry_change& change) {
        if (change.keeps) return change_value(key, found, value);
        if (!change.lives) return put(key, found, value);
        if (change.lives->milliseconds <= 0) return static_cast<void>(keys_.erase(key, index_));
        if (found == nullptr) return keys_.insert(key, value, index_, end_of(*change.lives));
        change_value(key, found, value);
        keys_.set_expiry(key, *found, end_of(*change.lives));
    }

    [[nodiscard]] write_result set(byte_reader& reader, const expiry_change& change) {
        const auto flags = reader.integer<std::uint8_t>();
        const auto key = reader.string();
        const auto value = reader.string();
        if (reader.failed() || is_too_long(key, value)) return {.what = kind::malformed};
        auto* const found = keys_.find_to_change(key, index_);
        const auto present = found != nullptr;
        const auto give_old_value = (flags & 4U) != 0;
        const auto tell_number = (flags & 8U) != 0;
        const auto wanted = !((flags & 1U) != 0 && present) && !((flags & 2U) != 0 && !present);

        write_result answer{};
        if (give_old_value) {
            answer.what = present ? kind::value : kind::nothing;
            if (present) answer.text = wanted ? std::move(found->value) : found->value;
        } else if (tell_number) {
            answer = number(wanted ? 1 : 0);
        } else if (!wanted) {
            answer.what = kind::nothing;
        }
        if (wanted) put_expiring(key, found, value, change);
        return answer;
    }

    [[nodiscard]] write_result remove(byte_reader& reader) {
        std::int64_t removed = 0;
        for (auto rest = reader.integer<std::uint32_t>(); rest > 0; --rest) {
            const auto key = reader.string();
            if (reader.failed()) break;
            if (keys_.erase(key, index_)) ++removed;
        }
        if (reader.failed()) return {.what = kind::malformed};
        return number(removed);
    }

    [[nodiscard]] write_result increment(byte_reader& reader) {
        const auto key = reader.string();
        const auto by = reader.integer<std::int64_t>();
        if (reader.failed() || is_too_long(key)) return {.what = kind::malformed};
        auto* const found = keys_.find_to_change(key, index_);
        const auto before = found == nullptr ? 0 : integer_in(found->value);
        if (!before) return {.what = kind::not_an_integer};
        std::int64_t sum = 0;
        if (__builtin_add_overflow(*before, by, &sum)) return {.what = kind::overflow};
        change_value(key, found, std::to_string(sum));
        return number(sum);
    }

    [[nodiscard]] write_result append(byte_reader& reader) {
        const auto key = reader.string();
        const auto more = reader.string();
        if (reader.failed() || is_too_long(key)) return {.what = kind::malformed};
        auto* const found = keys_.find_to_change(key, index_);
        const auto length = (found == nullptr ? 0 : found->value.size()) + more.size();
        if (length > limits::value_bytes_max) return {.what = kind::too_long};
        if (found == nullptr) {
            keys_.insert(key, more, index_);
        } else {
            found->value.append(more);
            found->changed_at = index_;
        }
        return number(static_cast<std::int64_t>(length));
    }

    [[nodiscard]] write_result take(byte_reader& reader) {
        const auto key = reader.string();
        if (reader.failed()) return {.what = kind::malformed};
        const auto* found = keys_.find(key);
        if (found == nullptr) return {.what = kind::nothing};
        write_result answer{.what = kind::value, .text = found->value};
        keys_.erase(key, index_);
        return answer;
    }

    /// Two keys, and whether the second must not be there.
    struct two_keys {
        bool only_if_absent = false;
        std::string_view from{};
        std::string_view to{};
    };
    [[nodiscard]] static two_keys read_two_keys(byte_reader& reader) {
        const auto only_if_absent = reader.integer<std::uint8_t>() != 0;
        const auto from = reader.string();
        return {only_if_absent, from, reader.string()};
    }

    [[nodiscard]] write_result rename(byte_reader& reader) {
        const auto keys = read_two_keys(reader);
        if (reader.failed() || is_too_long(keys.to)) return {.what = kind::malformed};
        if (keys_.find(keys.from) == nullptr) return {.what = kind::no_such_key};
        const auto answer = [&](bool done) {
            return keys.only_if_absent ? number(done ? 1 : 0) : write_result{};
        };
        if (keys.from == keys.to) return answer(false);
        if (keys.only_if_absent && keys_.find(keys.to) != nullptr) return answer(false);
        put_copy(keys);
        keys_.erase(keys.from, index_);
        return answer(true);
    }

    [[nodiscard]] write_result copy(byte_reader& reader) {
        const auto keys = read_two_keys(reader);
        if (reader.failed() || is_too_long(keys.to)) return {.what = kind::malformed};
        const auto taken = keys.only_if_absent && keys_.find(keys.to) != nullptr;
        if (keys_.find(keys.from) == nullptr || keys.from == keys.to || taken) return number(0);
        put_copy(keys);
        return number(1);
    }

    /// Of two keys that differ, the first of which is there.
    void put_copy(const two_keys& keys) {
        const auto copied = *keys_.find(keys.from);
        auto* const found = keys_.find_to_change(keys.to, index_);
        if (found == nullptr) return keys_.insert(keys.to, copied.value, index_, copied.when);
        change_value(keys.to, found, copied.value);
        keys_.set_expiry(keys.to, *found, copied.when);
    }

    [[nodiscard]] write_result set_range(byte_reader& reader) {
        const auto key = reader.string();
        const auto offset = reader.integer<std::uint64_t>();
        const auto more = reader.string();
        if (reader.failed() || is_too_long(key)) return {.what = kind::malformed};
        if (offset > limits::value_bytes_max || offset + more.size() > limits::value_bytes_max)
            return {.what = kind::too_long};
        auto* const found = keys_.find_to_change(key, index_);
        std::string value = found == nullptr ? std::string{} : found->value;
        if (!more.empty()) {
            value.resize(std::max(value.size(), static_cast<std::size_t>(offset) + more.size()));
            value.replace(offset, more.size(), more);
            change_value(key, found, value);
        }
        return number(static_cast<std::int64_t>(value.size()));
    }

    [[nodiscard]] write_result add_decimal(byte_reader& reader) {
        const auto key = reader.string();
        const auto by = decimal::parsed(reader.string());
        if (reader.failed() || is_too_long(key) || !by) return {.what = kind::malformed};
        auto* const found = keys_.find_to_change(key, index_);
        const auto before = decimal::parsed(found == nullptr ? "0" : found->value);
        if (!before) return {.what = kind::not_a_decimal};
        const auto sum = before->plus(*by);
        if (!sum) return {.what = kind::out_of_range};
        change_value(key, found, sum->text());
        return {.what = kind::value, .text = sum->text()};
    }

    [[nodiscard]] write_result set_many(byte_reader& reader) {
        for (auto rest = reader.integer<std::uint32_t>(); rest > 1; rest -= 2) {
            const auto key = reader.string();
            const auto value = reader.string();
            if (reader.failed() || is_too_long(key, value)) return {.what = kind::malformed};
            put(key, keys_.find_to_change(key, index_), value);
        }
        if (reader.failed()) return {.what = kind::malformed};
        return {};
    }

    [[nodiscard]] write_result set_many_if_absent(byte_reader& reader) {
        auto keys = reader;
        bool any_is_there = false;
        for (auto rest = keys.integer<std::uint32_t>(); rest > 1 && !keys.failed(); rest -= 2) {
            any_is_there = keys_.find(keys.string()) != nullptr || any_is_there;
            static_cast<void>(keys.string());
        }
        if (any_is_there) {
            reader = keys;
            return keys.failed() ? write_result{.what = kind::malformed} : number(0);
        }
        const auto done = set_many(reader);
        return done.what == kind::malformed ? done : number(1);
    }

    [[nodiscard]] write_result compare_and_set(byte_reader& reader) {
        const auto key = reader.string();
        const auto expected = reader.string();
        const auto value = reader.string();
        if (reader.failed() || is_too_long(key, value)) return {.what = kind::malformed};
        auto* const found = keys_.find_to_change(key, index_);
        if (found == nullptr || found->value != expected) return number(0);
        change_value(key, found, value);
        return number(1);
    }

    keyspace& keys_;
    std::uint64_t index_;
    raft::timing::log_time now_;
};

}  // namespace raft_kv
