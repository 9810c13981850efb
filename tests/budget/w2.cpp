// SPDX-License-Identifier: BSL-1.0
//
// budget: 16100 instructions
//
// W2: 64 entries of 16 bytes in one proposal on one of three nodes, carried to all and applied
// there before the next, their part of the compaction of the logs included.
#include <array>
#include <cstdint>
#include <cstdlib>

#include "../../bench/cluster.hpp"

int main(int count, char** arguments) {
    if (count != 2) return EXIT_FAILURE;
    const auto batches = std::strtoull(arguments[1], nullptr, 10);
    bench::cluster<16> servers{3};
    servers.elect_first();
    std::array<bench::payload<16>, 64> commands{};
    for (std::uint64_t i = 0; i < batches; ++i) {
        commands[i % commands.size()].bytes[0] = static_cast<std::byte>(i);
        servers.replicate_in_one_call(commands);
    }
    servers.check_all_applied(batches * commands.size());
    return EXIT_SUCCESS;
}
