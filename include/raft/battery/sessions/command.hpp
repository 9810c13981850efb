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

/// What clients with sessions say and are answered; see `sessions`.
namespace raft::session {

/// A session: the index of the entry that opened it, so none is ever used twice.
struct id {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(const id&, const id&) = default;
};

/// A command's place among those of its session, counted from 1. A retry has the same; another
/// command never has.
struct serial_number {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(const serial_number&, const serial_number&) = default;
};

/// What names a command for ever: wherever it was proposed, and however often.
struct ticket {
    id session{};
    serial_number serial{};
    friend constexpr auto operator<=>(const ticket&, const ticket&) = default;
};

// ---------------------------------------------------------------------------------------- commands

/// Opens a session; answered with `opened`. A client that hears no answer opens another:
/// the one that nobody uses expires.
struct open {
    timing::log_time now{};
    friend bool operator==(const open&, const open&) = default;
};

/// Says that a client that has nothing to ask for is there. Answered with `kept`.
struct keep {
    id session{};
    serial_number acknowledged_through{};  ///< As in `exactly_once`.
    timing::log_time now{};
    friend bool operator==(const keep&, const keep&) = default;
};

/// Ends a session, and all that is kept for it. Answered with `closed`, by a retry too.
struct close {
    id session{};
    timing::log_time now{};
    friend bool operator==(const close&, const close&) = default;
};

/// A command of a session: applied once, however often it is proposed, as long as the session
/// lives. Answered with `answer`, or refused.
template <class Command>
struct exactly_once {
    session::ticket ticket{};
    /// The client has the answers of all its commands up to this one, and never asks for them again
    /// (thesis §6.3: then they need not be kept). Less than this command's own.
    serial_number acknowledged_through{};
    timing::log_time now{};
    Command command{};
    friend bool operator==(const exactly_once&, const exactly_once&) = default;
};

/// A command outside of any session, for those that may as well be applied twice: applied each time
/// that it is committed. Answered with `answer`. It bears no stamp, and so is applied at
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
using command = std::variant<open, keep, close, exactly_once<Command>, at_least_once<Command>,
                             timing::pass_time>;

// ----------------------------------------------------------------------------------------- answers

struct opened {
    id session{};
    friend bool operator==(const opened&, const opened&) = default;
};
struct kept {
    friend bool operator==(const kept&, const kept&) = default;
};
struct closed {
    friend bool operator==(const closed&, const closed&) = default;
};

/// The log's time is what a stamp said, or was later already.
struct time_passed {
    friend bool operator==(const time_passed&, const time_passed&) = default;
};

/// The command was applied, and this is what the state machine said.
template <class Result>
struct answer {
    Result result{};
    bool repeated = false;  ///< It was applied before: this is what was said then.
    friend bool operator==(const answer&, const answer&) = default;
};

/// Why a command of a session was not applied. This time: whether it was applied before, each
/// reason says.
enum class refusal : std::uint8_t {
    unknown_session,   ///< The session expired, was closed, or never was. Whether the command was
                       ///< applied while it lived cannot be known any more.
    acknowledged,      ///< The client said that it has the answer, which is no longer kept. It was
                       ///< applied before, if the client told the truth.
    too_many_results,  ///< So many answers of this session are kept that there is no room for one
                       ///< more. It was not applied before; once the client has acknowledged some,
                       ///< a retry is applied.
};

/// Why, in plain English.
[[nodiscard]] constexpr std::string_view describe(refusal reason) {
    switch (reason) {
    case refusal::unknown_session: return "no such session, or it has expired";
    case refusal::acknowledged: return "the client has acknowledged the answer before";
    case refusal::too_many_results: return "too many answers are not acknowledged";
    }
    return "unknown reason";
}

template <class Result>
using result = std::variant<opened, kept, closed, answer<Result>, refusal, time_passed>;

}  // namespace raft::session

namespace raft {

// ------------------------------------------------------------------------------------------- bytes

template <>
struct codec<session::open> {
    using numbers = detail::number_list<1>;

    [[nodiscard]] static std::size_t size(const session::open&) { return numbers::bytes; }
    static void encode(const session::open& value, std::span<std::byte> out) {
        numbers::encode({value.now.nanoseconds}, out);
    }
    [[nodiscard]] static std::optional<session::open> decode(std::span<const std::byte> bytes) {
        std::uint64_t in[1];
        if (bytes.size() != numbers::bytes || !numbers::decode(bytes, in)) return std::nullopt;
        return session::open{{in[0]}};
    }
};

template <>
struct codec<session::keep> {
    using numbers = detail::number_list<3>;

    [[nodiscard]] static std::size_t size(const session::keep&) { return numbers::bytes; }
    static void encode(const session::keep& value, std::span<std::byte> out) {
        numbers::encode(
            {value.session.value, value.acknowledged_through.value, value.now.nanoseconds}, out);
    }
    [[nodiscard]] static std::optional<session::keep> decode(std::span<const std::byte> bytes) {
        std::uint64_t in[3];
        if (bytes.size() != numbers::bytes || !numbers::decode(bytes, in)) return std::nullopt;
        return session::keep{{in[0]}, {in[1]}, {in[2]}};
    }
};

template <>
struct codec<session::close> {
    using numbers = detail::number_list<2>;

    [[nodiscard]] static std::size_t size(const session::close&) { return numbers::bytes; }
    static void encode(const session::close& value, std::span<std::byte> out) {
        numbers::encode({value.session.value, value.now.nanoseconds}, out);
    }
    [[nodiscard]] static std::optional<session::close> decode(std::span<const std::byte> bytes) {
        std::uint64_t in[2];
        if (bytes.size() != numbers::bytes || !numbers::decode(bytes, in)) return std::nullopt;
        return session::close{{in[0]}, {in[1]}};
    }
};

/// Four numbers, then the command.
template <policy::encodable Command>
struct codec<session::exactly_once<Command>> {
    using numbers = detail::number_list<4>;

    [[nodiscard]] static std::size_t size(const session::exactly_once<Command>& value) {
        return numbers::bytes + codec<Command>::size(value.command);
    }
    static void encode(const session::exactly_once<Command>& value, std::span<std::byte> out) {
        numbers::encode({value.ticket.session.value, value.ticket.serial.value,
                         value.acknowledged_through.value, value.now.nanoseconds},
                        out.first(numbers::bytes));
        codec<Command>::encode(value.command, out.subspan(numbers::bytes));
    }
    [[nodiscard]] static std::optional<session::exactly_once<Command>>
    decode(std::span<const std::byte> bytes) {
        std::uint64_t in[4];
        if (!numbers::decode(bytes, in)) return std::nullopt;
        auto command = codec<Command>::decode(bytes.subspan(numbers::bytes));
        if (!command) return std::nullopt;
        return session::exactly_once<Command>{
            {{in[0]}, {in[1]}}, {in[2]}, {in[3]}, std::move(*command)};
    }
};

template <policy::encodable Command>
struct codec<session::at_least_once<Command>> {
    [[nodiscard]] static std::size_t size(const session::at_least_once<Command>& value) {
        return codec<Command>::size(value.command);
    }
    static void encode(const session::at_least_once<Command>& value, std::span<std::byte> out) {
        codec<Command>::encode(value.command, out);
    }
    [[nodiscard]] static std::optional<session::at_least_once<Command>>
    decode(std::span<const std::byte> bytes) {
        auto command = codec<Command>::decode(bytes);
        if (!command) return std::nullopt;
        return session::at_least_once<Command>{std::move(*command)};
    }
};

}  // namespace raft
