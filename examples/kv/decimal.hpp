// SPDX-License-Identifier: BSL-1.0
//
// Numbers with decimals, for INCRBYFLOAT. Every server has to come to the same sum, whatever its
// processor makes of floating point, so they are integers: of units of 10^-17, which are as many
// decimals as Redis writes.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace raft_kv {

class decimal {
public:
    /// "-12.5", "3.0e3"; further decimals than there may be are dropped. None if the text is no
    /// number, or one of 21 digits or more before the point.
    [[nodiscard]] static std::optional<decimal> parsed(std::string_view text) {
        constexpr std::size_t length_max = 64;
        if (text.empty() || text.size() > length_max) return std::nullopt;
        const bool negative = text.front() == '-';
        if (negative || text.front() == '+') text.remove_prefix(1);
        const auto mark = std::min(text.find_first_of("eE"), text.size());
        const auto power = mark == text.size() ? std::optional{0} : power_in(text.substr(mark + 1));
        auto number = power ? from_digits(text.substr(0, mark), *power) : std::nullopt;
        if (number && negative) number->units_ = -number->units_;
        return number;
    }

    /// None if it has too many digits.
    [[nodiscard]] std::optional<decimal> plus(decimal other) const {
        decimal sum;
        if (__builtin_add_overflow(units_, other.units_, &sum.units_) || sum.is_too_large())
            return std::nullopt;
        return sum;
    }

    /// Without zeros at its end.
    [[nodiscard]] std::string text() const {
        std::string digits;
        auto rest = units_ < 0 ? -units_ : units_;
        for (; rest != 0 || digits.size() <= decimals; rest /= 10)
            digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
        std::reverse(digits.begin(), digits.end());
        digits.insert(digits.size() - decimals, 1, '.');
        digits.erase(digits.find_last_not_of('0') + 1);
        if (digits.back() == '.') digits.pop_back();
        if (units_ < 0) digits.insert(digits.begin(), '-');
        return digits;
    }

private:
    __extension__ using integer = __int128;
    static constexpr int decimals = 17;

    [[nodiscard]] static constexpr integer bound() {
        integer value = 1;
        for (int i = 0; i < 20 + decimals; ++i) value *= 10;
        return value;
    }

    [[nodiscard]] bool is_too_large() const { return units_ >= bound() || units_ <= -bound(); }

    [[nodiscard]] static std::optional<int> power_in(std::string_view text) {
        if (text.starts_with('+')) text.remove_prefix(1);
        int power = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), power);
        constexpr int power_max = 100;
        const bool whole = error == std::errc{} && end == text.data() + text.size();
        if (!whole || power > power_max || power < -power_max) return std::nullopt;
        return power;
    }

    [[nodiscard]] static std::optional<decimal> from_digits(std::string_view text, int power) {
        const auto point = std::min(text.find('.'), text.size());
        std::string digits{text.substr(0, point)};
        if (point != text.size()) digits += text.substr(point + 1);
        const auto is_digit = [](char byte) { return byte >= '0' && byte <= '9'; };
        if (digits.empty() || !std::ranges::all_of(digits, is_digit)) return std::nullopt;
        const auto taken = static_cast<int>(point) + power + decimals;
        decimal number;
        for (int i = 0; i < taken; ++i) {
            const auto place = static_cast<std::size_t>(i);
            number.units_ = number.units_ * 10 + (place < digits.size() ? digits[place] - '0' : 0);
            if (number.is_too_large()) return std::nullopt;
        }
        return number;
    }

    integer units_ = 0;
};

}  // namespace raft_kv
