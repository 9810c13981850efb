// SPDX-License-Identifier: BSL-1.0
//
// Goal: the explorer visits every state once, and our reading of the specification is the
// specification. Method: explored within the same bounds, the transcription must have exactly as
// many states, at exactly as many depths, as TLC finds in raft.tla itself.
#include <doctest/doctest.h>

#include <proof/specification/raft_tla_model.hpp>

namespace tla = raft::proof::tla;

namespace {

raft::proof::exploration explore(const tla::bounds& limits) {
    return raft::proof::explorer<tla::model>{tla::model{limits}}.run();
}

}  // namespace

TEST_CASE("the transcription of raft.tla has the counts of TLC: term 2, log 1, message 1") {
    const auto found = explore({.servers = 3, .term_max = 2, .log_max = 1, .messages_max = 1});
    CHECK(found.complete);
    CHECK(found.violations == 0);
    CHECK(found.states == 1'931'973);
    CHECK(found.depth == 53);
}

TEST_CASE("campaign: the transcription of raft.tla, term 2, log 1, messages 2" *
          doctest::skip(true)) {
    const auto found = explore({.servers = 3, .term_max = 2, .log_max = 1, .messages_max = 2});
    CHECK(found.complete);
    CHECK(found.violations == 0);
    CHECK(found.states == 58'377'831);
    CHECK(found.depth == 57);
}
