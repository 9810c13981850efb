// SPDX-License-Identifier: BSL-1.0
//
// OBJECT and MEMORY: how a value is kept, for tools that look for what is large.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "commands.hpp"

namespace raft_kv::commands {

namespace {

/// What a key takes besides its bytes and those of its value: both as strings, and its place.
constexpr std::size_t bytes_per_key =
    sizeof(std::string) + sizeof(keyspace::stored) + 4 * sizeof(void*);

/// Every value is a string of bytes.
void encoding(read_call& call) {
    call.store.find(call.words[2]) != nullptr ? call.reply.bulk("raw") : call.reply.nothing();
}

/// No two keys share a value.
void refcount(read_call& call) {
    call.store.find(call.words[2]) != nullptr ? call.reply.integer(1) : call.reply.nothing();
}

/// All of a value counts, whatever SAMPLES says.
void usage(read_call& call) {
    const auto& words = call.words;
    const auto samples = words.size() == 5 && same_word(words[3], "samples");
    const auto is_count = samples && integer_in(words[4]).value_or(-1) >= 0;
    if (words.size() != 3 && !is_count) return call.reply.error(syntax_error);
    const auto* value = call.store.find(words[2]);
    if (value == nullptr) return call.reply.nothing();
    call.reply.integer(static_cast<std::int64_t>(bytes_per_key + words[2].size() + value->size()));
}

void object_help(local_call& call) { tell_subcommands(call.reply, "object", object_subcommands); }
void memory_help(local_call& call) { tell_subcommands(call.reply, "memory", memory_subcommands); }

constexpr std::array object_table{
    command{"encoding", 3, "readonly", 2, 2, 1, "generic", "<key>: how its value is kept: raw.",
            encoding},
    command{"help", 2, "loading stale", 0, 0, 0, "generic", "This text.", object_help},
    command{"refcount", 3, "readonly", 2, 2, 1, "generic", "<key>: 1, if it is there.", refcount},
};

constexpr std::array memory_table{
    command{"help", 2, "loading stale", 0, 0, 0, "server", "This text.", memory_help},
    command{"usage", -3, "readonly", 2, 2, 1, "server",
            "<key> [SAMPLES <count>]: the bytes that the key and its value take, about.", usage},
};

static_assert(std::ranges::is_sorted(object_table, {}, &command::name));
static_assert(std::ranges::is_sorted(memory_table, {}, &command::name));

}  // namespace

std::span<const command> object_subcommands() { return object_table; }
std::span<const command> memory_subcommands() { return memory_table; }

}  // namespace raft_kv::commands
