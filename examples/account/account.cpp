// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <variant>

#include <asio/use_future.hpp>

#include <raft/battery/asio_replica.hpp>
#include <raft/codec/saved_value.hpp>

struct bank {  // the state machine: deterministic, and all that you need to write
    struct command {
        std::string account{};
        std::int64_t amount = 0;
    };
    using result = std::int64_t;
    std::map<std::string, std::int64_t> accounts{};

    result apply(raft::log_index, const command& c) { return accounts[c.account] += c.amount; }
    void save(auto& sink) const { raft::save_value(sink, accounts); }
    bool restore(auto& source) { return raft::restore_value(source, accounts); }
};

int complain(const std::string& wrong) { return std::cerr << wrong << "\n", 1; }

int main(int count, char** given) try {
    using replica = raft::replica<bank>;
    const bool prepares = count == 4 && given[1] == std::string{"prepare"};
    if (count != 3 && !prepares)
        return complain("prepare DIRECTORY HISTORY, once; then ID DIRECTORY");
    if (prepares) {
        const auto wrong = replica::prepare(given[2], raft::history_id{std::stoull(given[3])});
        return wrong ? complain(*wrong) : 0;
    }
    replica cluster{{.id = {std::stoull(given[1])},
                     .directory = given[2],
                     .members = {{{1}, "127.0.0.1", 7501},
                                 {{2}, "127.0.0.1", 7502},
                                 {{3}, "127.0.0.1", 7503}}}};
    if (const auto wrong = cluster.start()) return complain(*wrong);
    bank::command asked;
    while (std::cin >> asked.account >> asked.amount) {
        const auto outcome = cluster.propose(asked, asio::use_future).get();
        if (const auto* done = std::get_if<raft::applied<std::int64_t>>(&outcome))
            std::cout << asked.account << " has " << done->result << std::endl;
        else
            std::cout << "it is not known to be done" << std::endl;
    }
    cluster.stop(asio::use_future).get();
} catch (const std::logic_error&) {
    return complain("ID and HISTORY are numbers");
}
