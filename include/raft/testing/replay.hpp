// SPDX-License-Identifier: BSL-1.0
//
// Runs a recording again. The step is pure, so the states and the effects are those that there
// were; where they are not, the recording is of another version of the protocol, or something is
// wrong with the recorder.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <raft/battery/flight_recorder/recording.hpp>
#include <raft/codec/fields.hpp>
#include <raft/core/step.hpp>
#include <raft/testing/replay/possible.hpp>
#include <raft/testing/replay/words.hpp>

namespace raft::testing {

/// One step of a replay, for as long as `tell` runs.
struct replayed_step {
    std::size_t number = 0;  ///< From 1, as the inputs are counted.
    const flight::recorded_input& in;
    const core::state& before;
    const core::state& after;
    const core::effects& out;
};

struct replay_result {
    std::size_t inputs = 0;
    /// The parts of the state in which replay and recording differ; none: it is the same state.
    std::vector<std::string> differences{};
    std::size_t differs_at = 0;  ///< After how many inputs that was seen.
    /// Why the input after these cannot be, so that it was not replayed; empty: all can.
    std::string_view impossible{};
    [[nodiscard]] bool same() const { return differences.empty() && impossible.empty(); }
};

/// The names of the parts of a state in which two differ.
[[nodiscard]] inline std::vector<std::string> differences(const core::state& a,
                                                          const core::state& b) {
    constexpr std::array names{"self",     "config",         "current_term", "voted_for", "log",
                               "snapshot", "configurations", "commit_index", "role",      "peers",
                               "tasks",    "disk",           "timers",       "seed"};
    std::vector<std::string> found;
    raft::detail::with_fields(a, [&](const auto&... of_a) {
        static_assert(sizeof...(of_a) == names.size(), "a part of the state has no name here");
        raft::detail::with_fields(b, [&](const auto&... of_b) {
            const bool differ[] = {!(of_a == of_b)...};
            for (std::size_t i = 0; i < names.size(); ++i)
                if (differ[i]) found.emplace_back(names[i]);
        });
    });
    return found;
}

/// Gives every recorded input to the step again, and `tell` a `replayed_step` of each. Stops where
/// the state is not what was recorded, which is known where a stretch begins and at the end, and
/// before an input that no server can have been given.
template <class Tell>
[[nodiscard]] replay_result replay(const flight::recording& all, Tell tell) {
    replay_result result;
    core::state now;
    core::state before;
    core::effects out;
    const auto differs_from = [&](const core::state& recorded) {
        result.differences = differences(recorded, now);
        result.differs_at = result.inputs;
        return !result.same();
    };
    for (const auto& stretch : all.stretches) {
        if (&stretch == &all.stretches.front()) now = stretch.before;
        if (differs_from(stretch.before)) return result;
        for (const auto& each : stretch.inputs) {
            if (const auto why = find_fault(now, each.what)) {
                result.impossible = *why;
                return result;
            }
            before = now;
            out.clear();
            advance(now, each.what, each.when, out);
            tell(replayed_step{++result.inputs, each, before, now, out});
        }
    }
    static_cast<void>(differs_from(all.after));
    return result;
}

namespace detail::words {

inline std::string change(const char* what, const std::string& from, const std::string& to) {
    return from == to ? "" : std::string{what} + " " + from + " -> " + to;
}

inline std::vector<std::string> changes(const core::state& a, const core::state& b) {
    const std::string all[] = {
        change("role", of(a.role), of(b.role)),
        change("term", of(a.current_term), of(b.current_term)),
        change("vote", of(a.voted_for), of(b.voted_for)),
        change("leader", of(a.current_leader()), of(b.current_leader())),
        change("log", of(a.log.last()), of(b.log.last())),
        change("log begins after", of(a.log.base()), of(b.log.base())),
        change("durable", of(a.disk.durable_index), of(b.disk.durable_index)),
        change("commit", of(a.commit_index), of(b.commit_index)),
        change("members", of(a.members()), of(b.members())),
        change("snapshot", of(a.snapshot.last_included), of(b.snapshot.last_included)),
    };
    std::vector<std::string> found;
    for (const auto& each : all)
        if (!each.empty()) found.push_back(each);
    return found;
}

inline std::vector<std::string> effects_of(const replayed_step& step) {
    std::vector<std::string> found;
    const auto& out = step.out;
    if (out.write) found.push_back(of(*out.write));
    if (out.rare->chunk)
        found.push_back("write " + of(out.rare->chunk->sequence) + ": " +
                        of(out.rare->chunk->length) + " bytes of a snapshot at " +
                        of(out.rare->chunk->offset));
    if (out.rare->install)
        found.push_back("write " + of(out.rare->install->sequence) +
                        ": installs the snapshot up to " +
                        of(out.rare->install->snapshot.last_included));
    if (out.rare->discard) found.push_back("drops the log up to " + of(*out.rare->discard));
    for (const auto& each : out.messages)
        found.push_back("to " + of(each.to, step.after) + ": " + of(each.body));
    if (out.rare->refused)
        found.push_back("refused, reason " +
                        of(static_cast<std::uint64_t>(out.rare->refused->reason)));
    if (out.rare->confirmed)
        found.push_back("reads are safe up to round " + of(out.rare->confirmed->round));
    return found;
}

/// Seconds since `origin`, to the nanosecond.
inline std::string time(instant when, instant origin) {
    const auto nanoseconds = (when - origin).nanoseconds;
    char text[40];
    std::snprintf(text, sizeof text, "%lld.%09lld",
                  static_cast<long long>(nanoseconds / 1000000000),
                  static_cast<long long>(nanoseconds % 1000000000));
    return text;
}

}  // namespace detail::words

/// One step of a replay in lines: the input, what changed, what was to be done. `origin`: the
/// instant that is called 0.
[[nodiscard]] inline std::string in_words(const replayed_step& step, instant origin) {
    namespace words = detail::words;
    auto all = words::of(step.number) + "  " + words::time(step.in.when, origin) + "  " +
               in_words(step.in.what) + "\n";
    for (const auto& each : words::changes(step.before, step.after))
        all += "      = " + each + "\n";
    for (const auto& each : words::effects_of(step)) all += "      > " + each + "\n";
    return all;
}

}  // namespace raft::testing
