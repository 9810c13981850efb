// SPDX-License-Identifier: BSL-1.0
//
// Goal: a `file_storage` saves snapshots while it goes on, and goes on with one that it was
// receiving when it was stopped. Method: simulated files, callables that wait for the test, and a
// stop at every change of the disk.
#include <condition_variable>
#include <latch>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>

#include <battery/file_storage_story.hpp>

using raft::log_index;
using raft::testing::faulty_files;
using raft::testing::survival;
using story::bytes_of;
using story::small_segments;
using story::state_at;
using story::teller;

namespace {

static_assert(raft::background_snapshot_storage<story::storage>);

/// A storage with its thread, and what it says through `wake`.
struct threaded {
    faulty_files files{};
    std::mutex mutex{};
    std::condition_variable changed{};
    std::optional<teller> told{files};

    threaded() {
        auto options = small_segments();
        options.mode = raft::flush_mode::thread;
        options.wake = [this] {
            const std::lock_guard lock{mutex};
            changed.notify_one();
        };
        REQUIRE(told->open(options));
    }
    void wait_until(auto condition) {
        std::unique_lock lock{mutex};
        changed.wait(lock, condition);
    }
    void wait_for_writes() {
        wait_until([this] { return told->durable() + 1 == told->images().size(); });
    }
    raft::file_storage<std::string, faulty_files>& disk() { return told->disk(); }
};

constexpr std::uint64_t mebibyte = 1024 * 1024;
constexpr std::uint64_t chunk_bytes = mebibyte / 4;

/// A snapshot that is long enough for a crash to cost something.
struct long_snapshot {
    std::vector<std::byte> bytes = std::vector<std::byte>(2 * mebibyte + 500'000);
    raft::core::snapshot_description description{};

    explicit long_snapshot(std::uint64_t last_included = 9, std::uint8_t seed = 1) {
        std::uint64_t mixed = seed;
        for (auto& each : bytes) {
            mixed = mixed * 6364136223846793005U + 1442695040888963407U;
            each = static_cast<std::byte>(mixed >> 56U);
        }
        description = {{{last_included}, {2}}, bytes.size(), raft::wire::crc32c(bytes)};
    }

    [[nodiscard]] std::span<const std::byte> chunk_at(std::uint64_t offset) const {
        return std::span{bytes}.subspan(offset, std::min(chunk_bytes, bytes.size() - offset));
    }
    [[nodiscard]] std::uint32_t checksum_of_first(std::uint64_t size) const {
        return raft::wire::crc32c(std::span{bytes}.first(size));
    }
};

/// Receives up to `end`; how many bytes of that the storage has called durable.
std::uint64_t receive(story::storage& disk, const long_snapshot& snapshot, std::uint64_t begin,
                      std::uint64_t end) {
    auto durable = begin;
    std::uint64_t sequence = disk.progress().durable.value;
    for (auto offset = begin; offset < end; offset += chunk_bytes) {
        const auto chunk = snapshot.chunk_at(offset);
        disk.write_chunk({{++sequence}, snapshot.description, offset, chunk.size()}, chunk);
        disk.flush();
        if (disk.progress().durable.value == sequence) durable = offset + chunk.size();
    }
    return durable;
}

void install(story::storage& disk, const long_snapshot& snapshot) {
    const raft::core::write_sequence sequence{disk.progress().durable.value + 1};
    disk.install({sequence, snapshot.description, false}, raft::core::voters_only({{1}, {2}}));
    disk.flush();
    CHECK(disk.error() == "");
    CHECK(disk.snapshot()->description == snapshot.description);
}

std::uint64_t size_of(faulty_files files, const std::string& name) {
    raft::wal::open_file<faulty_files> file;
    std::uint64_t bytes = 0;
    REQUIRE(raft::wal::open_into(files, story::directory + "/" + name,
                                 raft::wal::file_opening::read_only, file) == 0);
    REQUIRE(files.size(file.handle(), bytes) == 0);
    return bytes;
}

/// Opens what is left of a storage that had called so many bytes durable, and has the rest.
void receive_the_rest(const faulty_files& files, const long_snapshot& snapshot,
                      std::uint64_t durable) {
    teller again{files};
    REQUIRE_MESSAGE(again.open(), again.error());
    if (again.found().snapshot) {
        CHECK_FALSE(again.found().incoming);
        return;
    }
    const auto part = again.found().incoming.value_or(raft::received_part{});
    CHECK(durable < part.bytes + 2 * mebibyte);
    if (part.bytes != 0) {
        CHECK(part.description == snapshot.description);
        CHECK(part.checksum == snapshot.checksum_of_first(part.bytes));
    }
    receive(again.disk(), snapshot, part.bytes, snapshot.bytes.size());
    install(again.disk(), snapshot);
}

}  // namespace

TEST_CASE("§7 file storage: writes become durable while a snapshot is being filled") {
    threaded t;
    std::latch may_fill{1};
    t.told->append(1, 1, 20);
    auto state = std::make_unique<std::vector<std::byte>>(bytes_of(state_at({10})));
    t.disk().save_later({{10}, {1}}, raft::core::voters_only({{1}}),
                        [&may_fill, held = std::move(state)](auto& sink) {
                            may_fill.wait();
                            sink.write(*held);
                        });
    t.told->append(1, 21, 20);
    t.wait_for_writes();
    CHECK(t.disk().is_saving());
    CHECK_FALSE(t.disk().snapshot().has_value());

    may_fill.count_down();
    t.wait_until([&] { return !t.disk().is_saving(); });
    const auto stored = t.disk().snapshot();
    REQUIRE(stored.has_value());
    CHECK(stored->description.last_included == raft::core::log_position{{10}, {1}});
    CHECK(story::snapshot_text(t.disk(), stored->description.size) == state_at({10}));
}

TEST_CASE("§7 file storage: what a snapshot holds of the state is let go when it is on the disk") {
    threaded t;
    t.told->append(1, 1, 3);
    auto state = std::make_shared<int>(0);
    const std::weak_ptr<int> held = state;
    t.disk().save_later({{2}, {1}}, raft::core::voters_only({{1}}),
                        [kept = std::move(state)](auto&) {});
    t.wait_until([&] { return !t.disk().is_saving(); });
    CHECK(t.disk().snapshot().has_value());
    CHECK(held.expired());
}

TEST_CASE("§7 file storage: what a snapshot writes goes to the disk before it has written all") {
    threaded t;
    t.told->append(1, 1, 3);
    const std::vector<std::byte> piece(mebibyte + 1);
    std::vector<std::uint64_t> on_disk;
    t.disk().save_later({{2}, {1}}, raft::core::voters_only({{1}}), [&](auto& sink) {
        for (int i = 0; i < 4; ++i) {
            sink.write(piece);
            on_disk.push_back(size_of(t.files, "saving.tmp"));
        }
    });
    t.wait_until([&] { return !t.disk().is_saving(); });
    REQUIRE(on_disk.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) CHECK(on_disk[i] >= (i + 1) * mebibyte);
}

TEST_CASE("§7 file storage: a later snapshot that is installed meanwhile stays the current one") {
    threaded t;
    std::latch fills{1};
    std::latch may_fill{1};
    t.told->append(1, 1, 20);
    t.disk().save_later({{10}, {1}}, raft::core::voters_only({{1}}), [&](auto& sink) {
        fills.count_down();
        may_fill.wait();
        sink.write(bytes_of(state_at({10})));
    });
    fills.wait();
    t.told->install({{30}, {2}}, false, false);
    t.wait_for_writes();
    may_fill.count_down();
    t.wait_until([&] { return !t.disk().is_saving(); });
    CHECK(t.disk().snapshot()->description.last_included.index == log_index{30});
    t.told.reset();
    teller again{t.files};
    REQUIRE(again.open());
    CHECK(again.found().snapshot->description.last_included.index == log_index{30});
}

TEST_CASE("§7 file storage: a snapshot that is being filled is finished before the storage goes") {
    threaded t;
    t.told->append(1, 1, 20);
    t.disk().save_later({{10}, {1}}, raft::core::voters_only({{1}}),
                        [](auto& sink) { sink.write(bytes_of(state_at({10}))); });
    t.told.reset();
    teller again{t.files.after_power_loss({})};
    REQUIRE(again.open());
    CHECK(again.found().snapshot->description.last_included.index == log_index{10});
}

TEST_CASE("B71 file storage: a snapshot that was filled waits while the disk is full") {
    threaded t;
    t.told->append(1, 1, 20);
    t.wait_for_writes();
    t.files.set_capacity(0);
    t.disk().save_later({{10}, {1}}, raft::core::voters_only({{1}}),
                        [](auto& sink) { sink.write(bytes_of(state_at({10}))); });
    t.wait_until([&] { return !t.disk().snapshot_error().empty(); });
    CHECK(t.disk().snapshot_error().find("No space left on device") != std::string::npos);
    CHECK_FALSE(t.disk().snapshot().has_value());
    CHECK(t.disk().error() == "");
}

TEST_CASE("F3 a storage with its thread stages a chunk when there is room and writes go on") {
    threaded t;
    const auto bytes = bytes_of(state_at({9}));
    const raft::core::snapshot_description description{
        {{9}, {2}}, bytes.size(), raft::wire::crc32c(bytes)};
    const auto members = raft::core::voters_only({{1}, {2}});
    t.files.set_capacity(0);
    t.disk().stage(description, members, 0, bytes);
    t.wait_until([&] { return t.disk().waits_for_room(); });
    CHECK(t.disk().room_error().find("No space left on device") != std::string::npos);
    t.told->vote(2, 1);
    t.wait_for_writes();
    CHECK(t.disk().staged() == raft::staging::under_way);

    t.files.set_capacity(std::numeric_limits<std::uint64_t>::max());
    t.wait_until([&] { return t.disk().staged() == raft::staging::kept; });
    t.wait_until([&] { return !t.disk().waits_for_room(); });
    CHECK(t.disk().room_error() == "");
    t.disk().write_chunk({{2}, description, 0, bytes.size()}, bytes);
    t.disk().install({{3}, description, false}, members);
    t.wait_until([&] { return t.disk().progress().durable == raft::core::write_sequence{3}; });
    CHECK(t.disk().snapshot()->description == description);
}

TEST_CASE("B83 file storage: after a kill a snapshot is received from the last mark on") {
    const long_snapshot snapshot;
    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    receive(t.disk(), snapshot, 0, mebibyte + 2 * chunk_bytes);
    teller again{files.after_kill()};
    REQUIRE(again.open());
    CHECK(again.found().incoming == raft::received_part{snapshot.description, mebibyte,
                                                        snapshot.checksum_of_first(mebibyte)});
    REQUIRE(again.disk().report().size() == 1);
    CHECK(again.disk().report()[0].find("to be received further") != std::string::npos);
    receive(again.disk(), snapshot, mebibyte, snapshot.bytes.size());
    install(again.disk(), snapshot);
}

TEST_CASE("B83 file storage: a power failure at any change costs less than two MiB of a transfer") {
    const long_snapshot snapshot;
    const auto all = [&](const faulty_files& files) {
        teller t{files};
        if (!t.open()) return std::uint64_t{0};
        const auto durable = receive(t.disk(), snapshot, 0, snapshot.bytes.size());
        const raft::core::write_sequence sequence{t.disk().progress().durable.value + 1};
        t.disk().install({sequence, snapshot.description, false},
                         raft::core::voters_only({{1}, {2}}));
        t.disk().flush();
        return durable;
    };
    faulty_files undisturbed;
    REQUIRE(all(undisturbed) == snapshot.bytes.size());
    for (std::uint64_t stop = 1; stop <= undisturbed.changes(); ++stop) {
        faulty_files files;
        files.stop_at(stop);
        const auto durable = all(files);
        const bool is_finishing = durable == snapshot.bytes.size();
        for (const auto what :
             {survival::kind::lost, survival::kind::kept, survival::kind::mixed}) {
            CAPTURE(stop);
            CAPTURE(static_cast<int>(what));
            // While the file is completed, its header is in the place of the mark.
            receive_the_rest(files.after_power_loss({what, stop}), snapshot,
                             is_finishing ? 0 : durable);
        }
    }
}

TEST_CASE("B83 file storage: a part of a snapshot that has become damaged is received anew") {
    const long_snapshot snapshot;
    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    receive(t.disk(), snapshot, 0, mebibyte);
    const auto path = story::directory + "/receiving.tmp";
    for (const std::size_t at : {0U, 41U, 47U, 50U, 512U, 700'000U}) {
        CAPTURE(at);
        auto damaged = files.after_kill();
        auto bytes = damaged.contents(path);
        bytes[at] ^= std::byte{1};
        damaged.replace(path, std::move(bytes));
        teller again{damaged};
        REQUIRE(again.open());
        CHECK_FALSE(again.found().incoming);
        CHECK(again.disk().report().size() == 1);
        receive(again.disk(), snapshot, 0, snapshot.bytes.size());
        install(again.disk(), snapshot);
    }
}

TEST_CASE("B83 file storage: another snapshot takes the place of the part that there was") {
    const long_snapshot first;
    const long_snapshot other{10, 2};
    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    receive(t.disk(), first, 0, 2 * mebibyte);
    auto killed = files.after_kill();
    teller again{killed};
    REQUIRE(again.open());
    receive(again.disk(), other, 0, mebibyte + chunk_bytes);
    teller last{killed.after_kill()};
    REQUIRE(last.open());
    CHECK(last.found().incoming ==
          raft::received_part{other.description, mebibyte, other.checksum_of_first(mebibyte)});
}

TEST_CASE("B83 file storage: a part of a snapshot is not kept beside a later snapshot") {
    const long_snapshot snapshot;
    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    t.append(1, 1, 20);
    t.save(10);
    t.flush();
    t.disk().write_chunk({{2}, snapshot.description, 0, mebibyte},
                         std::span{snapshot.bytes}.first(mebibyte));
    t.flush();
    teller again{files.after_kill()};
    REQUIRE(again.open());
    CHECK_FALSE(again.found().incoming);
    CHECK(again.disk().report()[0].find("removed") != std::string::npos);
}

TEST_CASE("file storage: a snapshot that is not what its description says is never installed") {
    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    const auto bytes = bytes_of(state_at({9}));
    const raft::core::snapshot_description wrong{
        {{9}, {2}}, bytes.size(), raft::wire::crc32c(bytes) + 1};
    t.disk().write_chunk({{1}, wrong, 0, bytes.size()}, bytes);
    t.disk().install({{2}, wrong, false}, raft::core::voters_only({{1}}));
    t.flush();
    CHECK(t.disk().error().find("another checksum") != std::string::npos);
    CHECK_FALSE(t.disk().snapshot().has_value());
}
