// SPDX-License-Identifier: BSL-1.0
//
// What `file_storage` promises beside surviving crashes: reading back, room on a full disk, group
// commit, snapshots, its thread. Over simulated files; the real ones are in file_storage_posix.
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>

#include <battery/file_storage_story.hpp>

using raft::log_index;
using raft::testing::faulty_files;
using story::bytes_of;
using story::small_segments;
using story::storage;
using story::teller;

static_assert(raft::storage_for<raft::file_storage<int>, int>);
static_assert(raft::storage_for<raft::file_storage<std::string>, std::string>);
static_assert(raft::storage_for<storage, std::string>);
static_assert(!raft::log_storage_for<raft::file_storage<int>, std::string>);
static_assert(!raft::wal::storage_files<int>);

namespace {

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Of as many segments, and of what is noted beside them: the newest segment, and the history.
std::uint64_t place_for(std::uint64_t segments) { return segments * 4096 + 2 * 512; }

}  // namespace

TEST_CASE("file storage: a new directory is empty") {
    teller t{faulty_files{}};
    REQUIRE(t.open());
    CHECK(t.found() == raft::recovered{});
    CHECK(t.disk().progress() == raft::storage_progress{});
    CHECK(t.disk().report().empty());
    CHECK(t.disk().room() > 0);
    CHECK_FALSE(t.disk().snapshot().has_value());
}

TEST_CASE("file storage: what has been begun can be read before it is durable") {
    teller t{faulty_files{}};
    REQUIRE(t.open());
    t.append(1, 1, 5);
    CHECK(t.durable() == 0);
    CHECK(t.disk().entries({2}, {4}, 1000).size() == 3);
    CHECK(t.disk().entries({2}, {4}, 1000)[0] == t.now().at({2}));
    t.append(2, 3, 1);
    CHECK(t.disk().entries({3}, {3}, 1000)[0] == t.now().at({3}));
    t.flush();
    CHECK(t.durable() == 2);
}

TEST_CASE("file storage: entries are limited in bytes, but there is always one") {
    teller t{faulty_files{}};
    REQUIRE(t.open());
    t.append(1, 1, 200, 100);
    t.flush();
    t.append(1, 201, 1);
    for (std::uint64_t first = 1; first <= 201; ++first) {
        const auto size = t.disk().size_of(*t.now().at({first}).command);
        CHECK(t.disk().entries({first}, {201}, 0).size() == 1);
        CHECK(t.disk().entries({first}, {201}, size).size() == 1);
        const auto some = t.disk().entries({first}, {201}, 1000);
        std::size_t bytes = 0;
        for (const auto& each : some) bytes += t.disk().size_of(*each.command);
        CHECK(bytes <= 1000);
        for (std::size_t i = 0; i < some.size(); ++i) CHECK(some[i] == t.now().at({first + i}));
        const auto one = t.disk().entries({first}, {first}, 1000);
        CHECK(one.size() == 1);
    }
}

TEST_CASE("file storage: replaced entries never come back, from memory or from the disk") {
    teller t{faulty_files{}};
    REQUIRE(t.open());
    for (std::uint64_t round = 0; round < 60; ++round) {
        const auto first = 1 + (round * 7) % (t.now().last_index().value + 1);
        const auto term = std::max<std::uint64_t>(t.now().term_at({first - 1}).value, 1);
        t.append(term + round % 2, first, 1 + round % 9, 20 + 40 * (round % 5));
        if (round % 3 == 0) t.flush();
        auto found = t.found();
        found.vote = t.now().vote;
        found.last_index = t.now().last_index();
        CHECK(story::same_but_for_the_front(story::read_back(t.disk(), found), t.now()));
    }
}

TEST_CASE("file storage: all that waits becomes durable with one sync") {
    faulty_files files;
    teller t{files};
    REQUIRE(t.open({.segment_bytes = 1024 * 1024, .mode = raft::flush_mode::manual}));
    const auto before = files.changes();
    for (std::uint64_t i = 1; i <= 100; ++i) t.append(1, i, 1);
    t.vote(2, 1);
    t.flush();
    CHECK(t.durable() == 101);
    CHECK(files.changes() - before == 3);  // Written, synced, and noted without a sync.
}

TEST_CASE("file storage: entries without room are not begun, and what there is room for fits") {
    faulty_files files;
    files.set_capacity(place_for(3));
    teller t{files};
    REQUIRE(t.open());
    std::uint64_t index = 0;
    while (t.disk().room() >= 104) {
        t.append(1, ++index, 1, 100);
        if (index % 4 == 0) t.flush();
    }
    t.flush();
    CHECK(index > 50);
    CHECK(t.disk().error() == "");

    // Votes and the protocol's own entries still have their place.
    t.vote(2, 3);
    t.append_configuration(2, ++index, {{1}, {2}});
    t.flush();
    CHECK(t.disk().error() == "");
    CHECK(t.durable() + 1 == t.images().size());

    // Others free the disk: the next flush finds it out.
    files.set_capacity(place_for(6));
    t.flush();
    CHECK(t.disk().room() > 1000);
    t.append(2, ++index, 1, 100);
    t.flush();
    CHECK(t.disk().error() == "");
}

TEST_CASE("file storage: as many entries as there is room for fit, wherever the segment ends") {
    for (std::uint64_t before = 0; before < 40; ++before) {
        CAPTURE(before);
        faulty_files files;
        files.set_capacity(place_for(2));
        teller t{files};
        REQUIRE(t.open());
        for (std::uint64_t i = 1; i <= before; ++i) t.append(1, i, 1, 20);
        t.flush();
        // With its length an eighth of a segment: the longest that the room is right for.
        const auto count = t.disk().room() / 512;
        REQUIRE(count > 2);
        t.append(1, before + 1, count, 508);
        t.flush();
        CHECK(t.disk().error() == "");
    }
}

TEST_CASE("F3 a write for which there is no room after all waits and goes on when there is") {
    faulty_files files;
    files.set_capacity(place_for(2));
    teller t{files};
    REQUIRE(t.open());
    t.append(1, 1, 1);
    t.flush();
    t.append(1, 2, 100, 200);
    t.flush();
    CHECK(t.disk().progress() == raft::storage_progress{{1}, false});
    CHECK(t.disk().waits_for_room());
    CHECK(t.disk().room_error().find("No space left on device") != std::string::npos);
    CHECK(t.disk().room() == 0);
    t.vote(2, 3);
    t.flush();
    CHECK(t.durable() == 1);

    files.set_capacity(place_for(9));
    t.flush();
    CHECK_FALSE(t.disk().waits_for_room());
    CHECK(t.disk().room_error() == "");
    CHECK(t.durable() == 3);
    teller again{files.after_power_loss({})};
    static_cast<void>(story::check_recovered(again, t));
}

TEST_CASE("file storage: discarding makes room, once a snapshot covers the log") {
    faulty_files files;
    files.set_capacity(place_for(6));
    teller t{files};
    REQUIRE(t.open());
    std::uint64_t index = 0;
    while (t.disk().room() >= 200) {
        t.append(1, ++index, 1, 150);
        t.flush();
    }
    t.discard(index);
    t.flush();
    CHECK(t.disk().room() < 200);
    CHECK(t.disk().entries({1}, {1}, 100).size() == 1);

    files.set_capacity(place_for(7));
    t.save(index - 1);
    t.flush();
    REQUIRE(t.disk().snapshot().has_value());
    t.discard(index);
    t.flush();
    CHECK(t.disk().room() > 2000);
    CHECK(t.disk().entries({index}, {index}, 100).size() == 1);
    CHECK(t.disk().error() == "");
}

TEST_CASE("B71 file storage: a snapshot for which the disk is too full waits, the log stays") {
    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    t.append(1, 1, 30);
    t.flush();
    files.set_capacity(place_for(2));
    t.save(30);
    t.flush();
    CHECK(t.disk().is_saving());
    CHECK(t.disk().snapshot_error().find("No space left on device") != std::string::npos);
    CHECK_FALSE(t.disk().snapshot().has_value());
    CHECK(t.disk().progress() == raft::storage_progress{{1}, false});
    t.discard(30);
    CHECK(t.disk().entries({1}, {1}, 100).size() == 1);

    files.set_capacity(place_for(4));
    t.flush();
    CHECK_FALSE(t.disk().is_saving());
    CHECK(t.disk().snapshot_error() == "");
    CHECK(t.disk().snapshot()->description.last_included == raft::core::log_position{{30}, {1}});
}

TEST_CASE("file storage: an entry longer than a segment has one of its own") {
    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    t.append(1, 1, 1, 20'000);
    t.append(1, 2, 1);
    t.append(1, 3, 1, 5'000);
    t.flush();
    teller again{files.after_kill()};
    CHECK(story::same_but_for_the_front(story::check_recovered(again, t), t.now()));
}

TEST_CASE("file storage: a snapshot is read in any pieces, from the file that was asked about") {
    teller t{faulty_files{}};
    REQUIRE(t.open());
    t.append(1, 1, 20);
    const std::string large(300'000, 'x');
    t.disk().save({{10}, {1}}, raft::core::voters_only({{1}}), [&](auto& sink) {
        for (std::size_t at = 0; at < large.size(); at += 1000)
            sink.write(bytes_of(large.substr(at, 1000)));
    });
    t.flush();
    const auto stored = t.disk().snapshot();
    REQUIRE(stored.has_value());
    CHECK(stored->description.size == large.size());
    CHECK(stored->members == raft::core::voters_only({{1}}));
    for (const std::uint64_t offset : {0U, 1U, 65'535U, 65'536U, 131'000U, 299'999U})
        for (const std::uint64_t length : {1U, 3U, 65'536U, 100'000U, 400'000U})
            CHECK(text_of(t.disk().read_snapshot(offset, length)) == large.substr(offset, length));
    CHECK(t.disk().read_snapshot(300'000, 1).empty());
    CHECK(t.disk().read_snapshot(~std::uint64_t{0}, ~std::uint64_t{0}).empty());

    // A newer one does not take its place between two reads.
    t.save(15);
    t.disk().flush();
    CHECK(text_of(t.disk().read_snapshot(5, 10)) == large.substr(5, 10));
    CHECK(t.disk().snapshot()->description.last_included.index == log_index{15});
    CHECK(text_of(t.disk().read_snapshot(0, 10)) == story::state_at({15}).substr(0, 10));

    // One that is installed does, because the state machine is about to take it.
    t.install({{18}, {1}}, true, false);
    t.disk().flush();
    CHECK(text_of(t.disk().read_snapshot(0, 10)) == story::state_at({18}).substr(0, 10));
}

TEST_CASE("file storage: an own snapshot does not replace a later one that was installed") {
    teller t{faulty_files{}};
    REQUIRE(t.open());
    t.append(1, 1, 20);
    t.save(10);
    t.install({{30}, {2}}, false, false);
    t.flush();
    CHECK(t.disk().snapshot()->description.last_included.index == log_index{30});
    CHECK_FALSE(t.disk().is_saving());
    t.append(2, 31, 1);
    t.flush();
    CHECK(t.disk().entries({31}, {31}, 100)[0] == t.now().at({31}));
}

TEST_CASE("file storage: a snapshot without a byte can be saved and installed") {
    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    t.append(1, 1, 3);
    t.disk().save({{2}, {1}}, raft::core::voters_only({{1}}), [](auto&) {});
    t.flush();
    CHECK(t.disk().snapshot()->description.size == 0);
    const raft::core::snapshot_description none{{{9}, {2}}, 0};
    t.disk().install({{2}, none, false}, raft::core::voters_only({{1}}));
    t.flush();
    CHECK(t.disk().snapshot()->description == none);
    teller again{files.after_kill()};
    REQUIRE(again.open());
    CHECK(again.found().log_base == raft::core::log_position{{9}, {2}});
    CHECK(again.found().snapshot->description == none);
}

TEST_CASE("B83 file storage: a snapshot that was being received is begun anew after a restart") {
    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    t.append(1, 1, 3);
    const auto bytes = bytes_of(story::state_at({9}));
    t.disk().write_chunk({{2}, {{{9}, {2}}, bytes.size()}, 0, 10}, std::span{bytes}.first(10));
    t.flush();
    auto killed = files.after_kill();
    teller again{killed};
    REQUIRE(again.open());
    REQUIRE(again.disk().report().size() == 1);
    CHECK(again.disk().report()[0].find("receiving.tmp") != std::string::npos);
    CHECK(again.found().last_index == log_index{3});
    again.begin_at(t.now());
    again.install({{9}, {2}}, false, true);
    again.flush();
    CHECK(again.disk().snapshot()->description.last_included.index == log_index{9});
}

TEST_CASE("file storage: what is damaged on the disk is never given as an entry") {
    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    t.append(1, 1, 40, 200);
    t.flush();
    t.append(1, 41, 1);
    const auto path = story::directory + "/log-0000000000000001";
    auto bytes = files.contents(path);
    bytes[700] ^= std::byte{1};
    files.replace(path, bytes);
    CHECK(t.disk().entries({1}, {40}, 10'000).empty());
    CHECK(t.disk().progress() == raft::storage_progress{{1}, true});
    CHECK(t.disk().error().find(path + " is damaged at offset 512") != std::string::npos);
}

TEST_CASE("file storage: a damaged snapshot is never given either") {
    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    t.append(1, 1, 3);
    t.save(2);
    t.flush();
    const auto path = story::directory + "/snapshot-0000000000000002";
    auto bytes = files.contents(path);
    bytes[530] ^= std::byte{1};
    files.replace(path, bytes);
    teller again{files.after_kill()};
    CHECK_FALSE(again.open());
    CHECK(again.error().find(path + " is damaged at offset 512") != std::string::npos);
}

TEST_CASE("file storage: the thread makes durable what is begun, and says so") {
    faulty_files files;
    std::mutex mutex;
    std::condition_variable changed;
    std::uint64_t wakes = 0;
    auto options = small_segments();
    options.mode = raft::flush_mode::thread;
    options.wake = [&] {
        const std::lock_guard lock{mutex};
        ++wakes;
        changed.notify_one();
    };
    std::optional<teller> t{files};
    REQUIRE(t->open(options));
    const auto wait_until = [&](auto condition) {
        std::unique_lock lock{mutex};
        changed.wait(lock, condition);
    };
    for (std::uint64_t round = 0; round < 50; ++round) {
        for (std::uint64_t i = 0; i < 20; ++i) t->append(round + 1, round * 20 + i + 1, 1, 50);
        if (round % 10 == 3) t->save(round * 20);
        if (round % 10 == 6) t->discard(round * 20 - 50);
        if (round % 5 == 0) wait_until([&] { return t->durable() + 1 == t->images().size(); });
        CHECK(t->disk().entries({round * 20 + 1}, {round * 20 + 1}, 1).size() == 1);
    }
    wait_until([&] { return t->durable() + 1 == t->images().size() && !t->disk().is_saving(); });
    CHECK(wakes > 0);
    CHECK(t->disk().error() == "");
    const auto told = t->now();
    CHECK(t->disk().snapshot()->description.last_included.index == log_index{43 * 20});
    t.reset();
    teller again{files};
    REQUIRE(again.open());
    CHECK(story::same_but_for_the_front(story::read_back(again.disk(), again.found()), told));
}

TEST_CASE("file storage: what has been begun is finished when the storage is destroyed") {
    faulty_files files;
    auto options = small_segments();
    options.mode = raft::flush_mode::thread;
    std::optional<teller> t{files};
    REQUIRE(t->open(options));
    t->append(1, 1, 100, 100);
    t->save(50);
    const auto told = t->now();
    t.reset();
    teller again{files.after_power_loss({})};
    REQUIRE(again.open());
    CHECK(again.found().snapshot->description.last_included.index == log_index{50});
    CHECK(story::same_but_for_the_front(story::read_back(again.disk(), again.found()), told));
}

TEST_CASE("file storage: the thread reports an error of the disk") {
    faulty_files files;
    std::mutex mutex;
    std::condition_variable changed;
    auto options = small_segments();
    options.mode = raft::flush_mode::thread;
    options.wake = [&] {
        const std::lock_guard lock{mutex};
        changed.notify_one();
    };
    teller t{files};
    REQUIRE(t.open(options));
    files.fail_at(files.changes() + 2, EIO);
    t.append(1, 1, 1);
    std::unique_lock lock{mutex};
    changed.wait(lock, [&] { return t.disk().progress().failed; });
    CHECK(t.disk().progress().durable == raft::core::write_sequence{});
    CHECK(t.disk().error().find("cannot sync data/log-0000000000000001") != std::string::npos);
}
