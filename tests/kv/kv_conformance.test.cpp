// SPDX-License-Identifier: BSL-1.0
//
// The store keeps the contract of a state machine, with its digests, captures and versions.
#include <string>
#include <vector>

#include "kv.hpp"
#include <doctest/doctest.h>

#include <raft/testing/check_state_machine.hpp>

namespace raft_kv::conformance_test {
namespace {

template <class Fill>
std::string batch_of(raft::timing::log_time now, Fill fill) {
    std::string batch;
    batch_writer writer{batch, {.log = now}};
    fill(writer);
    return batch;
}

std::vector<std::string> some_batches() {
    std::vector<std::string> all;
    for (std::uint64_t i = 0; i < 20; ++i) {
        const auto key = "key" + std::to_string(i % 7);
        all.push_back(batch_of({i * 1'000'000}, [&](batch_writer& writer) {
            writer.set(key, std::to_string(i));
            if (i % 3 == 0) writer.append(key, "more");
            if (i % 5 == 0) writer.set_expiring("soon" + key, "v", {}, {.lives = lifetime{3, 7}});
            if (i % 6 == 0) writer.open_session();
            writer.increment("count", 3);
            writer.stamp();
        }));
    }
    return all;
}

}  // namespace

TEST_CASE("kv: the store keeps the contract of a state machine") {
    using clause = raft::testing::state_machine_clause;
    const auto report = raft::testing::check_state_machine([] { return kv{}; }, some_batches());
    CHECK(report.text() == "");
    for (clause each{}; describe(each) != "unknown clause"; each = clause(int(each) + 1)) {
        CAPTURE(describe(each));
        // Its snapshots are checked as they are read: no damage is taken for a state.
        CHECK(report.was_checked(each) == (each != clause::restore_refuses_nonsense));
    }
}

}  // namespace raft_kv::conformance_test
