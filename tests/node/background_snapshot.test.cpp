// SPDX-License-Identifier: BSL-1.0
//
// Goal: a node goes on while its state is saved (§7), and what is saved is the state as it was when
// that began. Method: a storage that saves on a thread of its own, which waits for the test.
#include <latch>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/manual_clock.hpp>
#include <raft/battery/memory_network.hpp>
#include <raft/battery/memory_storage.hpp>
#include <raft/raft.hpp>
#include <support/journal.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

using words = std::vector<std::string>;

/// Its `fill` waits until `finish` is called, on another thread.
class later_storage : public memory_storage<std::string> {
public:
    template <class Fill>
    void save_later(log_position last_included, const configuration& members, Fill fill) {
        last_included_ = last_included;
        members_ = members;
        filling_ = std::thread{[this, filled = std::move(fill)]() mutable {
            may_fill_.wait();
            filled(sink_);
        }};
    }
    void finish() {
        may_fill_.count_down();
        filling_.join();
        save(last_included_, members_, [this](auto& sink) { sink.write(sink_.bytes); });
    }
    [[nodiscard]] bool is_saving() const { return filling_.joinable(); }

private:
    std::latch may_fill_{1};
    std::thread filling_{};
    log_position last_included_{};
    configuration members_{};
    testing::byte_sink sink_{};
};
static_assert(background_snapshot_storage<later_storage>);
static_assert(!background_snapshot_storage<memory_storage<std::string>>);

/// The same without `capture`.
struct uncaptured : journal {
    void capture() const = delete;
};
static_assert(!capturing_state_machine<uncaptured>);

template <class Machine>
struct single {
    memory_network<std::string> wires{};
    manual_clock clock{};
    later_storage disk{};
    node<Machine, memory_network<std::string>::port, later_storage&, manual_clock&> server{
        {.id = {1},
         .initial = voters_only({{1}}),
         .birth = history_id{1},
         .config = {.retained_entries = 0, .first_election_at_once = true},
         .seed = 1},
        Machine{},
        wires.port_of({1}),
        disk,
        clock};

    single() {
        REQUIRE(server.start());
        server.poll();
        REQUIRE(server.protocol_state().is_leader());
    }
    std::size_t propose(const std::string& word) {
        std::size_t heard = 0;
        server.propose(word, [&](const outcome<std::size_t>& given) {
            heard = std::get<applied<std::size_t>>(given).result;
        });
        return heard;
    }
};

}  // namespace

TEST_CASE("§7 commands are applied while a snapshot is saved, which holds what was before them") {
    single<journal> s;
    CHECK(s.propose("a") == 1);
    CHECK_FALSE(s.server.take_snapshot());
    CHECK(s.disk.is_saving());
    CHECK(s.propose("b") == 2);
    CHECK(s.propose("c") == 3);
    s.server.poll();
    CHECK(s.server.take_snapshot()->reason == refusal_reason::nothing_to_do);
    CHECK(s.server.status().snapshot == snapshot_description{});
    CHECK(s.server.status().first_log_index == log_index{1});

    s.disk.finish();
    s.server.poll();
    const auto taken = s.server.status().snapshot;
    CHECK(taken.last_included.index == log_index{2});
    CHECK(s.server.status().first_log_index == log_index{3});
    journal restored;
    byte_source source{s.disk.read_snapshot(0, taken.size)};
    CHECK(restored.restore(source));
    CHECK(restored.words == words{"a"});
    CHECK(s.server.state_machine().words == words{"a", "b", "c"});
}

TEST_CASE("§7 a state machine that cannot be captured is saved at once") {
    single<uncaptured> s;
    CHECK(s.propose("a") == 1);
    CHECK_FALSE(s.server.take_snapshot());
    CHECK_FALSE(s.disk.is_saving());
    CHECK(s.server.status().snapshot.last_included.index == log_index{2});
}
