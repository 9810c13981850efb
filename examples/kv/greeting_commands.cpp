// SPDX-License-Identifier: BSL-1.0
//
// What a client says first and last: HELLO, AUTH, RESET, QUIT. There are two users at most:
// default, as in Redis, who may need a password; and operator, where operators have one of their
// own.
#include <cstdint>
#include <utility>

#include "commands.hpp"

namespace raft_kv::commands {

namespace {

using problem = std::optional<std::string>;

constexpr std::string_view hello_without_auth =
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
    "<proto> "
    "AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol "
    "version at the same time";

problem log_in(local_call& call, std::string_view user, std::string_view password,
               client_rights& rights) {
    auto wrong = admit(call.server.own_keys(), user, password, rights);
    if (wrong) call.server.refused(call.client, "a wrong password");
    return wrong;
}

/// What HELLO agrees on; nothing of it counts if any of it is wrong.
struct agreement {
    protocol spoken;
    std::string name;
    client_rights rights;
};

problem take_version(std::string_view word, agreement& agreed) {
    const auto version = integer_in(word);
    if (!version) return "ERR Protocol version is not an integer or out of range";
    if (*version != 2 && *version != 3) return "NOPROTO unsupported protocol version";
    agreed.spoken = protocol{static_cast<std::uint8_t>(*version)};
    return std::nullopt;
}

problem take_options(local_call& call, agreement& agreed) {
    const auto& words = call.words;
    for (std::size_t i = 2; i < words.size(); ++i) {
        const auto values = words.size() - i - 1;
        if (same_word(words[i], "auth") && values >= 2) {
            if (auto wrong = log_in(call, words[i + 1], words[i + 2], agreed.rights)) return wrong;
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
    agreement agreed{
        .spoken = call.client.spoken, .name = call.client.name, .rights = call.client.rights};
    if (call.words.size() > 1) {
        auto wrong = take_version(call.words[1], agreed);
        if (!wrong) wrong = take_options(call, agreed);
        if (wrong) return call.reply.error(*wrong);
    }
    if (!agreed.rights.may_use)
        return call.reply.error(agreed.rights.is_foreign ? foreign_text : hello_without_auth);
    call.client.spoken = agreed.spoken;
    call.client.name = agreed.name;
    call.client.rights = agreed.rights;
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
    const bool has_password = call.server.own_keys().password.has_value();
    if (words.size() == 2 && !has_password)
        return call.reply.error(
            "ERR AUTH <password> called without any password configured for the default user. Are "
            "you sure your configuration is correct?");
    const auto user = words.size() == 2 ? "default" : words[1];
    if (const auto wrong = log_in(call, user, words.back(), call.client.rights))
        return call.reply.error(*wrong);
    call.reply.ok();
}

void reset(local_call& call) {
    auto& before = call.client;
    call.client = {.id = before.id,
                   .since = before.since,
                   .active = before.active,
                   .last_command = before.last_command,
                   .address = std::move(before.address),
                   .own_address = std::move(before.own_address),
                   .is_local = before.is_local,
                   .by_tls = before.by_tls,
                   .rights = rights_at_first(call.server.own_keys(), before.is_local)};
    call.reply.status("RESET");
}

void quit(local_call& call) {
    call.client.quits = true;
    call.reply.ok();
}

}  // namespace raft_kv::commands
