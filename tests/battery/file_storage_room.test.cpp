// SPDX-License-Identifier: BSL-1.0
//
// Goal: no room (a full disk, a quota, no file descriptor) is no failure. Method: a history of a
// `file_storage`, with a snapshot that is staged in it, in which each change of the disk meets no
// room once; and a disk that is full, or a process without descriptors, for as long as a test says.
#include <cerrno>
#include <span>

#include <battery/file_storage_story.hpp>

using raft::log_index;
using raft::testing::faulty_files;
using raft::testing::survival;
using story::bytes_of;
using story::state_at;
using story::teller;

namespace {

constexpr int causes[] = {ENOSPC, EDQUOT, EMFILE, ENFILE};

/// Everything is tried again, as often as it may meet no room.
void flush_all(teller& t) {
    for (int i = 0; i < 3; ++i) t.flush();
}

/// A snapshot that is longer than a mark is apart, in three chunks.
struct long_snapshot {
    static constexpr std::size_t chunk_bytes = 700'000;
    std::vector<std::byte> bytes = std::vector<std::byte>(2 * chunk_bytes + 100, std::byte{7});
    raft::core::snapshot_description description{
        {{100}, {2}}, bytes.size(), raft::wire::crc32c(bytes)};
    raft::configuration members = raft::core::voters_only({{1}, {2}});

    [[nodiscard]] std::span<const std::byte> chunk_at(std::size_t offset) const {
        return std::span{bytes}.subspan(offset, std::min(chunk_bytes, bytes.size() - offset));
    }
    /// Begins to stage the chunk at `offset`.
    void stage(story::storage& disk, std::size_t offset) const {
        disk.stage(description, members, offset, chunk_at(offset));
    }
};

/// Has a snapshot come in as a node does; false if the storage failed.
bool receive(teller& t, const long_snapshot& snapshot) {
    for (std::size_t offset = 0, rounds = 0; offset < snapshot.bytes.size();) {
        REQUIRE(++rounds < 20);
        snapshot.stage(t.disk(), offset);
        flush_all(t);
        if (t.disk().progress().failed) return false;
        REQUIRE(t.disk().staged() != raft::staging::under_way);
        const bool is_kept = t.disk().staged() == raft::staging::kept;
        offset = is_kept ? offset + snapshot.chunk_at(offset).size() : 0;
    }
    return true;
}

/// Votes, entries, segments that end, an own snapshot, segments that go, and one that is received.
void tell(teller& t, const long_snapshot& received) {
    t.vote(1, 1);
    t.append(1, 1, 30, 200);
    flush_all(t);
    t.save(20);
    flush_all(t);
    t.discard(20);
    flush_all(t);
    t.append(2, 31, 20, 200, raft::core::hard_state{{2}, std::nullopt});
    flush_all(t);
    if (!receive(t, received)) return;
    const raft::core::write_sequence sequence{t.disk().progress().durable.value + 1};
    t.disk().write_chunk({sequence, received.description, 2 * long_snapshot::chunk_bytes, 100},
                         received.chunk_at(2 * long_snapshot::chunk_bytes));
    t.disk().install({{sequence.value + 1}, received.description, false}, received.members);
    flush_all(t);
}

/// What is left of a history that came to its end.
void check_end(const faulty_files& files, const long_snapshot& received) {
    teller t{files};
    REQUIRE_MESSAGE(t.open(), t.error());
    CHECK(t.found().vote == raft::core::hard_state{{2}, std::nullopt});
    REQUIRE(t.found().snapshot.has_value());
    CHECK(t.found().snapshot->description == received.description);
    CHECK(t.found().log_base == received.description.last_included);
    CHECK(t.disk().read_snapshot(long_snapshot::chunk_bytes, 1).size() == 1);
}

bool is_final(const std::string& error) {
    return error.find("cannot sync data/log-") != std::string::npos;
}

}  // namespace

TEST_CASE("F3 F4 no room at any one change of the disk delays a storage and loses nothing") {
    const long_snapshot received;
    faulty_files undisturbed;
    teller first{undisturbed};
    REQUIRE(first.open());
    const auto opened = undisturbed.changes();
    tell(first, received);
    check_end(undisturbed.after_power_loss({}), received);
    int waited = 0;
    for (const int cause : causes) {
        for (auto change = opened + 1; change <= undisturbed.changes(); ++change) {
            CAPTURE(cause);
            CAPTURE(change);
            faulty_files files;
            files.fail_at(change, cause);
            teller t{files};
            REQUIRE(t.open());
            tell(t, received);
            // What a failed sync of the log should have synced is lost for good.
            if (is_final(t.disk().error())) continue;
            ++waited;
            CHECK(t.disk().error() == "");
            CHECK_FALSE(t.disk().waits_for_room());
            check_end(files.after_power_loss({}), received);
        }
    }
    CHECK(waited > 100);
}

TEST_CASE("F3 an input error at any one change of the disk is final") {
    const long_snapshot received;
    faulty_files undisturbed;
    teller first{undisturbed};
    REQUIRE(first.open());
    const auto opened = undisturbed.changes();
    tell(first, received);
    for (auto change = opened + 1; change <= undisturbed.changes(); ++change) {
        CAPTURE(change);
        faulty_files files;
        files.fail_at(change, EIO);
        teller t{files};
        REQUIRE(t.open());
        tell(t, received);
        CHECK(t.disk().progress().failed);
        CHECK(files.changes() == change);
    }
}

TEST_CASE("F3 a chunk that has no room keeps no write waiting") {
    const long_snapshot received;
    for (const int cause : causes) {
        for (std::size_t offset = 0; offset < received.bytes.size();
             offset += long_snapshot::chunk_bytes) {
            CAPTURE(cause);
            CAPTURE(offset);
            faulty_files files;
            teller t{files};
            REQUIRE(t.open());
            for (std::size_t at = 0; at < offset; at += long_snapshot::chunk_bytes) {
                received.stage(t.disk(), at);
                t.flush();
            }
            if (cause == ENOSPC || cause == EDQUOT)
                files.set_capacity(0, cause);
            else
                files.set_open_files_max(0, cause);
            received.stage(t.disk(), offset);
            t.flush();
            const bool needs_file = offset == 0 || offset == 2 * long_snapshot::chunk_bytes;
            const bool waits = cause == ENOSPC || cause == EDQUOT || needs_file;
            CHECK(t.disk().waits_for_room() == waits);
            CHECK(t.disk().staged() == (waits ? raft::staging::under_way : raft::staging::kept));
            t.vote(3, 2);
            t.append(3, 1, 1);
            t.flush();
            CHECK(t.durable() == 2);

            files.set_capacity(std::numeric_limits<std::uint64_t>::max());
            files.set_open_files_max(std::numeric_limits<std::size_t>::max());
            t.flush();
            CHECK(t.disk().staged() == raft::staging::kept);
            CHECK_FALSE(t.disk().waits_for_room());
        }
    }
}

TEST_CASE("F3 a snapshot that was staged is installed without any room") {
    const long_snapshot received;
    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    t.vote(2, std::nullopt);
    REQUIRE(receive(t, received));
    files.set_capacity(0);
    files.set_open_files_max(0);
    t.disk().install({{2}, received.description, false}, received.members);
    t.flush();
    CHECK(t.disk().progress() == raft::storage_progress{{2}, false});
    CHECK(t.disk().snapshot()->description == received.description);
    check_end(files.after_power_loss({}), received);
}

TEST_CASE("F3 a snapshot that was staged and not installed is whole after a power failure") {
    const long_snapshot received;
    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    t.vote(2, std::nullopt);
    t.append(1, 1, 3);
    REQUIRE(receive(t, received));
    CHECK_FALSE(t.disk().snapshot().has_value());
    check_end(files.after_power_loss({}), received);
}

TEST_CASE("F3 a power failure at any change while a snapshot is staged loses nothing durable") {
    const long_snapshot received;
    faulty_files undisturbed;
    teller first{undisturbed};
    REQUIRE(first.open());
    tell(first, received);
    for (std::uint64_t stop = 1; stop <= undisturbed.changes(); ++stop) {
        faulty_files files;
        files.stop_at(stop);
        teller t{files};
        if (t.open()) tell(t, received);
        for (const auto what :
             {survival::kind::lost, survival::kind::kept, survival::kind::mixed}) {
            CAPTURE(stop);
            CAPTURE(static_cast<int>(what));
            teller again{files.after_power_loss({what, stop})};
            REQUIRE_MESSAGE(again.open(), again.error());
            const auto& found = again.found();
            const bool is_received =
                found.snapshot && found.snapshot->description == received.description;
            if (t.durable() >= 2) CHECK((is_received || found.last_index >= log_index{30}));
            if (t.durable() >= 3) CHECK(found.vote.current_term == raft::term_number{2});
            if (t.durable() >= 5) CHECK(is_received);
            if (is_received) CHECK(found.vote.current_term == raft::term_number{2});
        }
    }
}

TEST_CASE("F3 one that was staged and never installed goes when another one comes") {
    const long_snapshot received;
    long_snapshot other;
    other.description.last_included.index = {101};
    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    REQUIRE(receive(t, received));
    const auto has = [&](std::uint64_t index) {
        const auto paths = files.paths();
        return std::count(paths.begin(), paths.end(),
                          raft::wal::snapshot_path(story::directory, {index})) == 1;
    };
    CHECK(has(100));
    REQUIRE(receive(t, other));
    CHECK_FALSE(has(100));
    CHECK(has(101));
}

TEST_CASE("F4 an own snapshot without a file descriptor waits and the log stays") {
    for (const int cause : {EMFILE, ENFILE}) {
        CAPTURE(cause);
        faulty_files files;
        teller t{files};
        REQUIRE(t.open());
        t.append(1, 1, 30);
        t.flush();
        files.set_open_files_max(0, cause);
        t.save(30);
        t.flush();
        CHECK(t.disk().error() == "");
        CHECK(t.disk().snapshot_error().find("open files") != std::string::npos);
        CHECK_FALSE(t.disk().snapshot().has_value());
        files.set_open_files_max(100);
        t.flush();
        CHECK(t.disk().snapshot_error() == "");
        CHECK(t.disk().snapshot()->description.last_included.index == log_index{30});
    }
}

TEST_CASE("F4 the log goes on into the next segment without a file descriptor") {
    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    files.set_open_files_max(0);
    t.append(1, 1, 25, 200);
    t.flush();
    CHECK(t.durable() == 1);
    CHECK(t.disk().error() == "");
    const auto room = t.disk().room();
    files.set_open_files_max(100);
    t.flush();
    CHECK(t.disk().room() > room);
}

TEST_CASE("F4 entries that are on the disk alone are read when there is a file descriptor") {
    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    t.append(1, 1, 40, 200);
    t.flush();
    t.append(1, 41, 1);
    t.flush();
    files.set_open_files_max(0);
    CHECK(t.disk().entries({1}, {1}, 100).empty());
    CHECK_FALSE(t.disk().progress().failed);
    files.set_open_files_max(100);
    CHECK(t.disk().entries({1}, {1}, 100).size() == 1);
}
