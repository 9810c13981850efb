// SPDX-License-Identifier: BSL-1.0
//
// What a node does with the snapshots of its storage (§7), as stories: each begins with a new
// storage, whose log has ten entries.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <raft/testing/conformance/storage_run.hpp>

namespace raft::testing::conformance {

template <class Command, class Make>
class storage_snapshot_stories {
    using run_type = storage_run<Command, Make>;
    using storage_type = typename run_type::storage_type;
    using clause = storage_clause;
    using bytes = std::vector<std::byte>;

public:
    storage_snapshot_stories(Make& make, std::span<const Command> commands, storage_report& report)
        : make_{make}, commands_{commands}, report_{report} {}

    void run() {
        saves();
        if constexpr (background_snapshot_storage<storage_type>) saves_later();
        overtakes();
        receives(true);
        receives(false);
        if constexpr (staging_storage<storage_type>) stages();
        if constexpr (run_type::can_crash)
            for (std::uint64_t seed = 0; seed < crashes; ++seed) crashes_with(seed);
    }

private:
    [[nodiscard]] run_type begin() {
        run_type one{make_, commands_, report_};
        one.write(1, 10, 1);
        one.settle();
        return one;
    }
    [[nodiscard]] static bytes bytes_like(std::uint64_t seed, std::size_t count) {
        bytes made(count);
        for (std::size_t i = 0; i < count; ++i) made[i] = static_cast<std::byte>(i * 7 + seed);
        return made;
    }
    [[nodiscard]] static core::log_position at(std::uint64_t index) { return {{index}, {1}}; }
    [[nodiscard]] static auto filling(const bytes& whole, int& calls) {
        return [&whole, &calls](auto& sink) {
            ++calls;
            const auto half = whole.size() / 2;
            sink.write(std::span<const std::byte>{whole}.first(half));
            sink.write(std::span<const std::byte>{whole}.subspan(half));
        };
    }

    void saves() {
        auto one = begin();
        const auto whole = bytes_like(1, 1000);
        int calls = 0;
        one.storage().save(at(4), members_, filling(whole, calls));
        report_.check(clause::fill_called_once, calls == 1);
        one.settle();
        const auto kept = one.storage().snapshot();
        report_.check(clause::snapshot_described,
                      kept && kept->members == members_ && !kept->withheld &&
                          kept->description == run_type::describe_bytes(at(4), whole));
        report_.check(clause::snapshot_read,
                      one.read_all(7) == whole && one.read_all(5000) == whole);
        report_.check(clause::snapshot_read, one.storage().read_snapshot(1000, 1).empty());
        one.open();
        report_.check(clause::snapshot_kept, one.has_snapshot(at(4), members_, whole) &&
                                                 one.found().snapshot == one.storage().snapshot());
    }

    void saves_later() {
        auto one = begin();
        const auto whole = bytes_like(2, 1000);
        one.storage().save_later(at(4), members_,
                                 [whole](auto& sink) { sink.write(std::span{whole}); });
        one.settle();
        report_.check(clause::saved_later, one.has_snapshot(at(4), members_, whole));
    }

    /// One that is received replaces one that was begun before, which is older.
    void overtakes() {
        auto one = begin();
        const auto older = bytes_like(3, 500);
        const auto newer = bytes_like(4, 300);
        int calls = 0;
        one.storage().save(at(4), members_, filling(older, calls));
        receive(one, at(6), newer, 0, newer.size());
        install(one, at(6), newer, true);
        one.settle();
        report_.check(clause::newer_snapshot_stays, one.has_snapshot(at(6), members_, newer));
    }

    void receives(bool keeps_suffix) {
        auto one = begin();
        const auto whole = bytes_like(5, 900);
        const auto last = at(keeps_suffix ? 6 : 20);
        receive(one, last, whole, 0, 400);
        one.settle_and_open();
        receive(one, last, whole, part_found(one, last, whole), whole.size());
        install(one, last, whole, keeps_suffix);
        one.settle();
        for (int i = 0; i < 2; ++i, one.open()) {
            report_.check(clause::installed_is_the_snapshot,
                          one.has_snapshot(last, members_, whole));
            if (keeps_suffix)
                one.check_entries(clause::install_keeps_the_suffix, 7, 10, i == 1);
            else if (i == 1)
                report_.check(clause::install_cuts_the_log,
                              one.found().last_index == last.index && one.found().log_base == last);
        }
    }

    /// Where the receipt goes on after a restart.
    [[nodiscard]] std::size_t part_found(run_type& one, core::log_position last,
                                         const bytes& whole) {
        const auto& part = one.found().incoming;
        if (!part) return 0;
        const bool is_part =
            part->description == run_type::describe_bytes(last, whole) && part->bytes <= 400 &&
            part->checksum == wire::crc32c(std::span{whole}.first(std::size_t{part->bytes}));
        return report_.check(clause::incoming_is_what_came, is_part) ? part->bytes : 0;
    }

    static void receive(run_type& one, core::log_position last, const bytes& whole,
                        std::size_t from, std::size_t to) {
        const auto described = run_type::describe_bytes(last, whole);
        for (auto offset = from; offset < to; offset += chunk_bytes) {
            const auto length = std::min(chunk_bytes, to - offset);
            one.storage().write_chunk({one.next_write(), described, offset, length},
                                      std::span{whole}.subspan(offset, length));
            one.watch();
        }
    }
    void install(run_type& one, core::log_position last, const bytes& whole, bool keeps_suffix) {
        one.storage().install(
            {one.next_write(), run_type::describe_bytes(last, whole), keeps_suffix, false},
            members_);
        one.watch();
    }

    /// Each chunk is staged before it is written.
    void stages() requires staging_storage<storage_type> {
        auto one = begin();
        const auto whole = bytes_like(6, 800);
        const auto described = run_type::describe_bytes(at(6), whole);
        for (std::size_t offset = 0; offset < whole.size(); offset += chunk_bytes) {
            const auto length = std::min(chunk_bytes, whole.size() - offset);
            const auto before = one.storage().progress();
            one.storage().stage(described, members_, offset,
                                std::span{whole}.subspan(offset, length));
            one.settle();
            report_.check(clause::staging_makes_nothing_durable,
                          one.storage().progress() == before);
            report_.check(clause::staged_is_kept, one.storage().staged() == staging::kept &&
                                                      !one.storage().waits_for_room());
            receive(one, at(6), whole, offset, offset + length);
            one.settle();
        }
        install(one, at(6), whole, true);
        one.settle_and_open();
        report_.check(clause::staged_is_kept, one.has_snapshot(at(6), members_, whole));
    }

    void crashes_with(std::uint64_t seed) {
        auto one = begin();
        const auto older = bytes_like(7, 500);
        const auto newer = bytes_like(8, 700);
        int calls = 0;
        one.storage().save(at(4), members_, filling(older, calls));
        one.settle();
        receive(one, at(6), newer, 0, newer.size());
        install(one, at(6), newer, true);
        one.crash(seed);
        report_.check(clause::snapshot_whole_after_a_crash,
                      one.has_snapshot(at(4), members_, older) ||
                          one.has_snapshot(at(6), members_, newer),
                      "seed " + std::to_string(seed));
    }

    static constexpr std::size_t chunk_bytes = 100;
    static constexpr std::uint64_t crashes = 32;

    Make& make_;
    std::span<const Command> commands_;
    storage_report& report_;
    configuration members_ = core::voters_only({{1}, {2}, {3}});
};

}  // namespace raft::testing::conformance
