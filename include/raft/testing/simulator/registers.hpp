// SPDX-License-Identifier: BSL-1.0
//
// What a simulation runs by default: registers, and clients that write and read them, some with
// sessions. No two writes write the same value, so an answer shows by itself which write it comes
// from, and whether the history is linearizable is decided exactly, and at once: the log orders the
// writes, and an answer must not come from before what was known to anybody when it was asked for.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <raft/battery/sessions.hpp>
#include <raft/codec/saved_value.hpp>
#include <raft/testing/simulator/dice.hpp>

namespace raft::testing::simulation {

struct registers {
    static constexpr std::size_t count = 8;

    struct command {
        std::uint64_t which = 0;
        std::uint64_t value = 0;
    };
    using result = std::uint64_t;  ///< The value before.

    std::array<std::uint64_t, count> values{};

    result apply(log_index, const command& c) { return std::exchange(values[c.which], c.value); }
    void save(auto& sink) const { save_value(sink, values); }
    [[nodiscard]] bool restore(auto& source) { return restore_value(source, values); }
};

/// The clients' side of it; `simulator` says what a workload is.
class register_workload {
public:
    using state_machine = sessions<registers>;
    using command = state_machine::command;
    using result = state_machine::result;

    struct request {
        command asked{};
        std::optional<std::uint64_t> value{};  ///< What it writes …
        log_index known{};                     ///< … and after which entry, for certain.
    };
    struct question {
        std::size_t which = 0;
        log_index known{};
    };

    /// What a client wants to have done next.
    [[nodiscard]] request next_request(std::uint32_t client, dice& luck) {
        while (client >= clients_.size()) clients_.push_back({clients_.size() % 2 == 0});
        auto& own = clients_[client];
        if (own.has_session && !own.opened) return {session::open{}, {}, {}};
        const registers::command write{luck.below(registers::count), ++last_value_};
        written_.push_back({});
        const auto known = known_[write.which];
        if (!own.has_session)
            return {session::at_least_once<registers::command>{write}, write.value, known};
        const session::serial_number serial{++own.serial};
        return {session::exactly_once<registers::command>{
                    {*own.opened, serial}, {serial.value - 1}, {}, write},
                write.value, known};
    }
    /// Whether it may be proposed again when its outcome is not known.
    [[nodiscard]] bool may_repeat(const request& made) const {
        return !std::holds_alternative<session::at_least_once<registers::command>>(made.asked);
    }
    [[nodiscard]] const command& command_of(const request& made) const { return made.asked; }

    /// A command is applied for the first time anywhere; in the order of the log.
    void on_applied(log_index index, const command& given, const result& answer) {
        const auto* done = std::get_if<session::answer<registers::result>>(&answer);
        if (done == nullptr || done->repeated) return;
        if (const auto* once = std::get_if<session::exactly_once<registers::command>>(&given))
            note_write(index, once->command);
        if (const auto* plain = std::get_if<session::at_least_once<registers::command>>(&given))
            note_write(index, plain->command);
    }

    /// The client has its answer: `index` is the entry of this attempt.
    void on_answer(std::uint32_t client, const request& made, log_index, const result& answer) {
        if (const auto* opened = std::get_if<session::opened>(&answer))
            clients_[client].opened = opened->session;
        if (const auto* refused = std::get_if<session::refusal>(&answer))
            if (*refused == session::refusal::unknown_session) clients_[client].opened.reset();
        if (!made.value || !std::holds_alternative<session::answer<registers::result>>(answer))
            return;
        const auto& write = written_[*made.value - 1];
        expect(write.at > log_index{}, "a write is acknowledged that was never applied");
        expect(write.at > made.known, "a write stands before one that it came after");
        know(write.which, write.at);
    }
    /// No attempt of it will ever be applied, it was said.
    void on_never(const request& made) {
        if (!made.value) return;
        auto& write = written_[*made.value - 1];
        write.never = true;
        expect(write.at == log_index{}, "a write was applied that was said to be lost or refused");
    }

    [[nodiscard]] question next_question(dice& luck) {
        const auto which = luck.below(registers::count);
        return {which, known_[which]};
    }
    /// A linearizable read is answered with this state.
    void on_read(const question& asked, const state_machine& read) {
        const auto value = read.machine().values[asked.which];
        const auto at = value == 0 ? log_index{} : written_[value - 1].at;
        expect(at >= asked.known, "a read does not see what was known before it");
        know(asked.which, at);
    }

    [[nodiscard]] const char* violation() const { return violation_; }

private:
    struct written {
        std::size_t which = 0;
        log_index at{};      ///< Where it was applied; 0: nowhere.
        bool never = false;  ///< It was said that it will not be.
    };
    struct client_state {
        bool has_session = false;
        std::optional<session::id> opened{};
        std::uint64_t serial = 0;
    };

    void expect(bool holds, const char* what) {
        if (!holds && violation_ == nullptr) violation_ = what;
    }

    void note_write(log_index index, const registers::command& given) {
        auto& write = written_[given.value - 1];
        expect(write.at == log_index{}, "a write is applied twice");
        expect(!write.never, "a write is applied that was said to be lost or refused");
        write.which = given.which;
        write.at = index;
    }

    void know(std::size_t which, log_index at) { known_[which] = std::max(known_[which], at); }

    std::vector<client_state> clients_{};
    std::vector<written> written_{};  ///< By value, from 1.
    std::uint64_t last_value_ = 0;
    /// The latest write of each register that some client knows of.
    std::array<log_index, registers::count> known_{};
    const char* violation_ = nullptr;
};

}  // namespace raft::testing::simulation
