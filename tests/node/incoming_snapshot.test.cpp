// SPDX-License-Identifier: BSL-1.0
//
// Goal: a node restores no snapshot but the one that was offered, and receives none twice that it
// has. Method: one node, given chunks by hand.
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <doctest/doctest.h>

#include <support/trio.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

const std::vector<int> whole{11, 12, 13};

std::span<const std::byte> bytes_of(const std::vector<int>& items) {
    return std::as_bytes(std::span{items});
}

struct noted_answers {
    std::vector<std::uint64_t>& offsets;
    void send(std::span<const member_id>, const message& body, const attachment<int>&) {
        if (const auto* answer = std::get_if<install_snapshot_reply>(&body))
            offsets.push_back(answer->offset);
    }
    std::size_t room(member_id) { return 1; }
};

/// Server 1, which follows server 2.
template <class Storage>
struct follower_over {
    manual_clock clock{};
    Storage disk{};
    std::vector<std::uint64_t> answers{};
    std::optional<node<list, noted_answers, Storage&, manual_clock&>> server{};
    indexed_configuration members{{1}, voters_only({{1}, {2}, {3}})};

    follower_over() { start(); }
    void start() {
        server.emplace(node_options{.id = {1},
                                    .initial = members.value,
                                    .birth = history_id{1},
                                    .config = {},
                                    .seed = 1},
                       list{}, noted_answers{answers}, disk, clock);
        REQUIRE(server->start());
    }
    /// `count` items from `first` on, of a snapshot of `whole`.
    void give(std::size_t first, std::size_t count, const std::vector<int>& items = whole) {
        const auto chunk = bytes_of(items).subspan(first * sizeof(int), count * sizeof(int));
        const install_snapshot body{.term = {1},
                                    .last_included = {{5}, {1}},
                                    .size = bytes_of(whole).size(),
                                    .offset = first * sizeof(int),
                                    .length = static_cast<std::uint32_t>(chunk.size()),
                                    .checksum = wire::crc32c(bytes_of(whole))};
        server->receive({2}, message{body},
                        {.entries = {}, .configuration = &members, .chunk = chunk});
    }
    [[nodiscard]] const std::vector<int>& items() const { return server->state_machine().items; }
};

/// What it gives back of a snapshot is not what it was given.
struct forgetful_storage : memory_storage<int> {
    std::uint32_t error = 0;
    recovered recover() {
        auto found = memory_storage<int>::recover();
        if (found.incoming) found.incoming->checksum ^= error;
        return found;
    }
};

/// It notes when it is asked for entries that its log does not have.
struct strict_storage : memory_storage<int> {
    log_index end{};
    bool asked_beyond = false;
    void write(const log_write& w, std::span<const entry<int>> entries,
               const indexed_configuration* carried) {
        if (w.entries) end = w.entries->last;
        memory_storage<int>::write(w, entries, carried);
    }
    void install(const snapshot_install& w, const configuration& members) {
        if (!w.keep_suffix) end = w.snapshot.last_included.index;
        memory_storage<int>::install(w, members);
    }
    std::span<const entry<int>> entries(log_index first, log_index last, std::size_t bytes_max) {
        asked_beyond = asked_beyond || last > end;
        if (last > end) return {};
        return memory_storage<int>::entries(first, last, bytes_max);
    }
};

using offsets = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("B83 a node that is made again goes on with the snapshot that it was receiving") {
    follower_over<memory_storage<int>> f;
    f.give(0, 1);
    f.give(1, 1);
    f.answers.clear();
    f.start();
    f.give(0, 0);
    CHECK(f.answers == offsets{8});
    f.give(2, 1);
    CHECK(f.items() == whole);
    CHECK(f.server->status().snapshot.checksum == wire::crc32c(bytes_of(whole)));
}

TEST_CASE("§7 a snapshot whose bytes do not match its description is not installed but asked for") {
    follower_over<memory_storage<int>> f;
    f.give(0, 2);
    f.give(2, 1, {11, 12, 99});
    CHECK(f.items().empty());
    CHECK(f.server->status().snapshot == snapshot_description{});
    f.answers.clear();
    f.give(0, 0);
    CHECK(f.answers == offsets{0});
    f.give(0, 3, {11, 99, 13});
    CHECK(f.items().empty());
    f.give(0, 3);
    CHECK(f.items() == whole);
}

TEST_CASE("§7 what a storage gives back of a snapshot is checked with what follows it") {
    follower_over<forgetful_storage> f;
    f.give(0, 2);
    f.disk.error = 1;
    f.start();
    f.give(2, 1);
    CHECK(f.items().empty());
    f.give(0, 3);
    CHECK(f.items() == whole);
}

TEST_CASE("§7 of a snapshot that is complete and another one nothing is taken") {
    const received_part part{{{{5}, {1}}, 12, 7}, 12, 7};
    CHECK(detail::resumable(part) == incoming_snapshot{part.description, 12, 12});
    auto other = part;
    other.checksum = 8;
    CHECK_FALSE(detail::resumable(other));
    auto longer = part;
    longer.bytes = 13;
    CHECK_FALSE(detail::resumable(longer));
}

TEST_CASE("§7 what a snapshot has ended of a log is not looked for when the log goes on") {
    follower_over<strict_storage> f;
    const std::vector<entry<int>> old(7, {{1}, 1});
    f.server->receive({2}, append_entries{{1}, {}, {7}, {1}, {}, {}}, {.entries = old});
    REQUIRE(f.server->status().last_log_index == log_index{7});
    const install_snapshot newer{.term = {2},
                                 .last_included = {{5}, {2}},
                                 .size = bytes_of(whole).size(),
                                 .length = static_cast<std::uint32_t>(bytes_of(whole).size()),
                                 .checksum = wire::crc32c(bytes_of(whole))};
    f.server->receive({3}, message{newer}, {.configuration = &f.members, .chunk = bytes_of(whole)});
    REQUIRE(f.server->status().last_log_index == log_index{5});
    const std::vector<entry<int>> next(1, {{2}, 14});
    f.server->receive({3}, append_entries{{2}, {{5}, {2}}, {6}, {2}, {6}, {}}, {.entries = next});
    CHECK_FALSE(f.disk.asked_beyond);
    CHECK(f.items() == std::vector{11, 12, 13, 14});
}
