// SPDX-License-Identifier: BSL-1.0
//
// The replicated state machine: a map of strings, and beside it the servers' addresses and the
// clients' sessions. A command is a batch of writes (operations.hpp); its result has one result for
// each. Reads look at the map as it is, but for those of a transaction, which are part of it.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "address_book.hpp"
#include "client_sessions.hpp"
#include "decimal.hpp"
#include "limits.hpp"
#include "operations.hpp"
#include "reply.hpp"
#include "request.hpp"
#include "sharded_map.hpp"
#include "snapshot_format.hpp"

#include <raft/core/types.hpp>

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

class kv;

/// Answers a read of a transaction, at its place in the log. What is no read is answered with an
/// error.
void answer_read(const kv& store, const word_list& words, reply_writer reply);

class kv {
public:
    using command = std::string;
    using result = std::vector<write_result>;

    [[nodiscard]] result apply(raft::log_index index, const command& batch) {
        bytes_applied_ += batch.size();
        index_ = index.value;
        place_ = {index.value * writes_per_entry_max};
        result results;
        byte_reader reader{batch};
        while (!reader.at_end()) {
            results.push_back(apply_one(reader));
            place_ = place_ + 1;
            if (results.back().what == write_result::kind::malformed) break;
        }
        return results;
    }

    [[nodiscard]] const sharded_map& values() const { return values_; }
    [[nodiscard]] const address_book& addresses() const { return addresses_; }

    /// The size of all commands since the process began: how much log there is to make a snapshot
    /// of.
    [[nodiscard]] std::uint64_t bytes_applied() const { return bytes_applied_; }

    [[nodiscard]] const std::string* find(std::string_view key) const { return values_.find(key); }

    /// What there is to save, to be written while the store goes on (`capturing_state_machine`).
    struct captured {
        client_sessions sessions;
        std::string addresses;
        sharded_map values;

        /// The bytes depend on nothing but the state: servers that are equal write equal snapshots.
        void save(auto& sink) const {
            sessions.save(sink);
            snapshot_writer writer{sink};
            writer.begin(addresses, values.size(), values.removed());
            values.for_each_in_order(
                [&](const auto& key, const auto& held) { writer.pair(key, held); });
            writer.end();
        }
    };
    [[nodiscard]] captured capture() const { return {sessions_, addresses_.saved(), values_}; }

    void save(auto& sink) const { capture().save(sink); }

    /// False, and nothing changed, if the bytes are no snapshot of this version.
    [[nodiscard]] bool restore(auto& source) {
        auto sessions = sessions_;
        if (!sessions.restore(source)) return false;
        snapshot_reader reader{source};
        sharded_map values;
        std::string saved_addresses;
        sharded_map::removals removed;
        auto rest = reader.begin(saved_addresses, removed);
        if (!rest || !values.remember(removed)) return false;
        std::string key;
        std::string value;
        for (; *rest > 0; --*rest) {
            std::uint64_t changed_at = 0;
            if (!reader.pair(key, value, changed_at)) return false;
            if (!values.insert(key, value, changed_at)) return false;
        }
        if (!reader.end() || !addresses_.restore(saved_addresses)) return false;
        sessions_ = std::move(sessions);
        values_ = std::move(values);
        return true;
    }

private:
    using kind = write_result::kind;

    /// Each write takes a byte at least.
    static constexpr std::uint64_t writes_per_entry_max = limits::entry_bytes_max;

    [[nodiscard]] write_result apply_one(byte_reader& reader) {
        switch (operation_code{reader.integer<std::uint8_t>()}) {
        case operation_code::set: return set(reader);
        case operation_code::remove: return remove(reader);
        case operation_code::increment: return increment(reader);
        case operation_code::append: return append(reader);
        case operation_code::set_many: return set_many(reader);
        case operation_code::compare_and_set: return compare_and_set(reader);
        case operation_code::clear: values_.clear(index_); return {};
        case operation_code::put_address: return addresses_.put(reader);
        case operation_code::remove_address: return addresses_.remove(reader);
        case operation_code::open_session: return sessions_.open(place_, reader);
        case operation_code::once:
            return sessions_.once(place_, reader, [this](std::string_view write) {
                byte_reader carried{write};
                return apply_carried(carried);
            });
        case operation_code::transaction: return transaction(reader);
        case operation_code::read: break;
        case operation_code::take: return take(reader);
        case operation_code::set_range: return set_range(reader);
        case operation_code::add_decimal: return add_decimal(reader);
        }
        return {.what = kind::malformed};
    }

    /// A write within another; none is within that, and no session is opened in the use of one.
    [[nodiscard]] write_result apply_carried(byte_reader& reader) {
        const auto code = next_code(reader);
        if (code == operation_code::once || code == operation_code::open_session ||
            code == operation_code::transaction)
            return {.what = kind::malformed};
        return apply_one(reader);
    }

    [[nodiscard]] static operation_code next_code(byte_reader reader) {
        return operation_code{reader.integer<std::uint8_t>()};
    }

    /// One after another, with nothing between them: whole, or not at all if a key that it watches
    /// has been changed since. That depends on the log alone, whoever led when it was watched.
    [[nodiscard]] write_result transaction(byte_reader& reader) {
        bool changed = false;
        for (auto rest = reader.integer<std::uint32_t>(); rest > 0; --rest) {
            const auto key = reader.string();
            const auto applied = reader.integer<std::uint64_t>();
            if (reader.failed()) break;
            changed = changed || values_.changed_at(key) > applied;
        }
        byte_reader parts{reader.string()};
        if (reader.failed()) return {.what = kind::malformed};
        if (changed) return {.what = kind::changed};
        write_result all{.what = kind::transaction};
        std::size_t room = limits::reply_bytes_max;
        while (!parts.at_end()) {
            all.parts.push_back(next_code(parts) == operation_code::read ? read(parts, room)
                                                                         : apply_carried(parts));
            if (all.parts.back().what == kind::malformed) break;
        }
        return all;
    }

    /// `room`: for the replies of a transaction together.
    [[nodiscard]] write_result read(byte_reader& reader, std::size_t& room) const {
        static_cast<void>(reader.integer<std::uint8_t>());
        const auto spoken = reader.integer<std::uint8_t>() == 3 ? protocol::resp3 : protocol::resp2;
        word_list words;
        for (auto rest = reader.integer<std::uint32_t>(); rest > 0 && !reader.failed(); --rest)
            words.push_back(reader.string());
        if (reader.failed() || words.empty()) return {.what = kind::malformed};
        write_result answer{.what = kind::reply};
        answer_read(*this, words, reply_writer{answer.text, spoken});
        if (answer.text.size() > room) {
            answer.text.clear();
            reply_writer{answer.text}.error(
                "ERR the replies of the transaction would be longer than 33554432 bytes");
        } else {
            room -= answer.text.size();
        }
        return answer;
    }

    /// Of a key and a value that no client could have written: clients' words are checked before
    /// they are proposed, but a peer may have put anything into the log, and what is stored must be
    /// what a snapshot can hold.
    [[nodiscard]] static bool is_too_long(std::string_view key, std::string_view value = {}) {
        return key.size() > limits::key_bytes_max || value.size() > limits::value_bytes_max;
    }

    [[nodiscard]] write_result set(byte_reader& reader) {
        const auto flags = reader.integer<std::uint8_t>();
        const auto key = reader.string();
        const auto value = reader.string();
        if (reader.failed() || is_too_long(key, value)) return {.what = kind::malformed};
        auto* const found = values_.find_to_change(key);
        const auto present = found != nullptr;
        const auto give_old_value = (flags & 4U) != 0;
        const auto tell_number = (flags & 8U) != 0;
        const auto wanted = !((flags & 1U) != 0 && present) && !((flags & 2U) != 0 && !present);

        write_result answer{};
        if (give_old_value) {
            answer.what = present ? kind::value : kind::nothing;
            if (present) answer.text = wanted ? std::move(found->value) : found->value;
        } else if (tell_number) {
            answer = {.what = kind::number, .number = wanted ? 1 : 0};
        } else if (!wanted) {
            answer.what = kind::nothing;
        }
        if (wanted) put(key, found, value);
        return answer;
    }

    [[nodiscard]] write_result remove(byte_reader& reader) {
        std::int64_t removed = 0;
        for (auto rest = reader.integer<std::uint32_t>(); rest > 0; --rest) {
            const auto key = reader.string();
            if (reader.failed()) break;
            if (values_.erase(key, index_)) ++removed;
        }
        if (reader.failed()) return {.what = kind::malformed};
        return {.what = kind::number, .number = removed};
    }

    [[nodiscard]] write_result increment(byte_reader& reader) {
        const auto key = reader.string();
        const auto by = reader.integer<std::int64_t>();
        if (reader.failed() || is_too_long(key)) return {.what = kind::malformed};
        auto* const found = values_.find_to_change(key);
        const auto before = found == nullptr ? 0 : integer_in(found->value);
        if (!before) return {.what = kind::not_an_integer};
        std::int64_t sum = 0;
        if (__builtin_add_overflow(*before, by, &sum)) return {.what = kind::overflow};
        put(key, found, std::to_string(sum));
        return {.what = kind::number, .number = sum};
    }

    [[nodiscard]] write_result append(byte_reader& reader) {
        const auto key = reader.string();
        const auto more = reader.string();
        if (reader.failed() || is_too_long(key)) return {.what = kind::malformed};
        auto* const found = values_.find_to_change(key);
        const auto length = (found == nullptr ? 0 : found->value.size()) + more.size();
        if (length > limits::value_bytes_max) return {.what = kind::too_long};
        if (found == nullptr) {
            values_.insert(key, more, index_);
        } else {
            found->value.append(more);
            found->changed_at = index_;
        }
        return {.what = kind::number, .number = static_cast<std::int64_t>(length)};
    }

    [[nodiscard]] write_result take(byte_reader& reader) {
        const auto key = reader.string();
        if (reader.failed()) return {.what = kind::malformed};
        const auto* found = values_.find(key);
        if (found == nullptr) return {.what = kind::nothing};
        write_result answer{.what = kind::value, .text = *found};
        values_.erase(key, index_);
        return answer;
    }

    [[nodiscard]] write_result set_range(byte_reader& reader) {
        const auto key = reader.string();
        const auto offset = reader.integer<std::uint64_t>();
        const auto more = reader.string();
        if (reader.failed() || is_too_long(key)) return {.what = kind::malformed};
        if (offset > limits::value_bytes_max || offset + more.size() > limits::value_bytes_max)
            return {.what = kind::too_long};
        auto* const found = values_.find_to_change(key);
        std::string value = found == nullptr ? std::string{} : found->value;
        if (!more.empty()) {
            value.resize(std::max(value.size(), static_cast<std::size_t>(offset) + more.size()));
            value.replace(offset, more.size(), more);
            put(key, found, value);
        }
        return {.what = kind::number, .number = static_cast<std::int64_t>(value.size())};
    }

    [[nodiscard]] write_result add_decimal(byte_reader& reader) {
        const auto key = reader.string();
        const auto by = decimal::parsed(reader.string());
        if (reader.failed() || is_too_long(key) || !by) return {.what = kind::malformed};
        auto* const found = values_.find_to_change(key);
        const auto before = decimal::parsed(found == nullptr ? "0" : found->value);
        if (!before) return {.what = kind::not_a_decimal};
        const auto sum = before->plus(*by);
        if (!sum) return {.what = kind::out_of_range};
        put(key, found, sum->text());
        return {.what = kind::value, .text = sum->text()};
    }

    [[nodiscard]] write_result set_many(byte_reader& reader) {
        for (auto rest = reader.integer<std::uint32_t>(); rest > 1; rest -= 2) {
            const auto key = reader.string();
            const auto value = reader.string();
            if (reader.failed() || is_too_long(key, value)) return {.what = kind::malformed};
            put(key, values_.find_to_change(key), value);
        }
        if (reader.failed()) return {.what = kind::malformed};
        return {};
    }

    [[nodiscard]] write_result compare_and_set(byte_reader& reader) {
        const auto key = reader.string();
        const auto expected = reader.string();
        const auto value = reader.string();
        if (reader.failed() || is_too_long(key, value)) return {.what = kind::malformed};
        auto* const found = values_.find_to_change(key);
        if (found == nullptr || found->value != expected) return {.what = kind::number};
        put(key, found, value);
        return {.what = kind::number, .number = 1};
    }

    /// `found`: where the value is, or null.
    void put(std::string_view key, sharded_map::stored* found, std::string_view value) {
        if (found == nullptr) return static_cast<void>(values_.insert(key, value, index_));
        found->value = value;
        found->changed_at = index_;
    }

    sharded_map values_;
    address_book addresses_;
    client_sessions sessions_;
    raft::log_index place_{};  ///< Of the write being applied: its entry's index and its own.
    std::uint64_t index_ = 0;  ///< Of the entry being applied.
    std::uint64_t bytes_applied_ = 0;
};

}  // namespace raft_kv
