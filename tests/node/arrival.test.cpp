// SPDX-License-Identifier: BSL-1.0
//
// Goal: a follower whose disk has no room for the leader's snapshot acknowledges nothing of it,
// votes and takes entries as before, and goes on when there is room. Method: one node over a
// `file_storage` on simulated files, given chunks by hand; the disk is full, or no file can be
// opened, at each chunk.
#include <cerrno>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
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

/// Its state is the bytes that it was restored from.
struct blob {
    using command = std::string;
    using result = int;
    std::vector<std::byte> bytes{};

    int apply(log_index, const std::string&) { return 0; }
    void save(auto& sink) const { sink.write(bytes); }
    bool restore(auto& source) {
        bytes.clear();
        std::byte one{};
        while (source.read(std::span{&one, 1})) bytes.push_back(one);
        return true;
    }
};

struct noted_answers {
    std::vector<message>& all;
    void send(std::span<const member_id>, const message& body, const attachment<std::string>&) {
        all.push_back(body);
    }
    std::size_t room(member_id) { return 1; }
};

/// Server 1, which follows server 2 in term 3, and is offered a snapshot in three chunks.
struct receiver {
    using storage = file_storage<std::string, faulty_files>;
    static constexpr std::size_t chunk_bytes = 1000;

    faulty_files files{};
    manual_clock clock{};
    storage disk;
    std::vector<message> answers{};
    std::vector<std::byte> whole = std::vector<std::byte>(2 * chunk_bytes + 10, std::byte{5});
    indexed_configuration members{{90}, voters_only({{1}, {2}, {3}})};
    node<blob, noted_answers, storage&, manual_clock&> server;

    receiver()
        : disk{opened(files)}
        , server{node_options{.id = {1},
                              .initial = members.value,
                              .birth = history_id{1},
                              .config = {},
                              .seed = 1},
                 blob{}, noted_answers{answers}, disk, clock} {
        REQUIRE(server.start());
        give_heartbeat(3);
    }

    static storage opened(const faulty_files& on) {
        auto result = storage::open(
            "data",
            {.segment_bytes = 4 * 1024 * 1024, .cache_bytes = 4096, .mode = flush_mode::manual},
            on);
        return std::get<storage>(std::move(result));
    }

    /// The disk does what it can, and the node sees it.
    void settle() {
        for (int i = 0; i < 4; ++i) {
            disk.flush();
            server.poll();
        }
    }
    void give_heartbeat(std::uint64_t term) {
        server.receive({2}, message{append_entries{.term = {term}}}, {});
        settle();
    }
    void begin_to_give(std::size_t offset, std::uint64_t term = 3) {
        const auto chunk =
            std::span{whole}.subspan(offset, std::min(chunk_bytes, whole.size() - offset));
        const install_snapshot body{.term = {term},
                                    .last_included = {{100}, {3}},
                                    .size = whole.size(),
                                    .offset = offset,
                                    .length = static_cast<std::uint32_t>(chunk.size()),
                                    .checksum = wire::crc32c(whole)};
        server.receive({2}, message{body},
                       {.entries = {}, .configuration = &members, .chunk = chunk});
    }
    void give(std::size_t offset, std::uint64_t term = 3) {
        begin_to_give(offset, term);
        settle();
    }
    void give_all() {
        for (std::size_t at = 0; at < whole.size(); at += chunk_bytes) give(at);
    }

    void take_room(int cause) {
        if (cause == ENOSPC || cause == EDQUOT)
            files.set_capacity(0, cause);
        else
            files.set_open_files_max(0, cause);
    }
    void give_room() {
        files.set_capacity(std::numeric_limits<std::uint64_t>::max());
        files.set_open_files_max(1000);
    }

    /// How far it says that it has the snapshot.
    [[nodiscard]] std::uint64_t acknowledged() const {
        std::uint64_t most = 0;
        for (const auto& each : answers) {
            if (const auto* reply = std::get_if<install_snapshot_reply>(&each))
                most = std::max(most, reply->offset);
            if (const auto* reply = std::get_if<append_entries_reply>(&each))
                if (reply->match_index == log_index{100}) most = whole.size();
        }
        return most;
    }
    [[nodiscard]] bool has_granted(std::uint64_t term) const {
        for (const auto& each : answers)
            if (each == message{request_vote_reply{{term}, true}}) return true;
        return false;
    }
    [[nodiscard]] bool has_said_that_it_is_full() const {
        for (const auto& each : answers)
            if (const auto* reply = std::get_if<append_entries_reply>(&each))
                if (reply->full) return true;
        return false;
    }
};

}  // namespace

TEST_CASE("F3 a snapshot comes chunk by chunk and each is on the disk when it is acknowledged") {
    receiver f;
    f.begin_to_give(0);
    CHECK(f.acknowledged() == 0);
    f.settle();
    CHECK(f.acknowledged() == receiver::chunk_bytes);
    f.give(receiver::chunk_bytes);
    f.give(2 * receiver::chunk_bytes);
    CHECK(f.acknowledged() == f.whole.size());
    CHECK(f.server.state_machine().bytes == f.whole);
    CHECK(f.server.status().snapshot.last_included == log_position{{100}, {3}});
}

TEST_CASE("F3 a chunk without room is not acknowledged, is no failure and goes on with room") {
    for (const int cause : {ENOSPC, EDQUOT, EMFILE, ENFILE}) {
        for (const std::size_t offset :
             {std::size_t{0}, receiver::chunk_bytes, 2 * receiver::chunk_bytes}) {
            const bool needs_none =
                offset == receiver::chunk_bytes && (cause == EMFILE || cause == ENFILE);
            if (needs_none) continue;
            CAPTURE(cause);
            CAPTURE(offset);
            receiver f;
            for (std::size_t at = 0; at < offset; at += receiver::chunk_bytes) f.give(at);
            f.take_room(cause);
            f.give(offset);
            f.give(offset);
            CHECK(f.acknowledged() == offset);
            CHECK_FALSE(f.disk.progress().failed);
            f.give_heartbeat(3);
            CHECK(f.has_said_that_it_is_full());

            f.give_room();
            f.answers.clear();
            f.settle();
            CHECK(f.acknowledged() == std::min(offset + receiver::chunk_bytes, f.whole.size()));
            for (auto at = offset + receiver::chunk_bytes; at < f.whole.size();
                 at += receiver::chunk_bytes)
                f.give(at);
            CHECK(f.server.state_machine().bytes == f.whole);
            f.answers.clear();
            f.give_heartbeat(3);
            CHECK_FALSE(f.has_said_that_it_is_full());
        }
    }
}

TEST_CASE("F3 a server whose disk has no room for the last chunk votes") {
    receiver f;
    f.give(0);
    f.give(receiver::chunk_bytes);
    f.take_room(ENOSPC);
    f.give(2 * receiver::chunk_bytes);
    f.server.receive({3}, message{request_vote{{4}, {{200}, {3}}, true}}, {});
    f.settle();
    CHECK(f.has_granted(4));
    f.give_room();
    f.settle();
    CHECK(f.server.status().snapshot == snapshot_description{});
    f.give(2 * receiver::chunk_bytes, 4);
    CHECK(f.server.state_machine().bytes == f.whole);
}

TEST_CASE("F3 an input error while a snapshot comes is final") {
    for (const std::size_t offset :
         {std::size_t{0}, receiver::chunk_bytes, 2 * receiver::chunk_bytes}) {
        CAPTURE(offset);
        receiver f;
        for (std::size_t at = 0; at < offset; at += receiver::chunk_bytes) f.give(at);
        f.files.fail_at(f.files.changes() + 1, EIO);
        f.give(offset);
        CHECK(f.disk.progress().failed);
        CHECK(f.server.protocol_state().is_halted());
    }
}

TEST_CASE("F3 what the disk has lost of a snapshot is received anew") {
    receiver f;
    f.give(0);
    f.give(receiver::chunk_bytes);
    // The sync of the complete file fails, and with it everything may be lost.
    f.files.fail_at(f.files.changes() + 4, ENOSPC);
    f.give(2 * receiver::chunk_bytes);
    CHECK_FALSE(f.disk.progress().failed);
    CHECK(f.server.status().snapshot == snapshot_description{});
    f.answers.clear();
    f.give(2 * receiver::chunk_bytes);
    CHECK(f.acknowledged() == 0);
    f.give_all();
    CHECK(f.server.state_machine().bytes == f.whole);
}

TEST_CASE("F3 the first chunk of a term that is new waits until the term is known") {
    receiver f;
    f.whole.resize(500);
    const install_snapshot body{.term = {7},
                                .last_included = {{100}, {7}},
                                .size = f.whole.size(),
                                .offset = 0,
                                .length = 500,
                                .checksum = wire::crc32c(f.whole)};
    const attachment<std::string> beside{
        .entries = {}, .configuration = &f.members, .chunk = f.whole};
    f.server.receive({2}, message{body}, beside);
    f.settle();
    CHECK(f.server.status().snapshot == snapshot_description{});
    CHECK(f.server.protocol_state().current_term == term_number{7});
    f.server.receive({2}, message{body}, beside);
    f.settle();
    CHECK(f.server.state_machine().bytes == f.whole);
}

TEST_CASE("§7 an empty snapshot with another checksum than that of nothing halts no server") {
    receiver f;
    const auto offer = [&](std::uint32_t checksum) {
        f.server.receive(
            {2},
            message{install_snapshot{
                .term = {3}, .last_included = {{100}, {3}}, .size = 0, .checksum = checksum}},
            {.entries = {}, .configuration = &f.members, .chunk = {}});
        f.settle();
    };
    offer(0xa7);
    CHECK_FALSE(f.server.protocol_state().is_halted());
    CHECK(f.server.status().snapshot == snapshot_description{});
    offer(wire::crc32c({}));
    CHECK(f.server.status().snapshot.last_included == log_position{{100}, {3}});
}

TEST_CASE("§7 a restore reads each byte of a snapshot once, however few are asked for at a time") {
    receiver f;
    f.whole.resize(1'000'000, std::byte{6});
    f.server.receive({2},
                     message{install_snapshot{.term = {3},
                                              .last_included = {{100}, {3}},
                                              .size = f.whole.size(),
                                              .offset = 0,
                                              .length = 1'000'000,
                                              .checksum = wire::crc32c(f.whole)}},
                     {.entries = {}, .configuration = &f.members, .chunk = f.whole});
    f.settle();
    const auto files = f.files.after_kill();
    auto disk = receiver::opened(files);
    const auto at_start = files.bytes_read();
    node<blob, noted_answers, receiver::storage&, manual_clock&> restarted{
        node_options{.id = {1}, .initial = f.members.value, .config = {}, .seed = 1}, blob{},
        noted_answers{f.answers}, disk, f.clock};
    REQUIRE(restarted.start());
    CHECK(restarted.state_machine().bytes == f.whole);
    CHECK(files.bytes_read() - at_start <= f.whole.size());
}
