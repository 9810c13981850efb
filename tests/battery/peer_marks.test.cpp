// SPDX-License-Identifier: BSL-1.0
//
// Goal: the storage that a server had when it was met first is the only one that it is taken with,
// for good. Method: files that fail at every moment.
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <doctest/doctest.h>

#include <raft/battery/file_storage/peer_marks.hpp>
#include <raft/testing/faulty_files.hpp>

using namespace raft;
using namespace raft::core;
using raft::testing::faulty_files;

namespace {

using marks = wal::peer_marks<faulty_files>;
using verdict = wire::handshake_verdict;

faulty_files with_directory() {
    faulty_files files;
    REQUIRE(files.make_directory("d") == 0);
    return files;
}

marks opened(const faulty_files& files) {
    marks all{files};
    REQUIRE_FALSE(all.open("d"));
    return all;
}

}  // namespace

TEST_CASE("F1 a server is taken with the storage that it had first, also after a restart") {
    const auto files = with_directory();
    auto all = opened(files);
    CHECK(all.judge({2}, {22}) == verdict::welcome);
    CHECK(all.judge({2}, {22}) == verdict::welcome);
    CHECK(all.judge({2}, {23}) == verdict::other_storage);
    CHECK(all.judge({3}, {33}) == verdict::welcome);
    auto again = opened(files.after_kill());
    CHECK(again.judge({2}, {23}) == verdict::other_storage);
    CHECK(again.judge({2}, {22}) == verdict::welcome);
    CHECK(again.judge({3}, {22}) == verdict::other_storage);
}

TEST_CASE("F1 a server is not taken before its storage is on the disk, whatever stops that") {
    for (std::uint64_t step = 1; step <= 6; ++step) {
        CAPTURE(step);
        auto files = with_directory();
        files.fail_at(files.changes() + step, EIO);
        auto all = opened(files);
        const auto said = all.judge({2}, {22});
        CHECK((said == verdict::welcome || said == verdict::not_noted));
        auto later = opened(files.after_power_loss({}));
        if (said == verdict::welcome) CHECK(later.judge({2}, {23}) == verdict::other_storage);
        CHECK(later.judge({2}, {22}) == verdict::welcome);
    }
}

TEST_CASE("F3 a server whose storage cannot be noted is not told that it has another one") {
    auto files = with_directory();
    files.fail_at(files.changes() + 1, ENOSPC);
    auto all = opened(files);
    CHECK(all.judge({2}, {22}) == verdict::not_noted);
    CHECK(all.judge({2}, {22}) == verdict::welcome);
}

TEST_CASE("marks of peers that were changed on the disk are refused") {
    auto files = with_directory();
    CHECK(opened(files).judge({2}, {22}) == verdict::welcome);
    const auto path = files.paths().back();
    const auto whole = files.contents(path);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        CAPTURE(at);
        auto bytes = whole;
        bytes[at] ^= std::byte{4};
        files.replace(path, bytes);
        CHECK(marks{files}.open("d").has_value());
        bytes = whole;
        bytes.resize(at);
        files.replace(path, bytes);
        CHECK(marks{files}.open("d").has_value());
    }
}
