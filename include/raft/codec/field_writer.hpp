// SPDX-License-Identifier: BSL-1.0
//
// Values as bytes, field by field; the forms are listed in struct.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <tuple>
#include <type_traits>

#include <raft/codec/bytes.hpp>
#include <raft/codec/forms.hpp>
#include <raft/codec/variant.hpp>

namespace raft::detail {

/// Whether a struct within a value says how long it is.
enum class framing : std::uint8_t { none, structs };

inline constexpr std::uint64_t short_numbers = 248;

/// The number of bytes that a number takes after its first byte.
[[nodiscard]] constexpr std::size_t long_bytes_of(std::uint64_t x) {
    return x < short_numbers ? 0 : static_cast<std::size_t>(std::bit_width(x) + 7) / 8;
}

/// An output that only counts.
struct counting_output {
    static constexpr bool counts = true;
    void put(const void*, std::size_t length) { bytes += length; }
    std::size_t bytes = 0;
};

/// An output that fills memory which is large enough.
struct memory_output {
    static constexpr bool counts = false;
    void put(const void* from, std::size_t length) {
        if (length != 0) std::memcpy(room(length).data(), from, length);
    }
    std::span<std::byte> room(std::size_t length) {
        at += length;
        return {at - length, length};
    }
    std::byte* at;
};

template <class Output, framing Framing = framing::structs>
class field_writer {
public:
    explicit field_writer(Output& out) : out_{out} {}

    template <class T>
    void write(const T& x) {
        if constexpr (refers_elsewhere<T>)
            static_assert(!refers_elsewhere<T>,
                          "raft: a pointer or a view in a command, a result or a snapshot means "
                          "nothing in another process: hold the value itself, as a std::string, a "
                          "std::vector or a std::array");
        else if constexpr (scalar_value<T>)
            scalar(x);
        else if constexpr (fixed_array<T>)
            elements(x);
        else if constexpr (has_own_codec<T>)
            own(x);
        else if constexpr (tick_count<T>)
            write(x.count());
        else if constexpr (tuple_value<T>)
            std::apply([this](const auto&... each) { (this->write(each), ...); }, x);
        else if constexpr (is_made_from<std::optional, T>)
            optional(x);
        else if constexpr (sequence<T> || keyed_container<T>)
            container(x);
        else
            structure(x);
    }

    /// The fields of a struct, one after the other.
    template <class T>
    void fields(const T& x) {
        static_assert(has_fields<T>,
                      "raft: what this class is made of cannot be seen: make it a struct, give it "
                      "`raft_fields`, or specialise `raft::codec` for it");
        if constexpr (has_fields<T>)
            visit_fields(x, [this](const auto&... each) { (this->write(each), ...); });
    }

private:
    template <class T>
    void scalar(T x) {
        auto bytes = std::bit_cast<std::array<std::byte, sizeof(T)>>(x);
        if constexpr (std::endian::native == std::endian::big)
            std::reverse(bytes.begin(), bytes.end());
        out_.put(bytes.data(), bytes.size());
    }

    void number(std::uint64_t x) {
        const auto more = long_bytes_of(x);
        if (more == 0) return scalar(static_cast<std::uint8_t>(x));
        scalar(static_cast<std::uint8_t>(short_numbers - 1 + more));
        for (std::size_t i = 0; i < more; ++i) scalar(static_cast<std::uint8_t>(x >> (8 * i)));
    }

    template <class T>
    void elements(const T& x) {
        if constexpr (byte_array<T>)
            out_.put(std::data(x), std::size(x));
        else
            for (const auto& each : x) write(each);
    }

    void optional(const auto& x) {
        scalar(x.has_value());
        if (x) write(*x);
    }

    void container(const auto& x) {
        number(x.size());
        elements(x);
    }

    template <class T>
    void own(const T& x) {
        const std::size_t length = codec<T>::size(x);
        number(length);
        if constexpr (Output::counts)
            out_.put(nullptr, length);
        else
            codec<T>::encode(x, out_.room(length));
    }

    template <class T>
    void structure(const T& x) {
        if constexpr (Framing == framing::structs) {
            counting_output counted;
            field_writer<counting_output>{counted}.fields(x);
            number(counted.bytes);
        }
        fields(x);
    }

    Output& out_;
};

}  // namespace raft::detail
