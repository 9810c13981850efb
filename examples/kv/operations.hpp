// SPDX-License-Identifier: BSL-1.0
//
// The writes of the store, and how a batch of them is laid out in one log entry: each a code and
// its operands, one after another. A batch is the unit that is proposed, so that many clients'
// writes share one entry.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bytes.hpp"
#include "cluster_file.hpp"

namespace raft_kv {

enum class operation_code : std::uint8_t {
    set = 1,
    remove,
    increment,
    append,
    set_many,
    compare_and_set,
    clear,
    put_address,
    remove_address,
    open_session,
    once,
    transaction,
    read,  ///< Only within a transaction.
    take,
    set_range,
    add_decimal,
};

/// When a set takes place, and what it answers.
struct set_condition {
    bool only_if_absent = false;
    bool only_if_present = false;
    bool give_old_value = false;
    bool tell_number = false;  ///< In place of done or nothing: 1 or 0.
};

/// A transaction takes place only if the key is as it was when the log was applied up to there.
struct watched_key {
    std::string key{};
    std::uint64_t applied = 0;
};

/// What became of one write.
struct write_result {
    enum class kind : std::uint8_t {
        done,
        number,
        value,             ///< `text` is the value asked for.
        nothing,           ///< There is no such value, or the condition did not hold.
        not_an_integer,    ///< The value that stands there is no number of 64 bits.
        overflow,          ///< The sum would be none.
        too_long,          ///< The value would be longer than a value may be.
        too_many_servers,  ///< There is no room for another server's address.
        unknown_session,   ///< It has expired, or never was.
        answer_gone,       ///< It was carried out, and its answer is no longer kept.
        malformed,         ///< The bytes in the log are no write of this version.
        not_a_decimal,     ///< The value that stands there is no number with decimals.
        out_of_range,      ///< The sum would have too many digits.
        // What sessions keep is above, by its number.
        reply,        ///< Of a read within a transaction: `text` is what the client is sent.
        transaction,  ///< `parts` has the results of its commands.
        changed,      ///< A key that the transaction watches was changed: nothing took place.
    };
    kind what = kind::done;
    std::int64_t number = 0;
    std::string text{};
    std::vector<write_result> parts{};
    friend bool operator==(const write_result&, const write_result&) = default;
};

/// Appends writes to a batch.
class batch_writer {
public:
    explicit batch_writer(std::string& bytes) : bytes_{bytes} {}

    void set(std::string_view key, std::string_view value, set_condition condition = {}) {
        code(operation_code::set);
        const auto flags = (condition.only_if_absent ? 1U : 0U) |
                           (condition.only_if_present ? 2U : 0U) |
                           (condition.give_old_value ? 4U : 0U) | (condition.tell_number ? 8U : 0U);
        append_integer(bytes_, static_cast<std::uint8_t>(flags));
        append_string(bytes_, key);
        append_string(bytes_, value);
    }

    void remove(std::span<const std::string_view> keys) { list(operation_code::remove, keys); }

    void increment(std::string_view key, std::int64_t by) {
        code(operation_code::increment);
        append_string(bytes_, key);
        append_integer(bytes_, static_cast<std::uint64_t>(by));
    }

    void append(std::string_view key, std::string_view value) {
        code(operation_code::append);
        append_string(bytes_, key);
        append_string(bytes_, value);
    }

    /// Keys and values in turn.
    void set_many(std::span<const std::string_view> pairs) {
        list(operation_code::set_many, pairs);
    }

    void compare_and_set(std::string_view key, std::string_view expected, std::string_view value) {
        code(operation_code::compare_and_set);
        append_string(bytes_, key);
        append_string(bytes_, expected);
        append_string(bytes_, value);
    }

    void clear() { code(operation_code::clear); }

    void put_address(const server_address& server) {
        code(operation_code::put_address);
        append_integer(bytes_, server.id);
        append_string(bytes_, server.host);
        append_integer(bytes_, server.peer_port);
        append_integer(bytes_, server.client_port);
    }

    void remove_address(std::uint64_t id) {
        code(operation_code::remove_address);
        append_integer(bytes_, id);
    }

    /// `now`: of this server's wall clock, in nanoseconds.
    void open_session(std::uint64_t now) {
        code(operation_code::open_session);
        append_integer(bytes_, now);
    }

    /// `write`: the bytes of one write, to be carried out once.
    void once(std::uint64_t session, std::uint64_t serial, std::uint64_t now,
              std::string_view write) {
        code(operation_code::once);
        append_integer(bytes_, session);
        append_integer(bytes_, serial);
        append_integer(bytes_, now);
        append_string(bytes_, write);
    }

    /// Removes the key, and gives its value.
    void take(std::string_view key) {
        code(operation_code::take);
        append_string(bytes_, key);
    }

    void set_range(std::string_view key, std::uint64_t offset, std::string_view value) {
        code(operation_code::set_range);
        append_string(bytes_, key);
        append_integer(bytes_, offset);
        append_string(bytes_, value);
    }

    /// `number`: as text.
    void add_decimal(std::string_view key, std::string_view number) {
        code(operation_code::add_decimal);
        append_string(bytes_, key);
        append_string(bytes_, number);
    }

    /// `parts`: the bytes of writes and reads, to be carried out one after another.
    void transaction(std::span<const watched_key> watched, std::string_view parts) {
        code(operation_code::transaction);
        append_integer(bytes_, static_cast<std::uint32_t>(watched.size()));
        for (const auto& each : watched) {
            append_string(bytes_, each.key);
            append_integer(bytes_, each.applied);
        }
        append_string(bytes_, parts);
    }

    /// `spoken`: the version of the protocol that the answer is in.
    void read(std::uint8_t spoken, std::span<const std::string_view> words) {
        code(operation_code::read);
        append_integer(bytes_, spoken);
        append_integer(bytes_, static_cast<std::uint32_t>(words.size()));
        for (const auto word : words) append_string(bytes_, word);
    }

private:
    void code(operation_code which) { append_integer(bytes_, static_cast<std::uint8_t>(which)); }

    void list(operation_code which, std::span<const std::string_view> strings) {
        code(which);
        append_integer(bytes_, static_cast<std::uint32_t>(strings.size()));
        for (const auto string : strings) append_string(bytes_, string);
    }

    std::string& bytes_;
};

}  // namespace raft_kv
