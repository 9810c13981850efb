// SPDX-License-Identifier: BSL-1.0
//
// Goal: nodes whose files are damaged get back from the others what was lost, and nothing that was
// acknowledged is missed meanwhile; a node that is alone does not start. Method: nodes over files
// in memory, of which a byte is changed while the node is down.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/file_storage.hpp>
#include <raft/testing/faulty_files.hpp>
#include <support/trio.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

using storage = file_storage<int, faulty_files>;
using filed_node = node<list, wires_type::port, storage&, manual_clock&>;

/// Nodes over files; what is written is durable before what is sent arrives.
struct filed_cluster {
    explicit filed_cluster(std::uint64_t servers) {
        for (std::uint64_t id = 1; id <= servers; ++id) members.push_back({id});
        for (const auto id : members) REQUIRE(start(id.value));
    }

    bool start(std::uint64_t id) {
        file_storage_options options{.segment_bytes = 4096, .mode = flush_mode::manual};
        options.recover_damaged_log = true;
        auto opened = storage::open("data", options, files[id]);
        REQUIRE(std::holds_alternative<storage>(opened));
        disks[id] = std::make_unique<storage>(std::get<storage>(std::move(opened)));
        up.try_emplace(id, node_options{{id}, voters_only(members), history_id{1}, settings{}, id},
                       list{}, wires.port_of({id}), *disks[id], clock);
        return up.at(id).start();
    }

    void kill(std::uint64_t id) {
        up.erase(id);
        disks.erase(id);
        files[id] = files[id].after_kill();
    }

    /// Changes a byte of the first of several entries of the log of `id`, which does not run.
    void damage(std::uint64_t id) {
        const std::string path = "data/log-0000000000000001";
        auto bytes = files[id].contents(path);
        for (auto at = std::uint64_t{512}; at < bytes.size();) {
            const auto rest = std::span{bytes}.subspan(static_cast<std::size_t>(at));
            const auto header = wal::read_record_header(rest, {1, at});
            REQUIRE(header.has_value());
            if (header->parts == wal::entries_part) {
                rest[wal::record_header_bytes + wal::entries_part_bytes] ^= std::byte{1};
                return files[id].replace(path, std::move(bytes));
            }
            at += header->record_bytes();
        }
        FAIL("no entries");
    }

    void pass(int milliseconds) {
        for (int i = 0; i < milliseconds; i += 5) {
            clock.advance_to(clock.now() + std::chrono::milliseconds{5});
            for (auto& [id, disk] : disks) disk->flush();
            for (auto& [id, each] : up) each.poll();
            wires.deliver_all(
                [&](member_id to, member_id from, const message& body, const auto& mail) {
                    if (up.contains(to.value) && cut != to.value && cut != from.value)
                        up.at(to.value).receive(from, body, mail);
                });
        }
    }

    [[nodiscard]] std::optional<std::uint64_t> leader() {
        for (auto& [id, each] : up)
            if (each.protocol_state().is_leader() && cut != id) return id;
        return std::nullopt;
    }

    std::uint64_t await_leader() {
        for (int i = 0; i < 100 && !leader(); ++i) pass(50);
        REQUIRE(leader().has_value());
        return *leader();
    }

    void propose(int from, int to) {
        const auto leading = await_leader();
        for (int i = from; i < to; ++i) {
            up.at(leading).propose(i, [](const auto&) {});
            pass(20);
        }
    }

    std::vector<member_id> members{};
    wires_type wires{};
    manual_clock clock{};
    std::map<std::uint64_t, faulty_files> files{};
    std::map<std::uint64_t, std::unique_ptr<storage>> disks{};
    std::map<std::uint64_t, filed_node> up{};
    std::uint64_t cut = 0;  ///< Hears nobody, and is heard by nobody.
};

std::vector<int> up_to(int count) {
    std::vector<int> all(static_cast<std::size_t>(count));
    std::iota(all.begin(), all.end(), 0);
    return all;
}

}  // namespace

TEST_CASE("a node whose log is damaged helps nobody who lacks what it lost, and gets it back") {
    filed_cluster c{3};
    c.propose(0, 5);
    const auto leader = c.await_leader();
    const auto damaged = leader % 3 + 1;
    const auto behind = damaged % 3 + 1;
    c.cut = behind;
    c.propose(5, 10);
    REQUIRE(c.up.at(leader).state_machine().items == up_to(10));

    c.kill(damaged);
    c.damage(damaged);
    REQUIRE(c.start(damaged));
    const auto end = c.up.at(leader).protocol_state().log.last();
    CHECK(c.up.at(damaged).status().lost_through == end);
    CHECK(c.up.at(damaged).status().last_log_index < end.index);

    c.cut = leader;
    c.pass(10'000);
    CHECK_FALSE(c.leader().has_value());

    c.cut = 0;
    c.pass(3'000);
    CHECK(c.leader().has_value());
    for (auto& [id, each] : c.up) CHECK(each.state_machine().items == up_to(10));
    CHECK(c.up.at(damaged).status().lost_through == std::nullopt);

    // It may lead again, also after another start.
    c.kill(damaged);
    REQUIRE(c.start(damaged));
    CHECK(c.up.at(damaged).status().lost_through == std::nullopt);
    c.cut = c.await_leader() == damaged ? behind : *c.leader();
    c.pass(3'000);
    CHECK(c.leader().has_value());
}

TEST_CASE("a node that is the whole cluster does not start without what it lost") {
    filed_cluster c{1};
    c.propose(0, 5);
    c.kill(1);
    c.damage(1);
    CHECK_FALSE(c.start(1));
    CHECK(c.up.at(1).status().lost_through.has_value());
}
