// SPDX-License-Identifier: BSL-1.0
//
// Goal: a storage knows from where on its log has no commands, and that its snapshot has no state,
// whatever becomes of it; and a log that is cut for that is never shorter without the mark that
// says so. Method: a witness's writes over simulated files, and a crash in every step of a cut.
#include <battery/file_storage_story.hpp>

using namespace raft;
using namespace raft::core;
using raft::testing::faulty_files;
using story::small_segments;
using story::storage;

namespace {

/// The writes of a witness, numbered as they come.
struct witness {
    storage disk;
    std::uint64_t writes = 0;

    explicit witness(const faulty_files& files)
        : disk{std::get<storage>(storage::open(story::directory, small_segments(), files))} {}

    void append(std::uint64_t first, std::uint64_t count, entry_source source,
                std::uint64_t term = 1) {
        std::vector<entry<std::string>> entries;
        for (std::uint64_t i = 0; i < count; ++i) {
            entries.push_back({.term = {term}});
            if (source == entry_source::received) entries.back().command = "command";
        }
        disk.write({{++writes},
                    hard_state{{term}, {}},
                    raft::core::append{{first}, {first + count - 1}, {term}, source}},
                   entries, nullptr);
    }
    void cut(log_position last_kept, log_position lost_through) {
        disk.cut({{++writes}, last_kept, lost_through});
    }
    void install(log_position last, bool withheld) {
        const snapshot_description described{last};
        const auto members = voters_only({{1}, {2}});
        disk.write_chunk({{++writes}, described, 0, 0}, {});
        disk.install({{++writes}, described, false, withheld}, members);
    }
};

recovered found_on(const faulty_files& files) { return witness{files}.disk.recover(); }

}  // namespace

TEST_CASE("F16 file storage: entries without commands are known after a restart") {
    faulty_files files;
    {
        witness w{files};
        w.append(1, 3, entry_source::received);
        w.append(4, 3, entry_source::withheld);
        w.append(7, 1, entry_source::withheld);
        w.disk.flush();
    }
    CHECK(found_on(files.after_kill()).lacks_from == log_index{4});
    {
        witness w{files = files.after_kill()};
        w.append(5, 2, entry_source::withheld, 2);
        w.disk.flush();
    }
    CHECK(found_on(files.after_kill()).lacks_from == log_index{4});
    {
        witness w{files = files.after_kill()};
        w.append(3, 2, entry_source::received, 3);
        w.disk.flush();
    }
    const auto found = found_on(files.after_kill());
    CHECK_FALSE(found.lacks_from);
    CHECK(found.last_index == log_index{4});
}

TEST_CASE("F16 file storage: a snapshot without a state is known for it, saved or installed") {
    for (const bool installed : {false, true}) {
        faulty_files files;
        {
            witness w{files};
            w.append(1, 5, entry_source::withheld);
            w.disk.flush();
            if (installed)
                w.install({{9}, {1}}, true);
            else
                w.disk.save({{5}, {1}}, voters_only({{1}, {2}}), [](auto&) {});
            w.disk.flush();
            CHECK(w.disk.snapshot()->withheld);
        }
        auto found = found_on(files.after_kill());
        REQUIRE(found.snapshot);
        CHECK(found.snapshot->withheld);
        CHECK(found.lacks_from <= found.snapshot->description.last_included.index);
        {
            witness w{files = files.after_kill()};
            w.install({{20}, {1}}, false);
            w.disk.flush();
        }
        found = found_on(files.after_kill());
        CHECK_FALSE(found.snapshot->withheld);
        CHECK_FALSE(found.lacks_from);
    }
}

TEST_CASE("F16 file storage: a crash in any step of a cut leaves no shorter log without its mark") {
    const log_position end{{6}, {1}};
    for (const bool has_snapshot : {false, true})
        for (std::uint64_t step = 0;; ++step) {
            faulty_files files;
            std::uint64_t changes = 0;
            {
                witness w{files};
                w.append(1, 2, has_snapshot ? entry_source::withheld : entry_source::received);
                w.append(3, 4, entry_source::withheld);
                w.disk.flush();
                if (has_snapshot) {
                    w.disk.save({{5}, {1}}, voters_only({{1}, {2}}), [](auto&) {});
                    w.disk.flush();
                }
                changes = files.changes();
                files.stop_at(changes + step);
                w.cut(has_snapshot ? log_position{} : log_position{{2}, {1}}, end);
                w.append(has_snapshot ? 1 : 3, 1, entry_source::received, 2);
                w.disk.flush();
            }
            const bool done = files.changes() < changes + step;
            for (const auto& left :
                 {files.after_kill(), files.after_power_loss({}),
                  files.after_power_loss({raft::testing::survival::kind::kept})}) {
                const auto found = found_on(left);
                CAPTURE(step);
                if (found.last_index < end.index) {
                    CHECK(found.lost_through == end);
                    CHECK_FALSE((found.lacks_from && found.lacks_from > found.last_index));
                    if (found.last_index.value == 3) CHECK_FALSE(found.lacks_from);
                } else {
                    CHECK(found.lacks_from);
                }
                if (found.vote.current_term == term_number{2}) CHECK(found.lost_through == end);
            }
            if (done) break;
        }
}

TEST_CASE("F1 file storage: a directory keeps its mark and its history, and misses them") {
    faulty_files files;
    storage_mark mark;
    {
        witness w{files};
        mark = w.disk.mark();
        CHECK_FALSE(w.disk.recover().history);
        CHECK(w.disk.keep_history({77}));
        w.append(1, 1, entry_source::received);
        w.disk.flush();
    }
    {
        witness w{files = files.after_kill()};
        CHECK(w.disk.mark() == mark);
        CHECK(w.disk.recover().history == history_id{77});
    }
    CHECK(witness{faulty_files{}}.disk.mark() != mark);
    auto without = files.after_kill();
    without.erase("data/history");
    const auto refused = storage::open(story::directory, small_segments(), without);
    REQUIRE(std::holds_alternative<file_storage_error>(refused));
    CHECK(std::get<file_storage_error>(refused).message.find("history is missing") !=
          std::string::npos);
    auto damaged = files.after_kill();
    auto bytes = damaged.contents("data/history");
    bytes[33] ^= std::byte{1};
    damaged.replace("data/history", bytes);
    CHECK(std::holds_alternative<file_storage_error>(
        storage::open(story::directory, small_segments(), damaged)));
}
