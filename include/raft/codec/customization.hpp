// SPDX-License-Identifier: BSL-1.0
//
// How a value becomes bytes and comes back. Most types need no word of yours: see struct.hpp.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <type_traits>

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

}  // namespace raft

namespace raft::detail {

/// What refers to a value instead of being one.
template <class T>
inline constexpr bool refers_elsewhere =
    std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T> ||
    std::is_reference_v<T> || std::ranges::enable_view<T>;

/// A saved value; fields that a newer version has added are skipped, where the codec can tell.
template <class T>
[[nodiscard]] std::optional<T> decode_saved(std::span<const std::byte> bytes) {
    if constexpr (requires { codec<T>::decode_saved(bytes); })
        return codec<T>::decode_saved(bytes);
    else
        return codec<T>::decode(bytes);
}

}  // namespace raft::detail

namespace raft::policy {

/// Whether `codec<T>` is there and complete.
template <class T>
concept encodable = requires(const T& value, std::span<std::byte> out,
                             std::span<const std::byte> bytes) {
    { codec<T>::size(value) } -> std::convertible_to<std::size_t>;
    codec<T>::encode(value, out);
    { codec<T>::decode(bytes) } -> std::same_as<std::optional<T>>;
};

/// Fails to compile with a sentence that says why a `T` cannot become bytes.
template <class T>
[[nodiscard]] constexpr bool check_encodable() {
    static_assert(!detail::refers_elsewhere<T>,
                  "raft: a pointer or a view means nothing in another process: hold the value "
                  "itself, as a std::string, a std::vector or a std::array");
    static_assert(encodable<T>,
                  "raft: nothing says how this type becomes bytes: make it a struct of such types, "
                  "give it `raft_fields`, or specialise `raft::codec` for it");
    return encodable<T>;
}

/// As `encodable`, but what is not is an error that says why.
template <class T>
concept checked_encodable = encodable<T> || check_encodable<T>();

}  // namespace raft::policy
