// SPDX-License-Identifier: BSL-1.0
//
// What a node does with the log of its storage, as stories: each begins with a new storage.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <raft/testing/conformance/storage_run.hpp>

namespace raft::testing::conformance {

template <class Command, class Make>
class storage_log_stories {
    using run_type = storage_run<Command, Make>;
    using storage_type = typename run_type::storage_type;
    using clause = storage_clause;

public:
    storage_log_stories(Make& make, std::span<const Command> commands, storage_report& report)
        : make_{make}, commands_{commands}, report_{report} {}

    void run() {
        is_new();
        appends();
        replaces();
        discards();
        if constexpr (history_keeping_storage<storage_type>) keeps_history();
        if constexpr (witness_storage<storage_type>) lacks_commands();
        if constexpr (witness_storage<storage_type>) is_cut();
        if constexpr (run_type::can_be_full) is_full();
        if constexpr (run_type::can_fail) fails();
        if constexpr (run_type::can_crash)
            for (std::uint64_t seed = 0; seed < crashes; ++seed) crashes_with(seed);
    }

private:
    [[nodiscard]] run_type begin() { return run_type{make_, commands_, report_}; }

    void is_new() {
        auto one = begin();
        report_.check(clause::new_one_is_empty,
                      one.found() == recovered{} && !one.storage().snapshot());
    }

    void appends() {
        auto one = begin();
        const core::indexed_configuration members{{2}, core::voters_only({{1}, {2}})};
        one.write(1, 4, 1, &members);
        one.check_entries(clause::readable_at_once, 1, 4, false);
        one.write(5, 2, 3);
        one.settle();
        reads(one);
        one.open();
        one.check_entries(clause::entries_kept, 1, 6, true);
        report_.check(clause::terms_kept,
                      one.found().runs == std::vector<core::term_run>{{{1}, {1}}, {{3}, {5}}});
        report_.check(clause::configurations_kept,
                      one.found().configurations == std::vector{members});
        report_.check(clause::vote_kept, one.found().vote == one.expected_vote());
        one.vote(9);
        one.settle_and_open();
        report_.check(clause::vote_kept, one.found().vote == one.expected_vote());
        one.write(7, 1, 9);
        one.settle_and_open();
        one.check_entries(clause::entries_kept, 1, 7, true);
    }

    void reads(run_type& one) {
        auto& storage = one.storage();
        const auto size = storage.size_of(commands_.front());
        for (std::uint64_t first = 1; first <= 6; ++first)
            for (const auto bytes : {std::size_t{0}, size, 2 * size, run_type::all_bytes}) {
                const auto got = storage.entries({first}, {6}, bytes);
                const auto where = "index " + std::to_string(first);
                const bool fits = !got.empty() && got.size() <= 7 - first;
                if (!report_.check(clause::entries_within, fits, where)) continue;
                std::size_t taken = 0;
                for (std::size_t i = 0; i < got.size(); ++i) {
                    report_.check(clause::entries_within, got[i] == one.log()[first - 1 + i],
                                  where);
                    if (got[i].command) taken += storage.size_of(*got[i].command);
                }
                report_.check(clause::entries_bytes, got.size() == 1 || taken <= bytes, where);
            }
    }

    void replaces() {
        auto one = begin();
        const core::indexed_configuration kept{{1}, core::voters_only({{1}, {2}})};
        const core::indexed_configuration gone{{5}, core::voters_only({{1}})};
        one.write(1, 3, 1, &kept);
        one.write(4, 3, 1, &gone);
        one.settle();
        one.write(3, 2, 2);
        one.check_entries(clause::replaced_are_gone, 1, 4, false);
        one.settle_and_open();
        one.check_entries(clause::replaced_are_gone, 1, 4, true);
        report_.check(clause::replaced_are_gone, one.found().last_index == log_index{4});
        report_.check(clause::configurations_kept, one.found().configurations == std::vector{kept});
    }

    void discards() {
        auto one = begin();
        one.write(1, 8, 1);
        one.settle();
        one.storage().save({{5}, {1}}, core::voters_only({{1}}),
                           [](auto& sink) { sink.write(std::span<const std::byte>{}); });
        one.settle();
        one.storage().discard({5});
        one.check_entries(clause::discard_keeps_the_rest, 6, 8, false);
        one.settle_and_open();
        one.check_entries(clause::discard_keeps_the_rest, 6, 8, true);
        report_.check(clause::log_begins_by_the_snapshot, one.found().log_base.index.value <= 5);
    }

    void keeps_history() {
        auto one = begin();
        const bool kept = one.storage().keep_history(history_id{77});
        if constexpr (run_type::can_crash)
            one.crash(0);
        else
            one.open();
        report_.check(clause::history_kept, kept && one.found().history == history_id{77});
    }

    void lacks_commands() {
        auto one = begin();
        one.write(1, 2, 1);
        one.write(3, 2, 1, nullptr, core::entry_source::withheld);
        one.settle_and_open();
        report_.check(clause::withheld_is_said, one.found().lacks_from == log_index{3});
        one.write(3, 1, 2);
        one.settle_and_open();
        report_.check(clause::withheld_is_said, !one.found().lacks_from);
    }

    void is_cut() {
        auto one = begin();
        one.write(1, 6, 1);
        const core::log_position lost{{6}, {1}};
        one.storage().cut({one.next_write(), {{4}, {1}}, lost});
        one.settle_and_open();
        report_.check(clause::cut_ends_the_log, one.found().last_index == log_index{4});
        one.check_entries(clause::cut_ends_the_log, 1, 4, true);
        for (int i = 0; i < 2; ++i, one.open())
            report_.check(clause::loss_is_said, one.found().lost_through == lost);
    }

    /// One entry after the other, until one waits for room.
    void is_full() requires(run_type::can_be_full) {
        auto one = begin();
        one.write(1, 1, 1);
        one.settle();
        one.place().fill();
        std::uint64_t last = 1;
        for (bool fits = true; fits && last < full_after;) {
            const bool promised = has_room_for_any(one);
            one.write(++last, 1, 1);
            fits = one.try_to_settle();
            const auto where = "index " + std::to_string(last);
            report_.check(clause::full_is_no_failure, !one.storage().progress().failed, where);
            if (promised) report_.check(clause::room_is_there, fits, where);
            if (!fits) report_.check(clause::full_is_said, one.storage().waits_for_room(), where);
        }
        one.place().make_room();
        report_.check(clause::goes_on_with_room,
                      one.try_to_settle() && !one.storage().waits_for_room());
        one.open();
        one.check_entries(clause::goes_on_with_room, 1, last, true);
    }
    [[nodiscard]] bool has_room_for_any(run_type& one) {
        return std::all_of(commands_.begin(), commands_.end(),
                           [&](const Command& each) { return one.has_room(each); });
    }

    void fails() requires(run_type::can_fail) {
        auto one = begin();
        one.write(1, 2, 1);
        one.settle();
        const auto before = one.storage().progress().durable;
        one.place().fail();
        one.write(3, 1, 1);
        static_cast<void>(one.try_to_settle());
        report_.check(clause::failure_is_said,
                      one.storage().progress() == storage_progress{before, true});
        one.write(4, 1, 1);
        static_cast<void>(one.try_to_settle());
        report_.check(clause::failure_is_final,
                      one.storage().progress() == storage_progress{before, true});
        one.open();
        report_.check(clause::failure_is_final, one.found().last_index.value <= 3);
    }

    /// Six writes of an entry with its term and vote, the first three of which are durable.
    void crashes_with(std::uint64_t seed) {
        auto one = begin();
        for (std::uint64_t i = 1; i <= 6; ++i) {
            one.write(i, 1, i);
            if (i == 3) one.settle();
        }
        one.crash(seed);
        const auto last = one.found().last_index.value;
        const auto where = "seed " + std::to_string(seed);
        report_.check(clause::durable_survives_a_crash, last >= 3 && !one.wrong_entry(1, 3), where);
        report_.check(clause::durable_in_order, last <= 6 && !one.wrong_entry(4, last), where);
        report_.check(clause::vote_before_entries, one.found().vote.current_term.value >= last,
                      where);
    }

    static constexpr std::uint64_t crashes = 32;
    static constexpr std::uint64_t full_after = 2000;

    Make& make_;
    std::span<const Command> commands_;
    storage_report& report_;
};

}  // namespace raft::testing::conformance
