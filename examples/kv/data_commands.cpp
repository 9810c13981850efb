// SPDX-License-Identifier: BSL-1.0
//
// The commands on keys: reads look into the store, writes are checked and added to a batch. What a
// write finds is its result, said once it is applied.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "commands.hpp"
#include "limits.hpp"

namespace raft_kv::commands {

namespace {

using problem = complaint;

/// What an element takes in a reply besides its own bytes, at most.
constexpr std::size_t element_bytes = 16;

std::span<const std::string_view> after_name(const word_list& words) {
    return std::span{words}.subspan(1);
}

problem check_pairs(std::span<const std::string_view> pairs) {
    for (std::size_t i = 0; i < pairs.size(); i += 2)
        if (const auto wrong = check_pair(pairs[i], pairs[i + 1])) return wrong;
    return std::nullopt;
}

problem add_increment(std::string_view key, std::int64_t by, batch_writer batch) {
    if (const auto wrong = check_key(key)) return wrong;
    batch.increment(key, by);
    return std::nullopt;
}

}  // namespace

// ------------------------------------------------------------------------------------------- reads

void get(read_call& call) {
    if (const auto* value = call.store.find(call.words[1])) {
        call.reply.bulk(*value);
    } else {
        call.reply.nothing();
    }
}

void exists(read_call& call) {
    std::int64_t count = 0;
    for (const auto key : after_name(call.words)) count += call.store.find(key) != nullptr ? 1 : 0;
    call.reply.integer(count);
}

void strlen(read_call& call) {
    const auto* value = call.store.find(call.words[1]);
    call.reply.integer(value != nullptr ? static_cast<std::int64_t>(value->size()) : 0);
}

void getrange(read_call& call) {
    const auto first = integer_in(call.words[2]);
    const auto last = integer_in(call.words[3]);
    if (!first || !last) return call.reply.error(no_integer);
    const auto* value = call.store.find(call.words[1]);
    const auto size = value == nullptr ? 0 : static_cast<std::int64_t>(value->size());
    const auto counted = [&](std::int64_t at) { return std::max<std::int64_t>(at, -size) + size; };
    const auto begin = *first < 0 ? counted(*first) : *first;
    const auto end = std::min(*last < 0 ? counted(*last) : *last, size - 1);
    const auto turned = *first < 0 && *last < 0 && *first > *last;
    if (begin > end || size == 0 || turned) return call.reply.bulk("");
    const auto length = static_cast<std::size_t>(end - begin + 1);
    call.reply.bulk(std::string_view{*value}.substr(static_cast<std::size_t>(begin), length));
}

void type(read_call& call) {
    call.reply.status(call.store.find(call.words[1]) != nullptr ? "string" : "none");
}

void mget(read_call& call) {
    std::vector<const std::string*> values;
    std::size_t bytes = 0;
    for (const auto key : after_name(call.words)) {
        values.push_back(call.store.find(key));
        bytes += element_bytes + (values.back() != nullptr ? values.back()->size() : 0);
        if (bytes > limits::reply_bytes_max) return call.reply.error(reply_too_long_text);
    }
    call.reply.expect(bytes + element_bytes);
    call.reply.array(values.size());
    for (const auto* value : values) {
        if (value != nullptr) {
            call.reply.bulk(*value);
        } else {
            call.reply.nothing();
        }
    }
}

void dbsize(read_call& call) {
    call.reply.integer(static_cast<std::int64_t>(call.store.keys().size()));
}

// ------------------------------------------------------------------------------------------ writes

problem setnx(const word_list& words, batch_writer batch) {
    if (const auto wrong = check_pair(words[1], words[2])) return wrong;
    batch.set(words[1], words[2], {.only_if_absent = true, .tell_number = true});
    return std::nullopt;
}

problem rename(const word_list& words, batch_writer batch) {
    if (const auto wrong = check_key(words[2])) return wrong;
    batch.rename(words[1], words[2], false);
    return std::nullopt;
}

problem renamenx(const word_list& words, batch_writer batch) {
    if (const auto wrong = check_key(words[2])) return wrong;
    batch.rename(words[1], words[2], true);
    return std::nullopt;
}

/// There is one database, 0.
problem copy(const word_list& words, batch_writer batch) {
    bool replaces = false;
    for (std::size_t i = 3; i < words.size(); ++i) {
        if (same_word(words[i], "replace")) {
            replaces = true;
        } else if (same_word(words[i], "db") && i + 1 < words.size()) {
            const auto database = integer_in(words[++i]);
            if (!database) return no_integer;
            if (*database != 0)
                return "ERR Copying to another database is not allowed in cluster mode";
        } else {
            return syntax_error;
        }
    }
    if (words[1] == words[2]) return "ERR source and destination objects are the same";
    if (const auto wrong = check_key(words[2])) return wrong;
    batch.copy(words[1], words[2], !replaces);
    return std::nullopt;
}

problem getset(const word_list& words, batch_writer batch) {
    if (const auto wrong = check_pair(words[1], words[2])) return wrong;
    batch.set(words[1], words[2], {.give_old_value = true});
    return std::nullopt;
}

problem getdel(const word_list& words, batch_writer batch) {
    if (const auto wrong = check_key(words[1])) return wrong;
    batch.take(words[1]);
    return std::nullopt;
}

problem setrange(const word_list& words, batch_writer batch) {
    const auto offset = integer_in(words[2]);
    if (!offset) return no_integer;
    if (*offset < 0) return "ERR offset is out of range";
    if (const auto wrong = check_key(words[1])) return wrong;
    const auto most = static_cast<std::int64_t>(limits::value_bytes_max);
    if (*offset > most || *offset + static_cast<std::int64_t>(words[3].size()) > most)
        return value_too_long;
    batch.set_range(words[1], static_cast<std::uint64_t>(*offset), words[3]);
    return std::nullopt;
}

problem incrbyfloat(const word_list& words, batch_writer batch) {
    if (!decimal::parsed(words[2])) return "ERR value is not a valid float";
    if (const auto wrong = check_key(words[1])) return wrong;
    batch.add_decimal(words[1], words[2]);
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
    if (const auto wrong = check_pairs(pairs)) return wrong;
    batch.set_many(pairs);
    return std::nullopt;
}

problem msetnx(const word_list& words, batch_writer batch) {
    const auto pairs = after_name(words);
    if (pairs.size() % 2 != 0) return "ERR wrong number of arguments for 'msetnx' command";
    if (const auto wrong = check_pairs(pairs)) return wrong;
    batch.set_many_if_absent(pairs);
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
