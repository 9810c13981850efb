// SPDX-License-Identifier: BSL-1.0
//
// The writes of the store, and how a batch of them is laid out in one log entry: each a code and
// its operands, one after another. A batch is the unit that is proposed, so that many clients'
// writes share one entry.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bytes.hpp"
#include "cluster_file.hpp"
#include "limits.hpp"

#include <raft/battery/log_time/time.hpp>

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
    // Servers before raft-kv knew time cannot read what follows.
    stamp,  ///< It is so late.
    set_expiring,
    get_expiring,
    expire,
    persist,
    put_tls_address,  ///< With a port where clients speak TLS.
    set_many_if_absent,
    rename,
    copy,
    large_transaction,  ///< Its replies may be longer than those of a transaction may be.
    needs_version,      ///< At the head of a batch: which program its writes need.
};

/// The newest program whose writes this one reads (`raft::versioned_state_machine`): those before
/// knew no time, and then neither RENAME, COPY nor transactions whose replies are long.
inline constexpr std::uint32_t writes_read = 2;

/// How the replies of a transaction are bounded: by what it asks for, or as it is carried out.
enum class reply_bound : std::uint8_t { surely_fits, is_checked };

/// What clocks show when a command is taken.
struct write_times {
    raft::timing::log_time log{};  ///< By this server's reckoning of the log's time.
    std::int64_t unix_ms = 0;      ///< By its wall clock.
};

/// How long a key is to live, from when the command is applied. The wall clock of the server that
/// took the command has done its part by then.
struct lifetime {
    std::int64_t milliseconds = 0;  ///< 0 or less: it goes at once.
    std::int64_t unix_ms = 0;       ///< What that wall clock shows at its end.
};

/// When a set takes place, and what it answers.
struct set_condition {
    bool only_if_absent = false;
    bool only_if_present = false;
    bool give_old_value = false;
    bool tell_number = false;  ///< In place of done or nothing: 1 or 0.
};

/// What becomes of a key's expiry when it is set or read: with a lifetime it is that; else the
/// expiry stays or goes.
struct expiry_change {
    std::optional<lifetime> lives{};
    bool keeps = false;
};

/// When an expiry is changed, if the key is there.
struct expire_condition {
    bool only_if_none = false;
    bool only_if_any = false;
    bool only_later = false;    ///< No expiry is later than any.
    bool only_earlier = false;  ///< Any is earlier than none.
    /// Compared are wall times as they were named, and not lengths.
    bool by_wall_time = false;
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
        no_such_key,       ///< There is nothing to be renamed.
        // What sessions keep is above, by its number.
        reply,             ///< Of a read within a transaction: `text` is what the client is sent.
        transaction,       ///< `parts` has the results of its commands.
        changed,           ///< A key that the transaction watches was changed: nothing took place.
        answers_too_long,  ///< Of a transaction together: nothing took place.
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
    explicit batch_writer(std::string& bytes, const write_times& times = {})
        : bytes_{bytes}, times_{times} {}

    /// When the writes are added.
    [[nodiscard]] const write_times& times() const { return times_; }

    void set(std::string_view key, std::string_view value, set_condition condition = {}) {
        code(operation_code::set);
        append_integer(bytes_, flags_of(condition));
        append_string(bytes_, key);
        append_string(bytes_, value);
    }

    void set_expiring(std::string_view key, std::string_view value, set_condition condition,
                      const expiry_change& change) {
        timed_code(operation_code::set_expiring);
        append_change(change);
        append_integer(bytes_, flags_of(condition));
        append_string(bytes_, key);
        append_string(bytes_, value);
    }

    /// Gives the value.
    void get_expiring(std::string_view key, const expiry_change& change) {
        timed_code(operation_code::get_expiring);
        append_string(bytes_, key);
        append_change(change);
    }

    void expire(std::string_view key, expire_condition condition, const lifetime& lives) {
        timed_code(operation_code::expire);
        const auto flags = (condition.only_if_none ? 1U : 0U) | (condition.only_if_any ? 2U : 0U) |
                           (condition.only_later ? 4U : 0U) | (condition.only_earlier ? 8U : 0U) |
                           (condition.by_wall_time ? 16U : 0U);
        append_integer(bytes_, static_cast<std::uint8_t>(flags));
        append_string(bytes_, key);
        append_lifetime(lives);
    }

    void persist(std::string_view key) {
        timed_code(operation_code::persist);
        append_string(bytes_, key);
    }

    void stamp() { timed_code(operation_code::stamp); }

    /// The value and its expiry. With a condition it tells 1 or 0, else done.
    void rename(std::string_view from, std::string_view to, bool only_if_absent) {
        code(operation_code::rename);
        append_integer(bytes_, static_cast<std::uint8_t>(only_if_absent));
        append_string(bytes_, from);
        append_string(bytes_, to);
    }

    /// The same, but what was there stays. Tells 1 or 0.
    void copy(std::string_view from, std::string_view to, bool only_if_absent) {
        code(operation_code::copy);
        append_integer(bytes_, static_cast<std::uint8_t>(only_if_absent));
        append_string(bytes_, from);
        append_string(bytes_, to);
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
        const auto has_tls = server.tls_port != 0;
        code(has_tls ? operation_code::put_tls_address : operation_code::put_address);
        append_integer(bytes_, server.id);
        append_string(bytes_, server.host);
        append_integer(bytes_, server.peer_port);
        append_integer(bytes_, server.client_port);
        if (has_tls) append_integer(bytes_, server.tls_port);
    }

    /// Keys and values in turn; nothing happens if one of the keys is there.
    void set_many_if_absent(std::span<const std::string_view> pairs) {
        list(operation_code::set_many_if_absent, pairs);
    }

    void remove_address(std::uint64_t id) {
        code(operation_code::remove_address);
        append_integer(bytes_, id);
    }

    void open_session() { timed_code(operation_code::open_session); }

    /// `write`: the bytes of one write, to be carried out once.
    void once(std::uint64_t session, std::uint64_t serial, std::string_view write) {
        code(operation_code::once);
        append_integer(bytes_, session);
        append_integer(bytes_, serial);
        append_integer(bytes_, times_.log.nanoseconds);
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
    void transaction(std::span<const watched_key> watched, std::string_view parts,
                     reply_bound replies = reply_bound::surely_fits) {
        code(replies == reply_bound::surely_fits ? operation_code::transaction
                                                 : operation_code::large_transaction);
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

    /// What it does depends on the time.
    void timed_code(operation_code which) {
        code(which);
        append_integer(bytes_, times_.log.nanoseconds);
    }

    [[nodiscard]] static std::uint8_t flags_of(const set_condition& condition) {
        return static_cast<std::uint8_t>(
            (condition.only_if_absent ? 1U : 0U) | (condition.only_if_present ? 2U : 0U) |
            (condition.give_old_value ? 4U : 0U) | (condition.tell_number ? 8U : 0U));
    }

    void append_change(const expiry_change& change) {
        const auto flags = (change.keeps ? 1U : 0U) | (change.lives ? 2U : 0U);
        append_integer(bytes_, static_cast<std::uint8_t>(flags));
        if (change.lives) append_lifetime(*change.lives);
    }

    void append_lifetime(const lifetime& lives) {
        append_integer(bytes_, static_cast<std::uint64_t>(lives.milliseconds));
        append_integer(bytes_, static_cast<std::uint64_t>(lives.unix_ms));
    }

    void list(operation_code which, std::span<const std::string_view> strings) {
        code(which);
        append_integer(bytes_, static_cast<std::uint32_t>(strings.size()));
        for (const auto string : strings) append_string(bytes_, string);
    }

    std::string& bytes_;
    write_times times_;
};

/// The program that a write needs.
[[nodiscard]] inline std::uint32_t version_needed(std::string_view write) {
    byte_reader reader{write};
    auto code = operation_code{reader.integer<std::uint8_t>()};
    if (code == operation_code::once) {
        for (int i = 0; i < 3; ++i) static_cast<void>(reader.integer<std::uint64_t>());
        code = operation_code{byte_reader{reader.string()}.integer<std::uint8_t>()};
    }
    return code >= operation_code::rename ? 2 : code >= operation_code::stamp ? 1 : 0;
}

/// Begins the batch with the program that it needs, unless any will do: then it is as it always
/// was.
inline void put_version(std::string& batch, std::uint32_t needed) {
    if (needed == 0) return;
    batch.insert(0, {static_cast<char>(operation_code::needs_version), static_cast<char>(needed)});
}

/// What `put_version` has said.
[[nodiscard]] inline std::uint32_t version_of(std::string_view batch) {
    byte_reader reader{batch};
    const auto code = operation_code{reader.integer<std::uint8_t>()};
    return code == operation_code::needs_version ? reader.integer<std::uint8_t>() : 0;
}

/// The bytes are a write that answers a value of a key, however long that is.
[[nodiscard]] inline bool may_answer_value(std::string_view write) {
    constexpr std::uint8_t give_old_value = 4;
    byte_reader reader{write};
    switch (operation_code{reader.integer<std::uint8_t>()}) {
    case operation_code::set: return (reader.integer<std::uint8_t>() & give_old_value) != 0;
    case operation_code::set_expiring:
    case operation_code::get_expiring:
    case operation_code::take: return true;
    default: return false;
    }
}

/// How many values a write answers at most.
[[nodiscard]] inline std::size_t values_answered(std::string_view write) {
    const auto code = operation_code{byte_reader{write}.integer<std::uint8_t>()};
    const auto many =
        code == operation_code::transaction || code == operation_code::large_transaction;
    return many ? limits::batch_values_max : may_answer_value(write) ? 1 : 0;
}

}  // namespace raft_kv
