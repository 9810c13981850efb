// SPDX-License-Identifier: BSL-1.0
//
// Goal: a page has all of its run and needs nothing else, and a simulated run is shown as it was.
// Method: events are counted beside what the simulator itself reports; the page is read as text.
#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include <doctest/doctest.h>
#include <page/page.hpp>
#include <sim/recording.hpp>

#include <support/told_run.hpp>

namespace {

using namespace raft_page;

std::size_t count(std::string_view text, std::string_view word) {
    std::size_t found = 0;
    for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++found;
    return found;
}

template <class Kind>
std::size_t count(const run& shown) {
    return static_cast<std::size_t>(std::ranges::count_if(
        shown.events, [](const event& e) { return std::holds_alternative<Kind>(e.what); }));
}

std::set<std::uint64_t> terms_led(const run& shown) {
    std::set<std::uint64_t> terms;
    for (const auto& each : shown.events)
        if (const auto* stood = std::get_if<happened::stood>(&each.what))
            if (stood->as == standing::leader) terms.insert(stood->term);
    return terms;
}

std::uint64_t highest_commit(const run& shown) {
    std::uint64_t highest = 0;
    for (const auto& each : shown.events)
        if (const auto* committed = std::get_if<happened::committed>(&each.what))
            highest = std::max(highest, committed->index);
    return highest;
}

/// Nothing of a run that was told comes before what it follows.
bool is_in_order(const run& shown) {
    std::set<std::size_t> sent;
    std::int64_t at = 0;
    for (const auto& each : shown.events) {
        if (each.at < at) return false;
        at = each.at;
        if (const auto* begun = std::get_if<happened::sent>(&each.what))
            sent.insert(begun->message);
        if (const auto* come = std::get_if<happened::arrived>(&each.what))
            if (!sent.contains(come->message)) return false;
        if (const auto* lost = std::get_if<happened::lost>(&each.what))
            if (!sent.contains(lost->message)) return false;
    }
    return true;
}

}  // namespace

TEST_CASE("page: it has every event and message, and refers to nothing outside") {
    const auto told = support::told_run::tell();
    const auto page = page_of(told);
    CHECK(count(page, "<script") == 2);
    CHECK(count(page, "</script>") == 2);  // What a message says does not end one.
    CHECK(count(page, "append_entries(no entries) \\u003c/script>") == 1);
    CHECK(count(page, "\"sent\",") == count<happened::sent>(told));
    CHECK(count(page, "\"fault\",") == count<happened::went_wrong>(told));
    CHECK(count(page, "\"violation\",\"two entries committed at one index\"") == 1);
    for (const auto* reference : {"http:", "https:", "//cdn", " src=", " href=", "@import", "url("})
        CHECK_MESSAGE(count(page, reference) == 0, reference);
    CHECK(count(page, "{{") == 0);
}

TEST_CASE("page: a simulated run is shown with the elections, commits and faults that it had") {
    namespace simulation = raft::testing::simulation;
    for (const auto chosen : simulation::profiles) {
        CAPTURE(name_of(chosen));
        const raft::testing::simulator_options wanted{
            .seed = 5, .profile = chosen, .servers = 3, .events = 10'000};
        raft::testing::simulator_report found;
        const auto shown = raft_sim::recorded(wanted, found);
        const auto unseen = raft::testing::simulator<>{wanted}.run();
        CHECK(found.digest == unseen.digest);  // Who is seen does nothing else.
        CHECK(terms_led(shown).size() == unseen.elections);
        CHECK(highest_commit(shown) == unseen.entries);
        CHECK(count<happened::went_wrong>(shown) == unseen.faults.all());
        CHECK(count<happened::broke_rule>(shown) == 0);
        CHECK(shown.events.back().at <= unseen.virtual_nanoseconds);
        CHECK(count<happened::sent>(shown) == shown.messages.size());
        const auto ended = count<happened::arrived>(shown) + count<happened::lost>(shown);
        CHECK(ended <= shown.messages.size());
        CHECK(ended + 1000 > shown.messages.size());
        CHECK(is_in_order(shown));
    }
}
