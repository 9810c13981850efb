// SPDX-License-Identifier: BSL-1.0
//
// The codec of one of several types.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>

#include <raft/codec/customization.hpp>

namespace raft {

/// One byte that says which alternative it is, then that alternative. Add alternatives at the end
/// only, so that the numbers of the others stay as they are in logs already written.
template <policy::encodable... Alternatives>
requires(sizeof...(Alternatives) > 0 &&
         sizeof...(Alternatives) <= 256) struct codec<std::variant<Alternatives...>> {
    using value_type = std::variant<Alternatives...>;

    [[nodiscard]] static std::size_t size(const value_type& value) {
        return 1 + std::visit([](const auto& one) { return size_of(one); }, value);
    }

    static void encode(const value_type& value, std::span<std::byte> out) {
        out[0] = static_cast<std::byte>(value.index());
        std::visit([&](const auto& one) { encode_one(one, out.subspan(1)); }, value);
    }

    [[nodiscard]] static std::optional<value_type> decode(std::span<const std::byte> bytes) {
        return decode_any(bytes, [](auto type, auto rest) {
            return codec<typename decltype(type)::type>::decode(rest);
        });
    }

    /// As `decode`, but fields that a newer version has added are skipped.
    [[nodiscard]] static std::optional<value_type> decode_saved(std::span<const std::byte> bytes) {
        return decode_any(bytes, [](auto type, auto rest) {
            return detail::decode_saved<typename decltype(type)::type>(rest);
        });
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

    static std::optional<value_type> decode_any(std::span<const std::byte> bytes, auto decode_one) {
        if (bytes.empty()) return std::nullopt;
        const auto which = std::to_integer<std::size_t>(bytes[0]);
        return [&]<std::size_t... Index>(std::index_sequence<Index...>) {
            std::optional<value_type> value;
            const auto try_one = [&]<std::size_t Which, class T>() {
                if (which != Which) return;
                if (auto one = decode_one(std::type_identity<T>{}, bytes.subspan(1)))
                    value.emplace(std::in_place_index<Which>, std::move(*one));
            };
            (try_one.template operator()<Index, Alternatives>(), ...);
            return value;
        }
        (std::index_sequence_for<Alternatives...>{});
    }
};

}  // namespace raft
