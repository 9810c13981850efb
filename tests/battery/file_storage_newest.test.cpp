// SPDX-License-Identifier: BSL-1.0
//
// Goal: no part of the log that was in use goes missing unnoticed. Method: the newest segment, and
// the note of it, are taken away, emptied, made zeros or changed, in logs that end in their first
// segment or in a later one, with and without a spare one after it; logs of an earlier version are
// what they are without the note.
#include <battery/file_storage_story.hpp>

using raft::testing::faulty_files;
using story::teller;

namespace {

const std::string note = "data/newest-segment";

std::string segment(std::uint64_t number) {
    return raft::wal::segment_path(story::directory, number);
}

/// A log that goes on into as many segments, and has a vote in the last of them.
struct written {
    faulty_files files{};
    teller told{files};
    std::uint64_t segments = 0;

    explicit written(std::uint64_t count) : segments{count} {
        REQUIRE(told.open());
        told.vote(1, 1);
        told.flush();
        for (std::uint64_t index = 1; told.disk().error().empty() && !is_used(count); ++index) {
            told.append(1, index, 1, 200);
            told.flush();
        }
        told.vote(7, 2);
        told.flush();
        REQUIRE(told.disk().error() == "");
        REQUIRE(files.contents(segment(count + 1)) == std::vector<std::byte>(4096));
    }

    [[nodiscard]] bool is_used(std::uint64_t number) const {
        const auto paths = files.paths();
        return std::find(paths.begin(), paths.end(), segment(number)) != paths.end() &&
               !raft::wal::all_zero(files.contents(segment(number)));
    }
};

/// Why the files are not opened, whether damage may be recovered or not.
std::string refusal(const faulty_files& files) {
    teller t{files.after_kill()};
    CHECK_FALSE(t.open());
    auto recovering = story::small_segments();
    recovering.recover_damaged_log = true;
    teller r{files.after_kill()};
    CHECK_FALSE(r.open(recovering));
    CHECK(r.error() == t.error());
    return t.error();
}

std::string is_gone(std::uint64_t number) {
    return segment(number) +
           " was in use, and is missing or all zeros: the end of the log is "
           "missing, and with it term and vote" +
           std::string{raft::wal::way_on};
}

/// Zeros from any sector of the second segment on are refused.
void check_zeros_are_missed(const faulty_files& files) {
    const auto before = files.contents(segment(2));
    for (std::size_t at = 512; at < raft::wal::nonzero_end(before); at += 512) {
        CAPTURE(at);
        auto bytes = before;
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(), std::byte{});
        auto damaged = files.after_kill();
        damaged.replace(segment(2), bytes);
        CHECK(refusal(damaged).find("records that were durable are missing") != std::string::npos);
    }
}

/// The files as an earlier version would have left them.
faulty_files without_notes(const written& w) {
    auto files = w.files.after_kill();
    for (std::uint64_t number = 1; number <= w.segments; ++number) {
        auto bytes = files.contents(segment(number));
        auto header = raft::wal::read_segment_header(bytes);
        REQUIRE(header.has_value());
        header->is_noted = false;
        raft::wal::encode(*header, std::span{bytes}.first(raft::wal::segment_header_bytes));
        files.replace(segment(number), bytes);
    }
    files.erase(note);
    return files;
}

}  // namespace

TEST_CASE("file storage: the newest segment in use is missed, whether or not a spare one follows") {
    for (const std::uint64_t number : {1U, 2U, 3U}) {
        CAPTURE(number);
        const written w{number};
        for (const bool has_spare : {true, false}) {
            CAPTURE(has_spare);
            auto files = w.files.after_kill();
            if (!has_spare) files.erase(segment(number + 1));
            auto zeros = files.after_kill();
            zeros.replace(segment(number), std::vector<std::byte>(4096));
            CHECK(refusal(zeros) == is_gone(number));
            auto empty = files.after_kill();
            empty.replace(segment(number), {});
            CHECK(refusal(empty) == is_gone(number));
            files.erase(segment(number));
            CHECK(refusal(files) == is_gone(number));
        }
    }
}

TEST_CASE("file storage: a log of which every segment is gone is missed") {
    const written w{2};
    auto files = w.files.after_kill();
    for (const std::uint64_t number : {1U, 2U, 3U}) files.erase(segment(number));
    CHECK(refusal(files) == is_gone(2));
}

TEST_CASE("file storage: a snapshot or a mark of lost entries tells that there was a log") {
    const auto without_log = "the log is missing, and with it term and vote";
    const std::string snapshot = "data/snapshot-0000000000000002";
    faulty_files files;
    teller told{files};
    REQUIRE(told.open());
    told.append(1, 1, 3, 100);
    told.save(2);
    told.flush();
    faulty_files only_snapshot;
    only_snapshot.replace(snapshot, files.contents(snapshot));
    CHECK(refusal(only_snapshot).ends_with(without_log));
    faulty_files only_mark;
    only_mark.replace("data/lost-entries", raft::wal::encoded(raft::wal::lost_mark{{{9}, {1}}}));
    CHECK(refusal(only_mark).ends_with(without_log));
}

TEST_CASE("file storage: the note of the newest segment is missed, and believed only if whole") {
    for (const std::uint64_t number : {1U, 2U}) {
        const written w{number};
        auto without = w.files.after_kill();
        without.erase(note);
        CHECK(refusal(without) ==
              note + " is missing: whether the log is whole cannot be told without it" +
                  std::string{raft::wal::way_on});
        const auto whole = w.files.contents(note);
        for (std::size_t at = 0; at < whole.size(); ++at) {
            CAPTURE(at);
            auto flipped = whole;
            flipped[at] ^= std::byte{0x10};
            auto files = w.files.after_kill();
            files.replace(note, flipped);
            CHECK(refusal(files).starts_with(note));
            files.replace(note, {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(at)});
            CHECK(refusal(files).starts_with(note));
        }
    }
}

TEST_CASE("file storage: after a kill no write that was durable is missed unnoticed") {
    const written w{2};
    check_zeros_are_missed(w.files);
}

TEST_CASE("file storage: after a power failure no write is that was durable when it was opened") {
    const written w{2};
    auto files = w.files.after_power_loss({});
    {
        teller again{files};
        REQUIRE(again.open());
    }
    check_zeros_are_missed(files.after_power_loss({}));
}

TEST_CASE("file storage: a log of an earlier version is opened, and missed from then on") {
    for (const std::uint64_t number : {1U, 2U}) {
        const written w{number};
        auto files = without_notes(w);
        {
            teller t{files};
            CHECK(story::same_but_for_the_front(story::check_recovered(t, w.told), w.told.now()));
        }
        teller again{files.after_power_loss({})};
        CHECK(story::same_but_for_the_front(story::check_recovered(again, w.told), w.told.now()));
        files.erase(segment(number));
        CHECK(refusal(files) == is_gone(number));
    }
}

TEST_CASE("file storage: a long segment is as long as its header says, whenever the power fails") {
    for (std::uint64_t step = 1; step <= 12; ++step)
        for (std::uint64_t seed = 1; seed <= 64; ++seed) {
            CAPTURE(step);
            CAPTURE(seed);
            faulty_files files;
            teller told{files};
            REQUIRE(told.open());
            told.vote(1, 1);
            told.flush();
            files.stop_at(files.changes() + step);
            told.append(1, 1, 1, 6000);
            told.flush();
            teller t{files.after_power_loss({raft::testing::survival::kind::mixed, seed})};
            static_cast<void>(story::check_recovered(t, told));
        }
}
