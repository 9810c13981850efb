// SPDX-License-Identifier: BSL-1.0
//
// Any value of the core (a state, an input, …) as bytes, and back. It is written field by field
// without names (fields.hpp), and every value has exactly one form:
//
//     number      below 248: one byte; else a byte 247 + n, and the number in n bytes,
//                 little-endian, the last of which is not zero
//     signed      as the number 2x if x >= 0, else -2x - 1
//     yes or no, enumerator, set of members   as a number
//     optional    0; or 1 and the value
//     variant     the number of the alternative, and the value
//     vector      the number of elements, and the elements
//     log_terms   base, last index, runs
//     roster      the places that are taken, and the identities at them
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <raft/codec/fields.hpp>
#include <raft/codec/frame.hpp>
#include <raft/core/step.hpp>

namespace raft::detail {

template <class T>
inline constexpr bool is_an_optional = false;
template <class T>
inline constexpr bool is_an_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_a_variant = false;
template <class... Ts>
inline constexpr bool is_a_variant<std::variant<Ts...>> = true;
template <class T>
inline constexpr bool is_a_vector = false;
template <class T>
inline constexpr bool is_a_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_a_seldom = false;
template <class T>
inline constexpr bool is_a_seldom<seldom<T>> = true;

inline constexpr std::uint64_t one_byte_numbers = 248;
inline constexpr std::size_t number_bytes_max = 9;

/// Fills `room` as far as it goes. What does not fit is not written, and `overflowed` says so.
class value_writer {
public:
    explicit value_writer(std::span<std::byte> room)
        : begin_{room.data()}, at_{room.data()}, end_{room.data() + room.size()} {}

    [[nodiscard]] bool overflowed() const { return overflowed_; }
    [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }

    template <class T>
    void write(const T& x) {
        if constexpr (std::is_enum_v<T> || std::is_same_v<T, bool>) {
            number(static_cast<std::uint64_t>(x));
        } else if constexpr (std::unsigned_integral<T>) {
            number(x);
        } else if constexpr (std::signed_integral<T>) {
            const auto wide = static_cast<std::int64_t>(x);
            number(static_cast<std::uint64_t>(wide) << 1U ^ static_cast<std::uint64_t>(wide >> 63));
        } else if constexpr (std::is_same_v<T, member_set>) {
            number(x.bits());
        } else if constexpr (std::is_same_v<T, roster>) {
            write(x.everyone());
            for (const auto id : x) write(id);
        } else if constexpr (std::is_same_v<T, log_terms>) {
            write(x.base());
            write(x.last_index());
            write(x.runs());
        } else if constexpr (is_an_optional<T>) {
            number(x.has_value() ? 1 : 0);
            if (x) write(*x);
        } else if constexpr (is_a_variant<T>) {
            number(x.index());
            std::visit([this](const auto& each) { this->write(each); }, x);
        } else if constexpr (is_a_seldom<T>) {
            const bool any = x != T{};
            write(any);
            if (any) write(*x);
        } else if constexpr (is_a_vector<T>) {
            number(x.size());
            for (const auto& each : x) write(each);
        } else {
            with_fields(x, [this](const auto&... fields) { (this->write(fields), ...); });
        }
    }

private:
    /// Whole words are stored, and the next number goes over what was too much: no loop.
    void number(std::uint64_t x) {
        if (static_cast<std::size_t>(end_ - at_) < number_bytes_max) {
            overflowed_ = true;
            return;
        }
        if (x < one_byte_numbers) {
            *at_++ = static_cast<std::byte>(x);
            return;
        }
        const auto bytes = static_cast<unsigned>(std::bit_width(x) + 7) / 8;
        *at_++ = static_cast<std::byte>(one_byte_numbers - 1 + bytes);
        store_little_endian(at_, x);
        at_ += bytes;
    }

    std::byte* begin_;
    std::byte* at_;
    std::byte* end_;
    bool overflowed_ = false;
};

/// Reads what a `value_writer` wrote, from bytes that nobody vouches for. After the first fault
/// every read gives zeros, and `good` is false.
class value_reader {
public:
    /// Within decades of its clock's origin, so that whoever adds a timeout does not overflow.
    [[nodiscard]] static constexpr bool is_in_reach(instant x) {
        constexpr auto farthest = std::int64_t{1} << 61;
        return x.nanoseconds > -farthest && x.nanoseconds < farthest;
    }

    explicit value_reader(std::span<const std::byte> bytes) : rest_{bytes} {}

    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    void fail() {
        good_ = false;
        rest_ = {};
    }

    template <class T>
    [[nodiscard]] T read() {
        T x{};
        read_into(x);
        return x;
    }

    template <class T>
    void read_into(T& x) {
        if constexpr (std::is_same_v<T, bool>) {
            x = number(1) != 0;
        } else if constexpr (std::is_enum_v<T>) {
            x = static_cast<T>(number(last_enumerator(T{})));
        } else if constexpr (std::unsigned_integral<T>) {
            x = static_cast<T>(number(std::numeric_limits<T>::max()));
        } else if constexpr (std::signed_integral<T>) {
            static_assert(sizeof(T) == sizeof(std::uint64_t));
            const auto folded = number(std::numeric_limits<std::uint64_t>::max());
            x = static_cast<T>(folded >> 1U ^ (std::uint64_t{0} - (folded & 1U)));
        } else if constexpr (std::is_same_v<T, member_set>) {
            x = member_set::from_bits(read<std::uint32_t>());
        } else if constexpr (std::is_same_v<T, roster>) {
            x = {};
            for (const auto place : read<member_set>()) x.add_at(place, read<member_id>());
        } else if constexpr (std::is_same_v<T, log_terms>) {
            read_log(x);
        } else if constexpr (std::is_same_v<T, instant>) {
            read_into(x.nanoseconds);
            if (!is_in_reach(x)) fail();
        } else if constexpr (is_an_optional<T>) {
            if (read<bool>()) read_into(x.emplace());
        } else if constexpr (is_a_variant<T>) {
            read_alternative(x);
        } else if constexpr (is_a_seldom<T>) {
            if (read<bool>()) read_into(x.change());
        } else if constexpr (is_a_vector<T>) {
            read_vector(x);
        } else {
            with_fields(x, [this](auto&... fields) { (this->read_into(fields), ...); });
        }
    }

private:
    [[nodiscard]] std::uint64_t number(std::uint64_t most) {
        const auto x = number();
        if (x > most) fail();
        return x > most ? 0 : x;
    }

    [[nodiscard]] std::uint64_t number() {
        if (rest_.empty()) fail();
        if (!good_) return 0;
        const auto first = std::to_integer<std::uint64_t>(rest_.front());
        rest_ = rest_.subspan(1);
        if (first < one_byte_numbers) return first;
        const auto bytes = static_cast<std::size_t>(first - one_byte_numbers + 1);
        if (bytes > rest_.size()) fail();
        if (!good_) return 0;
        std::uint64_t x = 0;
        for (std::size_t i = 0; i < bytes; ++i)
            x |= std::to_integer<std::uint64_t>(rest_[i]) << (8 * i);
        rest_ = rest_.subspan(bytes);
        const bool shortest = x >= one_byte_numbers && x >> (8 * (bytes - 1)) != 0;
        if (!shortest) fail();
        return shortest ? x : 0;
    }

    template <class... Ts>
    void read_alternative(std::variant<Ts...>& x) {
        const auto index = number(sizeof...(Ts) - 1);
        std::uint64_t i = 0;
        ((i++ == index ? read_into(x.template emplace<Ts>()) : void()), ...);
    }

    /// Grows it only as far as elements are really there: every one of them takes a byte.
    template <class T>
    void read_vector(std::vector<T>& x) {
        for (auto count = number(rest_.size()); count > 0 && good_; --count) x.push_back(read<T>());
    }

    /// Runs that cannot be those of a log are a fault: `log_terms` takes our own word only.
    void read_log(log_terms& x) {
        const auto base = read<log_position>();
        const auto last = read<log_index>();
        const auto runs = read<std::vector<term_run>>();
        x = log_terms{base};
        if (last < base.index || last.value >= number_limit || runs.empty() != (last == base.index))
            return fail();
        for (std::size_t i = 0; i < runs.size(); ++i) {
            const bool ends_log = i + 1 == runs.size();
            const auto end = ends_log ? next(last) : runs[i + 1].first;
            const bool follows =
                i == 0 ? runs[i].term >= x.last_term() : runs[i].term > x.last_term();
            if (runs[i].first != next(x.last_index()) || end <= runs[i].first || !follows)
                return fail();
            x.append(runs[i].term, end - runs[i].first);
        }
        if (x.last_index() != last) fail();
    }

    static constexpr auto last_enumerator(halt_reason) {
        return as_number(halt_reason::version_too_old);
    }
    static constexpr auto last_enumerator(timer) { return as_number(timer::heartbeat); }
    static constexpr auto last_enumerator(replication_mode) {
        return as_number(replication_mode::snapshot);
    }
    static constexpr auto last_enumerator(read_consistency) {
        return as_number(read_consistency::stale);
    }
    static constexpr auto last_enumerator(member_part) { return as_number(member_part::witness); }
    static constexpr auto last_enumerator(refusal_reason) { return as_number(last_refusal_reason); }
    static constexpr std::uint64_t as_number(auto enumerator) {
        return static_cast<std::uint64_t>(enumerator);
    }

    static constexpr std::uint64_t number_limit = std::uint64_t{1} << 63U;

    std::span<const std::byte> rest_;
    bool good_ = true;
};

/// Appends a value to `out`, which grows as is needed.
template <class T>
void append_value(std::vector<std::byte>& out, const T& x) {
    const auto before = out.size();
    for (std::size_t room = 1024;; room *= 2) {
        out.resize(before + room);
        value_writer writer{std::span{out}.subspan(before)};
        writer.write(x);
        out.resize(before + writer.size());
        if (!writer.overflowed()) return;
    }
}

}  // namespace raft::detail
