// SPDX-License-Identifier: BSL-1.0
//
// What a connection says between MULTI and EXEC, and what it watches meanwhile. All of it becomes
// one write: it is in the log whole or not at all, and what it reads is read there, between its
// writes. What it watches is compared there, too, so that every server decides alike, whoever leads
// by then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "operations.hpp"
#include "reply.hpp"
#include "request.hpp"

#include <raft/core/types.hpp>

namespace raft_kv {

struct command;

struct queued_command {
    const command* which = nullptr;
    std::vector<std::string> words{};

    [[nodiscard]] word_list views() const { return {words.begin(), words.end()}; }
};

/// The command's result is the next of those that come from the log.
struct from_log {};

/// What is answered to each command of a transaction: an error that was known before, a result, or
/// what this server answers by itself.
using transaction_answers = std::vector<std::variant<std::string, from_log, queued_command>>;

class transaction {
public:
    [[nodiscard]] bool is_open() const { return open_; }
    /// A command of it was refused: nothing of it will be carried out.
    [[nodiscard]] bool is_spoiled() const { return spoiled_; }
    /// It has something for the log.
    [[nodiscard]] bool is_about_data() const { return about_data_ || !watched_.empty(); }
    [[nodiscard]] std::size_t commands() const { return commands_.size(); }
    /// Of all that it will have in the log, at most.
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    /// That it takes until EXEC, nearly.
    [[nodiscard]] std::size_t memory() const {
        return bytes_ + commands_.capacity() * sizeof(queued_command) +
               words_ * sizeof(std::string);
    }
    /// Of its first key, for a redirection.
    [[nodiscard]] std::uint16_t slot() const { return slot_.value_or(0); }

    void open() { open_ = true; }
    void spoil() { spoiled_ = open_; }
    void unwatch();
    /// What was to be watched could not be: nobody can tell whether it changes.
    void lose_watch() { lost_watch_ = true; }
    [[nodiscard]] bool has_lost_watch() const { return lost_watch_; }

    /// What is wrong, if it has no room for that.
    [[nodiscard]] std::optional<std::string_view> add(const command& which, const word_list& words);
    /// What is wrong, if it has no room to watch these keys, which follow the first word.
    [[nodiscard]] std::optional<std::string_view> reserve(const word_list& words);
    /// Each key is to be as it was when the log was applied up to there.
    void watch(const word_list& words, raft::log_index applied);

    /// Adds it to a batch, as one write.
    [[nodiscard]] transaction_answers write(batch_writer batch, protocol spoken) const;

private:
    [[nodiscard]] bool take_room(std::size_t bytes);
    void see_key(std::string_view key);

    bool open_ = false;
    bool spoiled_ = false;
    bool about_data_ = false;
    bool lost_watch_ = false;
    std::vector<queued_command> commands_;
    std::vector<watched_key> watched_;
    std::size_t words_ = 0;          ///< Of all its commands.
    std::size_t bytes_ = 0;          ///< Of all that it will have in the log, at most.
    std::size_t watched_bytes_ = 0;  ///< Of these, for what is watched.
    std::optional<std::uint16_t> slot_;
};

}  // namespace raft_kv
