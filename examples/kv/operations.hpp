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
};

/// When a set takes place, and what it answers.
struct set_condition {
    bool only_if_absent = false;
    bool only_if_present = false;
    bool give_old_value = false;
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
    };
    kind what = kind::done;
    std::int64_t number = 0;
    std::string text{};
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
                           (condition.give_old_value ? 4U : 0U);
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
