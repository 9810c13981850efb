// SPDX-License-Identifier: BSL-1.0
//
// Leader election for other programs: of those who campaign, the first leads until it resigns or
// goes (whoever says nothing for five seconds of the log's time has gone), and then the next. A
// term rises from leader to leader, as a fencing token.
//
//     OPEN                             CLIENT number
//     KEEP client                      OK | GONE
//     CAMPAIGN client election value   LEADS term | WAITS | GONE   asked again, it says how it is
//     RESIGN client election term      OK | GONE                   nothing, if it is not that term
//     LEADER election                  LEADER term value | NOBODY  as all servers agree on
//     OBSERVE election                 LEADER term value           the latest, whenever it changes
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "client_leases.hpp"
#include "service.hpp"

namespace {

using services::client_id;
using services::keep_client;
using services::open_client;

struct campaign {
    client_id client = 0;
    std::string election{};
    std::string value{};
};
struct resign {
    client_id client = 0;
    std::string election{};
    std::uint64_t term = 0;
};

struct candidate {
    client_id client = 0;
    std::string value{};
};

/// The first candidate leads, since the entry `term`.
struct contest {
    std::vector<candidate> candidates{};
    std::uint64_t term = 0;

    void begin_term(std::uint64_t index) {
        term = index;
        services::bell::of_this_process().ring();
    }
    [[nodiscard]] std::string leader() const {
        if (candidates.empty()) return "NOBODY";
        return "LEADER " + std::to_string(term) + " " + candidates.front().value;
    }
};

struct elections {
    using command = std::variant<open_client, keep_client, campaign, resign>;
    using result = std::string;  ///< What is said to the client.

    result apply(raft::log_index index, const command& asked) {
        return std::visit([&](const auto& each) { return do_one(index.value, each); }, asked);
    }
    void expire(raft::log_index index, raft::timing::log_time now) {
        for (const auto gone : clients.advance_to(now))
            for (auto& [name, one] : contests) leave(one, gone, index.value);
    }
    [[nodiscard]] std::optional<raft::timing::log_time> next_expiry() const {
        return clients.next_expiry();
    }

    result do_one(std::uint64_t index, const auto& lease) { return clients.apply(index, lease); }
    result do_one(std::uint64_t index, const campaign& asked) {
        if (!clients.keep(asked.client)) return "GONE";
        auto& one = contests[asked.election];
        const auto known = std::ranges::find(one.candidates, asked.client, &candidate::client);
        if (known == one.candidates.end()) {
            if (one.candidates.empty()) one.begin_term(index);
            one.candidates.push_back({asked.client, asked.value});
        }
        const bool leads = one.candidates.front().client == asked.client;
        return leads ? "LEADS " + std::to_string(one.term) : "WAITS";
    }
    result do_one(std::uint64_t index, const resign& asked) {
        if (!clients.keep(asked.client)) return "GONE";
        // A request that comes late, or twice, must not end a later term.
        auto& one = contests[asked.election];
        if (one.term == asked.term) leave(one, asked.client, index);
        return "OK";
    }

    static void leave(contest& one, client_id gone, std::uint64_t index) {
        const bool led = !one.candidates.empty() && one.candidates.front().client == gone;
        std::erase_if(one.candidates, [&](const auto& each) { return each.client == gone; });
        if (led) one.begin_term(index);
    }

    void save(auto& sink) const {
        raft::save_value(sink, clients);
        raft::save_value(sink, contests);
    }
    bool restore(auto& source) {
        return raft::restore_value(source, clients) && raft::restore_value(source, contests);
    }

    services::client_leases clients{};
    std::map<std::string, contest> contests{};
};

using cluster_type = raft::replica<raft::timing::timed<elections>>;

std::string leader_of(cluster_type& cluster, const std::string& election) {
    return services::look_up(cluster, [election](const auto& all) -> std::string {
        const auto& contests = all.machine().contests;
        const auto found = contests.find(election);
        return found == contests.end() ? "NOBODY" : found->second.leader();
    });
}

void observe(cluster_type& cluster, const std::string& election, asio::ip::tcp::iostream& client) {
    for (std::string told; client && !services::has_gone(client);) {
        const auto rung = services::bell::of_this_process().rung();
        const auto leader = leader_of(cluster, election);
        if (leader != told && leader.starts_with("LEADER")) client << (told = leader) << std::endl;
        services::bell::of_this_process().await(rung);
    }
}

std::string answer_to(cluster_type& cluster, const services::words& asked) {
    const auto client = [&] { return std::stoull(asked.at(1)); };
    const auto& what = asked[0];
    if (what == "OPEN") return services::propose(cluster, open_client{});
    if (what == "KEEP" && asked.size() == 2)
        return services::propose(cluster, keep_client{client()});
    if (what == "CAMPAIGN" && asked.size() == 4)
        return services::propose(cluster, campaign{client(), asked[2], asked[3]});
    if (what == "RESIGN" && asked.size() == 4)
        return services::propose(cluster, resign{client(), asked[2], std::stoull(asked[3])});
    if (what == "LEADER") return leader_of(cluster, asked.at(1));
    return "OPEN | KEEP client | CAMPAIGN client election value | RESIGN client election term | "
           "LEADER election | OBSERVE election";
}

}  // namespace

int main(int count, char** arguments) {
    return services::run<raft::timing::timed<elections>>(
        count, arguments,
        [](auto& cluster, const services::words& asked, asio::ip::tcp::iostream& client) {
            if (asked[0] == "OBSERVE" && asked.size() == 2)
                return observe(cluster, asked[1], client);
            client << answer_to(cluster, asked) << std::endl;
        });
}
