// SPDX-License-Identifier: BSL-1.0
//
// As much JSON as lines of a history have: strings, whole numbers, truth values.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace raft::testing {

struct json_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The number, if the whole text is one.
[[nodiscard]] inline std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t number = 0;
    const auto end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return number;
}

/// Taken piece by piece; what is not there is a `json_error`.
class json_text {
public:
    explicit json_text(std::string_view text) : all_{text} {}

    bool take(char wanted) {
        skip_blanks();
        if (at_ == all_.size() || all_[at_] != wanted) return false;
        ++at_;
        return true;
    }
    void expect(char wanted) {
        if (!take(wanted)) fail(std::string{"'"} + wanted + "' is missing");
    }
    void end() {
        skip_blanks();
        if (at_ != all_.size()) fail("there is more than one object");
    }
    [[nodiscard]] std::int64_t number() {
        skip_blanks();
        const auto size = all_.find_first_not_of("-0123456789.eE+", at_);
        const auto text = all_.substr(at_, size == all_.npos ? size : size - at_);
        const auto read = whole_number(text);
        if (!read) fail("a whole number of 64 bits is missing");
        at_ += text.size();
        return *read;
    }
    [[nodiscard]] bool truth() {
        skip_blanks();
        for (const std::string_view word : {"true", "false"})
            if (all_.substr(at_).starts_with(word)) return at_ += word.size(), word == "true";
        fail("true or false is missing");
    }
    [[nodiscard]] std::string string() {
        expect('"');
        std::string text;
        for (;;) {
            const auto stop = all_.find_first_of("\"\\", at_);
            if (stop == all_.npos) fail("a string has no end");
            text += all_.substr(at_, stop - at_);
            at_ = stop + 1;
            if (all_[stop] == '"') return text;
            append_escaped(text);
        }
    }

private:
    [[noreturn]] void fail(const std::string& why) const {
        throw json_error{"column " + std::to_string(at_ + 1) + ": " + why};
    }
    void skip_blanks() {
        while (at_ < all_.size() && (all_[at_] == ' ' || all_[at_] == '\t' || all_[at_] == '\r'))
            ++at_;
    }
    void append_escaped(std::string& text) {
        constexpr std::string_view names = "\"\\/bfnrt";
        constexpr std::string_view means = "\"\\/\b\f\n\r\t";
        const char name = at_ < all_.size() ? all_[at_++] : '\0';
        const auto known = names.find(name);
        if (known != names.npos) {
            text += means[known];
        } else if (name == 'u') {
            append_code(text);
        } else {
            fail("an unknown escape");
        }
    }
    [[nodiscard]] unsigned hex_digits() {
        unsigned code = 0;
        const auto digits = all_.substr(at_, 4);
        const auto end = digits.data() + digits.size();
        const auto parsed = std::from_chars(digits.data(), end, code, 16);
        if (digits.size() != 4 || parsed.ec != std::errc{} || parsed.ptr != end)
            fail("four hexadecimal digits are missing");
        at_ += 4;
        return code;
    }
    /// As UTF-8, of which each half of a pair of surrogates becomes three bytes: it stays distinct.
    void append_code(std::string& text) {
        const auto code = hex_digits();
        const auto byte = [&text](unsigned bits) { text += static_cast<char>(bits); };
        if (code < 0x80) return byte(code);
        if (code < 0x800) {
            byte(0xC0 | code >> 6);
        } else {
            byte(0xE0 | code >> 12);
            byte(0x80 | (code >> 6 & 0x3F));
        }
        byte(0x80 | (code & 0x3F));
    }

    std::string_view all_;
    std::size_t at_ = 0;
};

/// Appends the text as a string of JSON.
inline void append_json(std::string& out, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += '"';
    for (const char each : text) {
        const auto code = static_cast<unsigned char>(each);
        if (code < 0x20) {
            out += "\\u00";
            out += digits[code >> 4U];
            out += digits[code & 15U];
            continue;
        }
        if (each == '"' || each == '\\') out += '\\';
        out += each;
    }
    out += '"';
}

}  // namespace raft::testing
