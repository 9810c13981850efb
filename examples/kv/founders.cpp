// SPDX-License-Identifier: BSL-1.0
#include "founders.hpp"

#include <cstdint>
#include <random>
#include <utility>

#include "cluster_inquiry.hpp"
#include "demo/connection.hpp"
#include "demo/wait.hpp"
#include "incarnation.hpp"

namespace raft_kv {

namespace {

constexpr std::chrono::milliseconds patience{2000};

std::uint64_t random_number() {
    std::random_device random;
    return std::uint64_t{random()} << 32U | random() | 1U;
}

std::string name_of(const server_address& server) {
    return "server " + id_text(server.id) + " at " + host_and_port(server.host, server.client_port);
}

}  // namespace

founders::round founders::ask_all() const {
    round heard;
    for (const auto& server : servers_) {
        auto answer = ask_one_for_birth(server, own_, patience);
        if (const auto* why = std::get_if<std::string>(&answer)) {
            heard.is_over = is_final(*why);
            heard.problem =
                name_of(server) + (heard.is_over ? ": " + *why : " does not answer (" + *why + ")");
            if (heard.is_over) return heard;
        } else {
            heard.said.push_back(std::get<birth_answer>(std::move(answer)));
        }
    }
    heard.is_over = heard.said.size() == servers_.size();
    return heard;
}

std::variant<std::vector<birth_answer>, std::string>
founders::await_all(std::chrono::seconds wait,
                    const std::function<void(std::string_view)>& tell) const {
    round heard;
    std::string told;
    static_cast<void>(outside::eventually(wait, [&] {
        heard = ask_all();
        if (!heard.is_over && heard.problem != told) tell(told = heard.problem);
        return heard.is_over;
    }));
    if (!heard.problem.empty()) return std::move(heard.problem);
    return std::move(heard.said);
}

std::optional<std::string> founders::order(const server_address& server,
                                           std::initializer_list<std::string_view> words) const {
    outside::connection asked{server, patience};
    if (const auto refused = enter(asked, own_)) return name_of(server) + ": " + *refused;
    const auto said = asked.call(words);
    if (said && said->is_ok()) return std::nullopt;
    return name_of(server) + (said ? ": " + said->text : " does not answer");
}

std::optional<std::string>
founders::order_all(std::initializer_list<std::string_view> words) const {
    for (const auto& server : servers_)
        if (auto wrong = order(server, words)) return wrong;
    return std::nullopt;
}

std::variant<begun_cluster, std::string>
founders::let_begin(const std::vector<birth_answer>& unborn_ones, const loading& load) const {
    begun_cluster begun{.record = {.history = {random_number()}}};
    for (const auto& each : unborn_ones)
        begun.record.founders.push_back(std::get<unborn>(each).self);
    const auto token = hex_text(random_number());
    if (auto wrong = order_all({"RAFT", "BIRTH", "PREPARE", token}))
        return *wrong + "; nothing has begun";
    auto loaded = load(token);
    if (auto* wrong = std::get_if<std::string>(&loaded)) return *wrong + "; nothing has begun";
    begun.record.begins_with = std::get<state>(loaded);
    const auto text = text_of(begun.record);
    std::size_t count = 0;
    for (const auto& server : servers_) {
        const auto wrong = order(server, {"RAFT", "BIRTH", "BEGIN", token, text});
        if (wrong) begun.problems += (begun.problems.empty() ? "" : "; ") + *wrong;
        count += !wrong;
    }
    if (count == 0) return begun.problems;
    return begun;
}

std::variant<founders, std::string> founders_of(const operator_flags& flags) {
    auto read = read_cluster_file(flags.cluster_file);
    if (const auto* error = std::get_if<layout_error>(&read))
        return flags.cluster_file + ": " + error->text;
    auto own = read_keys(flags.key_paths);
    if (auto* wrong = std::get_if<std::string>(&own)) return std::move(*wrong);
    return founders{std::get<cluster_layout>(std::move(read)).servers,
                    std::get<keys>(std::move(own))};
}

}  // namespace raft_kv
