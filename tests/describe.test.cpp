// SPDX-License-Identifier: BSL-1.0
//
// Everything that can be asked has words: each enumerator its own, and what is none says so. That
// no public enumeration is forgotten here is the test `described` (tools/described.cmake).
#include <set>
#include <string_view>

#include <doctest/doctest.h>

#include <raft/battery/file_storage/options.hpp>
#include <raft/battery/file_storage/posix_files.hpp>
#include <raft/battery/flight_recorder/recording.hpp>
#include <raft/battery/sessions/command.hpp>
#include <raft/codec/handshake.hpp>
#include <raft/describe.hpp>

using namespace raft;
using namespace raft::wal;
using namespace raft::flight;
using namespace raft::wire;
using namespace raft::core;

namespace {

template <class Enumeration>
constexpr Enumeration after(Enumeration last) {
    return static_cast<Enumeration>(static_cast<int>(last) + 1);
}

/// All enumerators up to `Last` have words of their own, and there is none after it.
template <auto Last>
void check_words() {
    static_assert(!describe(Last).starts_with("unknown "));
    static_assert(describe(after(Last)).starts_with("unknown "), "this is not the last one");
    std::set<std::string_view> words;
    for (auto each = decltype(Last){}; each != after(Last); each = after(each)) {
        CAPTURE(static_cast<int>(each));
        CHECK_FALSE(describe(each).empty());
        CHECK_FALSE(describe(each).starts_with("unknown "));
        CHECK(words.insert(describe(each)).second);
    }
}

}  // namespace

TEST_CASE("describe: every reason for a refusal has words of its own") {
    check_words<last_refusal_reason>();
    check_words<session::refusal::too_many_results>();
    static_assert(describe(refusal{refusal_reason::too_large, {}}) ==
                  describe(refusal_reason::too_large));
}

TEST_CASE("describe: every enumerator of what the core is asked and tells has words of its own") {
    check_words<change_result::aborted>();
    check_words<read_consistency::stale>();
    check_words<member_part::witness>();
    check_words<replication_mode::snapshot>();
    check_words<timer::heartbeat>();
    check_words<entry_source::withheld>();
    check_words<halt_reason::version_too_old>();
    check_words<change_check::forced>();
    check_words<command_access::unsaid>();
}

TEST_CASE("describe: every enumerator of frames and files has words of its own") {
    check_words<frame_content::batches>();
    check_words<file_opening::fresh>();
    check_words<flush_mode::manual>();
    check_words<recording_error::impossible_state>();
}

TEST_CASE("describe: a role and an outcome have words whichever they are") {
    CHECK(describe(role{candidate_state{}}) == "candidate");
    CHECK(describe(role{leader_state{}}) == "leader");
    CHECK(describe(outcome<int>{applied<int>{}}) == "applied");
    CHECK(describe(outcome<int>{refusal{refusal_reason::no_space, {}}}) ==
          describe(refusal_reason::no_space));
    CHECK(describe(outcome<int>{unknown{}}) != describe(outcome<int>{lost{}}));
    CHECK(describe(change_outcome{change_result::completed}) == describe(change_result::completed));
    CHECK(describe(read_outcome{read_ready{}}) == "ready to be read");
}
