// SPDX-License-Identifier: BSL-1.0
#include "transaction.hpp"

#include "commands.hpp"
#include "hash_slot.hpp"
#include "limits.hpp"

namespace raft_kv {

namespace {

/// What each takes besides the bytes of its words.
constexpr std::size_t bytes_per_word = sizeof(std::uint32_t);
constexpr std::size_t bytes_per_command = 16;

constexpr std::string_view too_large =
    "ERR a transaction takes at most 10000 commands and 2097152 bytes, with the keys it watches";

std::size_t bytes_of(const word_list& words) {
    std::size_t bytes = bytes_per_command;
    for (const auto word : words) bytes += bytes_per_word + word.size();
    return bytes;
}

/// How many a read answers at most; what names no key may answer any number of them.
std::size_t values_read(const command& which, const word_list& words) {
    return which.first_key != 0 ? words.size() - 1 : limits::transaction_values_small + 1;
}

std::size_t bytes_of_keys(const word_list& words) {
    return bytes_of(words) + words.size() * sizeof(std::uint64_t);
}

}  // namespace

bool transaction::take_room(std::size_t bytes) {
    if (bytes > limits::transaction_bytes_max - bytes_) return false;
    bytes_ += bytes;
    return true;
}

void transaction::see_key(std::string_view key) {
    if (!slot_) slot_ = static_cast<std::uint16_t>(hash_slot(key));
}

void transaction::unwatch() {
    watched_.clear();
    bytes_ -= watched_bytes_;
    watched_bytes_ = 0;
    lost_watch_ = false;
}

std::optional<std::string_view> transaction::add(const command& which, const word_list& words) {
    if (spoiled_) return std::nullopt;
    if (commands_.size() >= limits::transaction_commands_max || !take_room(bytes_of(words)))
        return too_large;
    commands_.push_back({&which, {words.begin(), words.end()}});
    words_ += words.size();
    about_data_ = about_data_ || !std::holds_alternative<local_function>(which.run);
    if (which.first_key != 0) see_key(words[static_cast<std::size_t>(which.first_key)]);
    return std::nullopt;
}

std::optional<std::string_view> transaction::reserve(const word_list& words) {
    const auto bytes = bytes_of_keys(words);
    if (!take_room(bytes)) return too_large;
    watched_bytes_ += bytes;
    return std::nullopt;
}

void transaction::watch(const word_list& words, raft::log_index applied) {
    for (std::size_t i = 1; i < words.size(); ++i) {
        see_key(words[i]);
        watched_.push_back({std::string{words[i]}, applied.value});
    }
}

transaction_answers transaction::write(batch_writer batch, protocol spoken) const {
    transaction_answers answers;
    std::string parts;
    batch_writer inner{parts, batch.times()};
    std::size_t values = 0;
    std::uint32_t needed = 0;
    for (const auto& each : commands_) {
        const auto words = each.views();
        if (const auto* write = std::get_if<write_function>(&each.which->run)) {
            const auto before = parts.size();
            const auto wrong = (*write)(words, inner);
            wrong ? answers.emplace_back(std::string{*wrong}) : answers.emplace_back(from_log{});
            const auto added = std::string_view{parts}.substr(before);
            if (!wrong && may_answer_value(added)) ++values;
            if (!wrong) needed = std::max(needed, version_needed(added));
        } else if (std::holds_alternative<read_function>(each.which->run)) {
            inner.read(static_cast<std::uint8_t>(spoken), words);
            answers.emplace_back(from_log{});
            values += values_read(*each.which, words);
        } else {
            answers.emplace_back(each);
        }
    }
    // The kind of a transaction says which program it needs.
    const auto is_plain = needed == 0 && values <= limits::transaction_values_small;
    batch.transaction(watched_, parts,
                      is_plain ? reply_bound::surely_fits : reply_bound::is_checked);
    return answers;
}

}  // namespace raft_kv
