// SPDX-License-Identifier: BSL-1.0
//
// Goal: what is said of a server's log leads to that log, whatever happens to it. Method: logs of a
// few entries, each after each, made again from the events alone.
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include <doctest/doctest.h>
#include <page/observed.hpp>
#include <page/run.hpp>

namespace {

using namespace raft_page;

/// A log by its events: the term of each entry, and what a snapshot has.
struct told_log {
    std::map<std::uint64_t, std::uint64_t> terms{};
    std::uint64_t base = 0;

    void hear(const event& one) {
        if (const auto* more = std::get_if<happened::appended>(&one.what))
            for (auto i = more->first; i <= more->last; ++i) terms[i] = more->term;
        if (const auto* cut = std::get_if<happened::cut_after>(&one.what)) {
            terms.erase(terms.upper_bound(cut->last), terms.end());
            if (cut->last < base) base = 0;
        }
        if (const auto* snapshot = std::get_if<happened::compacted>(&one.what)) {
            terms.erase(terms.begin(), terms.upper_bound(snapshot->index));
            base = snapshot->index;
        }
    }
};

raft::core::log_terms log_of(std::uint64_t base, const std::vector<std::uint64_t>& terms) {
    raft::core::log_terms log{{{base}, {base > 0 ? 1U : 0U}}};
    for (const auto term : terms) log.append({term}, 1);
    return log;
}

/// All logs with these bases, and up to three entries of terms that do not fall.
std::vector<raft::core::log_terms> small_logs() {
    std::vector<raft::core::log_terms> all;
    for (const std::uint64_t base : {0U, 1U, 2U, 5U}) {
        all.push_back(log_of(base, {}));
        for (std::uint64_t a = 1; a <= 3; ++a) {
            all.push_back(log_of(base, {a}));
            for (auto b = a; b <= 3; ++b) {
                all.push_back(log_of(base, {a, b}));
                for (auto c = b; c <= 3; ++c) all.push_back(log_of(base, {a, b, c}));
            }
        }
    }
    return all;
}

raft::core::state with(const raft::core::log_terms& log) {
    raft::core::state s;
    s.configurations.push_back({});
    s.log = log;
    return s;
}

bool is_told(const told_log& told, const raft::core::log_terms& log) {
    if (told.base != log.base().index.value) return false;
    std::uint64_t count = 0;
    for (auto i = next(log.base().index); i <= log.last_index(); i = next(i), ++count)
        if (!told.terms.contains(i.value) || told.terms.at(i.value) != log.term_at(i)->value)
            return false;
    return told.terms.size() == count;
}

}  // namespace

TEST_CASE("page: what changes in a log is told so that the log can be made again") {
    const auto logs = small_logs();
    CHECK(logs.size() == 4 * 20);
    for (const auto& first : logs)
        for (const auto& second : logs) {
            run seen;
            observed_servers servers{seen};
            servers.see(0, 1, with(first));
            told_log told;
            for (const auto& each : seen.events) told.hear(each);
            REQUIRE(is_told(told, first));
            const auto known = seen.events.size();
            servers.see(1, 1, with(second));
            for (auto i = known; i < seen.events.size(); ++i) told.hear(seen.events[i]);
            REQUIRE(is_told(told, second));
        }
}

TEST_CASE("page: a server that changes in nothing that is shown has no events") {
    run seen;
    observed_servers servers{seen};
    auto state = with(log_of(0, {1, 1, 2}));
    servers.see(0, 1, state);
    const auto known = seen.events.size();
    state.seed = 7;
    servers.see(1, 1, state);
    CHECK(seen.events.size() == known);
    servers.see_down(2, 1);
    servers.see_down(3, 1);
    CHECK(seen.events.size() == known + 1);
    servers.see_down(4, 2);  // It was never seen.
    CHECK(seen.events.size() == known + 1);
}
