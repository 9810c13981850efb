// SPDX-License-Identifier: BSL-1.0
//
// What clients with sessions put into the log, and what they are answered (thesis §6.3).
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include <raft/battery/log_time/command.hpp>
#include <raft/codec/command.hpp>

namespace raft {

/// A session: the index of the entry that opened it, so none is ever used twice.
struct session_id {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(const session_id&, const session_id&) = default;
};

/// A command's place among those of its session, counted from 1. A retry has the same; another
/// command never has.
struct serial_number {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(const serial_number&, const serial_number&) = default;
};

/// What names a command for ever: wherever it was proposed, and however often.
struct session_ticket {
    session_id session{};
    serial_number serial{};
    friend constexpr auto operator<=>(const session_ticket&, const session_ticket&) = default;
};

// ---------------------------------------------------------------------------------------- commands

/// Opens a session; answered with `session_opened`. A client that hears no answer opens another:
/// the one that nobody uses expires.
struct open_session {
    log_time now{};
    friend bool operator==(const open_session&, const open_session&) = default;
};

/// Says that a client that has nothing to ask for is there. Answered with `session_kept`.
struct keep_session {
    session_id session{};
    serial_number acknowledged_through{};  ///< As in `exactly_once`.
    log_time now{};
    friend bool operator==(const keep_session&, const keep_session&) = default;
};

/// Ends a session, and all that is kept for it. Answered with `session_closed`, by a retry too.
struct close_session {
    session_id session{};
    log_time now{};
    friend bool operator==(const close_session&, const close_session&) = default;
};

/// A command of a session: applied once, however often it is proposed, as long as the session
/// lives. Answered with `session_answer`, or refused.
template <class Command>
struct exactly_once {
    session_ticket ticket{};
    /// The client has the answers of all its commands up to this one, and never asks for them again
    /// (thesis §6.3: then they need not be kept). Less than this command's own.
    serial_number acknowledged_through{};
    log_time now{};
    Command command{};
    friend bool operator==(const exactly_once&, const exactly_once&) = default;
};

/// A command outside of any session, for those that may as well be applied twice: applied each time
/// that it is committed. Answered with `session_answer`. It bears no stamp, and so is applied at
/// the log's time of before.
template <class Command>
struct at_least_once {
    Command command{};
    friend bool operator==(const at_least_once&, const at_least_once&) = default;
};

/// What the log holds for a state machine with sessions. Each alternative has a `codec` if
/// `Command` has one. Servers of before know no `pass_time`: it comes into the log only of a state
/// machine in which things expire.
template <class Command>
using session_command = std::variant<open_session, keep_session, close_session,
                                     exactly_once<Command>, at_least_once<Command>, pass_time>;

// ----------------------------------------------------------------------------------------- answers

struct session_opened {
    session_id session{};
    friend bool operator==(const session_opened&, const session_opened&) = default;
};
struct session_kept {
    friend bool operator==(const session_kept&, const session_kept&) = default;
};
struct session_closed {
    friend bool operator==(const session_closed&, const session_closed&) = default;
};

/// The log's time is what a stamp said, or was later already.
struct time_passed {
    friend bool operator==(const time_passed&, const time_passed&) = default;
};

/// The command was applied, and this is what the state machine said.
template <class Result>
struct session_answer {
    Result result{};
    bool repeated = false;  ///< It was applied before: this is what was said then.
    friend bool operator==(const session_answer&, const session_answer&) = default;
};

/// Why a command of a session was not applied. This time: whether it was applied before, each
/// reason says.
enum class session_refusal : std::uint8_t {
    unknown_session,   ///< The session expired, was closed, or never was. Whether the command was
                       ///< applied while it lived cannot be known any more.
    acknowledged,      ///< The client said that it has the answer, which is no longer kept. It was
                       ///< applied before, if the client told the truth.
    too_many_results,  ///< So many answers of this session are kept that there is no room for one
                       ///< more. It was not applied before; once the client has acknowledged some,
                       ///< a retry is applied.
};

/// Why, in plain English.
[[nodiscard]] constexpr std::string_view describe(session_refusal reason) {
    switch (reason) {
    case session_refusal::unknown_session: return "no such session, or it has expired";
    case session_refusal::acknowledged: return "the client has acknowledged the answer before";
    case session_refusal::too_many_results: return "too many answers are not acknowledged";
    }
    return "unknown reason";
}

template <class Result>
using session_result = std::variant<session_opened, session_kept, session_closed,
                                    session_answer<Result>, session_refusal, time_passed>;

// ------------------------------------------------------------------------------------------- bytes

template <>
struct codec<open_session> {
    using numbers = detail::number_list<1>;

    [[nodiscard]] static std::size_t size(const open_session&) { return numbers::bytes; }
    static void encode(const open_session& value, std::span<std::byte> out) {
        numbers::encode({value.now.nanoseconds}, out);
    }
    [[nodiscard]] static std::optional<open_session> decode(std::span<const std::byte> bytes) {
        std::uint64_t in[1];
        if (bytes.size() != numbers::bytes || !numbers::decode(bytes, in)) return std::nullopt;
        return open_session{{in[0]}};
    }
};

template <>
struct codec<keep_session> {
    using numbers = detail::number_list<3>;

    [[nodiscard]] static std::size_t size(const keep_session&) { return numbers::bytes; }
    static void encode(const keep_session& value, std::span<std::byte> out) {
        numbers::encode(
            {value.session.value, value.acknowledged_through.value, value.now.nanoseconds}, out);
    }
    [[nodiscard]] static std::optional<keep_session> decode(std::span<const std::byte> bytes) {
        std::uint64_t in[3];
        if (bytes.size() != numbers::bytes || !numbers::decode(bytes, in)) return std::nullopt;
        return keep_session{{in[0]}, {in[1]}, {in[2]}};
    }
};

template <>
struct codec<close_session> {
    using numbers = detail::number_list<2>;

    [[nodiscard]] static std::size_t size(const close_session&) { return numbers::bytes; }
    static void encode(const close_session& value, std::span<std::byte> out) {
        numbers::encode({value.session.value, value.now.nanoseconds}, out);
    }
    [[nodiscard]] static std::optional<close_session> decode(std::span<const std::byte> bytes) {
        std::uint64_t in[2];
        if (bytes.size() != numbers::bytes || !numbers::decode(bytes, in)) return std::nullopt;
        return close_session{{in[0]}, {in[1]}};
    }
};

/// Four numbers, then the command.
template <encodable Command>
struct codec<exactly_once<Command>> {
    using numbers = detail::number_list<4>;

    [[nodiscard]] static std::size_t size(const exactly_once<Command>& value) {
        return numbers::bytes + codec<Command>::size(value.command);
    }
    static void encode(const exactly_once<Command>& value, std::span<std::byte> out) {
        numbers::encode({value.ticket.session.value, value.ticket.serial.value,
                         value.acknowledged_through.value, value.now.nanoseconds},
                        out.first(numbers::bytes));
        codec<Command>::encode(value.command, out.subspan(numbers::bytes));
    }
    [[nodiscard]] static std::optional<exactly_once<Command>>
    decode(std::span<const std::byte> bytes) {
        std::uint64_t in[4];
        if (!numbers::decode(bytes, in)) return std::nullopt;
        auto command = codec<Command>::decode(bytes.subspan(numbers::bytes));
        if (!command) return std::nullopt;
        return exactly_once<Command>{{{in[0]}, {in[1]}}, {in[2]}, {in[3]}, std::move(*command)};
    }
};

template <encodable Command>
struct codec<at_least_once<Command>> {
    [[nodiscard]] static std::size_t size(const at_least_once<Command>& value) {
        return codec<Command>::size(value.command);
    }
    static void encode(const at_least_once<Command>& value, std::span<std::byte> out) {
        codec<Command>::encode(value.command, out);
    }
    [[nodiscard]] static std::optional<at_least_once<Command>>
    decode(std::span<const std::byte> bytes) {
        auto command = codec<Command>::decode(bytes);
        if (!command) return std::nullopt;
        return at_least_once<Command>{std::move(*command)};
    }
};

}  // namespace raft
