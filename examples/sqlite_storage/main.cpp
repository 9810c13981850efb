// SPDX-License-Identifier: BSL-1.0
//
// A server with an own storage, which is alone here to be short: `raft-sqlite_storage FILE` adds to
// what the runs before it have added.
#include <iostream>
#include <random>

#include "storage.hpp"

#include <raft/battery/manual_clock.hpp>
#include <raft/battery/memory_network.hpp>

namespace {

struct counter {
    using command = std::uint64_t;
    using result = std::uint64_t;
    std::uint64_t value = 0;
    result apply(raft::log_index, const command& amount) { return value += amount; }
    void save(auto& sink) const { raft::save_value(sink, value); }
    [[nodiscard]] bool restore(auto& source) { return raft::restore_value(source, value); }
};

using storage = sqlite::storage<counter::command>;
using network = raft::memory_network<counter::command>;
using server = raft::node<counter, network::port, storage, raft::manual_clock&>;
static_assert(raft::storage_for<storage, counter::command>);
static_assert(raft::history_keeping_storage<storage>);

void run(const std::string& path) {
    storage disk{path};
    raft::node_options options{.id = {1}, .initial = raft::core::voters_only({{1}})};
    options.config.retained_entries = 2;
    options.snapshot_after_entries = 5;
    // The first run of this server: later the history of the storage counts.
    std::random_device random;
    if (disk.recover().empty) options.birth = raft::history_id{random() + std::uint64_t{1}};
    network wires;
    raft::manual_clock clock;
    server one{options, counter{}, wires.port_of({1}), std::move(disk), clock};
    if (!one.start()) throw std::runtime_error{"the storage holds nothing to go on with"};
    while (!one.protocol_state().is_leader()) {
        clock.advance_to(one.deadline().value());
        one.poll();
    }
    for (int i = 0; i < 10; ++i)
        one.propose(1, [](const raft::outcome<std::uint64_t>& outcome) {
            const auto* done = std::get_if<raft::applied<std::uint64_t>>(&outcome);
            if (done == nullptr) throw std::runtime_error{"not applied"};
            std::cout << "entry " << done->index.value << " made it " << done->result << "\n";
        });
}

}  // namespace

int main(int count, char** given) try {
    if (count != 2) throw std::runtime_error{"FILE: the database, which is made if there is none"};
    run(given[1]);
} catch (const std::exception& wrong) {
    std::cerr << wrong.what() << "\n";
    return 1;
}
