// SPDX-License-Identifier: BSL-1.0
//
// A command as bytes: the customization point `codec<T>`, needed only where commands leave the
// process (a disk, a network). Ready-made for trivially copyable types, std::string,
// std::vector<std::byte> and std::variant of such types; for other types, specialise it. It adds
// no checksum and no version: what carries the bytes does that.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace raft {

/// How a `T` becomes bytes and comes back. Specialise it for a type of your own, with three
/// static members that may be called from several threads at once:
///
/// * `size(value)`: how many bytes `value` takes. Equal values may take different sizes.
/// * `encode(value, out)`: fills `out`, which has exactly `size(value)` bytes. Cannot fail.
/// * `decode(bytes)`: the value, or nothing if these bytes are not one. The bytes come from
///   outside: a length read from them must be compared with `bytes.size()` before it is used.
template <class T>
struct codec;

/// Whether `codec<T>` is there and complete.
template <class T>
concept encodable = requires(const T& value, std::span<std::byte> out,
                             std::span<const std::byte> bytes) {
    { codec<T>::size(value) } -> std::convertible_to<std::size_t>;
    codec<T>::encode(value, out);
    { codec<T>::decode(bytes) } -> std::same_as<std::optional<T>>;
};

namespace detail {

// The standard does not let memcpy be called with null pointers, which empty spans have.
inline void copy_bytes(std::byte* to, const void* from, std::size_t count) {
    if (count != 0) std::memcpy(to, from, count);
}

template <class T>
inline constexpr bool is_variant = false;
template <class... Alternatives>
inline constexpr bool is_variant<std::variant<Alternatives...>> = true;

// Pointers and views are trivially copyable too, but mean nothing in another process; a variant can
// be trivially copyable, but not every byte makes a valid one.
template <class T>
concept copyable_as_bytes = std::is_trivially_copyable_v<T> && std::is_object_v<T> &&
                            !std::is_pointer_v<T> && !std::is_member_pointer_v<T> &&
                            !std::is_null_pointer_v<T> && !std::is_array_v<T> &&
                            !std::is_const_v<T> && !std::is_volatile_v<T> &&
                            !std::ranges::enable_view<T> && !is_variant<T>;

}  // namespace detail

/// Numbers and enumerations as little-endian bytes, everything else as it lies in memory: such a
/// struct must mean the same on all servers of the cluster, and any bytes must make a valid one (a
/// struct with a bool or an enumeration in it deserves a codec of its own). The caller answers for
/// pointers within a struct. Empty types take no bytes.
template <detail::copyable_as_bytes T>
struct codec<T> {
    [[nodiscard]] static constexpr std::size_t size(const T& /*value*/) {
        return std::is_empty_v<T> ? 0 : sizeof(T);
    }

    static void encode(const T& value, std::span<std::byte> out) {
        if constexpr (!std::is_empty_v<T>) {
            std::memcpy(out.data(), &value, sizeof(T));
            to_little_endian(out.data());
        }
    }

    [[nodiscard]] static std::optional<T> decode(std::span<const std::byte> bytes) {
        if (bytes.size() != (std::is_empty_v<T> ? 0 : sizeof(T))) return std::nullopt;
        if constexpr (std::same_as<T, bool>) {
            if (bytes[0] > std::byte{1}) return std::nullopt;
        }
        memory image{};
        detail::copy_bytes(image.bytes, bytes.data(), bytes.size());
        to_little_endian(image.bytes);
        return std::bit_cast<T>(image);
    }

private:
    struct memory {
        std::byte bytes[sizeof(T)];
    };

    // Its own inverse, so it converts both ways.
    static void to_little_endian(std::byte* bytes) {
        if constexpr (std::endian::native == std::endian::big && std::is_scalar_v<T>) {
            for (std::size_t i = 0; i < sizeof(T) / 2; ++i)
                std::swap(bytes[i], bytes[sizeof(T) - 1 - i]);
        }
    }
};

/// The characters as they are; every sequence of bytes is a string.
template <>
struct codec<std::string> {
    [[nodiscard]] static std::size_t size(const std::string& value) { return value.size(); }

    static void encode(const std::string& value, std::span<std::byte> out) {
        detail::copy_bytes(out.data(), value.data(), value.size());
    }

    [[nodiscard]] static std::optional<std::string> decode(std::span<const std::byte> bytes) {
        return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
};

/// The bytes as they are.
template <>
struct codec<std::vector<std::byte>> {
    [[nodiscard]] static std::size_t size(const std::vector<std::byte>& value) {
        return value.size();
    }

    static void encode(const std::vector<std::byte>& value, std::span<std::byte> out) {
        detail::copy_bytes(out.data(), value.data(), value.size());
    }

    [[nodiscard]] static std::optional<std::vector<std::byte>> decode(
        std::span<const std::byte> bytes) {
        return std::vector<std::byte>(bytes.begin(), bytes.end());
    }
};

/// One byte that says which alternative it is, then that alternative. Add alternatives at the end
/// only, so that the numbers of the others stay as they are in logs already written.
template <encodable... Alternatives>
    requires(sizeof...(Alternatives) > 0 && sizeof...(Alternatives) <= 256)
struct codec<std::variant<Alternatives...>> {
    using value_type = std::variant<Alternatives...>;

    [[nodiscard]] static std::size_t size(const value_type& value) {
        return 1 + std::visit([](const auto& one) { return size_of(one); }, value);
    }

    static void encode(const value_type& value, std::span<std::byte> out) {
        out[0] = static_cast<std::byte>(value.index());
        std::visit([&](const auto& one) { encode_one(one, out.subspan(1)); }, value);
    }

    [[nodiscard]] static std::optional<value_type> decode(std::span<const std::byte> bytes) {
        if (bytes.empty()) return std::nullopt;
        const auto which = std::to_integer<std::size_t>(bytes[0]);
        return decode_one(which, bytes.subspan(1), std::index_sequence_for<Alternatives...>{});
    }

private:
    template <class T>
    static std::size_t size_of(const T& one) {
        return codec<T>::size(one);
    }

    template <class T>
    static void encode_one(const T& one, std::span<std::byte> out) {
        codec<T>::encode(one, out);
    }

    template <std::size_t... Index>
    static std::optional<value_type> decode_one(std::size_t which, std::span<const std::byte> bytes,
                                                std::index_sequence<Index...>) {
        std::optional<value_type> value;
        const auto try_one = [&]<std::size_t Which, class T>() {
            if (which != Which) return;
            if (auto one = codec<T>::decode(bytes))
                value.emplace(std::in_place_index<Which>, std::move(*one));
        };
        (try_one.template operator()<Index, Alternatives>(), ...);
        return value;
    }
};

}  // namespace raft
