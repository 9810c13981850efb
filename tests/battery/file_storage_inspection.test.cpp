// SPDX-License-Identifier: BSL-1.0
//
// Goal: who looks into a directory is told what it holds and what is wrong with it, as who opens it
// would find, and changes nothing; what a server writes meanwhile is no damage. Method: crafted
// directories over simulated files, every kind of file damaged byte by byte and judged by an
// opening, and a server that goes on in the middle of each single read of a look.
#include <functional>
#include <memory>

#include <battery/file_storage_story.hpp>

#include <raft/battery/file_storage/inspection.hpp>

using namespace raft;
using namespace raft::wal;
using namespace raft::core;
using raft::testing::faulty_files;
using story::first_segment;
using story::second_segment;
using story::teller;

namespace {

const std::string kept_snapshot = "data/snapshot-0000000000000014";

/// What a look has found, entries and all.
struct looked {
    storage_inspection found{};
    std::vector<inspected_entry> entries{};
    std::string refused{};
};

template <class Files>
looked look_into(const Files& files) {
    looked all;
    wal::storage_inspector<Files> inspector{story::directory, files};
    if (const auto failed = inspector.look()) {
        all.refused = failed->message;
        return all;
    }
    all.found = inspector.found();
    const auto failed =
        inspector.each_entry([&](const inspected_entry& each) { all.entries.push_back(each); });
    CHECK((failed ? failed->message : "") == "");
    return all;
}

std::string problem(const looked& all) {
    return all.found.problems.empty() ? "" : all.found.problems.front().message;
}

/// Two segments in use and one ahead, and a snapshot of all but the last entries.
faulty_files written(bool discards = false) {
    faulty_files files;
    teller told{files};
    REQUIRE(told.open());
    REQUIRE(told.disk().keep_history({77}));
    story::tell_twenty_entries(told);
    told.save(20);
    told.flush();
    told.append(2, 21, 1, 700);
    told.flush();
    told.append(2, 22, 2, 400);
    if (discards) told.discard(20);
    told.vote(3, 1);
    told.flush();
    REQUIRE(told.disk().error() == "");
    return files.after_kill();
}

faulty_files with(const faulty_files& files, const std::string& path,
                  const std::function<void(std::vector<std::byte>&)>& change) {
    auto changed = files.after_kill();
    auto bytes = changed.contents(path);
    change(bytes);
    changed.replace(path, std::move(bytes));
    return changed;
}

void flip(std::vector<std::byte>& bytes, std::size_t at) { bytes[at] ^= std::byte{0x10}; }

/// As version 1 has left them: no history, and its number in every header.
faulty_files of_version_1(const faulty_files& files) {
    auto old = files.after_kill();
    for (const auto& path : old.paths()) {
        auto bytes = old.contents(path);
        const auto sector = std::span{bytes};
        if (bytes.size() < wal::sector_bytes || wal::all_zero(sector)) continue;
        wal::put(sector, 8, std::uint32_t{1});
        const auto header = sector.first(wal::sector_bytes);
        wal::put(sector, 12, wal::segment_header_crc(header));
        old.replace(path, bytes);
    }
    old.erase("data/history");
    return old;
}

}  // namespace

TEST_CASE("inspection: a fresh directory has a mark and a spare segment and nothing more") {
    faulty_files files;
    storage_mark mark{};
    {
        teller told{files};
        REQUIRE(told.open());
        mark = told.disk().mark();
    }
    const auto all = look_into(files);
    CHECK(problem(all) == "");
    CHECK(all.found.mark == mark);
    CHECK_FALSE(all.found.history);
    CHECK(all.found.vote == hard_state{});
    CHECK(all.found.last == log_position{});
    CHECK_FALSE(all.found.members());
    CHECK(all.entries.empty());
    REQUIRE(all.found.segments.size() == 2);
    CHECK(all.found.segments[0].condition == segment_condition::whole);
    CHECK(all.found.segments[0].last < all.found.segments[0].first);
    CHECK(all.found.segments[1].condition == segment_condition::spare);
}

TEST_CASE("inspection: all that an opening finds is told and each entry with what it is") {
    const auto files = written();
    const auto all = look_into(files);
    CHECK(problem(all) == "");
    teller told{files.after_kill()};
    REQUIRE(told.open());
    const auto opened = story::read_back(told.disk(), told.found());
    CHECK(all.found.history == history_id{77});
    CHECK(all.found.mark == told.disk().mark());
    CHECK(all.found.vote == opened.vote);
    CHECK(all.found.base == opened.base);
    CHECK(all.found.last == log_position{{23}, {2}});
    REQUIRE(all.entries.size() == opened.log.size());
    for (const auto& each : all.entries) {
        const auto& entry = opened.at(each.index);
        CHECK(each.term == entry.term);
        CHECK(each.kind == (entry.command ? entry_kind::command : entry_kind::no_op));
        CHECK(each.bytes == (entry.command ? codec<std::string>::size(*entry.command) : 0));
    }
    REQUIRE(all.found.snapshots.size() == 1);
    CHECK(all.found.snapshots[0].is_sound);
    CHECK(all.found.snapshots[0].stored == told.found().snapshot);
    CHECK(all.found.members()->value == told.found().snapshot->members);
    REQUIRE(all.found.segments.size() == 3);
    const auto& [first, second, spare] =
        std::tie(all.found.segments[0], all.found.segments[1], all.found.segments[2]);
    CHECK(first.first == log_index{1});
    CHECK(next(first.last) == second.first);
    CHECK(second.last == log_index{23});
    CHECK(first.bytes == 4096);
    CHECK(first.format == wal::format_version);
    CHECK(second.condition == segment_condition::whole);
    CHECK(spare.condition == segment_condition::spare);
}

TEST_CASE("inspection: configurations and no-ops and what others replaced are told apart") {
    faulty_files files;
    teller told{files};
    REQUIRE(told.open());
    told.append(1, 1, 5);
    told.append_configuration(1, 6, {{1}, {2}});
    told.append_configuration(1, 7, {{1}, {2}, {3}});
    told.append_configuration(2, 7, {{1}, {2}, {4}});
    const entry<std::string> beginning{{3}, std::nullopt};
    told.disk().write({{5}, hard_state{{3}, {}}, append{{8}, {8}, {3}, entry_source::no_op}},
                      {&beginning, 1}, nullptr);
    told.flush();
    const auto all = look_into(files);
    CHECK(problem(all) == "");
    REQUIRE(all.entries.size() == 8);
    CHECK(all.entries[4].kind == entry_kind::command);
    CHECK(all.entries[5].kind == entry_kind::configuration);
    CHECK(all.entries[6].kind == entry_kind::configuration);
    CHECK(all.entries[6].term == term_number{2});
    CHECK(all.entries[7].kind == entry_kind::no_op);
    CHECK(all.found.members() == indexed_configuration{{7}, voters_only({{1}, {2}, {4}})});
}

TEST_CASE("inspection: the log behind a snapshot begins after what was discarded") {
    const auto all = look_into(written(true));
    CHECK(problem(all) == "");
    CHECK(all.found.base.index > log_index{});
    REQUIRE(!all.entries.empty());
    CHECK(all.entries.front().index == next(all.found.base.index));
    CHECK(all.entries.back().index == log_index{23});
    CHECK(all.found.segments.front().first == next(all.found.base.index));
}

TEST_CASE("inspection: the rest of an interrupted write is no damage") {
    faulty_files files;
    teller told{files};
    REQUIRE(told.open());
    told.append(1, 1, 3);
    told.flush();
    const auto begin = wal::nonzero_end(files.contents(first_segment));
    told.append(1, 4, 1, 1500);
    told.flush();
    const auto torn = with(files, first_segment, [&](auto& bytes) {
        const auto sector = (begin / 512 + 2) * 512;
        std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(sector), 512, std::byte{});
    });
    auto as_before = torn.after_kill();
    as_before.replace("data/newest-segment", [&] {
        wal::newest_segment note{*wal::read_segment_header(torn.contents(first_segment)), 2};
        return wal::encoded(note);
    }());
    const auto all = look_into(as_before);
    CHECK(problem(all) == "");
    CHECK(all.entries.size() == 3);
    CHECK(all.found.segments[0].condition == segment_condition::unfinished);
    REQUIRE(all.found.notes.size() == 1);
    CHECK(all.found.notes[0].find("that is no damage") != std::string::npos);
    teller opened{as_before};
    CHECK_MESSAGE(opened.open(), opened.error());
}

TEST_CASE("inspection: damage in the middle is told with file and offset and what is before it") {
    const auto files = written();
    const auto damaged = with(files, first_segment, [](auto& bytes) { flip(bytes, 1000); });
    const auto all = look_into(damaged);
    REQUIRE(all.found.problems.size() == 1);
    teller opened{damaged};
    REQUIRE_FALSE(opened.open());
    CHECK(problem(all) == opened.error());
    CHECK(all.found.problems[0].file == first_segment);
    const auto offset = *all.found.problems[0].offset;
    CHECK(offset <= 1000);
    CHECK(all.found.segments[0].condition == segment_condition::damaged);
    CHECK(all.found.segments[0].end == offset);
    CHECK(all.found.segments[1].condition == segment_condition::unread);
    CHECK(all.entries.size() == all.found.last.index.value);
    CHECK(all.found.last.index < log_index{20});
    REQUIRE(!all.found.notes.empty());
    CHECK(all.found.notes.back() ==
          "the entries can be had from the other servers (recover_damaged_log): it is certain "
          "that term 3 was reached and the log went to entry 23 of term 2");
}

TEST_CASE("inspection: a flipped bit in a snapshot is told and the rest as well") {
    const auto at = wal::snapshot_header_bytes + 5;
    const auto all =
        look_into(with(written(), kept_snapshot, [&](auto& bytes) { flip(bytes, at); }));
    REQUIRE(all.found.problems.size() == 1);
    CHECK(all.found.problems[0].file == kept_snapshot);
    CHECK_FALSE(all.found.snapshots[0].is_sound);
    CHECK(all.found.snapshots[0].stored.has_value());
    CHECK(all.entries.size() == 23);
}

TEST_CASE("inspection: a directory of version 1 is told as such and is no problem") {
    const auto old = of_version_1(written());
    const auto all = look_into(old);
    CHECK(problem(all) == "");
    CHECK_FALSE(all.found.mark);
    CHECK_FALSE(all.found.history);
    CHECK(all.found.segments[0].format == 1);
    CHECK(all.entries.size() == 23);
    teller opened{old.after_kill()};
    CHECK_MESSAGE(opened.open(), opened.error());
    auto missing = written();
    missing.erase("data/history");
    CHECK(problem(look_into(missing)) ==
          "data/history is missing: whose log this is cannot be told" +
              std::string{raft::wal::way_on});
}

TEST_CASE("inspection: the holes in the log of a witness are told") {
    for (const bool has_snapshot : {false, true}) {
        faulty_files files;
        teller told{files};
        REQUIRE(told.open());
        told.append(1, 1, 2);
        const std::vector<entry<std::string>> withheld(4, {{1}, std::nullopt});
        told.disk().write({{2}, {}, append{{3}, {6}, {1}, entry_source::withheld}}, withheld,
                          nullptr);
        told.flush();
        if (has_snapshot) told.disk().save({{5}, {1}}, voters_only({{1}, {2}}), [](auto&) {});
        told.flush();
        const auto all = look_into(files);
        CHECK(problem(all) == "");
        CHECK(all.found.lacks_from == log_index{3});
        REQUIRE(all.entries.size() == 6);
        CHECK(all.entries[1].kind == entry_kind::command);
        CHECK(all.entries[2].kind == entry_kind::withheld);
        if (has_snapshot) CHECK(all.found.snapshots[0].stored->withheld);
    }
}

TEST_CASE("inspection: lost entries and what was set aside for them are told") {
    auto damaged = with(written(), second_segment, [](auto& bytes) { flip(bytes, 600); });
    auto options = story::small_segments();
    options.recover_damaged_log = true;
    {
        teller recovering{damaged};
        REQUIRE_MESSAGE(recovering.open(options), recovering.error());
    }
    const auto all = look_into(damaged);
    CHECK(problem(all) == "");
    CHECK(all.found.lost_through == log_position{{23}, {2}});
    CHECK(all.found.set_aside.front() == "damaged-1-log-0000000000000002");
}

TEST_CASE("inspection: a snapshot that is being received is told with how much there is") {
    faulty_files files;
    teller told{files};
    REQUIRE(told.open());
    told.append(1, 1, 3);
    std::vector<std::byte> chunk(1024 * 1024);
    const snapshot_description described{{{9}, {1}}, 3 * chunk.size(), 1};
    told.disk().write_chunk({{2}, described, 0, chunk.size()}, chunk);
    told.flush();
    const auto all = look_into(files);
    CHECK(problem(all) == "");
    REQUIRE(all.found.drafts.size() == 1);
    CHECK(all.found.drafts[0].name == "receiving.tmp");
    CHECK(all.found.drafts[0].received->description == described);
    CHECK(all.found.drafts[0].received->bytes == chunk.size());
    CHECK(all.found.snapshots.empty());
}

TEST_CASE("inspection: what holds no storage is refused") {
    faulty_files files;
    CHECK(look_into(files).refused ==
          "data holds no storage: there is no log in it, no snapshot and no history");
    wal::storage_inspector<> missing{"/no/such/directory"};
    CHECK(missing.look()->message == "cannot list /no/such/directory: No such file or directory");
}

namespace {

/// Files one of which this user may not read.
class closed_files : public faulty_files {
public:
    closed_files(const faulty_files& files, std::string closed)
        : faulty_files{files}, closed_{std::move(closed)} {}

    [[nodiscard]] int open(const std::string& path, file_opening opening, handle& opened) {
        return path == closed_ ? EACCES : faulty_files::open(path, opening, opened);
    }

private:
    std::string closed_;
};

}  // namespace

TEST_CASE("inspection: a file that cannot be read is a problem and the others are told") {
    const auto files = written();
    for (const auto& path : files.paths()) {
        if (path == "data/LOCK") continue;
        CAPTURE(path);
        const auto all = look_into(closed_files{files, path});
        CHECK(problem(all).find(path + ": Permission denied") != std::string::npos);
        CHECK(all.found.segments.size() == 3);
        CHECK(all.found.snapshots.size() == 1);
        CHECK(all.found.mark.has_value() == (path != "data/history"));
    }
}

TEST_CASE("inspection: files that are missing are told") {
    auto files = written();
    files.erase(first_segment);
    files.erase("data/newest-segment");
    const auto all = look_into(files);
    CHECK(problem(all) == "data/newest-segment is missing: whether the log is whole cannot be told "
                          "without it" +
                              std::string{raft::wal::way_on});
    CHECK(all.found.snapshots.size() == 1);
    CHECK(all.found.segments.size() == 2);
}

TEST_CASE("inspection: whatever byte is changed it tells why no opening succeeds") {
    const auto files = written();
    for (const auto& path : files.paths()) {
        const auto size = files.contents(path).size();
        for (std::size_t at = 0; at < size; at += 41) {
            CAPTURE(path);
            CAPTURE(at);
            const auto changed = with(files, path, [&](auto& bytes) { flip(bytes, at); });
            const auto changes = changed.changes();
            const auto all = look_into(changed);
            CHECK(changed.changes() == changes);
            teller opened{changed};
            const bool opens = opened.open();
            REQUIRE(all.found.problems.empty() == opens);
            if (!opens) CHECK(problem(all) == opened.error());
        }
    }
}

namespace {

/// Files that somebody writes to: `writes` is called once, at the moment `at`. Moments are the
/// middle and the end of each read.
class busy_files : public faulty_files {
public:
    struct plan {
        std::uint64_t at = 0;
        std::uint64_t moments = 0;
        std::function<void()> writes{};

        void pass_moment() {
            if (moments++ == at) writes();
        }
    };

    busy_files(const faulty_files& files, std::shared_ptr<plan> planned)
        : faulty_files{files}, plan_{std::move(planned)} {}

    [[nodiscard]] int read(handle from, std::uint64_t offset, std::span<std::byte> bytes,
                           std::size_t& got) {
        const auto half = bytes.size() / 2;
        std::size_t second = 0;
        if (const int cause = faulty_files::read(from, offset, bytes.first(half), got))
            return cause;
        plan_->pass_moment();
        const int cause = faulty_files::read(from, offset + half, bytes.subspan(half), second);
        plan_->pass_moment();
        if (got == half) got += second;
        return cause;
    }

private:
    std::shared_ptr<plan> plan_;
};

/// A server that goes on at the moment `at`.
struct busy_server {
    faulty_files files = written();
    teller server{files};
    std::shared_ptr<busy_files::plan> plan = std::make_shared<busy_files::plan>();

    busy_server(std::uint64_t at, std::uint64_t entries, bool compacts) {
        REQUIRE(server.open());
        server.begin_at(story::read_back(server.disk(), server.found()));
        plan->at = at;
        plan->writes = [this, entries, compacts] {
            const auto end = 24 + entries;
            for (std::uint64_t index = 24; index < end; ++index) {
                server.append(3, index, 1, 300);
                server.flush();
            }
            if (!compacts) return;
            server.save(end - 1);
            server.flush();
            server.discard(end - 1);
            server.append(3, end, 1, 300);
            server.flush();
        };
    }
    [[nodiscard]] busy_files seen() const { return {files, plan}; }
};

}  // namespace

TEST_CASE("inspection: one look is enough while a server appends to the segment in use") {
    // Not in the middle of the first read, of the note of the newest segment: that is one sector.
    for (std::uint64_t at = 1;; ++at) {
        CAPTURE(at);
        busy_server busy{at, 1, false};
        wal::read_only_files<busy_files> files{busy.seen()};
        wal::directory_look<wal::read_only_files<busy_files>> look{files, story::directory};
        REQUIRE_FALSE(look.take());
        const auto& problems = look.found().problems;
        CHECK((problems.empty() ? "" : problems.front().message) == "");
        if (busy.plan->moments <= at) break;
    }
}

TEST_CASE("inspection: what a server writes during a look is no damage whenever it does") {
    for (const bool compacts : {false, true})
        for (std::uint64_t at = 0;; ++at) {
            CAPTURE(compacts);
            CAPTURE(at);
            busy_server busy{at, 20, compacts};
            wal::storage_inspector<busy_files> inspector{story::directory, busy.seen()};
            REQUIRE_FALSE(inspector.look());
            const auto& problems = inspector.found().problems;
            CHECK((problems.empty() ? "" : problems.front().message) == "");
            CHECK_FALSE(inspector.found().is_changing);
            CHECK(busy.server.disk().error() == "");
            if (busy.plan->moments <= at) break;
        }
}
