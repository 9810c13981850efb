// SPDX-License-Identifier: BSL-1.0
//
// Goal: a policy needs exactly what its concept says. Method: the least type that does passes, each
// type that lacks one thing fails, and a node is made of nothing but the least types.
#include <atomic>
#include <chrono>
#include <string>

#include <doctest/doctest.h>

#include <raft/battery/manual_clock.hpp>
#include <raft/battery/memory_network.hpp>
#include <raft/battery/memory_storage.hpp>
#include <raft/raft.hpp>

using namespace raft;
using namespace raft::policy;
using namespace raft::core;

namespace {

// ------------------------------------------------------------------------------- state machine
static_assert(state_machine<state_machine_archetype>);
static_assert(!snapshotting_state_machine<state_machine_archetype>);
static_assert(!state_machine<int>);

struct no_result {
    using command = int;
    int apply(log_index, const int&);
};
struct wrong_result {
    using command = int;
    using result = int;
    void apply(log_index, const int&);
};
struct changes_commands {
    using command = std::string;
    using result = int;
    int apply(log_index, std::string&);
};
static_assert(!state_machine<no_result> && !state_machine<wrong_result> &&
              !state_machine<changes_commands>);

struct saving : state_machine_archetype {
    void save(auto& sink) const { sink.write(std::span<const std::byte>{}); }
    bool restore(auto& source) { return source.read(std::span<std::byte>{}); }
};
struct saves_by_changing : state_machine_archetype {
    void save(auto& sink) { sink.write(std::span<const std::byte>{}); }
    bool restore(auto&) { return true; }
};
static_assert(snapshotting_state_machine<saving>);
static_assert(!snapshotting_state_machine<saves_by_changing>);

struct captures_by_changing : saving {
    capturing_state_machine_archetype::captured capture();
};
struct captures_what_cannot_be_saved : saving {
    int capture() const;
};
struct captures_what_cannot_be_moved : saving {
    std::atomic<int>& capture() const;
};
struct captures_without_saving : state_machine_archetype {
    capturing_state_machine_archetype::captured capture() const;
};
static_assert(capturing_state_machine<capturing_state_machine_archetype>);
static_assert(!capturing_state_machine<saving> && !capturing_state_machine<captures_by_changing>);
static_assert(!capturing_state_machine<captures_what_cannot_be_saved> &&
              !capturing_state_machine<captures_what_cannot_be_moved>);
static_assert(!capturing_state_machine<captures_without_saving>);

// ----------------------------------------------------------------------------------- transport
using command = state_machine_archetype::command;
static_assert(transport_for<transport_archetype<command>, command>);
static_assert(transport_for<memory_network<int>::port, int>);
static_assert(!transport_for<memory_network<int>::port, std::string>);
static_assert(!transport_for<int, int>);

struct no_room {
    void send(std::span<const member_id>, const message&, const attachment<int>&);
};
static_assert(!transport_for<no_room, int>);

// ------------------------------------------------------------------------------------- storage
static_assert(storage_for<storage_archetype<command>, command>);
static_assert(storage_for<memory_storage<std::string>, std::string>);
static_assert(!storage_for<memory_storage<std::string>, int>);

struct no_progress : memory_storage<int> {
    void progress() const;
};
struct no_snapshots : storage_archetype<int> {
    void snapshot() const;
};
static_assert(!storage_for<no_progress, int>);
static_assert(log_storage_for<no_snapshots, int> && !storage_for<no_snapshots, int>);

static_assert(background_snapshot_storage<background_storage_archetype<int>>);
static_assert(!background_snapshot_storage<storage_archetype<int>>);

struct saves_what_can_be_copied : storage_archetype<int> {
    void save_later(log_position, const configuration&, std::copyable auto);
};
static_assert(!background_snapshot_storage<saves_what_can_be_copied>);

// --------------------------------------------------------------------------------------- clock
static_assert(raft::clock<std::chrono::steady_clock> && raft::clock<manual_clock>);
static_assert(!raft::clock<std::chrono::system_clock>, "time must not go back");

using least_node = node<state_machine_archetype, transport_archetype<command>,
                        storage_archetype<command>, manual_clock>;

}  // namespace

TEST_CASE("a node needs nothing of its policies that their concepts do not name") {
    least_node least{
        {.id = {1}, .initial = voters_only({{1}}), .birth = history_id{1}, .config = {}, .seed = 1},
        {},
        {},
        {}};
    CHECK(least.start());
    least.poll();
    least.receive({2}, message{request_vote{}}, {});
    least.read([](const read_outcome&) {});
    least.propose({}, [](const outcome<state_machine_archetype::result>&) {});
    CHECK(least.deadline());
    CHECK(std::string{least.status().role} == "follower");
}

TEST_CASE("a node borrows a policy that is given as a reference") {
    manual_clock clock;
    storage_archetype<command> storage;
    node<state_machine_archetype, transport_archetype<command>, storage_archetype<command>&,
         manual_clock&>
        borrowing{{.id = {1}, .initial = voters_only({{1}}), .config = {}, .seed = 1},
                  {},
                  {},
                  storage,
                  clock};
    CHECK(&borrowing.storage() == &storage);
}

TEST_CASE("B35 a clock that can be set back is no clock for a node") {
    CHECK(raft::clock<std::chrono::steady_clock>);
    CHECK_FALSE(raft::clock<std::chrono::system_clock>);
}
