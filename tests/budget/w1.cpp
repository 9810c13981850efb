// SPDX-License-Identifier: BSL-1.0
//
// budget: 2650 instructions
//
// W1: an entry of 16 bytes proposed on one of three nodes, carried to all and applied there before
// the next, its part of the compaction of the logs included.
#include <cstdint>
#include <cstdlib>

#include "../../bench/cluster.hpp"

int main(int count, char** arguments) {
    if (count != 2) return EXIT_FAILURE;
    const auto entries = std::strtoull(arguments[1], nullptr, 10);
    bench::cluster<16> servers{3};
    servers.elect_first();
    bench::payload<16> command;
    for (std::uint64_t i = 0; i < entries; ++i) {
        command.bytes[0] = static_cast<std::byte>(i);
        servers.replicate(command);
    }
    servers.check_all_applied(entries);
    return EXIT_SUCCESS;
}
