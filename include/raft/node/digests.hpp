// SPDX-License-Identifier: BSL-1.0
//
// Digests of the state, taken after the same entries on every server (battery/comparison.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <raft/policy/state_machine.hpp>

namespace raft {

/// The digest of the state after the entry at `index`.
struct state_digest {
    log_index index{};
    std::uint64_t value = 0;
    friend constexpr bool operator==(const state_digest&, const state_digest&) = default;
};

}  // namespace raft

namespace raft::detail {

/// `interval`: of the indexes; 0: none is taken. A state machine without digests costs nothing.
template <class StateMachine>
struct digest_keeper {
    static constexpr log_index bound(std::uint64_t, log_index, log_index last) { return last; }
    static constexpr void forget() {}
    static constexpr void stop() {}
    static constexpr bool is_stopped() { return false; }
    static constexpr std::span<const state_digest> kept() { return {}; }
};

template <digesting_state_machine StateMachine>
class digest_keeper<StateMachine> {
public:
    /// How far may be applied, of what is due up to `last`, before the next digest.
    static log_index bound(std::uint64_t interval, log_index applied, log_index last) {
        if (interval == 0) return last;
        return std::min(last, log_index{(applied.value / interval + 1) * interval});
    }
    void look(std::uint64_t interval, log_index applied, const StateMachine& machine) {
        if (interval == 0 || applied.value % interval != 0) return;
        if (!kept_.empty() && kept_.back().index == applied) return;
        if (kept_.size() == kept_max) kept_.erase(kept_.begin());
        kept_.push_back({applied, machine.digest()});
    }
    /// The state is that of a snapshot now.
    void forget() { kept_.clear(); }
    void stop() { stopped_ = true; }
    [[nodiscard]] bool is_stopped() const { return stopped_; }
    [[nodiscard]] std::span<const state_digest> kept() const { return kept_; }

private:
    static constexpr std::size_t kept_max = 16;
    std::vector<state_digest> kept_{};  ///< Oldest first.
    bool stopped_ = false;
};

}  // namespace raft::detail
