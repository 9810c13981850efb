// SPDX-License-Identifier: BSL-1.0
#include "cluster_inquiry.hpp"

#include <utility>

#include "demo/status.hpp"
#include "incarnation.hpp"

namespace raft_kv {

namespace {

std::optional<birth_answer> birth_in(const std::optional<outside::answer>& said) {
    if (!said || said->what != outside::answer::kind::text) return std::nullopt;
    return parse_birth_answer(said->text);
}

std::variant<cluster_answer, std::string> ask_one(const server_address& server, const keys& own,
                                                  std::chrono::milliseconds patience) {
    outside::connection asked{server, patience};
    if (auto refused = enter(asked, own)) return *std::move(refused);
    const auto text = asked.call({"RAFT", "ADDRESS"});
    if (!text) return asked.error();
    if (text->is_error()) return "it said " + text->text;
    const auto said = asked.call({"RAFT", "STATUS"});
    if (!said) return asked.error();
    const auto status = outside::read_status(*said);
    auto parsed = parse_cluster(text->text, known_servers_max);
    if (!status || std::holds_alternative<layout_error>(parsed))
        return "what it said is no answer of a raft-kv server";
    const auto born = birth_in(asked.call({"RAFT", "BIRTH"}));
    if (!born || !std::holds_alternative<birth_record>(*born))
        return "it does not say which history the cluster has";
    cluster_answer answer{.layout = std::get<cluster_layout>(std::move(parsed)),
                          .birth = std::get<birth_record>(*born),
                          .voters = {}};
    for (const auto& member : status->members)
        if (member.part != "learner") answer.voters.push_back(member.id);
    return answer;
}

}  // namespace

std::variant<cluster_answer, std::string>
ask_about_cluster(const std::vector<server_address>& servers, std::uint64_t self, const keys& own,
                  std::chrono::milliseconds patience) {
    std::string problems;
    for (const auto& server : servers) {
        // An earlier incarnation was at this server's own address.
        if (number_of(server.id) == number_of(self)) continue;
        auto said = ask_one(server, own, patience);
        if (std::holds_alternative<cluster_answer>(said)) return said;
        problems += (problems.empty() ? "server " : "; server ") + id_text(server.id) + " at " +
                    host_and_port(server.host, server.client_port) + ": " +
                    std::get<std::string>(said);
    }
    return problems.empty() ? "the cluster file names no other server" : problems;
}

std::variant<birth_answer, std::string> ask_one_for_birth(const server_address& server,
                                                          const keys& own,
                                                          std::chrono::milliseconds patience) {
    outside::connection asked{server, patience};
    if (auto refused = enter(asked, own)) return *std::move(refused);
    const auto said = asked.call({"RAFT", "BIRTH"});
    if (!said) return asked.error();
    if (said->is_error()) return "it said " + said->text;
    auto answer = birth_in(said);
    if (!answer) return "what it said is no answer of a raft-kv server";
    return *std::move(answer);
}

std::optional<birth_record> ask_for_birth(const std::vector<server_address>& servers,
                                          std::uint64_t self, const keys& own,
                                          std::chrono::milliseconds patience) {
    for (const auto& server : servers) {
        if (number_of(server.id) == number_of(self)) continue;
        auto said = ask_one_for_birth(server, own, patience);
        auto* answer = std::get_if<birth_answer>(&said);
        if (answer == nullptr) continue;
        if (auto* record = std::get_if<birth_record>(answer)) return std::move(*record);
    }
    return std::nullopt;
}

}  // namespace raft_kv
