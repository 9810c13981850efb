// SPDX-License-Identifier: BSL-1.0
//
// Instances of a state machine that are given the same commands, and how they are compared.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <raft/policy/state_machine.hpp>
#include <raft/testing/conformance/snapshot_bytes.hpp>
#include <raft/testing/conformance/state_machine_clause.hpp>

namespace raft::testing::conformance {

/// What is seen of a state from outside.
struct state_image {
    std::optional<std::uint64_t> digest{};
    std::vector<std::byte> bytes{};

    /// Digests decide where there are any: equal states need not save equal bytes.
    [[nodiscard]] bool shows_same(const state_image& other) const {
        return digest ? digest == other.digest : bytes == other.bytes;
    }
};

template <class Machine>
[[nodiscard]] state_image image_of(const Machine& machine) {
    state_image seen;
    if constexpr (digesting_state_machine<Machine>) seen.digest = machine.digest();
    if constexpr (snapshotting_state_machine<Machine>) seen.bytes = bytes_of(machine);
    return seen;
}

/// The first instance of all: what it answered, and what it was like after some of the commands.
template <class Make>
class state_machine_runs {
public:
    using machine = std::invoke_result_t<Make&>;
    using command = typename machine::command;
    using result = typename machine::result;

    /// After the first `count` commands.
    struct sample {
        std::size_t count = 0;
        state_image image{};
    };

    state_machine_runs(Make& make, std::span<const command> commands, state_machine_report& report)
        : make_{make}, commands_{commands}, report_{report} {}

    [[nodiscard]] machine make() { return make_(); }
    [[nodiscard]] std::size_t count() const { return commands_.size(); }
    [[nodiscard]] const command& at(std::size_t i) const { return commands_[i]; }
    [[nodiscard]] const state_image& end() const { return samples_.back().image; }
    [[nodiscard]] const std::vector<sample>& samples() const { return samples_; }

    /// Applies it at its place in the log, where there are gaps. None if that threw.
    std::optional<result> apply(machine& to, std::size_t i, const command& given) {
        std::optional<result> answer;
        std::string thrown;
        try {
            answer.emplace(to.apply(log_index{i + i / 3 + 2}, given));
        } catch (...) {
            thrown = "command " + std::to_string(i);
        }
        report_.check(state_machine_clause::apply_does_not_throw, thrown.empty(), thrown);
        return answer;
    }

    /// Has the first instance apply all; false if one threw.
    bool run_first(machine& first) {
        for (std::size_t i = 0; i < count(); ++i) {
            auto answer = apply(first, i, at(i));
            if (!answer) return false;
            answers_.push_back(*std::move(answer));
        }
        return true;
    }

    /// Whether `other` gives the answer that the first instance gave.
    [[nodiscard]] bool answers_same(machine& other, std::size_t i, const command& given) {
        const auto answer = apply(other, i, given);
        if constexpr (std::equality_comparable<result>)
            return answer && *answer == answers_[i];
        else
            return answer.has_value();
    }

    /// Whether one that has applied the first `from` commands ends as the first instance did.
    [[nodiscard]] bool goes_on_same(machine& other, std::size_t from) {
        for (auto i = from; i < count(); ++i)
            if (!answers_same(other, i, at(i))) return false;
        return image_of(other).shows_same(end());
    }

    /// Looks at an instance after some of the commands, after none and all of them among others.
    void take_samples() {
        auto seen = make();
        std::size_t done = 0;
        const auto parts = std::min(count(), samples_max);
        for (std::size_t part = 0; part <= parts; ++part) {
            const auto until = parts == 0 ? 0 : count() * part / parts;
            for (; done < until; ++done) static_cast<void>(apply(seen, done, at(done)));
            samples_.push_back({done, image_of(seen)});
        }
    }

private:
    static constexpr std::size_t samples_max = 16;

    Make& make_;
    std::span<const command> commands_;
    state_machine_report& report_;
    std::vector<result> answers_{};
    std::vector<sample> samples_{};
};

}  // namespace raft::testing::conformance
