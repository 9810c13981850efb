// SPDX-License-Identifier: BSL-1.0
//
// Goal: a start reads about what was written, however long the segments are; and what was never
// begun is in nobody's way. Method: simulated files that count what is read of them, and a spare
// segment with bits in it.
#include <battery/file_storage_story.hpp>

using raft::testing::faulty_files;
using story::teller;

namespace {

constexpr std::uint64_t mebibyte = 1024 * 1024;
constexpr std::uint64_t window_bytes = 64 * 1024;

raft::file_storage_options long_segments() {
    return {.segment_bytes = 8 * mebibyte, .mode = raft::flush_mode::manual};
}

/// A hundred entries of a hundred bytes.
faulty_files hundred_entries() {
    faulty_files files;
    teller t{files};
    REQUIRE(t.open(long_segments()));
    for (std::uint64_t index = 1; index <= 100; ++index) {
        t.append(1, index, 1, 100);
        t.flush();
    }
    return files.after_kill();
}

}  // namespace

TEST_CASE("F9 a start reads about what was written and not the segments in their whole length") {
    const auto files = hundred_entries();
    REQUIRE(files.contents(story::first_segment).size() == 8 * mebibyte);
    REQUIRE(files.contents(story::second_segment).size() == 8 * mebibyte);
    const auto before = files.bytes_read();
    teller t{files};
    REQUIRE(t.open(long_segments()));
    CHECK(t.found().last_index == raft::log_index{100});
    const auto read = files.bytes_read() - before;
    CHECK(read > 10'000);
    CHECK(read < 4 * window_bytes);
    CHECK(t.disk().bytes_read_at_start() <= read);
    CHECK(t.disk().bytes_read_at_start() + 2 * raft::wal::sector_bytes >= read);
}

TEST_CASE("F9 a byte anywhere behind the end of the log is seen as before") {
    const auto files = hundred_entries();
    const auto end = raft::wal::nonzero_end(files.contents(story::first_segment));
    for (const std::uint64_t at :
         {std::uint64_t{end + 64}, std::uint64_t{5000 + end}, window_bytes * 3, 8 * mebibyte - 1}) {
        CAPTURE(at);
        auto changed = files.after_kill();
        auto bytes = changed.contents(story::first_segment);
        bytes[static_cast<std::size_t>(at)] = std::byte{1};
        changed.replace(story::first_segment, bytes);
        teller t{changed};
        REQUIRE_MESSAGE(t.open(long_segments()), t.error());
        REQUIRE(t.disk().report().size() == 1);
        CHECK(t.disk().report()[0].find("are cut off") != std::string::npos);
        t.flush();
        CHECK(raft::wal::nonzero_end(changed.contents(story::first_segment)) == end);
    }
}

TEST_CASE("F24 bits in a spare segment that was never begun do not keep a log from being opened") {
    const auto files = hundred_entries();
    for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{8}, std::uint64_t{511},
                                   std::uint64_t{512}, 3 * mebibyte, 8 * mebibyte - 1}) {
        for (const bool recovers : {false, true}) {
            CAPTURE(at);
            CAPTURE(recovers);
            auto changed = files.after_kill();
            auto bytes = changed.contents(story::second_segment);
            bytes[static_cast<std::size_t>(at)] = std::byte{16};
            changed.replace(story::second_segment, bytes);
            auto options = long_segments();
            options.recover_damaged_log = recovers;
            teller t{changed};
            REQUIRE_MESSAGE(t.open(options), t.error());
            CHECK(t.found().last_index == raft::log_index{100});
            REQUIRE(t.disk().report().size() == 1);
            CHECK(t.disk().report()[0].find("was never begun") != std::string::npos);
            CHECK(raft::wal::all_zero(changed.contents(story::second_segment)));
        }
    }
}

TEST_CASE("F24 a spare segment with bits in it does not hide where a damaged log ends") {
    auto files = hundred_entries();
    auto spare = files.contents(story::second_segment);
    spare[700] = std::byte{1};
    files.replace(story::second_segment, spare);
    auto damaged = files.contents(story::first_segment);
    damaged[5000] ^= std::byte{1};
    files.replace(story::first_segment, damaged);
    auto options = long_segments();
    options.recover_damaged_log = true;
    teller t{files};
    REQUIRE_MESSAGE(t.open(options), t.error());
    CHECK(t.found().last_index < raft::log_index{100});
    CHECK(t.found().lost_through == raft::core::log_position{{100}, {1}});
}
