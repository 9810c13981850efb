// SPDX-License-Identifier: BSL-1.0
//
// Whether the storage of this folder keeps the contract of a storage: what the author of a storage
// runs first.
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include "storage.hpp"

#include <raft/testing/check_storage.hpp>

namespace {

using storage = sqlite::storage<std::string>;

/// A database, of which there is nothing yet. What is written is durable at once.
struct place {
    std::string path{};

    [[nodiscard]] std::unique_ptr<storage> open() const { return std::make_unique<storage>(path); }
};

}  // namespace

int main() try {
    const auto report = raft::testing::check_storage<std::string>(
        [number = 0]() mutable {
            place made{"checked-" + std::to_string(++number) + ".db"};
            std::remove(made.path.c_str());
            return made;
        },
        {"a", "bc", "", "a longer command"});
    std::cout << report.checked().size() << " clauses checked, " << report.broken().size()
              << " broken\n"
              << report.text();
    return report.holds() ? 0 : 1;
} catch (const std::exception& wrong) {
    std::cerr << wrong.what() << "\n";
    return 1;
}
