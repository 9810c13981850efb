// SPDX-License-Identifier: BSL-1.0
//
// States as bytes, under other names if asked for, and back.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <proof/cluster_model/fields.hpp>
#include <proof/cluster_model/renaming.hpp>
#include <proof/explorer/encoding.hpp>

namespace raft::proof {

/// The time at which everything happens in an explored cluster. What is remembered of time is
/// whether it has run out, and that may happen at any moment.
inline constexpr instant explored_now{1'000'000'000'000};
/// A moment that is remembered as if it were now, and never runs out.
inline constexpr instant explored_lasting{explored_now.nanoseconds - 1};

namespace detail {

template <class T>
concept wraps_number = std::unsigned_integral<decltype(T::value)>;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_variant = false;
template <class... Ts>
inline constexpr bool is_variant<std::variant<Ts...>> = true;

template <class T>
inline constexpr bool is_seldom = false;
template <class T>
inline constexpr bool is_seldom<core::seldom<T>> = true;

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

}  // namespace detail

/// Writes values to an encoding, renamed.
class state_writer {
public:
    state_writer(encoding& out, const renaming& names, const configuration& usual,
                 duration patience)
        : out_{&out}, names_{names}, usual_{&usual}, patience_{patience} {}

    template <class... Ts>
    void write(const Ts&... values) {
        (put(values), ...);
    }

private:
    template <class T>
    void put(const T& x) {
        if constexpr (std::same_as<T, configuration>) {
            put_configuration(x);
        } else if constexpr (std::same_as<T, std::vector<core::indexed_configuration>>) {
            put_all(x);
            slots_ = x.empty() ? slot_renaming{} : slot_renaming{x.back().value, names_};
        } else if constexpr (std::same_as<T, std::vector<core::progress>>) {
            const auto count = x.empty() ? 0 : slots_.count();
            out_->put(count);
            for (std::size_t i = 0; i < count; ++i)
                put(x[slots_.origin_of({static_cast<std::uint8_t>(i)}).value]);
        } else if constexpr (std::same_as<T, core::log_terms>) {
            put_log(x);
        } else if constexpr (std::same_as<T, instant>) {
            out_->put(instant_code(x));
        } else if constexpr (std::same_as<T, member_id>) {
            out_->put(names_.of(x).value);
        } else if constexpr (std::same_as<T, core::slot>) {
            out_->put(slots_.of(x).value);
        } else if constexpr (std::same_as<T, core::member_set>) {
            out_->put(slots_.of(x).bits());
        } else if constexpr (detail::wraps_number<T>) {
            out_->put(x.value);
        } else if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
            out_->put(static_cast<std::uint64_t>(x));
        } else if constexpr (detail::is_optional<T>) {
            out_->put(x.has_value());
            if (x) put(*x);
        } else if constexpr (detail::is_variant<T>) {
            out_->put(x.index());
            std::visit([&](const auto& each) { put(each); }, x);
        } else if constexpr (detail::is_seldom<T>) {
            const bool any = x != T{};
            out_->put(any);
            if (any) put(*x);
        } else if constexpr (detail::is_vector<T>) {
            put_all(x);
        } else {
            visit_fields(x, [&](const auto&... each) { write(each...); });
        }
    }

    void put_all(const auto& all) {
        out_->put(all.size());
        for (const auto& each : all) put(each);
    }

    /// The usual configuration, in which all servers are alike, is one byte.
    void put_configuration(const configuration& x) {
        if (x == *usual_) return out_->put(0);
        const auto present = std::exchange(slots_, slot_renaming{x, names_});
        out_->put(x.members.size() + 1);
        for (std::size_t i = 0; i < slots_.count(); ++i)
            put(x.members[slots_.origin_of({static_cast<std::uint8_t>(i)})]);
        visit_fields(x, [&](const auto&, const auto&... sets) { write(sets...); });
        slots_ = present;
    }

    void put_log(const core::log_terms& x) {
        put(x.base());
        out_->put(x.last_index() - x.base().index);
        for (auto i = next(x.base().index); i <= x.last_index(); i = next(i))
            put(x.known_term_at(i));
    }

    /// 0: run out; 1: a moment that is now; 2: a deadline that is still to come; 3: lasting.
    [[nodiscard]] std::uint64_t instant_code(instant x) const {
        if (x == explored_lasting) return 3;
        if (x >= explored_now + patience_) return 2;
        return x >= explored_now ? 1 : 0;
    }

    encoding* out_;
    renaming names_;
    slot_renaming slots_{};
    const configuration* usual_;
    duration patience_;
};

/// Reads what a `state_writer` wrote. It assigns to what is there already, whose memory serves
/// again.
class state_reader {
public:
    state_reader(std::span<const std::uint8_t> bytes, const configuration& usual, duration patience)
        : in_{bytes}, usual_{&usual}, patience_{patience} {}

    template <class... Ts>
    void read(Ts&... values) {
        (get(values), ...);
    }
    [[nodiscard]] bool at_end() const { return in_.at_end(); }

private:
    template <class T>
    void get(T& x) {
        if constexpr (std::same_as<T, configuration>) {
            get_configuration(x);
        } else if constexpr (std::same_as<T, core::log_terms>) {
            get_log(x);
        } else if constexpr (std::same_as<T, instant>) {
            const instant known[] = {{}, explored_now, explored_now + patience_, explored_lasting};
            x = known[in_.get()];
        } else if constexpr (std::same_as<T, core::member_set>) {
            x = core::member_set::from_bits(static_cast<std::uint32_t>(in_.get()));
        } else if constexpr (detail::wraps_number<T>) {
            x.value = static_cast<decltype(x.value)>(in_.get());
        } else if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
            x = static_cast<T>(in_.get());
        } else if constexpr (detail::is_optional<T>) {
            get_optional(x);
        } else if constexpr (detail::is_variant<T>) {
            get_alternative(x, in_.get());
        } else if constexpr (detail::is_seldom<T>) {
            x.reset();
            if (in_.get() != 0) get(x.change());
        } else if constexpr (detail::is_vector<T>) {
            x.resize(in_.get());
            for (auto& each : x) get(each);
        } else {
            visit_fields(x, [&](auto&... each) { read(each...); });
        }
    }

    void get_optional(auto& x) {
        if (in_.get() == 0) return x.reset();
        if (!x) x.emplace();
        get(*x);
    }

    template <class... Ts>
    void get_alternative(std::variant<Ts...>& x, std::size_t index) {
        std::size_t i = 0;
        ((i++ == index ? get_as<Ts>(x) : void()), ...);
    }
    template <class T>
    void get_as(auto& x) {
        if (!std::holds_alternative<T>(x)) x.template emplace<T>();
        get(*std::get_if<T>(&x));
    }

    void get_configuration(configuration& x) {
        const auto code = in_.get();
        if (code == 0) {
            x = *usual_;
            return;
        }
        visit_fields(x, [&](auto& members, auto&... sets) {
            std::vector<member_id> ids(code - 1);
            for (auto& each : ids) get(each);
            members = core::roster{std::move(ids)};
            read(sets...);
        });
    }

    void get_log(core::log_terms& x) {
        core::log_position base;
        get(base);
        x = core::log_terms{base};
        for (auto count = in_.get(); count > 0; --count) x.append({in_.get()}, 1);
    }

    decoding in_;
    const configuration* usual_;
    duration patience_;
};

}  // namespace raft::proof
