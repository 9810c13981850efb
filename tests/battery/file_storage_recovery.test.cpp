// SPDX-License-Identifier: BSL-1.0
//
// Goal: a log with damage in its middle is cut off there, if that is asked for and term, vote and
// the end of the log are certain; that it ended later is not forgotten, whenever a crash comes;
// where anything is in doubt, it is refused. Method: every byte of a log damaged, any two of its
// sectors, and a crash in every step.
#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <vector>

#include <battery/file_storage_story.hpp>

#include <support/dice.hpp>

using raft::log_index;
using raft::core::log_position;
using raft::testing::faulty_files;
using raft::testing::survival;
using story::first_segment;
using story::second_segment;
using story::teller;
using story::third_segment;

namespace {

const std::string mark = "data/lost-entries";

raft::file_storage_options recovering() {
    auto options = story::small_segments();
    options.recover_damaged_log = true;
    return options;
}

/// Three segments, terms and votes in each of them, entries that replaced others, no snapshot.
struct written {
    faulty_files files{};
    teller told{files};

    written() {
        REQUIRE(told.open());
        story::tell_twenty_entries(told);
        told.flush();
        told.append(2, 21, 1, 700);
        told.flush();
        told.append(2, 22, 2, 400);
        told.vote(3, 1);
        told.flush();
        told.append(3, 24, 3, 300);
        told.flush();
        told.append(3, 25, 2, 100);
        told.flush();
        REQUIRE(told.disk().error() == "");
        REQUIRE(files.contents(third_segment)[0] != std::byte{});
    }

    [[nodiscard]] log_position end() const {
        return {told.now().last_index(), told.now().term_at(told.now().last_index())};
    }
};

void flip(faulty_files& files, const std::string& path, std::size_t at) {
    auto bytes = files.contents(path);
    bytes[at] ^= std::byte{0x10};
    files.replace(path, std::move(bytes));
}

void clear(faulty_files& files, const std::string& path, std::size_t begin, std::size_t end) {
    auto bytes = files.contents(path);
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
              bytes.begin() + static_cast<std::ptrdiff_t>(std::min(end, bytes.size())),
              std::byte{});
    files.replace(path, std::move(bytes));
}

/// Whether the log is the beginning of one that there was.
bool was_once_there(const story::image& found, const std::vector<story::image>& images) {
    const auto begins_so = [&](story::image earlier) {
        if (earlier.last_index() < found.last_index()) return false;
        earlier.log.resize(static_cast<std::size_t>(found.last_index() - earlier.base.index));
        std::erase_if(earlier.configurations,
                      [&](const auto& each) { return each.index > found.last_index(); });
        earlier.vote = found.vote;
        return story::same_but_for_the_front(found, earlier);
    };
    return std::any_of(images.begin(), images.end(), begins_so);
}

enum class result { refused, whole, cut };

/// Opens the damaged files: whatever comes of it, nothing false may.
result open_damaged(const faulty_files& files, const written& w,
                    const raft::file_storage_options& options = recovering()) {
    teller t{files};
    if (!t.open(options)) {
        CHECK(t.error().starts_with("data/"));
        return result::refused;
    }
    const auto all = story::read_back(t.disk(), t.found());
    CHECK(all.vote == w.told.now().vote);
    if (!t.found().lost_through) {
        CHECK(story::same_but_for_the_front(all, w.told.now()));
        return result::whole;
    }
    CHECK(t.found().lost_through == w.end());
    CHECK(was_once_there(all, w.told.images()));

    // It can be written to, and found again.
    t.begin_at(all);
    t.append(4, all.last_index().value + 1, 2, 100, raft::core::hard_state{{4}, {}});
    t.flush();
    CHECK(t.disk().error() == "");
    teller again{files.after_kill()};
    REQUIRE_MESSAGE(again.open(), again.error());
    CHECK(again.found().lost_through == w.end());
    CHECK(story::same_but_for_the_front(story::read_back(again.disk(), again.found()), t.now()));
    return result::cut;
}

/// What may be left of the files when the power fails now.
std::vector<faulty_files> leftovers(const faulty_files& files) {
    std::vector<faulty_files> all{files.after_power_loss({survival::kind::lost}),
                                  files.after_power_loss({survival::kind::kept})};
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
        all.push_back(files.after_power_loss({survival::kind::mixed, seed}));
    return all;
}

/// Calls `check` with what a crash leaves in each step of opening the files with recovery.
void crash_in_every_step(const faulty_files& files,
                         const std::function<void(const faulty_files&)>& check) {
    for (std::uint64_t step = 1;; ++step) {
        CAPTURE(step);
        auto crashing = files.after_kill();
        crashing.stop_at(crashing.changes() + step);
        teller t{crashing};
        if (t.open(recovering())) return;
        for (const auto& left : leftovers(crashing)) check(left);
    }
}

/// The files after the log was damaged at this place.
faulty_files damaged_at(const written& w, const std::string& path, std::size_t at) {
    auto files = w.files.after_kill();
    flip(files, path, at);
    return files;
}

}  // namespace

TEST_CASE("file storage recovery: a damaged log is cut off, set aside, and its end remembered") {
    const written w;
    auto files = damaged_at(w, first_segment, 700);
    const auto damaged = files.contents(first_segment);
    const auto second = files.contents(second_segment);
    teller t{files};
    REQUIRE_MESSAGE(t.open(recovering()), t.error());
    CHECK(t.found().lost_through == log_position{{26}, {3}});
    CHECK(t.found().last_index == log_index{0});
    CHECK(t.found().vote == raft::core::hard_state{{3}, raft::member_id{1}});
    REQUIRE(t.disk().report().size() == 2);
    CHECK(t.disk().report()[0] ==
          first_segment + " is damaged at offset 576: a record does not match its checksum; "
                          "set aside from there on");
    CHECK(t.disk().report()[1] == "data: entries up to 26 were lost, and are to be had from the "
                                  "other servers");
    CHECK(files.contents("data/damaged-1-log-0000000000000001") == damaged);
    CHECK(files.contents("data/damaged-1-log-0000000000000002") == second);
}

TEST_CASE("file storage recovery: nobody who has not asked for it gets a cut log") {
    const written w;
    const auto files = damaged_at(w, first_segment, 700);
    teller t{files};
    CHECK_FALSE(t.open());
    CHECK(t.error() ==
          first_segment + " is damaged at offset 576: a record does not match its checksum");
    CHECK(files.paths() == w.files.paths());
}

TEST_CASE("file storage recovery: what was lost is forgotten when it is here again, not before") {
    const written w;
    auto files = damaged_at(w, second_segment, 700);
    {
        teller t{files};
        REQUIRE(t.open(recovering()));
        REQUIRE(t.found().lost_through == w.end());
        t.disk().forget_loss();
    }
    auto unflushed = files.after_kill();
    {
        teller t{unflushed};
        REQUIRE(t.open());
        CHECK(t.found().lost_through == w.end());
        t.disk().forget_loss();
        t.flush();
        CHECK(t.disk().error() == "");
    }
    teller t{unflushed.after_kill()};
    REQUIRE(t.open());
    CHECK(t.found().lost_through == std::nullopt);
}

TEST_CASE("file storage recovery: every flipped byte is refused, or nothing false is found") {
    const written w;
    std::size_t cut = 0;
    std::size_t refused = 0;
    for (const auto& path : {first_segment, second_segment, third_segment}) {
        const auto used = w.files.contents(path).size();
        for (std::size_t at = 0; at < used; ++at) {
            CAPTURE(path);
            CAPTURE(at);
            const auto what = open_damaged(damaged_at(w, path, at), w);
            cut += what == result::cut;
            refused += what == result::refused;
            // Of a segment before the last, all can be had again but a format version.
            const bool is_version = at >= 8 && at < 12;
            if (path != third_segment && what == result::refused) CHECK(is_version);
        }
    }
    CHECK(cut > 7000);
    CHECK(refused > 100);
}

TEST_CASE("file storage recovery: two damaged stretches are refused, or nothing false is found") {
    const written w;
    std::array<std::size_t, 3> count{};
    for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
        CAPTURE(seed);
        raft::testing::dice random{seed};
        auto files = w.files.after_kill();
        for (int i = 0; i < 2; ++i) {
            const std::array paths{first_segment, second_segment, third_segment};
            const auto& path = paths[random.below(3)];
            const auto at = random.below(files.contents(path).size());
            // Zeros at the very end are taken for an interrupted write; see torn_tail.hpp.
            if (path == third_segment || random.below(2) == 0)
                flip(files, path, at);
            else
                clear(files, path, at, at + 1 + random.below(700));
        }
        ++count[static_cast<std::size_t>(open_damaged(files, w))];
    }
    CHECK(count[static_cast<std::size_t>(result::cut)] > 100);
    CHECK(count[static_cast<std::size_t>(result::refused)] > 100);
}

TEST_CASE(
    "file storage recovery: a segment that ends early is refused, or nothing false is found") {
    const written w;
    for (const auto& path : {first_segment, second_segment, third_segment}) {
        const auto whole = w.files.contents(path);
        for (std::size_t size = 0; size < whole.size(); size += 1 + size % 7) {
            CAPTURE(path);
            CAPTURE(size);
            auto files = w.files.after_kill();
            files.replace(path, {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
            // Where the log ended is in the last segment only.
            const auto expected = path == third_segment ? result::refused : result::cut;
            CHECK(open_damaged(files, w) == expected);
        }
    }
}

TEST_CASE("file storage recovery: a log whose only segment ends early is refused") {
    faulty_files files;
    teller told{files};
    REQUIRE(told.open());
    told.vote(1, 1);
    told.append(1, 1, 5, 100);
    told.flush();
    told.append(1, 6, 5, 100);
    told.flush();
    told.vote(7, 2);
    told.flush();
    const auto whole = files.contents(first_segment);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CAPTURE(size);
        auto left = files.after_kill();
        left.replace(first_segment,
                     {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
        teller t{left};
        CHECK_FALSE(t.open(recovering()));
        CHECK(t.error().starts_with(first_segment));
    }
}

TEST_CASE("file storage recovery: a segment that is gone is had again") {
    const written w;
    auto files = w.files.after_kill();
    files.erase(second_segment);
    CHECK(open_damaged(files.after_kill(), w) == result::cut);
    // But then the last one must tell where the log ended.
    clear(files, third_segment, 0, 4096);
    CHECK(open_damaged(files, w) == result::refused);
    files.erase(third_segment);
    CHECK(open_damaged(files, w) == result::refused);
}

TEST_CASE("file storage recovery: a crash in any step") {
    const written w;
    auto without_segment = w.files.after_kill();
    without_segment.erase(second_segment);
    auto zeros = w.files.after_kill();
    clear(zeros, second_segment, 1024, 4096);
    for (const auto& files : {damaged_at(w, first_segment, 700), damaged_at(w, first_segment, 20),
                              damaged_at(w, second_segment, 20), without_segment, zeros}) {
        REQUIRE(open_damaged(files.after_kill(), w) == result::cut);
        std::size_t steps = 0;
        crash_in_every_step(files, [&](const faulty_files& once) {
            ++steps;
            CHECK(open_damaged(once.after_kill(), w) == result::cut);
            // Whoever no longer wants it gets what was begun, or nothing.
            CHECK(open_damaged(once.after_kill(), w, story::small_segments()) != result::whole);
        });
        CHECK(steps > 6 * 10);
    }
}

TEST_CASE("file storage recovery: a crash in any step, and in any step of the next attempt") {
    const written w;
    crash_in_every_step(damaged_at(w, second_segment, 700), [&](const faulty_files& once) {
        crash_in_every_step(
            once, [&](const faulty_files& twice) { CHECK(open_damaged(twice, w) == result::cut); });
    });
}

TEST_CASE("file storage recovery: what is set aside is what was there, whenever a crash comes") {
    const written w;
    const auto files = damaged_at(w, second_segment, 700);
    const auto damaged = files.contents(second_segment);
    crash_in_every_step(files, [&](faulty_files left) {
        teller t{left};
        REQUIRE(t.open(recovering()));
        CHECK(left.contents("data/damaged-1-log-0000000000000002") == damaged);
    });
}

TEST_CASE("file storage recovery: a crash while the loss is forgotten") {
    const written w;
    for (const std::uint64_t step : {1U, 2U}) {
        CAPTURE(step);
        auto files = damaged_at(w, first_segment, 700);
        teller t{files};
        REQUIRE(t.open(recovering()));
        t.disk().forget_loss();
        files.stop_at(files.changes() + step);
        t.flush();
        CHECK(t.disk().error() != "");
        for (const auto& left : leftovers(files)) {
            teller after{left};
            REQUIRE_MESSAGE(after.open(), after.error());
            CHECK(after.found().lost_through.value_or(w.end()) == w.end());
        }
    }
}

TEST_CASE("file storage recovery: a vote that may be hidden in what is damaged is refused") {
    faulty_files files;
    teller told{files};
    REQUIRE(told.open());
    told.append(1, 1, 2, 100, raft::core::hard_state{{1}, raft::member_id{1}});
    told.flush();
    told.vote(2, 2);
    told.flush();
    told.append(2, 3, 2, 100);
    told.flush();
    const std::size_t vote_at = 512 + 320;
    SUBCASE("the vote is damaged") {
        flip(files, first_segment, vote_at + 40);
        teller t{files.after_kill()};
        CHECK_FALSE(t.open(recovering()));
        CHECK(t.error() == first_segment +
                               " is damaged at offset 832: a record does not match its checksum; "
                               "the entries are not fetched from the other servers: this server "
                               "may have voted in what is damaged, and could break a promise to "
                               "them");
    }
    SUBCASE("what is damaged may have been a vote") {
        flip(files, first_segment, vote_at + 4);
        teller t{files.after_kill()};
        CHECK_FALSE(t.open(recovering()));
        CHECK(t.error().find("may have voted") != std::string::npos);
    }
    SUBCASE("the vote is whole") {
        flip(files, first_segment, 512 + 150);
        teller t{files.after_kill()};
        REQUIRE(t.open(recovering()));  // The first record had a vote, too, but this one counts.
        CHECK(t.found().vote == raft::core::hard_state{{2}, raft::member_id{2}});
        CHECK(t.found().lost_through == log_position{{4}, {2}});
    }
    SUBCASE("the last entries are damaged") {
        flip(files, first_segment, vote_at + 64 + 100);
        teller t{files.after_kill()};
        CHECK_FALSE(t.open(recovering()));
        CHECK(t.error().find("how far the log went is not known") != std::string::npos);
    }
}

TEST_CASE("file storage recovery: a second loss counts if the log was more up to date by then") {
    const written w;
    for (const std::uint64_t term : {2U, 5U}) {
        CAPTURE(term);
        auto files = damaged_at(w, first_segment, 700);
        {
            teller t{files};
            REQUIRE(t.open(recovering()));
            t.begin_at(story::read_back(t.disk(), t.found()));
            t.vote(5, {});
            t.append(term, 1, 3, 100);
            t.flush();
            t.append(term, 4, 2, 100);
            t.flush();
        }
        auto again = files.after_kill();
        flip(again, first_segment, 576 + 2 * 64 + 60);
        teller t{again};
        REQUIRE_MESSAGE(t.open(recovering()), t.error());
        CHECK(t.found().vote == raft::core::hard_state{{5}, {}});
        const auto expected = term == 2 ? w.end() : log_position{{5}, {5}};
        CHECK(t.found().lost_through == expected);
    }
}

TEST_CASE("file storage recovery: a damaged mark is refused") {
    const written w;
    auto files = damaged_at(w, first_segment, 700);
    {
        teller t{files};
        REQUIRE(t.open(recovering()));
    }
    for (std::size_t at = 0; at < 1024; ++at) {
        auto changed = files.after_kill();
        flip(changed, mark, at);
        teller t{changed};
        CHECK_FALSE(t.open(recovering()));
        CHECK(t.error().starts_with(mark));
    }
}

TEST_CASE("file storage recovery: a mark with a cut that no storage makes is refused by its name") {
    using raft::wal::log_cut;
    const auto refuses = [](const log_cut& cut) {
        written before;
        before.files.replace(mark, raft::wal::encoded(raft::wal::lost_mark{before.end(), cut}));
        teller recovered{before.files.after_kill(), recovering()};
        return !recovered.open() && recovered.error().starts_with(mark);
    };
    const raft::wal::segment_header good{.number = 2, .capacity = 4096, .first_sequence = 5};
    const auto with = [&](auto change) {
        log_cut cut{.offset = 1024, .aside = 1, .header = good};
        change(cut);
        return cut;
    };
    CHECK(refuses({}));  // Of no segment, and of no length.
    CHECK(refuses(with([](auto& cut) { cut.header.number = 0; })));
    CHECK(refuses(with([](auto& cut) { cut.header.capacity = 0; })));
    CHECK(refuses(with([](auto& cut) { cut.header.capacity = std::uint64_t{1} << 60U; })));
    CHECK(refuses(with([](auto& cut) { cut.offset = 4096; })));
    CHECK(refuses(with([](auto& cut) { cut.offset = 4064; })));
    CHECK(refuses(with([](auto& cut) { cut.offset = 1025; })));
    CHECK(refuses(with([](auto& cut) { cut.offset = 32; })));
    CHECK_FALSE(refuses(with([](auto& /*cut*/) {})));
}
