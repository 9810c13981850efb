// SPDX-License-Identifier: BSL-1.0
//
// The replicated state machine: keys with their values, and beside them the servers' addresses and
// the clients' sessions. A command is a batch of writes (operations.hpp); its result has one result
// for each. Reads look at the keys as they are, but for those of a transaction, which are part of
// it. The log's time is that of the sessions, which have had one for long; keys expire by it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "address_book.hpp"
#include "client_sessions.hpp"
#include "key_writes.hpp"
#include "keyspace.hpp"
#include "limits.hpp"
#include "operations.hpp"
#include "reply.hpp"
#include "request.hpp"
#include "snapshot_format.hpp"

#include <raft/battery/digest.hpp>
#include <raft/core/types.hpp>

namespace raft_kv {

class kv;

/// Answers a read of a transaction, at its place in the log. What is no read is answered with an
/// error. False if servers may answer it differently.
[[nodiscard]] bool answer_read(const kv& store, const word_list& words, reply_writer reply);

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
        if (next_code(reader) == operation_code::needs_version)
            static_cast<void>(reader.integer<std::uint16_t>());
        while (!reader.at_end()) {
            results.push_back(apply_one(reader));
            place_ = place_ + 1;
            if (results.back().what == write_result::kind::malformed) break;
        }
        keys_.remove_expired(index_);
        keys_.count_changed();
        return results;
    }

    /// `raft::versioned_state_machine`.
    static constexpr auto commands_read = writes_read;
    [[nodiscard]] static std::uint32_t version_of(const command& batch) {
        return raft_kv::version_of(batch);
    }

    /// Of the keys it is kept up; the sessions and the addresses are read for it.
    [[nodiscard]] std::uint64_t digest() const {
        raft::digests::digest_sink sink;
        sessions_.save(sink);
        const auto addresses = addresses_.saved();
        sink.number(addresses.size());
        sink.number(keys_.digest());
        sink.write(std::as_bytes(std::span{addresses}));
        return sink.value();
    }

    /// The log's time, and when the next key expires (`raft::timing::keeps_log_time`). A session's
    /// end is nothing to write a stamp for.
    [[nodiscard]] raft::timing::log_time now() const { return sessions_.now(); }
    [[nodiscard]] std::optional<raft::timing::log_time> next_expiry() const {
        return keys_.next_expiry();
    }
    /// A batch's writes are stamped when they are put into it.
    static void stamp(command& /*batch*/, raft::timing::log_time /*now*/) {}
    [[nodiscard]] static command stamp_at(raft::timing::log_time now) {
        command batch;
        batch_writer{batch, {.log = now}}.stamp();
        put_version(batch, version_needed(batch));
        return batch;
    }

    [[nodiscard]] const keyspace& keys() const { return keys_; }
    [[nodiscard]] const address_book& addresses() const { return addresses_; }

    /// The size of all commands since the process began: how much log there is to make a snapshot
    /// of.
    [[nodiscard]] std::uint64_t bytes_applied() const { return bytes_applied_; }

    [[nodiscard]] const std::string* find(std::string_view key) const {
        const auto* held = keys_.find(key);
        return held != nullptr ? &held->value : nullptr;
    }

    /// What there is to save, to be written while the store goes on (`capturing_state_machine`).
    struct captured {
        client_sessions sessions;
        std::string addresses;
        sharded_map keys;
        bool any_expires = false;

        /// The bytes depend on nothing but the state: servers that are equal write equal snapshots.
        void save(auto& sink) const {
            sessions.save(sink);
            snapshot_writer writer{sink};
            writer.begin(addresses, keys.size(), keys.removed(), any_expires);
            keys.for_each_in_order(
                [&](const auto& key, const auto& held) { writer.pair(key, held); });
            writer.end();
        }
    };
    [[nodiscard]] captured capture() const {
        return {sessions_, addresses_.saved(), keys_.all(), keys_.keeps_any_expiry()};
    }

    void save(auto& sink) const { capture().save(sink); }

    /// False, and nothing changed, if the bytes are no snapshot of this version.
    [[nodiscard]] bool restore(auto& source) {
        auto sessions = sessions_;
        if (!sessions.restore(source)) return false;
        snapshot_reader reader{source};
        sharded_map keys;
        std::string saved_addresses;
        sharded_map::removals removed;
        auto rest = reader.begin(saved_addresses, removed);
        if (!rest || !keys.remember(removed)) return false;
        std::string key;
        for (; *rest > 0; --*rest) {
            sharded_map::stored held;
            if (!reader.pair(key, held) || !keys.insert(key, std::move(held))) return false;
        }
        if (!reader.end() || !addresses_.restore(saved_addresses)) return false;
        sessions_ = std::move(sessions);
        keys_ = keyspace{std::move(keys), sessions_.now()};
        return true;
    }

private:
    using kind = write_result::kind;

    /// Each write takes a byte at least.
    static constexpr std::uint64_t writes_per_entry_max = limits::entry_bytes_max;

    [[nodiscard]] write_result apply_one(byte_reader& reader) {
        const operation_code code{reader.integer<std::uint8_t>()};
        switch (code) {
        case operation_code::put_address:
        case operation_code::put_tls_address: return addresses_.put(code, reader);
        case operation_code::remove_address: return addresses_.remove(reader);
        case operation_code::open_session: return open_session(reader);
        case operation_code::once: return once(reader);
        case operation_code::transaction: return transaction(reader, reply_bound::surely_fits);
        case operation_code::large_transaction: return transaction(reader, reply_bound::is_checked);
        case operation_code::stamp:
            pass_time({reader.integer<std::uint64_t>()});
            return {.what = reader.failed() ? kind::malformed : kind::done};
        case operation_code::set_expiring:
        case operation_code::get_expiring:
        case operation_code::expire:
        case operation_code::persist: pass_time({reader.integer<std::uint64_t>()}); break;
        default: break;
        }
        return key_writes{keys_, index_, now()}.apply(code, reader);
    }

    void pass_time(raft::timing::log_time now) {
        sessions_.pass_time(place_, now);
        keys_.pass_time(sessions_.now());
    }

    [[nodiscard]] write_result open_session(byte_reader& reader) {
        auto answer = sessions_.open(place_, reader);
        keys_.pass_time(sessions_.now());
        return answer;
    }

    [[nodiscard]] write_result once(byte_reader& reader) {
        auto answer = sessions_.once(place_, reader, [this](std::string_view write) {
            keys_.pass_time(sessions_.now());
            byte_reader carried{write};
            return apply_carried(carried);
        });
        keys_.pass_time(sessions_.now());
        return answer;
    }

    /// A write within another; none is within that, and no session is opened in the use of one.
    [[nodiscard]] write_result apply_carried(byte_reader& reader) {
        const auto code = next_code(reader);
        if (code == operation_code::once || code == operation_code::open_session ||
            code == operation_code::transaction || code == operation_code::large_transaction)
            return {.what = kind::malformed};
        return apply_one(reader);
    }

    [[nodiscard]] static operation_code next_code(byte_reader reader) {
        return operation_code{reader.integer<std::uint8_t>()};
    }

    /// One after another, with nothing between them: whole, or not at all if a key that it watches
    /// has been changed since. That depends on the log alone, whoever led when it was watched.
    [[nodiscard]] write_result transaction(byte_reader& reader, reply_bound replies) {
        bool changed = false;
        for (auto rest = reader.integer<std::uint32_t>(); rest > 0; --rest) {
            const auto key = reader.string();
            const auto applied = reader.integer<std::uint64_t>();
            if (reader.failed()) break;
            changed = keys_.changed_at(key, index_) > applied || changed;
        }
        const byte_reader parts{reader.string()};
        if (reader.failed()) return {.what = kind::malformed};
        if (changed) return {.what = kind::changed};
        return replies == reply_bound::surely_fits ? carry_out(parts) : carry_out_if_short(parts);
    }

    /// How long its replies are is known when it is carried out: then it may have to be undone.
    [[nodiscard]] write_result carry_out_if_short(byte_reader parts) {
        auto before = keys_;
        auto all = carry_out(parts);
        const auto is_too_long = [](const write_result& each) {
            return each.what == kind::answers_too_long;
        };
        if (std::ranges::none_of(all.parts, is_too_long)) return all;
        keys_ = std::move(before);
        keys_.pass_time(sessions_.now());
        return {.what = kind::answers_too_long};
    }

    /// Ends at what is malformed, and where the answers are too long.
    [[nodiscard]] write_result carry_out(byte_reader parts) {
        write_result all{.what = kind::transaction};
        std::size_t room = limits::transaction_reply_bytes_max;
        while (!parts.at_end()) {
            auto answer = carry_out_next(parts, room);
            all.parts.push_back(std::move(answer));
            const auto what = all.parts.back().what;
            if (what == kind::malformed || what == kind::answers_too_long) break;
        }
        return all;
    }

    /// `room`: for the answers to come.
    [[nodiscard]] write_result carry_out_next(byte_reader& parts, std::size_t& room) {
        const auto is_read = next_code(parts) == operation_code::read;
        bool same_everywhere = true;
        auto answer = is_read ? read(parts, same_everywhere) : apply_carried(parts);
        const auto taken = same_everywhere ? answer.text.size() : limits::key_bytes_max;
        if (taken > room) return {.what = kind::answers_too_long};
        room -= taken;
        return answer;
    }

    [[nodiscard]] write_result read(byte_reader& reader, bool& same_everywhere) const {
        static_cast<void>(reader.integer<std::uint8_t>());
        const auto spoken = reader.integer<std::uint8_t>() == 3 ? protocol::resp3 : protocol::resp2;
        word_list words;
        for (auto rest = reader.integer<std::uint32_t>(); rest > 0 && !reader.failed(); --rest)
            words.push_back(reader.string());
        if (reader.failed() || words.empty()) return {.what = kind::malformed};
        write_result answer{.what = kind::reply};
        same_everywhere = answer_read(*this, words, reply_writer{answer.text, spoken});
        return answer;
    }

    keyspace keys_;
    address_book addresses_;
    client_sessions sessions_;
    raft::log_index place_{};  ///< Of the write being applied: its entry's index and its own.
    std::uint64_t index_ = 0;  ///< Of the entry being applied.
    std::uint64_t bytes_applied_ = 0;
};

}  // namespace raft_kv
