// SPDX-License-Identifier: BSL-1.0
//
// Whether a state machine keeps the contract of policy/state_machine.hpp, as far as some commands
// can show:
//
//     TEST_CASE("the bank keeps the contract of a state machine") {
//         const auto report = raft::testing::check_state_machine(
//             [] { return bank{}; }, {{"ann", 10}, {"bob", 5}, {"ann", -3}});
//         CHECK(report.text() == "");
//     }
//
// `replicated` finds what depends on the server; this finds what can be seen in one process.
#pragma once

#include <cstddef>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <raft/codec/command.hpp>
#include <raft/testing/conformance/damaged_snapshots.hpp>
#include <raft/testing/conformance/heap_ballast.hpp>
#include <raft/testing/conformance/state_machine_runs.hpp>

namespace raft::testing::conformance {

template <class Make>
class state_machine_check {
    using runs = state_machine_runs<Make>;
    using machine = typename runs::machine;
    using command = typename runs::command;
    using sample = typename runs::sample;
    using clause = state_machine_clause;

public:
    state_machine_check(Make& make, std::span<const command> commands)
        : runs_{make, commands, report_} {}

    [[nodiscard]] state_machine_report run() {
        if (repeats() && bears_looks()) {
            if constexpr (policy::encodable<command>) decoded_commands();
            if constexpr (versioned_state_machine<machine>) versions();
            if constexpr (snapshotting_state_machine<machine>) snapshots();
            if constexpr (capturing_state_machine<machine>) captures();
        }
        return std::move(report_);
    }

private:
    [[nodiscard]] static std::string after(std::size_t count) {
        return "after " + std::to_string(count) + " commands";
    }

    /// Two instances at once, whose memory is not alike.
    [[nodiscard]] bool repeats() {
        auto first = runs_.make();
        if (!runs_.run_first(first)) return false;
        heap_ballast ballast;
        auto other = runs_.make();
        for (std::size_t i = 0; i < runs_.count(); ++i) {
            ballast.shift();
            const auto copied = runs_.at(i);
            if (!report_.check(clause::results_repeat, runs_.answers_same(other, i, copied),
                               "command " + std::to_string(i)))
                return false;
        }
        return report_.check(clause::states_repeat, image_of(first).shows_same(image_of(other)),
                             after(runs_.count()));
    }

    /// An instance at which somebody looks after each of some commands.
    [[nodiscard]] bool bears_looks() {
        auto unseen = runs_.make();
        for (std::size_t i = 0; i < runs_.count(); ++i)
            static_cast<void>(runs_.apply(unseen, i, runs_.at(i)));
        runs_.take_samples();
        auto seen = runs_.make();
        bool same = true;
        for (std::size_t i = 0; same && i < runs_.count(); ++i) {
            if (i < looks_max) look_at(seen);
            same = runs_.answers_same(seen, i, runs_.at(i));
        }
        same = same && image_of(unseen).shows_same(image_of(seen)) &&
               image_of(unseen).shows_same(runs_.end());
        return report_.check(clause::looks_change_nothing, same);
    }

    static void look_at(const machine& seen) {
        static_cast<void>(image_of(seen));
        if constexpr (capturing_state_machine<machine>) static_cast<void>(seen.capture());
    }

    /// A follower applies what was decoded, its leader perhaps what was proposed.
    void decoded_commands() {
        auto follower = runs_.make();
        bool same = true;
        for (std::size_t i = 0; same && i < runs_.count(); ++i) {
            const auto arrived = through_codec(runs_.at(i));
            same = arrived && runs_.answers_same(follower, i, *arrived);
            report_.check(clause::decoded_commands_do_the_same, same,
                          "command " + std::to_string(i));
        }
        if (same)
            report_.check(clause::decoded_commands_do_the_same,
                          image_of(follower).shows_same(runs_.end()), after(runs_.count()));
    }

    [[nodiscard]] static std::optional<command> through_codec(const command& sent) {
        std::vector<std::byte> bytes(codec<command>::size(sent));
        codec<command>::encode(sent, bytes);
        return codec<command>::decode(bytes);
    }

    void versions() {
        for (std::size_t i = 0; i < runs_.count(); ++i) {
            const auto copied = runs_.at(i);
            const auto version = machine::version_of(runs_.at(i));
            const auto which = "command " + std::to_string(i);
            report_.check(clause::version_is_read, version <= machine::commands_read, which);
            report_.check(clause::version_is_of_the_command, machine::version_of(copied) == version,
                          which);
        }
    }

    // ----------------------------------------------------------------------------- snapshots (§7)

    void snapshots() {
        for (const auto& each : runs_.samples()) {
            auto fresh = runs_.make();
            if (!restores(fresh, each, clause::restore_gives_what_was_saved)) return;
            report_.check(clause::restored_goes_on, runs_.goes_on_same(fresh, each.count),
                          after(each.count));
            if (!restores(fresh, each, clause::restore_replaces)) return;
            report_.check(clause::restored_goes_on, runs_.goes_on_same(fresh, each.count),
                          after(each.count));
        }
        if constexpr (digesting_state_machine<machine>) digests();
        damaged_snapshots<Make>{runs_, report_}.run();
    }

    /// Whether it takes the sample; `into` says what is broken if it is not the same then.
    [[nodiscard]] bool restores(machine& instance, const sample& from, clause into) {
        bytes_source source{from.image.bytes};
        if (!report_.check(clause::restore_takes_what_was_saved, instance.restore(source),
                           after(from.count)))
            return false;
        const auto seen = image_of(instance);
        if constexpr (digesting_state_machine<machine>)
            if (seen.bytes == from.image.bytes &&
                !report_.check(clause::digest_is_of_the_state_alone,
                               seen.digest == from.image.digest, after(from.count)))
                return false;
        return report_.check(into, seen.shows_same(from.image), after(from.count));
    }

    void digests() {
        for (const auto& one : runs_.samples())
            for (const auto& other : runs_.samples()) {
                const bool is_same = one.image.bytes == other.image.bytes;
                const bool looks_same = one.image.digest == other.image.digest;
                const auto where = after(one.count) + " and " + after(other.count);
                if (!is_same) report_.check(clause::digest_tells_apart, !looks_same, where);
                if (is_same) report_.check(clause::digest_is_of_the_state_alone, looks_same, where);
            }
    }

    // ------------------------------------------------------------------------------------ captures

    void captures() {
        for (const auto& each : runs_.samples()) {
            auto source_machine = runs_.make();
            for (std::size_t i = 0; i < each.count; ++i)
                static_cast<void>(runs_.apply(source_machine, i, runs_.at(i)));
            report_.check(clause::capture_saves_the_state,
                          bytes_of(source_machine.capture()) == bytes_of(source_machine),
                          after(each.count));
            report_.check(clause::capture_stays, stays(source_machine, each), after(each.count));
        }
    }

    /// Whether what is captured now is saved by another thread, and destroyed there, as it is,
    /// while the state machine goes on; and once it is another one.
    [[nodiscard]] bool stays(machine& instance, const sample& from) {
        const auto expected = bytes_of(instance.capture());
        const auto kept = instance.capture();
        std::vector<std::byte> meanwhile;
        std::thread saver{[captured = instance.capture(), &meanwhile]() mutable {
            const auto own = std::move(captured);
            meanwhile = bytes_of(own);
        }};
        for (auto i = from.count; i < runs_.count(); ++i)
            static_cast<void>(runs_.apply(instance, i, runs_.at(i)));
        saver.join();
        const bool stayed = bytes_of(kept) == expected;
        bytes_source source{runs_.samples().front().image.bytes};
        static_cast<void>(instance.restore(source));
        return meanwhile == expected && stayed && bytes_of(kept) == expected;
    }

    static constexpr std::size_t looks_max = 64;

    state_machine_report report_{};
    runs runs_;
};

}  // namespace raft::testing::conformance

namespace raft::testing {

/// Whether the state machines that `make()` gives keep the contract, as far as `commands` can show.
/// `make` is called often, and gives a new one each time: those of two servers that start, which
/// may live at once. The commands are sound ones, of which this program can read each; the more
/// they do to each other's state, the more is found. 10 to 1000 are a good number: the time grows
/// with their number times the size of the state, some thousandfold.
///
/// What it cannot see: what differs between processes or machines (the time, the word size, the
/// order of `std::unordered_map` in another library), and a restore that runs for ever or ends the
/// process. Results are compared if they can be (`==`), states by their digests, or else by the
/// bytes that they save.
///
/// Uses a second thread for captures. Deterministic: it finds the same in each run, unless the
/// state machine is what is not.
template <class Make>
[[nodiscard]] state_machine_report
check_state_machine(Make make,
                    const std::vector<typename std::invoke_result_t<Make&>::command>& commands) {
    return conformance::state_machine_check<Make>{make, commands}.run();
}

}  // namespace raft::testing
