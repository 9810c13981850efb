// SPDX-License-Identifier: BSL-1.0
//
// The commands that look for keys: KEYS, SCAN, RANDOMKEY.
#include <charconv>
#include <cstdint>
#include <random>
#include <vector>

#include "commands.hpp"
#include "glob.hpp"
#include "limits.hpp"

namespace raft_kv::commands {

namespace {

using problem = complaint;

/// Of 64 bits without a sign, as Redis takes one; what is no cursor of ours is at the end.
std::optional<std::uint64_t> cursor_in(std::string_view word) {
    std::uint64_t cursor = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), cursor);
    if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    return cursor;
}

constexpr std::string_view pattern_too_long = "ERR the pattern is longer than 1024 bytes";

/// What an element takes in a reply besides its own bytes, at most.
constexpr std::size_t element_bytes = 16;

/// What SCAN is told besides its cursor.
struct scan_options {
    std::string_view pattern = "*";
    std::size_t count = 10;
    bool strings = true;
};

problem take_scan_options(const word_list& words, scan_options& options) {
    for (std::size_t i = 2; i < words.size(); i += 2) {
        if (i + 1 == words.size()) return syntax_error;
        if (same_word(words[i], "match")) {
            options.pattern = words[i + 1];
        } else if (same_word(words[i], "type")) {
            options.strings = same_word(words[i + 1], "string");
        } else if (same_word(words[i], "count")) {
            const auto count = integer_in(words[i + 1]);
            if (!count) return no_integer;
            if (*count < 1) return syntax_error;
            options.count = static_cast<std::size_t>(*count);
        } else {
            return syntax_error;
        }
    }
    return options.pattern.size() > limits::pattern_bytes_max ? problem{pattern_too_long}
                                                              : std::nullopt;
}

}  // namespace

void keys(read_call& call) {
    const auto pattern = call.words[1];
    if (pattern.size() > limits::pattern_bytes_max) return call.reply.error(pattern_too_long);
    const auto all = pattern == "*";
    std::vector<std::string_view> found;
    std::size_t bytes = 0;
    call.store.keys().for_each([&](const std::string& key, const auto& /*held*/) {
        if (bytes > limits::reply_bytes_max || !(all || glob_matches(pattern, key))) return;
        found.push_back(key);
        bytes += element_bytes + key.size();
    });
    if (bytes > limits::reply_bytes_max) return call.reply.error(reply_too_long_text);
    call.reply.expect(bytes + element_bytes);
    call.reply.array(found.size());
    for (const auto key : found) call.reply.bulk(key);
}

void randomkey(read_call& call) {
    static std::minstd_rand random{std::random_device{}()};
    const auto any_key_from = [&](std::uint64_t cursor) {
        std::vector<std::string_view> found;
        static_cast<void>(call.store.keys().scan(cursor, [&](std::string_view key) {
            found.push_back(key);
            return false;
        }));
        return found;
    };
    auto found = any_key_from(random() % sharded_map::cursors());
    if (found.empty()) found = any_key_from(0);
    found.empty() ? call.reply.nothing() : call.reply.bulk(found[random() % found.size()]);
}

/// A key that is there from the first call to the last is returned once; one that comes or goes
/// meanwhile, perhaps.
void scan(read_call& call) {
    const auto cursor = cursor_in(call.words[1]);
    if (!cursor) return call.reply.error("ERR invalid cursor");
    scan_options options;
    if (const auto wrong = take_scan_options(call.words, options)) return call.reply.error(*wrong);
    std::vector<std::string_view> found;
    std::size_t seen = 0;
    std::size_t bytes = 0;
    const auto next = call.store.keys().scan(*cursor, [&](std::string_view key) {
        ++seen;
        if (options.strings && glob_matches(options.pattern, key)) {
            found.push_back(key);
            bytes += key.size();
        }
        return seen < options.count && bytes < limits::output_bytes_soft;
    });
    call.reply.array(2);
    call.reply.bulk(std::to_string(next));
    call.reply.array(found.size());
    for (const auto key : found) call.reply.bulk(key);
}

}  // namespace raft_kv::commands
