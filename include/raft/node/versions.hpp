// SPDX-License-Identifier: BSL-1.0
//
// Which commands the members of a cluster can read while their programs are replaced by newer ones
// (`versioned_state_machine`). A server that passed over a command that it cannot read would have
// another state than the others from then on. So a command is proposed only once all members have
// said that they can read it, and who meets one that it cannot read stops before it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include <raft/policy/entry.hpp>
#include <raft/policy/state_machine.hpp>

namespace raft::detail {

/// A state machine without versions costs nothing.
template <class StateMachine>
class command_versions {
    using entries_view = std::span<const entry<typename StateMachine::command>>;

public:
    static constexpr void permit(std::uint32_t) {}
    static constexpr std::uint32_t permitted() { return 0; }
    static constexpr bool are_permitted(entries_view) { return true; }
    static constexpr bool is_permitted(const typename StateMachine::command&) { return true; }
    static constexpr entries_view readable(entries_view committed) { return committed; }
    static constexpr void note_applied(entries_view) {}
    static constexpr bool has_stopped() { return false; }
};

template <versioned_state_machine StateMachine>
class command_versions<StateMachine> {
    using entries_view = std::span<const entry<typename StateMachine::command>>;

public:
    /// All members can read commands up to this version.
    void permit(std::uint32_t version) { told_ = version; }

    /// Up to which version commands may be proposed. What the log has the members must be able to
    /// read, whoever does not answer now.
    [[nodiscard]] std::uint32_t permitted() const { return std::max(told_, applied_); }

    [[nodiscard]] bool are_permitted(entries_view proposed) const {
        return newest_of(proposed) <= permitted();
    }
    [[nodiscard]] bool is_permitted(const typename StateMachine::command& proposed) const {
        return StateMachine::version_of(proposed) <= permitted();
    }

    /// Those before the first that this program cannot read, if there is one: it stops there.
    [[nodiscard]] entries_view readable(entries_view committed) {
        std::size_t count = 0;
        while (count < committed.size() && is_readable(committed[count])) ++count;
        stopped_ = count < committed.size();
        return committed.first(count);
    }
    [[nodiscard]] bool has_stopped() const { return stopped_; }

    void note_applied(entries_view applied) { applied_ = std::max(applied_, newest_of(applied)); }

private:
    [[nodiscard]] static bool is_readable(const auto& each) {
        return !each.command ||
               StateMachine::version_of(*each.command) <= StateMachine::commands_read;
    }
    [[nodiscard]] static std::uint32_t newest_of(entries_view entries) {
        std::uint32_t newest = 0;
        for (const auto& each : entries)
            if (each.command) newest = std::max(newest, StateMachine::version_of(*each.command));
        return newest;
    }

    std::uint32_t told_ = 0;
    std::uint32_t applied_ = 0;  ///< The newest that was applied in this run.
    bool stopped_ = false;
};

}  // namespace raft::detail
