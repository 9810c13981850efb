// SPDX-License-Identifier: BSL-1.0
//
// The contract of a state machine (policy/state_machine.hpp), clause by clause.
#pragma once

#include <cstdint>
#include <string_view>

#include <raft/testing/conformance/report.hpp>

namespace raft::testing {

enum class state_machine_clause : std::uint8_t {
    apply_does_not_throw,
    results_repeat,
    states_repeat,
    decoded_commands_do_the_same,
    looks_change_nothing,
    digest_tells_apart,
    digest_is_of_the_state_alone,
    restore_takes_what_was_saved,
    restore_gives_what_was_saved,
    restore_replaces,
    restored_goes_on,
    restore_does_not_throw,
    restore_refuses_truncated,
    restore_refuses_nonsense,
    restore_after_refusal,
    capture_saves_the_state,
    capture_stays,
    version_is_read,
    version_is_of_the_command,
};

/// How the clause is broken, in plain English.
[[nodiscard]] constexpr std::string_view describe(state_machine_clause clause) {
    using enum state_machine_clause;
    switch (clause) {
    case apply_does_not_throw:
        return "state_machine.apply: a command threw an exception, in place of a result";
    case results_repeat:
        return "state_machine.apply: the same commands have other results in another instance";
    case states_repeat:
        return "state_machine.apply: the same commands make another state in another instance";
    case decoded_commands_do_the_same:
        return "state_machine.apply: a command that was encoded and decoded does something else";
    case looks_change_nothing:
        return "state_machine.save: to save, capture or digest the state changes what follows";
    case digest_tells_apart:
        return "state_machine.digest: two states that save other bytes have the same digest";
    case digest_is_of_the_state_alone:
        return "state_machine.digest: two states that save the same bytes have other digests";
    case restore_takes_what_was_saved:
        return "state_machine.restore: a snapshot that the state machine saved is refused";
    case restore_gives_what_was_saved:
        return "state_machine.restore: a new instance has not the state that was saved";
    case restore_replaces:
        return "state_machine.restore: a used instance has not the state that was saved";
    case restored_goes_on:
        return "state_machine.restore: what is applied after it has another result or state";
    case restore_does_not_throw:
        return "state_machine.restore: bytes that are no snapshot threw an exception";
    case restore_refuses_truncated:
        return "state_machine.restore: a snapshot that ends too early is not refused";
    case restore_refuses_nonsense:
        return "state_machine.restore: it took bytes for a state that cannot be saved and restored";
    case restore_after_refusal:
        return "state_machine.restore: after a refusal a sound snapshot does not give its state";
    case capture_saves_the_state:
        return "state_machine.capture: it saves other bytes than the state machine itself";
    case capture_stays: return "state_machine.capture: it changes when the state machine does";
    case version_is_read:
        return "state_machine.version_of: a command that it applies is above `commands_read`";
    case version_is_of_the_command:
        return "state_machine.version_of: the same command has another version when asked again";
    }
    return "unknown clause";
}

using state_machine_report = conformance_report<state_machine_clause>;

}  // namespace raft::testing
