// SPDX-License-Identifier: BSL-1.0
//
// The commands on keys: reads look into the store, writes are checked and added to a batch. What a
// write finds is its result, said once it is applied.
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "commands.hpp"
#include "glob.hpp"
#include "limits.hpp"

namespace raft_kv::commands {

namespace {

using problem = std::optional<std::string_view>;

constexpr std::string_view key_too_long = "ERR key exceeds maximum allowed size of 65536 bytes";
constexpr std::string_view value_too_long =
    "ERR string exceeds maximum allowed size of 1048576 bytes";
constexpr std::string_view reply_too_long = "ERR the reply would be longer than 33554432 bytes";
constexpr std::string_view no_integer = "ERR value is not an integer or out of range";
constexpr std::string_view syntax_error = "ERR syntax error";

/// What an element takes in a reply besides its own bytes, at most.
constexpr std::size_t element_bytes = 16;

problem check_key(std::string_view key) {
    return key.size() > limits::key_bytes_max ? problem{key_too_long} : std::nullopt;
}

problem check_value(std::string_view value) {
    return value.size() > limits::value_bytes_max ? problem{value_too_long} : std::nullopt;
}

problem check_pair(std::string_view key, std::string_view value) {
    const auto wrong = check_key(key);
    return wrong ? wrong : check_value(value);
}

std::span<const std::string_view> after_name(const word_list& words) {
    return std::span{words}.subspan(1);
}

problem add_increment(std::string_view key, std::int64_t by, batch_writer batch) {
    if (const auto wrong = check_key(key)) return wrong;
    batch.increment(key, by);
    return std::nullopt;
}

}  // namespace

// ------------------------------------------------------------------------------------------- reads

void get(const kv& store, const word_list& words, reply_writer reply) {
    if (const auto* value = store.find(words[1])) {
        reply.bulk(*value);
    } else {
        reply.nothing();
    }
}

void exists(const kv& store, const word_list& words, reply_writer reply) {
    std::int64_t count = 0;
    for (const auto key : after_name(words)) count += store.find(key) != nullptr ? 1 : 0;
    reply.integer(count);
}

void strlen(const kv& store, const word_list& words, reply_writer reply) {
    const auto* value = store.find(words[1]);
    reply.integer(value != nullptr ? static_cast<std::int64_t>(value->size()) : 0);
}

void mget(const kv& store, const word_list& words, reply_writer reply) {
    std::vector<const std::string*> values;
    std::size_t bytes = 0;
    for (const auto key : after_name(words)) {
        values.push_back(store.find(key));
        bytes += element_bytes + (values.back() != nullptr ? values.back()->size() : 0);
        if (bytes > limits::reply_bytes_max) return reply.error(reply_too_long);
    }
    reply.array(values.size());
    for (const auto* value : values) {
        if (value != nullptr) {
            reply.bulk(*value);
        } else {
            reply.nothing();
        }
    }
}

void keys(const kv& store, const word_list& words, reply_writer reply) {
    const auto pattern = words[1];
    if (pattern.size() > limits::pattern_bytes_max)
        return reply.error("ERR the pattern is longer than 1024 bytes");
    const auto all = pattern == "*";
    std::vector<std::string_view> found;
    std::size_t bytes = 0;
    store.values().for_each([&](const std::string& key, const std::string& /*value*/) {
        if (bytes > limits::reply_bytes_max || !(all || glob_matches(pattern, key))) return;
        found.push_back(key);
        bytes += element_bytes + key.size();
    });
    if (bytes > limits::reply_bytes_max) return reply.error(reply_too_long);
    reply.array(found.size());
    for (const auto key : found) reply.bulk(key);
}

void dbsize(const kv& store, const word_list& /*words*/, reply_writer reply) {
    reply.integer(static_cast<std::int64_t>(store.values().size()));
}

// ------------------------------------------------------------------------------------------ writes

problem set(const word_list& words, batch_writer batch) {
    set_condition condition;
    for (const auto option : std::span{words}.subspan(3)) {
        if (same_word(option, "nx")) {
            condition.only_if_absent = true;
        } else if (same_word(option, "xx")) {
            condition.only_if_present = true;
        } else if (same_word(option, "get")) {
            condition.give_old_value = true;
        } else {
            return "ERR syntax error: SET takes the options NX, XX and GET, and no other";
        }
    }
    if (condition.only_if_absent && condition.only_if_present) return syntax_error;
    if (const auto wrong = check_pair(words[1], words[2])) return wrong;
    batch.set(words[1], words[2], condition);
    return std::nullopt;
}

problem del(const word_list& words, batch_writer batch) {
    for (const auto key : after_name(words))
        if (const auto wrong = check_key(key)) return wrong;
    batch.remove(after_name(words));
    return std::nullopt;
}

problem incr(const word_list& words, batch_writer batch) {
    return add_increment(words[1], 1, batch);
}

problem decr(const word_list& words, batch_writer batch) {
    return add_increment(words[1], -1, batch);
}

problem incrby(const word_list& words, batch_writer batch) {
    const auto by = integer_in(words[2]);
    if (!by) return no_integer;
    return add_increment(words[1], *by, batch);
}

problem decrby(const word_list& words, batch_writer batch) {
    const auto by = integer_in(words[2]);
    if (!by) return no_integer;
    if (*by == std::numeric_limits<std::int64_t>::min()) return "ERR decrement would overflow";
    return add_increment(words[1], -*by, batch);
}

problem append(const word_list& words, batch_writer batch) {
    if (const auto wrong = check_pair(words[1], words[2])) return wrong;
    batch.append(words[1], words[2]);
    return std::nullopt;
}

problem mset(const word_list& words, batch_writer batch) {
    const auto pairs = after_name(words);
    if (pairs.size() % 2 != 0) return "ERR wrong number of arguments for 'mset' command";
    for (std::size_t i = 0; i < pairs.size(); i += 2)
        if (const auto wrong = check_pair(pairs[i], pairs[i + 1])) return wrong;
    batch.set_many(pairs);
    return std::nullopt;
}

problem cas(const word_list& words, batch_writer batch) {
    if (const auto wrong = check_pair(words[1], words[2])) return wrong;
    if (const auto wrong = check_value(words[3])) return wrong;
    batch.compare_and_set(words[1], words[2], words[3]);
    return std::nullopt;
}

problem flushall(const word_list& words, batch_writer batch) {
    const auto known =
        words.size() == 1 ||
        (words.size() == 2 && (same_word(words[1], "sync") || same_word(words[1], "async")));
    if (!known) return syntax_error;
    batch.clear();
    return std::nullopt;
}

}  // namespace raft_kv::commands
