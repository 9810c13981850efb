// SPDX-License-Identifier: BSL-1.0
//
// A server whose log is damaged does not start; asked to recover it starts, and the others bring
// back what was lost.
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include <demo/write_load.hpp>
#include <doctest/doctest.h>

#include <raft/battery/file_storage/record.hpp>
#include <support/kv_servers.hpp>

using namespace raft_kv::outside;
using support::kv_servers;
using support::patience;
using support::run_program;
using support::shown;

namespace {

/// Changes a byte of the first record of entries alone; the offset of that record.
std::uint64_t damage(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    auto all = std::vector<std::byte>(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) all[i] = static_cast<std::byte>(text[i]);
    for (std::uint64_t at = raft::wal::segment_header_bytes;;) {
        const auto rest = std::span{all}.subspan(static_cast<std::size_t>(at));
        const auto header = raft::wal::read_record_header(rest, {1, at});
        REQUIRE(header.has_value());
        if (header->parts == raft::wal::entries_part) {
            const auto place = at + raft::wal::record_header_bytes;
            std::fstream out{path, std::ios::binary | std::ios::in | std::ios::out};
            out.seekp(static_cast<std::streamoff>(place));
            out.put(static_cast<char>(text[static_cast<std::size_t>(place)] ^ 1));
            return at;
        }
        at += header->record_bytes();
    }
}

std::int64_t lost_through(kv_servers& servers, std::uint64_t id) {
    const auto said = servers.connect(id).call({"RAFT", "STATUS"});
    REQUIRE(said.has_value());
    const auto& all = said->elements;
    for (std::size_t i = 0; i + 1 < all.size(); i += 2)
        if (all[i].text == "lost-through") return all[i + 1].number;
    return -1;
}

}  // namespace

TEST_CASE("e2e: a damaged log is refused, or recovered from the others if that is asked for") {
    kv_servers servers;
    auto& cluster = servers.cluster();
    write_load load{servers.layout(), {.writes = 3000, .clients = 2, .pipeline = 8}};
    REQUIRE(load.await(3000, 4 * patience));
    load.stop();
    cluster.await_all_caught_up();
    const auto damaged = servers.follower();
    cluster.kill(damaged);
    const auto segment = cluster.data_path(damaged) + "/log-0000000000000001";
    const auto offset = damage(segment);

    const auto refused = run_program(cluster.command(damaged));
    CHECK(refused.how == ending{.by_signal = false, .number = 1});
    CHECK(refused.output.find("is damaged at offset " + std::to_string(offset)) !=
          std::string::npos);

    cluster.set_flags({"--recover-damaged-log"});
    cluster.start(damaged);
    CHECK(eventually(patience, [&] { return lost_through(servers, damaged) == 0; }));
    CHECK(cluster.log_tail(damaged).find("were lost") != std::string::npos);
    const auto kept = servers.common_contents();
    CHECK(lost_from(kept, load.acknowledgements()).count() == 0);

    // Its log is as good as any now.
    cluster.set_flags({});
    cluster.kill(damaged);
    cluster.start(damaged);
    CHECK(shown(servers.ask({"SET", "after", "1"})) == "OK");
}
