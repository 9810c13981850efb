// SPDX-License-Identifier: BSL-1.0
//
// The subcommands of RAFT: what this server tells of itself, how it reads, and what is asked of the
// cluster, whose words are checked here.
#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "backup_command.hpp"
#include "commands.hpp"
#include "incarnation.hpp"

namespace raft_kv::commands {

namespace {

using asked_or_wrong = std::variant<cluster_request, std::string>;

void optional_integer(reply_writer& reply, std::optional<std::uint64_t> value) {
    if (value) {
        reply.integer(static_cast<std::int64_t>(*value));
    } else {
        reply.nothing();
    }
}

std::string wrong_id(std::string_view word) {
    constexpr std::size_t shown_max = 40;
    return "ERR '" + std::string{word.substr(0, shown_max)} + "' is no server's id";
}

/// FORCE as the last word: the change waits for no live majority.
raft::change_check check_in(word_list& words) {
    if (words.size() < 4 || !same_word(words.back(), "force"))
        return raft::change_check::live_majority;
    words.pop_back();
    return raft::change_check::forced;
}

/// What `make` makes of the id in the third word.
template <class Make>
asked_or_wrong about_server(const word_list& words, Make make) {
    const auto id = id_in(words[2]);
    if (!id) return wrong_id(words[2]);
    return cluster_request{make(*id)};
}

/// The same of a change of its part, which can be forced.
template <class Make>
asked_or_wrong about_changed_server(word_list words, Make make) {
    const auto check = check_in(words);
    if (words.size() != 3) return "ERR syntax error";
    return about_server(words, [&](std::uint64_t id) { return make(id, check); });
}

bool is_number(std::string_view word) {
    return std::ranges::all_of(word, [](char byte) { return byte >= '0' && byte <= '9'; });
}

/// The words from the third on, and how many of them there are: a port of TLS may be the last.
std::size_t words_of_address(const word_list& words) {
    return words.size() > 6 && is_number(words[6]) ? 5 : 4;
}

std::variant<server_address, std::string> address_in(const word_list& words) {
    const auto id = id_in(words[2]);
    if (!id) return wrong_id(words[2]);
    auto address = parse_address(*id, std::span{words}.subspan(3, words_of_address(words) - 1));
    if (const auto* wrong = std::get_if<std::string>(&address)) return "ERR " + *wrong;
    return address;
}

std::optional<raft::member_part> part_in(std::string_view word) {
    if (same_word(word, "voter")) return raft::member_part::voter;
    if (same_word(word, "learner")) return raft::member_part::learner;
    if (same_word(word, "witness")) return raft::member_part::witness;
    return std::nullopt;
}

void tell_member(local_call& call, const member_report& member) {
    auto& reply = call.reply;
    const auto* address = call.server.layout().find(member.id);
    reply.array(9);
    reply.bulk(id_text(member.id));
    reply.bulk(address != nullptr ? host_and_port(address->host, address->client_port) : "");
    optional_integer(reply, member.match);
    reply.bulk(name_of(member.part));
    reply.bulk(member.leaving ? "leaving" : "staying");
    optional_integer(reply, member.behind);
    optional_integer(reply, member.heard_ms);
    optional_integer(reply, member.behind_bytes);
    optional_integer(reply, member.election_timeout_ms);
}

void raft_help(local_call& call) {
    call.reply.array(raft_subcommands().size());
    for (const auto& each : raft_subcommands())
        call.reply.bulk("RAFT " + upper_case(each.name) + " " + std::string{each.summary});
}

// ------------------------------------------------------------------------------------ this server

/// After which entry the servers' states differed last, and those that did.
void tell_comparison(local_call& call, const server_report& report) {
    const auto& last = report.compared.last;
    auto& reply = call.reply;
    reply.bulk("state-differs");
    reply.integer(report.state_differs ? 1 : 0);
    reply.bulk("version-too-old");
    reply.integer(report.version_too_old ? 1 : 0);
    reply.bulk("difference-at");
    reply.integer(last ? static_cast<std::int64_t>(last->index.value) : 0);
    reply.bulk("difference-of");
    const auto differing = last ? last->differing() : std::vector<raft::member_id>{};
    reply.array(differing.size());
    for (const auto id : differing) reply.bulk(id_text(id.value));
}

void raft_status(local_call& call) {
    const auto report = call.server.report();
    auto& reply = call.reply;
    const auto number = [&](std::string_view name, std::uint64_t value) {
        reply.bulk(name);
        reply.integer(static_cast<std::int64_t>(value));
    };
    const auto text = [&](std::string_view name, std::string_view value) {
        reply.bulk(name);
        reply.bulk(value);
    };
    reply.map(22);
    text("id", id_text(report.id));
    text("role", report.role);
    number("term", report.term);
    reply.bulk("leader");
    report.leader ? reply.bulk(id_text(*report.leader)) : reply.nothing();
    number("commit", report.commit);
    number("applied", report.applied);
    number("last", report.last);
    number("snapshot", report.snapshot);
    reply.bulk("members");
    reply.array(report.members.size());
    for (const auto& member : report.members) tell_member(call, member);
    number("configuration", report.configuration);
    number("changing", report.changing ? 1 : 0);
    text("lease", report.lease ? "on" : "off");
    number("lost-through", report.lost_through);
    number("lacks-from", report.lacks_from);
    number("removed-at", report.removed_at);
    tell_comparison(call, report);
    text("history", hex_text(call.server.birth().history.value));
    const auto& own = call.server.own_keys();
    text("peers-prove", own.has_certificate
                            ? (own.secret ? "certificate and secret" : "certificate")
                        : own.secret ? "secret"
                                     : "nothing");
    std::uint64_t refused = 0;
    for (const auto& each : report.peers_refused) refused += each.second;
    number("peers-refused", refused);
}

void raft_snapshot(local_call& call) {
    const auto refused = call.server.take_snapshot();
    refused ? call.reply.error(*refused) : call.reply.ok();
}

void raft_address(local_call& call) {
    call.reply.bulk(cluster_text(call.server.identity(), call.server.layout().servers));
}

void raft_birth(local_call& call) { call.reply.bulk(text_of(call.server.birth())); }

void raft_prove(local_call& call) {
    auto& door = call.client.door;
    const auto was_wrong = door.answer(call.server.own_keys().secret, call.words, call.reply);
    if (door.is_proven()) call.client.rights = rights_of_peer();
    if (was_wrong) call.server.refused(call.client, "a wrong proof");
}

void raft_lease(local_call& call) {
    const auto on = same_word(call.words[2], "on");
    if (!on && !same_word(call.words[2], "off"))
        return call.reply.error("ERR RAFT LEASE takes on or off");
    const auto refused = call.server.use_lease(on);
    refused ? call.reply.error(*refused) : call.reply.ok();
}

/// Bounds of milliseconds beyond a day say nothing.
void raft_reads(local_call& call) {
    constexpr std::int64_t bound_max = 86'400'000;
    const auto& words = call.words;
    const auto bounded = words.size() == 4;
    const auto stale = same_word(words[2], "stale");
    raft::core::read_requested reads{};
    if (stale) {
        reads.consistency = raft::read_consistency::stale;
    } else if (same_word(words[2], "lease")) {
        reads.consistency = raft::read_consistency::lease;
    } else if (!same_word(words[2], "linearizable")) {
        return call.reply.error("ERR reads are linearizable, lease or stale");
    }
    if (words.size() > 4 || (bounded && !stale)) return call.reply.error(syntax_error);
    if (bounded) {
        const auto bound = integer_in(words[3]);
        if (!bound || *bound < 0 || *bound > bound_max)
            return call.reply.error("ERR the bound is not between 0 and 86400000 milliseconds");
        reads.bound = raft::milliseconds(*bound);
    }
    call.client.reads = reads;
    call.client.reads_any_age = stale && !bounded;
    call.reply.ok();
}

// ------------------------------------------------------------------------------------ the cluster

asked_or_wrong raft_add(const word_list& words) {
    auto address = address_in(words);
    if (auto* wrong = std::get_if<std::string>(&address)) return std::move(*wrong);
    const auto rest = std::span{words}.subspan(2 + words_of_address(words));
    const auto part = rest.empty() ? raft::member_part::voter : part_in(rest[0]);
    if (!part || rest.size() > 1) return "ERR a server is added as a LEARNER, a WITNESS or a VOTER";
    return add_server{std::get<server_address>(std::move(address)), *part};
}

asked_or_wrong raft_announce(const word_list& words) {
    if (words.size() != 2 + words_of_address(words)) return "ERR syntax error";
    auto address = address_in(words);
    if (auto* wrong = std::get_if<std::string>(&address)) return std::move(*wrong);
    return announce_server{std::get<server_address>(std::move(address))};
}

asked_or_wrong raft_remove(const word_list& words) {
    return about_changed_server(words, [](std::uint64_t id, raft::change_check check) {
        return remove_server{id, check};
    });
}

asked_or_wrong raft_promote(const word_list& words) {
    return about_changed_server(words, [](std::uint64_t id, raft::change_check check) {
        return assign_part{id, raft::member_part::voter, check};
    });
}

asked_or_wrong raft_demote(const word_list& words) {
    return about_changed_server(words, [](std::uint64_t id, raft::change_check check) {
        return assign_part{id, raft::member_part::learner, check};
    });
}

asked_or_wrong raft_forget(const word_list& words) {
    return about_server(words, [](std::uint64_t id) { return forget_server{id}; });
}

asked_or_wrong raft_change(const word_list& given) {
    auto words = given;
    change_members wanted{.members = {}, .check = check_in(words)};
    for (std::size_t i = 2; i < words.size(); ++i) {
        const auto colon = words[i].find(':');
        const auto id = id_in(words[i].substr(0, colon));
        const auto part = colon == std::string_view::npos ? raft::member_part::voter
                                                          : part_in(words[i].substr(colon + 1));
        if (!id || !part) return wrong_id(words[i]);
        if (wanted.members.size() == raft::core::members_max)
            return "TOOMANY more than 32 members are named; no cluster has more";
        wanted.members.push_back({{*id}, *part});
    }
    return wanted;
}

asked_or_wrong raft_transfer(const word_list& words) {
    if (words.size() == 2) return transfer_leadership{};
    if (words.size() > 3) return "ERR syntax error";
    return about_server(words, [](std::uint64_t id) { return transfer_leadership{id}; });
}

asked_or_wrong raft_step_down(const word_list& /*words*/) { return step_down{}; }

constexpr std::array table{
    for_operators({"add", -6, "admin no_multi", 0, 0, 0, "cluster",
                   "<id> <host> <peer-port> <client-port> [<tls-port>] [LEARNER|WITNESS]: adds a "
                   "new server.",
                   raft_add}),
    for_operators({"address", 2, "admin no_multi", 0, 0, 0, "cluster",
                   "Where the servers are, as a cluster file.", raft_address}),
    for_operators({"announce", -6, "admin no_multi", 0, 0, 0, "cluster",
                   "<id> <host> <peer-port> <client-port> [<tls-port>]: tells all servers where "
                   "one is.",
                   raft_announce}),
    for_operators({"backup", -2, "admin no_multi", 0, 0, 0, "cluster",
                   "[<offset>]: what the newest snapshot is, or bytes of it.", raft_backup}),
    for_operators({"birth", 2, "admin no_multi", 0, 0, 0, "cluster",
                   "Which history the cluster has, and the directories that it began with.",
                   raft_birth}),
    for_operators({"change", -3, "admin no_multi", 0, 0, 0, "cluster",
                   "<id>[:learner|:witness] ... [FORCE]: makes these the members, in one change.",
                   raft_change}),
    for_operators({"demote", -3, "admin no_multi", 0, 0, 0, "cluster",
                   "<id> [FORCE]: a voter becomes a learner.", raft_demote}),
    for_operators({"forget", 3, "admin no_multi", 0, 0, 0, "cluster",
                   "<id>: forgets the address of a server that is no member.", raft_forget}),
    command{"help", 2, "admin no_multi", 0, 0, 0, "cluster", "This text.", raft_help},
    for_operators({"lease", 3, "admin no_multi", 0, 0, 0, "cluster",
                   "on|off: this server, when it leads, answers reads under its lease.",
                   raft_lease}),
    command{
        "once", -5, "admin no_multi", 0, 0, 0, "cluster",
        "<session> <number> <command ...>: a write that is carried out once, if sent again too.",
        raft_once},
    for_operators({"promote", -3, "admin no_multi", 0, 0, 0, "cluster",
                   "<id> [FORCE]: a learner becomes a voter.", raft_promote}),
    command{"prove", -2, "admin no_multi no_auth", 0, 0, 0, "cluster",
            "[<proof>]: servers prove to each other that they know their secret.", raft_prove},
    command{"reads", -3, "admin no_multi", 0, 0, 0, "cluster",
            "linearizable|lease|stale [ms]: how fresh the reads of this connection are.",
            raft_reads, begins::after_reads},
    for_operators({"remove", -3, "admin no_multi", 0, 0, 0, "cluster",
                   "<id> [FORCE]: removes a member.", raft_remove}),
    command{"session", 2, "admin no_multi", 0, 0, 0, "cluster", "Opens a session for RAFT ONCE.",
            raft_session},
    for_operators(
        {"snapshot", 2, "admin no_multi", 0, 0, 0, "cluster", "Begins a snapshot.", raft_snapshot}),
    for_operators({"status", 2, "admin no_multi", 0, 0, 0, "cluster",
                   "This server's part, and the members.", raft_status}),
    for_operators({"stepdown", 2, "admin no_multi", 0, 0, 0, "cluster", "The leader stops leading.",
                   raft_step_down}),
    for_operators({"transfer", -2, "admin no_multi", 0, 0, 0, "cluster",
                   "[<id>]: lets that server lead, or the one that is furthest.", raft_transfer}),
};

static_assert(std::ranges::is_sorted(table, {}, &command::name));

}  // namespace

std::span<const command> raft_subcommands() { return table; }

}  // namespace raft_kv::commands
