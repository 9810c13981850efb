// SPDX-License-Identifier: BSL-1.0
//
// Goal: a `file_storage` saves snapshots while it goes on. Method: simulated files, and callables
// that wait for the test.
#include <condition_variable>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>

#include <battery/file_storage_story.hpp>

using raft::log_index;
using raft::testing::faulty_files;
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

}  // namespace

TEST_CASE("§7 file storage: writes become durable while a snapshot is being filled") {
    threaded t;
    std::latch may_fill{1};
    t.told->append(1, 1, 20);
    auto state = std::make_unique<std::vector<std::byte>>(bytes_of(state_at({10})));
    t.disk().save_later({{10}, {1}}, raft::voters_only({{1}}),
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
    CHECK(stored->description.last_included == raft::log_position{{10}, {1}});
    CHECK(story::snapshot_text(t.disk(), stored->description.size) == state_at({10}));
}

TEST_CASE(
    "§7 file storage: what a snapshot holds of the state is let go before it is on the disk") {
    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    t.append(1, 1, 3);
    std::latch let_go{1};
    struct at_the_end {
        void operator()(std::latch* told) const { told->count_down(); }
    };
    std::unique_ptr<std::latch, at_the_end> held{&let_go};
    t.disk().save_later({{2}, {1}}, raft::voters_only({{1}}), [kept = std::move(held)](auto&) {});
    let_go.wait();
    CHECK_FALSE(t.disk().snapshot().has_value());
}

TEST_CASE("§7 file storage: a snapshot that is being filled is finished before the storage goes") {
    threaded t;
    t.told->append(1, 1, 20);
    t.disk().save_later({{10}, {1}}, raft::voters_only({{1}}),
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
    t.disk().save_later({{10}, {1}}, raft::voters_only({{1}}),
                        [](auto& sink) { sink.write(bytes_of(state_at({10}))); });
    t.wait_until([&] { return !t.disk().snapshot_error().empty(); });
    CHECK(t.disk().snapshot_error().find("No space left on device") != std::string::npos);
    CHECK_FALSE(t.disk().snapshot().has_value());
    CHECK(t.disk().error() == "");
}
