// SPDX-License-Identifier: BSL-1.0
//
// States told to libFuzzer as coverage: an input that reaches a new one is kept and bred from,
// though it runs through no new line. The section has the name that libFuzzer looks for; anywhere
// else it is only memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include <raft/core/state.hpp>

namespace raft::fuzz {

inline constexpr std::size_t state_counters = std::size_t{1} << 15U;

[[gnu::section("__libfuzzer_extra_counters"),
  gnu::used]] inline std::uint8_t reached[state_counters]{};

/// What a server looks like beside the others: not how late it is, but how far it is from them.
class abstract_state {
public:
    /// `oldest`: the lowest term of any server; `shortest`: the lowest commit index.
    void add(const core::state& s, term_number oldest, log_index shortest) {
        mix(s.role.index());
        mix(capped(s.current_term.value - oldest.value));
        mix(s.voted_for ? s.voted_for->value : 0);
        mix(capped(s.log.last_term().value - oldest.value + 4));
        mix(capped(s.log.last_index() - shortest));
        mix(capped(s.commit_index - shortest));
        mix(s.disk.is_idle());
        mix(s.members().is_changing());
        mix(s.snapshot.last_included.index > log_index{});
    }
    void add_absent() { mix(99); }

    void note() const { reached[hash_ % state_counters] = 1; }

private:
    [[nodiscard]] static std::uint64_t capped(std::uint64_t value) { return value < 6 ? value : 6; }
    void mix(std::uint64_t value) {
        hash_ = (hash_ ^ value) * 0x9E3779B97F4A7C15U;
        hash_ ^= hash_ >> 29U;
    }

    std::uint64_t hash_ = 1;
};

}  // namespace raft::fuzz
