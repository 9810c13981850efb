// SPDX-License-Identifier: BSL-1.0
//
// What types are made of, as far as it matters to their bytes (struct.hpp).
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <raft/codec/customization.hpp>
#include <raft/codec/fields.hpp>

namespace raft::detail {

/// The base of each `codec<T>` that struct.hpp makes: one without it is written by hand.
struct made_codec {};

template <template <class...> class Template, class T>
inline constexpr bool is_made_from = false;
template <template <class...> class Template, class... Parts>
inline constexpr bool is_made_from<Template, Template<Parts...>> = true;

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t Size>
inline constexpr bool is_std_array<std::array<T, Size>> = true;

/// What takes one place in the memory of all machines, but for the order of its bytes.
template <class T>
concept scalar_value = (std::is_arithmetic_v<T> ||
                        std::is_enum_v<T>)&&!std::same_as<T, long double>;

/// What lies in memory as it does in bytes: an array of such is copied as a whole.
template <class T>
concept byte_value = std::same_as<T, std::byte> ||
    (std::integral<T> && sizeof(T) == 1 && !std::same_as<T, bool>);

template <class T>
concept byte_array = requires(T& x) {
    requires byte_value<std::remove_cvref_t<decltype(*std::data(x))>>;
    std::size(x);
};

/// A `std::chrono::duration`, told without the header's cost.
template <class T>
concept tick_count = requires(const T& x) {
    typename T::period;
    { x.count() } -> std::same_as<typename T::rep>;
};

template <class T>
concept fixed_array = std::is_bounded_array_v<T> || is_std_array<T>;

template <class T>
concept tuple_value = is_made_from<std::pair, T> || is_made_from<std::tuple, T>;

/// A std::vector, std::string, std::deque or std::list.
template <class T>
concept sequence = requires(T& x, typename T::value_type one) {
    x.push_back(one);
    x.begin();
    x.end();
    x.size();
};

/// A map or a set, ordered or not.
template <class T>
concept keyed_container = requires(T& x, typename T::key_type key) {
    x.find(key);
    x.begin();
    x.end();
    x.size();
};

/// A class that names its fields, in a static member `raft_fields(auto& self)`.
template <class T>
concept names_fields = std::is_class_v<T> && requires(T& x) {
    T::raft_fields(x);
};

/// A struct of public fields.
template <class T>
concept open_struct = std::is_class_v<T> && std::is_aggregate_v<T> && !is_std_array<T>;

/// What has fields of its own, in an order.
template <class T>
concept has_fields = names_fields<T> || open_struct<T>;

/// Calls `visit` with every field of `x`, in order.
template <class T, class Visit>
constexpr decltype(auto) visit_fields(T& x, Visit&& visit) {
    if constexpr (names_fields<std::remove_const_t<T>>)
        return std::apply(visit, std::remove_const_t<T>::raft_fields(x));
    else
        return with_fields(x, std::forward<Visit>(visit));
}

/// Of what a codec is made here; what the type holds is looked at when the codec is used.
template <class T>
concept has_made_codec =
    std::is_object_v<T> && !std::is_const_v<T> && !std::is_volatile_v<T> &&
    !std::is_bounded_array_v<T> && !refers_elsewhere<T> && !is_made_from<std::variant, T> &&
    (scalar_value<T> || tick_count<T> || fixed_array<T> || tuple_value<T> || sequence<T> ||
     keyed_container<T> || is_made_from<std::optional, T> || has_fields<T>);

/// A type whose codec is written by hand.
template <class T>
concept has_own_codec = policy::encodable<T> && !std::derived_from<codec<T>, made_codec>;

template <class... Fields>
struct field_types {
    template <template <class> class Predicate>
    static constexpr bool all = (Predicate<std::remove_cv_t<Fields>>::value && ...);
    static constexpr std::size_t sum(auto each) {
        return (std::size_t{0} + ... + each.template operator()<std::remove_cv_t<Fields>>());
    }
};

struct see_types {
    template <class... Fields>
    constexpr field_types<Fields...> operator()(Fields&...) const {
        return {};
    }
};

template <class T>
using fields_of = decltype(visit_fields(std::declval<T&>(), see_types{}));

/// Numbers, enumerations, arrays of them.
template <class T>
struct is_flat : std::bool_constant<scalar_value<T> || tick_count<T>> {};
template <class T>
requires fixed_array<T>
struct is_flat<T> : is_flat<std::remove_cvref_t<decltype(std::declval<T&>()[0])>> {
};

/// What is the same in the memory of all machines, but for the order of bytes and for padding: the
/// above, structs of them, and structs of such structs.
template <class T>
struct is_plain : is_flat<T> {};
template <class T>
requires fixed_array<T>
struct is_plain<T> : is_plain<std::remove_cvref_t<decltype(std::declval<T&>()[0])>> {
};
template <class T>
requires(open_struct<T>&& std::is_trivially_copyable_v<T> && !names_fields<T> &&
         !has_own_codec<T>) struct is_plain<T>
    : std::bool_constant<fields_of<T>::template all<is_plain>> {
};

/// A struct of numbers, enumerations and arrays of them, and of no other struct.
template <class T>
inline constexpr bool is_flat_struct = false;
template <open_struct T>
inline constexpr bool is_flat_struct<T> = fields_of<T>::template all<is_flat>;

/// The bytes of what is plain, without its padding.
template <class T>
[[nodiscard]] constexpr std::size_t plain_bytes() {
    if constexpr (open_struct<T>)
        return fields_of<T>::sum([]<class Field>() { return plain_bytes<Field>(); });
    else if constexpr (fixed_array<T>)
        return sizeof(T) / sizeof(std::declval<T&>()[0]) *
               plain_bytes<std::remove_cvref_t<decltype(std::declval<T&>()[0])>>();
    else
        return sizeof(T);
}

}  // namespace raft::detail
