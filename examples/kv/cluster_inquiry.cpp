// SPDX-License-Identifier: BSL-1.0
#include "cluster_inquiry.hpp"

#include <utility>

#include "demo/status.hpp"
#include "server_id.hpp"

namespace raft_kv {

std::optional<cluster_answer> ask_about_cluster(const std::vector<server_address>& servers,
                                                std::uint64_t self,
                                                std::chrono::milliseconds patience) {
    for (const auto& server : servers) {
        // An earlier incarnation was at this server's own address.
        if (number_of(server.id) == number_of(self)) continue;
        outside::connection asked{server, patience};
        const auto text = asked.call({"RAFT", "ADDRESS"});
        const auto said = asked.call({"RAFT", "STATUS"});
        const auto status = said ? outside::read_status(*said) : std::nullopt;
        if (!text || text->what != outside::answer::kind::text || !status) continue;
        auto parsed = parse_cluster(text->text, known_servers_max);
        if (std::holds_alternative<layout_error>(parsed)) continue;
        cluster_answer answer{.layout = std::get<cluster_layout>(std::move(parsed)), .voters = {}};
        for (const auto& member : status->members)
            if (member.part != "learner") answer.voters.push_back(member.id);
        return answer;
    }
    return std::nullopt;
}

}  // namespace raft_kv
