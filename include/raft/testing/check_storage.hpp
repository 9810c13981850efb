// SPDX-License-Identifier: BSL-1.0
//
// Whether a storage keeps the contract of policy/storage.hpp:
//
//     struct place {                                  // where one storage lies
//         std::string path = new_directory();
//         auto open() { return std::make_unique<my_storage>(path); }
//         void settle(my_storage& used) { used.flush(); }
//     };
//     TEST_CASE("my storage keeps the contract of a storage") {
//         const auto report =
//             raft::testing::check_storage<std::string>([] { return place{}; }, {"a", "bc", ""});
//         CHECK(report.text() == "");
//     }
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <raft/testing/conformance/storage_log_stories.hpp>
#include <raft/testing/conformance/storage_snapshot_stories.hpp>

namespace raft::testing {

/// Whether the storages in the places that `make()` gives keep the contract. `commands` are some
/// that differ, at least one; they are compared by `==`. `make` gives a new place each time, with
/// nothing in it, which offers:
///
/// * `open()`: opens the storage that lies there, anew each time: what points to it. The one before
///   has been destroyed, if it was owned.
/// * `settle(storage)`: returns when all that was begun is durable, and a snapshot that is being
///   saved is there. Needed unless that holds at once. To bound the wait is its part.
/// * `crash(seed)`: of what is not durable, `seed` decides what a crash leaves. Called while the
///   storage is open, which is destroyed afterwards. More clauses are checked with it.
/// * `fill()`, `make_room()`: the disk is full from now on, and no longer. For a `staging_storage`;
///   `settle` returns although something waits then.
/// * `fail()`: what is written next is lost, by an error of the disk that says so.
///
/// What storages may offer (`history_keeping_storage`, `background_snapshot_storage`,
/// `staging_storage`, `witness_storage`) is checked if it is there. Deterministic, if the
/// storage is.
template <class Command, class Make>
[[nodiscard]] storage_report check_storage(Make make, const std::vector<Command>& commands) {
    storage_report report;
    conformance::storage_log_stories<Command, Make>{make, commands, report}.run();
    conformance::storage_snapshot_stories<Command, Make>{make, commands, report}.run();
    return report;
}

}  // namespace raft::testing
