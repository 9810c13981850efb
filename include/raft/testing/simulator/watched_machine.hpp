// SPDX-License-Identifier: BSL-1.0
//
// A state machine whose every command and every snapshot is held against what the other servers
// have applied and saved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <raft/codec/command.hpp>
#include <raft/codec/saved_value.hpp>
#include <raft/crc32c.hpp>
#include <raft/policy/state_machine.hpp>
#include <raft/testing/simulator/ledger.hpp>

namespace raft::testing::simulation {

/// Where bytes go that only their digest is wanted of.
class digest_sink {
public:
    void write(std::span<const std::byte> bytes) { checksum_ = wire::crc32c(bytes, checksum_); }
    [[nodiscard]] std::uint32_t checksum() const { return checksum_; }

private:
    std::uint32_t checksum_ = 0;
};

/// `Told`: whom the first server that applies a command tells of it.
template <snapshotting_state_machine StateMachine, class Told>
class watched_machine {
public:
    using command = typename StateMachine::command;
    using result = typename StateMachine::result;

    watched_machine(ledger& all, Told& told) : ledger_{&all}, told_{&told} {}

    result apply(log_index index, const command& given) {
        bytes_.resize(codec<command>::size(given));
        codec<command>::encode(given, bytes_);
        const bool is_first = ledger_->note_applied(story_, index, wire::crc32c(bytes_));
        auto answer = machine_.apply(index, given);
        if (is_first) told_->on_applied(index, given, answer);
        return answer;
    }

    void save(auto& sink) const {
        save_value(sink, std::pair{story_.last.value, story_.digest});
        machine_.save(sink);
        note_state();
    }

    [[nodiscard]] bool restore(auto& source) {
        std::pair<std::uint64_t, std::uint64_t> told;
        if (!restore_value(source, told) || !machine_.restore(source)) return false;
        story_ = {{told.first}, told.second};
        note_state();
        return true;
    }

    /// Holds the whole state against that of the others.
    void note_state() const {
        digest_sink sink;
        machine_.save(sink);
        ledger_->note_state(story_.last, sink.checksum());
    }

    [[nodiscard]] const StateMachine& machine() const { return machine_; }

private:
    ledger* ledger_;
    Told* told_;
    StateMachine machine_{};
    ledger::story story_{};
    std::vector<std::byte> bytes_{};
};

}  // namespace raft::testing::simulation
