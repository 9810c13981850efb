// SPDX-License-Identifier: BSL-1.0
//
// Tries the inputs of a folder, in the order of their names, or the one in a file:
//   raft-fuzz-<target> FOLDER|FILE
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "target.hpp"

namespace {

std::vector<std::filesystem::path> inputs_of(const std::filesystem::path& place) {
    if (!std::filesystem::is_directory(place)) return {place};
    std::vector<std::filesystem::path> found;
    for (const auto& each : std::filesystem::directory_iterator{place})
        found.push_back(each.path());
    std::ranges::sort(found);
    return found;
}

void try_file(const std::filesystem::path& file) {
    std::ifstream from{file, std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{from}, {}};
    raft::fuzz::expect(!from.bad(), "the file of an input can be read");
    raft::fuzz::try_input(std::as_bytes(std::span{bytes}));
}

}  // namespace

int main(int count, char** words) {
    if (count != 2) return std::fprintf(stderr, "usage: %s FOLDER|FILE\n", words[0]), 2;
    const auto inputs = inputs_of(words[1]);
    for (const auto& each : inputs) {
        std::printf("%s\n", each.c_str());
        std::fflush(stdout);  // Whatever ends the process, its input was named.
        try_file(each);
    }
    std::printf("inputs tried: %zu\n", inputs.size());
}
