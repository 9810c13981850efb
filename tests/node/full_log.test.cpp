// SPDX-License-Identifier: BSL-1.0
//
// Goal: a leader whose log fills its disk makes room by a snapshot, whatever its members do, and
// the log leaves room for that. Method: a leader over a `file_storage` on simulated files, with a
// learner that answers, and never has received the snapshot.
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/file_storage.hpp>
#include <raft/battery/manual_clock.hpp>
#include <raft/raft.hpp>
#include <raft/testing/faulty_files.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// Its state is some bytes, whatever was applied.
struct lump {
    using command = std::string;
    using result = int;
    static constexpr std::size_t bytes = 20'000;

    int apply(log_index, const std::string&) { return 0; }
    void save(auto& sink) const { sink.write(std::vector<std::byte>(bytes)); }
    bool restore(auto& source) {
        std::vector<std::byte> found(bytes);
        return source.read(std::span{found});
    }
};

struct unheard {
    void send(std::span<const member_id>, const message&, const attachment<std::string>&) {}
    std::size_t room(member_id) { return 1 << 20; }
};

struct leader_of_slow_learner {
    using storage = file_storage<std::string, faulty_files>;
    static constexpr limits sizes{.message_bytes = 4'000};
    using node_type = node<lump, unheard, storage&, manual_clock&, sizes>;

    faulty_files files{};
    manual_clock clock{};
    storage disk;
    node_type server;

    explicit leader_of_slow_learner(std::optional<std::uint64_t> snapshot_after_bytes = {})
        : disk{opened(files)}, server{options(snapshot_after_bytes), {}, {}, disk, clock} {
        REQUIRE(server.start());
        server.poll();
        settle();
        REQUIRE(server.protocol_state().is_leader());
    }

    static storage opened(const faulty_files& on) {
        return std::get<storage>(
            storage::open("data", {.segment_bytes = 64 * 1024, .mode = flush_mode::manual}, on));
    }
    static node_options options(std::optional<std::uint64_t> snapshot_after_bytes) {
        auto members = voters_only({{1}});
        static_cast<void>(members.members.add({2}));
        node_options all{.id = {1},
                         .initial = members,
                         .birth = history_id{1},
                         .config = {.retained_entries = 0, .first_election_at_once = true},
                         .seed = 1};
        all.snapshot_after_bytes = snapshot_after_bytes;
        return all;
    }

    void settle() {
        for (int i = 0; i < 3; ++i) {
            disk.flush();
            server.poll();
        }
    }
    /// Whether the leader has taken and applied it.
    bool write() {
        bool is_applied = false;
        server.propose(std::string(1'000, 'x'), [&](const outcome<int>& given) {
            is_applied = std::holds_alternative<applied<int>>(given);
        });
        settle();
        return is_applied;
    }
    void write_until_full() {
        int written = 0;
        while (write()) REQUIRE(++written < 1'000);
    }
    /// The learner answers, and needs what the log no longer has.
    void hear_learner() {
        server.receive({2},
                       message{append_entries_rejection{
                           server.protocol_state().current_term,
                           previous(server.protocol_state().peers.back().next_index),
                           {},
                           {}}},
                       {});
    }
    [[nodiscard]] std::optional<refusal_reason> take_snapshot() {
        const auto refused = server.take_snapshot();
        settle();
        return refused ? std::optional{refused->reason} : std::nullopt;
    }
};

}  // namespace

TEST_CASE("F3 a full log is made shorter by a snapshot though a member receives the last one") {
    leader_of_slow_learner s;
    for (int i = 0; i < 100; ++i) REQUIRE(s.write());
    REQUIRE_FALSE(s.take_snapshot());
    s.hear_learner();
    REQUIRE(s.write());
    REQUIRE(s.take_snapshot() == refusal_reason::snapshot_in_use);

    s.files.set_capacity(s.files.bytes_used() + 300'000);
    s.write_until_full();
    s.hear_learner();
    CHECK_FALSE(s.take_snapshot());
    CHECK(s.disk.snapshot_error().empty());
    s.settle();
    CHECK(s.write());
}

TEST_CASE("F3 a full log keeps no entries for a member that answers and takes none") {
    leader_of_slow_learner s;
    REQUIRE(s.write());
    REQUIRE_FALSE(s.take_snapshot());
    const auto answer = [&, match = s.server.status().commit_index] {
        s.server.receive(
            {2},
            message{append_entries_reply{s.server.protocol_state().current_term, match, {}, true}},
            {});
    };
    answer();
    s.files.set_capacity(s.files.bytes_used() + 300'000);
    s.write_until_full();
    answer();
    CHECK_FALSE(s.take_snapshot());
    s.settle();
    CHECK(s.write());
}

TEST_CASE("F3 the log leaves room on the disk for the next snapshot") {
    leader_of_slow_learner s;
    REQUIRE(s.write());
    REQUIRE_FALSE(s.take_snapshot());
    for (const std::uint64_t more : {150'000U, 200'000U, 270'000U}) {
        CAPTURE(more);
        s.files.set_capacity(s.files.bytes_used() + more);
        s.write_until_full();
        CHECK_FALSE(s.take_snapshot());
        CHECK(s.disk.snapshot_error().empty());
        CHECK(s.write());
        s.files.set_capacity(std::numeric_limits<std::uint64_t>::max());
    }
}

TEST_CASE("F3 a full log makes a snapshot due where the node takes them by itself") {
    leader_of_slow_learner s{std::uint64_t{1} << 40U};
    REQUIRE(s.write());
    REQUIRE_FALSE(s.take_snapshot());
    s.files.set_capacity(s.files.bytes_used() + 300'000);
    for (int i = 0; i < 1'000; ++i) REQUIRE(s.write());
}
