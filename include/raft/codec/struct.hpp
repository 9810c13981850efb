// SPDX-License-Identifier: BSL-1.0
//
// The codecs that need no word: of numbers, enumerations, strings, arrays, optionals, pairs,
// durations, containers, variants, and structs of all these, up to sixteen public fields. A class
// with private fields, with more, or with a base class names them:
//
//     static auto raft_fields(auto& self) { return std::tie(self.name_, self.amount_); }
//
// The bytes are the same on every machine. One thing follows the other, without names:
//
//     number, enumerator           little-endian, as many bytes as it has (so: of fixed width)
//     length                       below 248: one byte; else a byte 247 + n, and n bytes
//     array, pair, tuple           what is in it
//     optional                     0; or 1 and the value
//     vector, map, set, …          the length, and what is in it
//     string, variant, own codec   the length in bytes, and the codec's bytes
//     struct within something      the length in bytes, and its fields
//     struct that is the command   its fields
//
// A struct that is the command and is plain, of numbers, enumerations, arrays and such structs, is
// as it would lie in the memory of a little-endian machine: structs within it have no length. It
// must have no padding, and if there are structs in it, it can never grow.
//
// Versions: a field may be added at the end of a struct, and none may ever go, move or change. From
// older bytes it keeps the value that its struct gives it. Newer bytes are refused in a command: a
// server that left a part of it out would no longer be like the others. Where it is by itself, in
// snapshots and the results in them, what is newer is skipped. The newer program writes a new field
// into every command: where servers are replaced one by one, what is new in a command is another
// alternative of a variant instead, which `versioned_state_machine` keeps out of the log until all
// members can read it.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>

#include <raft/codec/field_reader.hpp>
#include <raft/codec/field_writer.hpp>

namespace raft {

/// Made for every type that the list above names, and that is none of variant, string and bytes.
template <detail::has_made_codec T>
struct codec<T> : detail::made_codec {
    [[nodiscard]] static std::size_t size(const T& value) {
        detail::counting_output counted;
        write(value, counted);
        return counted.bytes;
    }

    static void encode(const T& value, std::span<std::byte> out) {
        detail::memory_output filled{out.data()};
        write(value, filled);
    }

    /// A command: it holds nothing that this version does not know.
    [[nodiscard]] static std::optional<T> decode(std::span<const std::byte> bytes) {
        return read(bytes, detail::unknown_fields::refused);
    }

    /// What a server has saved for itself: fields that a newer version has added are skipped.
    [[nodiscard]] static std::optional<T> decode_saved(std::span<const std::byte> bytes) {
        return read(bytes, detail::unknown_fields::skipped);
    }

private:
    [[nodiscard]] static constexpr bool is_plain() { return detail::is_plain<T>::value; }
    [[nodiscard]] static constexpr detail::framing within() {
        return is_plain() ? detail::framing::none : detail::framing::structs;
    }

    template <class Output>
    static void write(const T& value, Output& out) {
        if constexpr (is_plain() && !std::is_empty_v<T>)
            static_assert(detail::plain_bytes<T>() == sizeof(T),
                          "raft: this plain struct has padding, which is not the same on all "
                          "machines: order its fields by size and fill the gaps with fields, or "
                          "give it `raft_fields`");
        detail::field_writer<Output, within()> writer{out};
        if constexpr (detail::has_fields<T>)
            writer.fields(value);
        else
            writer.write(value);
    }

    [[nodiscard]] static std::optional<T> read(std::span<const std::byte> bytes,
                                               detail::unknown_fields unknown) {
        constexpr bool may_grow = !is_plain() || detail::is_flat_struct<T>;
        if constexpr (!may_grow) {
            if (bytes.size() != detail::plain_bytes<T>()) return std::nullopt;
        }
        detail::memory_input in{bytes};
        detail::field_reader<detail::memory_input, within()> reader{in, unknown, bytes.size()};
        T value{};
        if constexpr (detail::has_fields<T>)
            reader.fields(value);
        else
            reader.read(value);
        if (!reader.good() || !reader.at_end()) return std::nullopt;
        return value;
    }
};

}  // namespace raft
