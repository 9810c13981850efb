// SPDX-License-Identifier: BSL-1.0
//
// RAFT SESSION and RAFT ONCE: writes that a client can safely send again.
#include <cstdint>
#include <string>

#include "commands.hpp"

namespace raft_kv::commands {

namespace {

std::optional<std::uint64_t> number_in(std::string_view word) {
    const auto number = integer_in(word);
    if (!number || *number < 1) return std::nullopt;
    return static_cast<std::uint64_t>(*number);
}

}  // namespace

complaint raft_session(const word_list& /*words*/, batch_writer batch) {
    batch.open_session();
    return std::nullopt;
}

/// What is answered is kept for retries, so a value is not among it.
complaint raft_once(const word_list& words, batch_writer batch) {
    const auto session = number_in(words[2]);
    const auto number = number_in(words[3]);
    if (!session) return "ERR the session is not a number from 1 on";
    if (!number) return "ERR the write's number is not one from 1 on";
    const word_list inner{words.begin() + 4, words.end()};
    const auto* which = find_command(inner[0]);
    const auto* write = which == nullptr ? nullptr : std::get_if<write_function>(&which->run);
    if (write == nullptr) return "ERR only a write can be carried out once";
    if (!arity_fits(*which, inner.size())) return "ERR wrong number of arguments for the write";
    if (which->name == "getset" || which->name == "getdel" || which->name == "getex")
        return "ERR a write that returns a value cannot be carried out once";
    if (which->name == "set")
        for (std::size_t i = 3; i < inner.size(); ++i)
            if (same_word(inner[i], "get")) return "ERR SET with GET cannot be carried out once";
    std::string bytes;
    if (const auto wrong = (*write)(inner, batch_writer{bytes, batch.times()})) return wrong;
    batch.once(*session, *number, bytes);
    return std::nullopt;
}

}  // namespace raft_kv::commands
