// SPDX-License-Identifier: BSL-1.0
//
// What a client says first and last: HELLO, AUTH, RESET, QUIT. There is one user, as in a Redis
// without a configuration: default, whose password is never asked for.
#include <cstdint>
#include <utility>

#include "commands.hpp"

namespace raft_kv::commands {

namespace {

using problem = std::optional<std::string>;

problem check_user(std::string_view user) {
    if (user == "default") return std::nullopt;
    return "WRONGPASS invalid username-password pair or user is disabled.";
}

/// What HELLO agrees on; nothing of it counts if any of it is wrong.
struct agreement {
    protocol spoken;
    std::string name;
};

problem take_version(std::string_view word, agreement& agreed) {
    const auto version = integer_in(word);
    if (!version) return "ERR Protocol version is not an integer or out of range";
    if (*version != 2 && *version != 3) return "NOPROTO unsupported protocol version";
    agreed.spoken = protocol{static_cast<std::uint8_t>(*version)};
    return std::nullopt;
}

problem take_options(const word_list& words, agreement& agreed) {
    for (std::size_t i = 2; i < words.size(); ++i) {
        const auto values = words.size() - i - 1;
        if (same_word(words[i], "auth") && values >= 2) {
            if (auto wrong = check_user(words[i + 1])) return wrong;
            i += 2;
        } else if (same_word(words[i], "setname") && values >= 1) {
            if (const auto wrong = obstacle_to_name(words[i + 1])) return std::string{*wrong};
            agreed.name = words[i + 1];
            i += 1;
        } else {
            constexpr std::size_t shown_max = 128;
            return "ERR Syntax error in HELLO option '" +
                   std::string{words[i].substr(0, shown_max)} + "'";
        }
    }
    return std::nullopt;
}

}  // namespace

void hello(local_call& call) {
    agreement agreed{.spoken = call.client.spoken, .name = call.client.name};
    if (call.words.size() > 1) {
        auto wrong = take_version(call.words[1], agreed);
        if (!wrong) wrong = take_options(call.words, agreed);
        if (wrong) return call.reply.error(*wrong);
    }
    call.client.spoken = agreed.spoken;
    call.client.name = agreed.name;
    auto reply = call.reply.in(agreed.spoken);
    reply.map(7);
    reply.bulk("server");
    reply.bulk("redis");
    reply.bulk("version");
    reply.bulk(redis_version);
    reply.bulk("proto");
    reply.integer(static_cast<std::int64_t>(agreed.spoken));
    reply.bulk("id");
    reply.integer(static_cast<std::int64_t>(call.client.id));
    reply.bulk("mode");
    reply.bulk("cluster");
    reply.bulk("role");
    reply.bulk(call.server.not_leading() ? "replica" : "master");
    reply.bulk("modules");
    reply.array(0);
}

void auth(local_call& call) {
    const auto& words = call.words;
    if (words.size() > 3) return call.reply.error(syntax_error);
    if (words.size() == 2)
        return call.reply.error(
            "ERR AUTH <password> called without any password configured for the default user. Are "
            "you sure your configuration is correct?");
    if (const auto wrong = check_user(words[1])) return call.reply.error(*wrong);
    call.reply.ok();
}

void reset(local_call& call) {
    call.client = {.id = call.client.id,
                   .address = std::move(call.client.address),
                   .own_address = std::move(call.client.own_address)};
    call.reply.status("RESET");
}

void quit(local_call& call) {
    call.client.quits = true;
    call.reply.ok();
}

}  // namespace raft_kv::commands
