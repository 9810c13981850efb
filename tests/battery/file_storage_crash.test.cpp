// SPDX-License-Identifier: BSL-1.0
//
// A scripted history of a `file_storage`, stopped at every single change of the disk, with
// everything that may then have reached it or not: what was reported durable is there, and what is
// there makes sense. The same with every change failing once.
#include <cerrno>

#include <battery/file_storage_story.hpp>

using raft::testing::faulty_files;
using raft::testing::survival;
using story::teller;

namespace {

/// Votes, appends, replaced suffixes (with other terms, with the same, and ABA), configurations,
/// long writes, segments that end, own snapshots, received ones, discards.
void tell(teller& t) {
    t.vote(1, 1);
    t.append(1, 1, 1);
    t.append(1, 2, 3);
    t.flush();
    t.append(2, 3, 3, 10, raft::core::hard_state{{2}, std::nullopt});
    t.flush();
    t.append(2, 6, 3);
    t.append(2, 6, 2);
    t.append(3, 6, 1, 10, raft::core::hard_state{{3}, raft::member_id{2}});
    t.flush();
    t.append_configuration(3, 7, {{1}, {2}, {3}, {4}});
    t.append(3, 8, 10, 300);
    t.flush();
    t.append_configuration(4, 12, {{1}, {2}, {4}});
    t.append(4, 13, 12, 300);
    t.save(10);
    t.flush();
    t.vote(5, std::nullopt);
    t.discard(10);
    t.append(5, 20, 40, 250, raft::core::hard_state{{5}, raft::member_id{3}});
    t.flush();
    t.append(5, 60, 1, 6000);
    t.append(5, 61, 2);
    t.flush();
    t.append(6, 15, 4, 100);
    t.save(14);
    t.flush();
    t.discard(14);
    t.flush();
    t.install({{40}, {7}}, false, true);
    t.append(7, 41, 3, 200, raft::core::hard_state{{7}, std::nullopt});
    t.flush();
    t.append(7, 44, 10, 200);
    t.install({{50}, {7}}, true, false);
    t.append(7, 54, 2);
    t.flush();
    t.install({{52}, {8}}, false, false);
    t.append(8, 53, 3, 900, raft::core::hard_state{{8}, raft::member_id{1}});
    t.save(54);
    t.flush();
    t.vote(9, 1);
    t.append(9, 56, 1);
    t.flush();
}

std::vector<survival> survivals() {
    std::vector<survival> all{{survival::kind::lost}, {survival::kind::kept}};
    for (std::uint64_t seed = 1; seed <= 8; ++seed) all.push_back({survival::kind::mixed, seed});
    return all;
}

/// What survived is whole, can be written to, and is found again.
void check_survivor(const faulty_files& files, const teller& told) {
    teller survivor{files};
    auto all = story::check_recovered(survivor, told);
    story::check_goes_on(survivor, std::move(all), files);
}

std::uint64_t changes_of_the_whole() {
    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    tell(t);
    CHECK(t.disk().error() == "");
    CHECK(t.durable() + 1 == t.images().size());
    return files.changes();
}

}  // namespace

TEST_CASE("file storage: a history is found again after it was closed") {
    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    CHECK(t.found().empty);
    tell(t);
    teller again{files.after_kill()};
    const auto all = story::check_recovered(again, t);
    CHECK(story::same_but_for_the_front(all, t.now()));
    CHECK(again.disk().report().empty());
    CHECK_FALSE(again.found().empty);
}

TEST_CASE("file storage: what was durable survives a power failure at every change of the disk") {
    const auto changes = changes_of_the_whole();
    REQUIRE(changes > 100);
    for (std::uint64_t stop = 1; stop <= changes; ++stop) {
        CAPTURE(stop);
        faulty_files files;
        files.stop_at(stop);
        teller t{files};
        if (t.open()) tell(t);
        for (const auto& what : survivals()) {
            CAPTURE(static_cast<int>(what.which));
            CAPTURE(what.seed);
            check_survivor(files.after_power_loss(what), t);
        }
    }
}

TEST_CASE("file storage: what was durable survives a kill, and a power failure after recovery") {
    const auto changes = changes_of_the_whole();
    for (std::uint64_t stop = 1; stop <= changes; ++stop) {
        CAPTURE(stop);
        faulty_files files;
        files.stop_at(stop);
        teller t{files};
        if (t.open()) tell(t);
        auto killed = files.after_kill();
        teller survivor{killed};
        auto all = story::check_recovered(survivor, t);
        survivor.begin_at(std::move(all));
        teller again{killed.after_power_loss({survival::kind::lost})};
        static_cast<void>(story::check_recovered(again, survivor));
    }
}

TEST_CASE("file storage: recovery itself may be stopped at every change of the disk") {
    const auto changes = changes_of_the_whole();
    for (std::uint64_t stop = 1; stop <= changes; stop += 3) {
        faulty_files files;
        files.stop_at(stop);
        teller t{files};
        if (t.open()) tell(t);
        const auto torn = files.after_power_loss({survival::kind::mixed, stop});
        for (std::uint64_t second = 1; second <= 12; ++second) {
            CAPTURE(stop);
            CAPTURE(second);
            auto recovering = torn.after_kill();
            recovering.stop_at(second);
            teller stopped{recovering};
            static_cast<void>(stopped.open());
            check_survivor(recovering.after_power_loss({survival::kind::mixed, second}), t);
        }
    }
}

TEST_CASE("B70 file storage: an error of the disk is final, and nothing changes after it") {
    const auto changes = changes_of_the_whole();
    for (std::uint64_t fail = 1; fail <= changes; ++fail) {
        CAPTURE(fail);
        faulty_files files;
        files.fail_at(fail, EIO);
        teller t{files};
        if (t.open()) {
            tell(t);
            CHECK(t.disk().progress().failed);
            CHECK(t.disk().error().find("Input/output error") != std::string::npos);
            CHECK(t.disk().room() == 0);
        } else {
            CHECK(t.error().find("Input/output error") != std::string::npos);
        }
        CHECK(files.changes() == fail);
        check_survivor(files.after_kill(), t);
        check_survivor(files.after_power_loss({survival::kind::lost}), t);
        check_survivor(files.after_power_loss({survival::kind::mixed, fail}), t);
    }
}

TEST_CASE(
    "B70 file storage: what a failed sync has lost is not taken for durable after a restart") {
    const auto changes = changes_of_the_whole();
    for (std::uint64_t fail = 1; fail <= changes; ++fail) {
        CAPTURE(fail);
        faulty_files files;
        files.fail_at(fail, EIO);
        teller t{files};
        if (t.open()) tell(t);
        auto killed = files.after_kill();
        teller survivor{killed};
        auto all = story::check_recovered(survivor, t);
        survivor.begin_at(std::move(all));
        teller again{killed.after_power_loss({survival::kind::lost})};
        static_cast<void>(story::check_recovered(again, survivor));
    }
}
