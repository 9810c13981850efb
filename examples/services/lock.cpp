// SPDX-License-Identifier: BSL-1.0
//
// A lock service. A lock is held by one client at a time, until that releases it or goes: whoever
// says nothing for five seconds of the log's time has gone. With the lock comes a fencing token,
// which rises from holder to holder: show it to what the lock protects, which refuses any lower
// one, so that a holder who was held up does no harm.
//
//     OPEN                       CLIENT number
//     KEEP client                OK | GONE
//     LOCK client name           TOKEN number | HELD | GONE   asked again, it has the same token
//     UNLOCK client name token   OK | HELD | GONE             nothing, if it is not that token
//     TOKEN name                 TOKEN number | FREE          by what all servers agree on
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "client_leases.hpp"
#include "service.hpp"

namespace {

using services::client_id;
using services::keep_client;
using services::open_client;

struct take_lock {
    client_id client = 0;
    std::string name{};
};
struct release_lock {
    client_id client = 0;
    std::string name{};
    std::uint64_t token = 0;
};

struct locks {
    using command = std::variant<open_client, keep_client, take_lock, release_lock>;
    using result = std::string;  ///< What is said to the client.

    struct held {
        client_id client = 0;
        std::uint64_t token = 0;
    };

    result apply(raft::log_index index, const command& asked) {
        return std::visit([&](const auto& each) { return do_one(index.value, each); }, asked);
    }
    void expire(raft::log_index, raft::timing::log_time now) {
        for (const auto gone : clients.advance_to(now)) free_all_of(gone);
    }
    [[nodiscard]] std::optional<raft::timing::log_time> next_expiry() const {
        return clients.next_expiry();
    }

    result do_one(std::uint64_t index, const auto& lease) { return clients.apply(index, lease); }
    result do_one(std::uint64_t index, const take_lock& asked) {
        if (!clients.keep(asked.client)) return "GONE";
        const auto& lock = taken.try_emplace(asked.name, held{asked.client, index}).first->second;
        return lock.client == asked.client ? "TOKEN " + std::to_string(lock.token) : "HELD";
    }
    result do_one(std::uint64_t, const release_lock& asked) {
        if (!clients.keep(asked.client)) return "GONE";
        const auto found = taken.find(asked.name);
        if (found == taken.end()) return "OK";
        if (found->second.client != asked.client) return "HELD";
        // A request that comes late, or twice, must not free what was locked again since.
        if (found->second.token == asked.token) taken.erase(found);
        return "OK";
    }

    void free_all_of(client_id gone) {
        std::erase_if(taken, [&](const auto& each) { return each.second.client == gone; });
    }

    void save(auto& sink) const {
        raft::save_value(sink, clients);
        raft::save_value(sink, taken);
    }
    [[nodiscard]] bool restore(auto& source) {
        return raft::restore_value(source, clients) && raft::restore_value(source, taken);
    }

    services::client_leases clients{};
    std::map<std::string, held> taken{};
};

using cluster_type = raft::replica<raft::timing::timed<locks>>;

std::string answer_to(cluster_type& cluster, const services::words& asked) {
    const auto client = [&] { return std::stoull(asked.at(1)); };
    const auto& what = asked[0];
    if (what == "OPEN") return services::propose(cluster, open_client{});
    if (what == "KEEP" && asked.size() == 2)
        return services::propose(cluster, keep_client{client()});
    if (what == "LOCK" && asked.size() == 3)
        return services::propose(cluster, take_lock{client(), asked[2]});
    if (what == "UNLOCK" && asked.size() == 4)
        return services::propose(cluster, release_lock{client(), asked[2], std::stoull(asked[3])});
    if (what == "TOKEN" && asked.size() == 2)
        return services::look_up(cluster, [name = asked[1]](const auto& all) -> std::string {
            const auto& taken = all.machine().taken;
            const auto found = taken.find(name);
            if (found == taken.end()) return "FREE";
            return "TOKEN " + std::to_string(found->second.token);
        });
    return "OPEN | KEEP client | LOCK client name | UNLOCK client name token | TOKEN name";
}

}  // namespace

int main(int count, char** arguments) {
    return services::run<raft::timing::timed<locks>>(
        count, arguments,
        [](auto& cluster, const services::words& asked, asio::ip::tcp::iostream& client) {
            client << answer_to(cluster, asked) << std::endl;
        });
}
