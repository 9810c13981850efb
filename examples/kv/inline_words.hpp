// SPDX-License-Identifier: BSL-1.0
//
// Splits the line of an inline command into words, with the quotes that Redis has for them: in
// "double quotes" the escapes \n \r \t \b \a \xHH and \ before any other byte, in 'single quotes'
// only \'.
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace raft_kv {

namespace detail {

/// Takes an escape from the front of `line`, behind its backslash.
inline char take_escape(std::string_view& line) {
    if (line.size() >= 3 && line.front() == 'x') {
        unsigned value = 0;
        const auto parsed = std::from_chars(line.data() + 1, line.data() + 3, value, 16);
        if (parsed.ec == std::errc{} && parsed.ptr == line.data() + 3) {
            line.remove_prefix(3);
            return static_cast<char>(value);
        }
    }
    const auto byte = line.front();
    line.remove_prefix(1);
    switch (byte) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return byte;
    }
}

inline bool is_blank(char byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r') || byte == 0;
}

/// Takes a quoted string from the front of `line`, behind its first quote. False if it does not
/// end, or a word goes on right behind it.
inline bool take_quoted(std::string_view& line, char quote, std::string& text) {
    while (!line.empty()) {
        const auto byte = line.front();
        line.remove_prefix(1);
        if (byte == quote) return line.empty() || is_blank(line.front());
        if (byte == '\\' && quote == '"' && !line.empty()) {
            text.push_back(take_escape(line));
        } else if (byte == '\\' && quote == '\'' && line.starts_with('\'')) {
            text.push_back('\'');
            line.remove_prefix(1);
        } else {
            text.push_back(byte);
        }
    }
    return false;
}

}  // namespace detail

/// Appends the words to `text`, and where each ends to `ends`. False if the quotes do not match.
inline bool split_inline_words(std::string_view line, std::string& text,
                               std::vector<std::size_t>& ends) {
    while (true) {
        while (!line.empty() && detail::is_blank(line.front())) line.remove_prefix(1);
        if (line.empty()) return true;
        while (!line.empty() && !detail::is_blank(line.front())) {
            const auto byte = line.front();
            line.remove_prefix(1);
            if (byte == '"' || byte == '\'') {
                if (!detail::take_quoted(line, byte, text)) return false;
            } else {
                text.push_back(byte);
            }
        }
        ends.push_back(text.size());
    }
}

}  // namespace raft_kv
