// SPDX-License-Identifier: BSL-1.0
//
// Stamps: how times get into the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <variant>

#include <raft/battery/log_time/time.hpp>
#include <raft/codec/command.hpp>
#include <raft/codec/frame.hpp>

namespace raft::timing {

/// A stamp alone: it is so late, and nothing else has happened.
struct pass_time {
    log_time now{};
    friend bool operator==(const pass_time&, const pass_time&) = default;
};

/// A command, and when it was proposed.
template <class Command>
struct stamped {
    log_time now{};
    Command command{};
    friend bool operator==(const stamped&, const stamped&) = default;
};

/// What the log of a `timed` state machine holds.
template <class Command>
using timed_command = std::variant<pass_time, stamped<Command>>;

}  // namespace raft::timing

namespace raft {

namespace detail {

/// Numbers of 64 bits, one after the other.
template <std::size_t Count>
struct number_list {
    static constexpr std::size_t bytes = Count * sizeof(std::uint64_t);

    static void encode(const std::uint64_t (&numbers)[Count], std::span<std::byte> out) {
        byte_writer to{out};
        for (const auto number : numbers) to.number(number);
    }

    /// Fills `numbers` from the first bytes; false if there are too few.
    [[nodiscard]] static bool decode(std::span<const std::byte> from,
                                     std::uint64_t (&numbers)[Count]) {
        byte_reader reader{from};
        for (auto& number : numbers) number = reader.number<std::uint64_t>();
        return !reader.error();
    }
};

}  // namespace detail

template <>
struct codec<timing::pass_time> {
    using numbers = detail::number_list<1>;

    [[nodiscard]] static std::size_t size(const timing::pass_time&) { return numbers::bytes; }
    static void encode(const timing::pass_time& value, std::span<std::byte> out) {
        numbers::encode({value.now.nanoseconds}, out);
    }
    [[nodiscard]] static std::optional<timing::pass_time> decode(std::span<const std::byte> bytes) {
        std::uint64_t in[1];
        if (bytes.size() != numbers::bytes || !numbers::decode(bytes, in)) return std::nullopt;
        return timing::pass_time{{in[0]}};
    }
};

/// The time, then the command.
template <policy::encodable Command>
struct codec<timing::stamped<Command>> {
    using numbers = detail::number_list<1>;

    [[nodiscard]] static std::size_t size(const timing::stamped<Command>& value) {
        return numbers::bytes + codec<Command>::size(value.command);
    }
    static void encode(const timing::stamped<Command>& value, std::span<std::byte> out) {
        numbers::encode({value.now.nanoseconds}, out.first(numbers::bytes));
        codec<Command>::encode(value.command, out.subspan(numbers::bytes));
    }
    [[nodiscard]] static std::optional<timing::stamped<Command>>
    decode(std::span<const std::byte> bytes) {
        std::uint64_t in[1];
        if (!numbers::decode(bytes, in)) return std::nullopt;
        auto command = codec<Command>::decode(bytes.subspan(numbers::bytes));
        if (!command) return std::nullopt;
        return timing::stamped<Command>{{in[0]}, std::move(*command)};
    }
};

}  // namespace raft
