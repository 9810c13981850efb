// SPDX-License-Identifier: BSL-1.0
//
// Values from bytes that nobody vouches for, field by field; the forms are listed in struct.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <raft/codec/field_writer.hpp>

namespace raft::detail {

/// What becomes of fields that a newer version has added.
enum class unknown_fields : std::uint8_t { refused, skipped };

/// An input from memory.
struct memory_input {
    [[nodiscard]] bool read(std::span<std::byte> into) {
        if (into.size() > rest.size()) return false;
        if (!into.empty()) std::memcpy(into.data(), rest.data(), into.size());
        rest = rest.subspan(into.size());
        return true;
    }
    /// The next bytes, in their place, if so many are there.
    [[nodiscard]] std::optional<std::span<const std::byte>> view(std::uint64_t length) {
        if (length > rest.size()) return std::nullopt;
        const auto seen = rest.first(static_cast<std::size_t>(length));
        rest = rest.subspan(seen.size());
        return seen;
    }
    std::span<const std::byte> rest;
};

/// After the first fault nothing is read any more, and `good` is false. A length that is a lie
/// costs no more memory than there are bytes, and a piece.
template <class Input, framing Framing = framing::structs>
class field_reader {
public:
    /// At most `left` bytes are there, if that is known.
    field_reader(Input& in, unknown_fields unknown,
                 std::uint64_t left = std::numeric_limits<std::uint64_t>::max())
        : in_{in}, left_{left}, unknown_{unknown} {}

    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] bool at_end() const { return left_ == 0; }

    template <class T>
    void read(T& x) {
        if constexpr (scalar_value<T>)
            scalar(x);
        else if constexpr (fixed_array<T>)
            elements(x);
        else if constexpr (has_own_codec<T>)
            own(x);
        else if constexpr (tick_count<T>)
            ticks(x);
        else if constexpr (tuple_value<T>)
            std::apply([this](auto&... each) { (this->read(each), ...); }, x);
        else if constexpr (is_made_from<std::optional, T>)
            optional(x);
        else if constexpr (keyed_container<T>)
            keyed(x);
        else if constexpr (sequence<T>)
            list(x);
        else
            structure(x);
    }

    /// The fields of a struct, to the end of the bytes. Those that an older version has not written
    /// stay as they are; those that a newer one has added are refused or skipped.
    template <class T>
    void fields(T& x) {
        visit_fields(x, [this](auto&... each) { (this->field(each), ...); });
        if (left_ > 0 && unknown_ == unknown_fields::refused) fail();
        skip();
    }

private:
    static constexpr std::uint64_t piece_max = std::uint64_t{64} * 1024;

    void fail() {
        good_ = false;
        left_ = 0;
    }

    void take(std::span<std::byte> into) {
        if (!good_ || into.size() > left_ || !in_.read(into)) return fail();
        left_ -= into.size();
    }

    void skip() {
        std::array<std::byte, 256> unused;
        while (good_ && left_ > 0)
            take(std::span{unused}.first(
                static_cast<std::size_t>(std::min<std::uint64_t>(left_, unused.size()))));
    }

    template <class T>
    void field(T& x) {
        if (left_ > 0) read(x);
    }

    template <class T>
    void scalar(T& x) {
        std::array<std::byte, sizeof(T)> bytes{};
        take(bytes);
        if constexpr (std::endian::native == std::endian::big)
            std::reverse(bytes.begin(), bytes.end());
        if constexpr (std::is_same_v<T, bool>) {
            if (bytes[0] > std::byte{1}) return fail();
        }
        if (good_) x = std::bit_cast<T>(bytes);
    }

    [[nodiscard]] std::uint64_t number() {
        std::uint8_t first = 0;
        scalar(first);
        if (first < short_numbers) return first;
        const auto more = static_cast<std::size_t>(first - short_numbers + 1);
        std::uint64_t x = 0;
        for (std::size_t i = 0; i < more; ++i) {
            std::uint8_t byte = 0;
            scalar(byte);
            x |= std::uint64_t{byte} << (8 * i);
        }
        if (long_bytes_of(x) != more) fail();
        return good_ ? x : 0;
    }

    template <class T>
    void elements(T& x) {
        if constexpr (byte_array<T>)
            take(std::as_writable_bytes(std::span{x}));
        else
            for (auto& each : x) read(each);
    }

    template <class T>
    void ticks(T& x) {
        typename T::rep count{};
        read(count);
        x = T{count};
    }

    void optional(auto& x) {
        bool any = false;
        scalar(any);
        if (any) read(x.emplace());
    }

    /// Calls `element` as often as the bytes say, as long as each takes a byte at least.
    void repeated(auto element) {
        for (auto count = number(); count > 0 && good_; --count) {
            const auto before = left_;
            element();
            if (left_ == before) fail();
        }
    }

    template <class T>
    void list(T& x) {
        repeated([&] {
            typename T::value_type one{};
            read(one);
            if (good_) x.push_back(std::move(one));
        });
    }

    template <class T>
    void keyed(T& x) {
        repeated([&] {
            const auto before = x.size();
            typename T::key_type key{};
            read(key);
            if constexpr (requires { typename T::mapped_type; }) {
                typename T::mapped_type value{};
                read(value);
                x.emplace(std::move(key), std::move(value));
            } else {
                x.insert(std::move(key));
            }
            if (x.size() == before) fail();
        });
    }

    template <class T>
    void own(T& x) {
        const auto length = number();
        if (length > left_) return fail();
        std::optional<T> decoded;
        if constexpr (requires { in_.view(length); }) {
            left_ -= length;
            if (const auto bytes = in_.view(length)) decoded = decode_by<T>(*bytes);
        } else {
            const auto bytes = copied(length);
            if (good_) decoded = decode_by<T>(bytes);
        }
        if (!decoded) return fail();
        x = std::move(*decoded);
    }

    [[nodiscard]] std::vector<std::byte> copied(std::uint64_t length) {
        std::vector<std::byte> bytes;
        while (length > 0 && good_) {
            const auto piece = std::min(length, piece_max);
            const auto have = bytes.size();
            bytes.resize(have + static_cast<std::size_t>(piece));
            take(std::span{bytes}.subspan(have));
            length -= piece;
        }
        return bytes;
    }

    template <class T>
    [[nodiscard]] std::optional<T> decode_by(std::span<const std::byte> bytes) const {
        return unknown_ == unknown_fields::skipped ? decode_saved<T>(bytes)
                                                   : codec<T>::decode(bytes);
    }

    template <class T>
    void structure(T& x) {
        if constexpr (Framing == framing::none) {
            visit_fields(x, [this](auto&... each) { (this->read(each), ...); });
        } else {
            const auto length = number();
            if (length > left_) return fail();
            const auto after = left_ - length;
            left_ = length;
            fields(x);
            if (good_) left_ = after;
        }
    }

    Input& in_;
    std::uint64_t left_;
    unknown_fields unknown_;
    bool good_ = true;
};

}  // namespace raft::detail
