// SPDX-License-Identifier: BSL-1.0
//
// Replicated configuration: keys with values and versions, compare-and-set, and watches that miss
// nothing: an event is part of the state, so whoever was away reads on from the last that it saw.
//
//     SET key value [IF version]   VERSION number | CONFLICT number   0: there is none
//     DELETE key [IF version]      VERSION number | CONFLICT number
//     GET key                      VALUE version value | NONE         by what all servers agree on
//     WATCH prefix after           EVENT number key value | EVENT number key   a line for each,
//                                  from now on; GONE number: those before are no longer kept
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "service.hpp"

namespace {

/// No value: it is to be deleted.
struct change {
    std::string key{};
    std::optional<std::string> value{};
    std::optional<std::uint64_t> expected{};  ///< The version that the client has seen.
};

struct entry {
    std::string value{};
    std::uint64_t version = 0;
};

struct event {
    std::uint64_t number = 0;
    std::string key{};
    std::optional<std::string> value{};
};

struct settings_store {
    using command = change;
    using result = std::string;  ///< What is said to the client.

    static constexpr std::size_t events_max = 10'000;

    result apply(raft::log_index index, const command& asked) {
        const auto found = entries.find(asked.key);
        const auto version = found != entries.end() ? found->second.version : 0;
        if (asked.expected && *asked.expected != version)
            return "CONFLICT " + std::to_string(version);
        if (asked.value)
            entries[asked.key] = {*asked.value, index.value};
        else
            entries.erase(asked.key);
        events.push_back({index.value, asked.key, asked.value});
        if (events.size() > events_max) {
            forgotten = events.front().number;
            events.erase(events.begin());
        }
        services::bell::of_this_process().ring();
        return "VERSION " + std::to_string(index.value);
    }

    void save(auto& sink) const {
        raft::save_value(sink, entries);
        raft::save_value(sink, events);
        raft::save_value(sink, forgotten);
    }
    [[nodiscard]] bool restore(auto& source) {
        return raft::restore_value(source, entries) && raft::restore_value(source, events) &&
               raft::restore_value(source, forgotten);
    }

    std::map<std::string, entry> entries{};
    std::vector<event> events{};  ///< The latest, oldest first.
    std::uint64_t forgotten = 0;  ///< The last that is no longer among them.
};

using cluster_type = raft::replica<settings_store>;

/// All that came after the event `after`, and which was the last.
struct news {
    std::uint64_t last = 0;
    std::string lines{};
};

news news_for(const settings_store& machine, const std::string& prefix, std::uint64_t after) {
    if (after < machine.forgotten) return {after, "GONE " + std::to_string(machine.forgotten)};
    news all{.last = after};
    auto each = std::ranges::upper_bound(machine.events, after, {}, &event::number);
    for (; each != machine.events.end(); ++each) {
        all.last = each->number;
        if (!each->key.starts_with(prefix)) continue;
        all.lines += "EVENT " + std::to_string(each->number) + " " + each->key;
        if (each->value) all.lines += " " + *each->value;
        all.lines += "\n";
    }
    return all;
}

void watch(cluster_type& cluster, const std::string& prefix, std::uint64_t after,
           asio::ip::tcp::iostream& client) {
    while (client && !services::has_gone(client)) {
        const auto rung = services::bell::of_this_process().rung();
        const auto query = [&](const settings_store& machine) {
            return news_for(machine, prefix, after);
        };
        const auto outcome = cluster.read(query, asio::use_future).get();
        if (const auto* found = std::get_if<raft::query_answer<news>>(&outcome)) {
            after = found->value.last;
            client << found->value.lines << std::flush;
            if (found->value.lines.starts_with("GONE")) return void(client << std::endl);
        }
        services::bell::of_this_process().await(rung);
    }
}

std::string answer_to(cluster_type& cluster, const services::words& asked) {
    const auto& what = asked[0];
    const auto expects = [&](std::size_t at) -> std::optional<std::uint64_t> {
        if (asked.size() == at) return std::nullopt;
        return std::stoull(asked.at(at + 1));
    };
    const auto has = [&](std::size_t words) {
        return asked.size() == words || (asked.size() == words + 2 && asked[words] == "IF");
    };
    if (what == "SET" && has(3))
        return services::propose(cluster, change{asked[1], asked[2], expects(3)});
    if (what == "DELETE" && has(2))
        return services::propose(cluster, change{asked[1], std::nullopt, expects(2)});
    if (what == "GET" && asked.size() == 2)
        return services::look_up(
            cluster, [key = asked[1]](const settings_store& machine) -> std::string {
                const auto found = machine.entries.find(key);
                if (found == machine.entries.end()) return "NONE";
                return "VALUE " + std::to_string(found->second.version) + " " + found->second.value;
            });
    return "SET key value [IF version] | DELETE key [IF version] | GET key | WATCH prefix after";
}

}  // namespace

int main(int count, char** arguments) {
    return services::run<settings_store>(
        count, arguments,
        [](auto& cluster, const services::words& asked, asio::ip::tcp::iostream& client) {
            if (asked[0] == "WATCH" && asked.size() == 3)
                return watch(cluster, asked[1], std::stoull(asked[2]), client);
            client << answer_to(cluster, asked) << std::endl;
        });
}
