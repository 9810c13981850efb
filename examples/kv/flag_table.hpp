// SPDX-License-Identifier: BSL-1.0
//
// The flags of a command, as a table: what each is called, what stands behind it, what --help says
// of it, and what takes its value. So no flag is read that --help does not tell, or the other way.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace raft_kv {

/// `Target`, with a member `bool help`, is what the flags say.
template <class Target>
struct flag {
    std::string_view name;   ///< "--data"; or "FILE", for the word that belongs to no flag.
    std::string_view takes;  ///< What stands behind it, in --help; empty: it is a switch.
    std::string_view help;   ///< Lines; empty: it is told together with the next.
    /// Takes the value; false if it is none for this flag.
    bool (*read)(std::string_view value, Target& into);

    [[nodiscard]] bool is_word() const { return !name.starts_with("--"); }
};

template <class Integer>
[[nodiscard]] bool read_number(std::string_view text, Integer least, Integer most, Integer& into) {
    const auto end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, into);
    return parsed.ec == std::errc{} && parsed.ptr == end && into >= least && into <= most;
}

[[nodiscard]] inline bool read_text(std::string_view value, std::string& into) {
    into = value;
    return !into.empty();
}

/// Takes the flags into `into`, and says what is wrong with one; empty if nothing is. What follows
/// --help is not looked at. A value stands behind its flag, or behind an equals sign.
template <class Target>
[[nodiscard]] std::string read_flags(std::span<char*> arguments,
                                     std::span<const flag<Target>> known, Target& into) {
    const flag<Target>* word = nullptr;
    for (const auto& each : known)
        if (each.is_word()) word = &each;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view given{arguments[i]};
        const auto equals = given.find('=');
        const auto name = given.substr(0, equals);
        if (name == "--help") return into.help = true, std::string{};
        if (word != nullptr && !given.starts_with("--")) {
            static_cast<void>(word->read(given, into));
            word = nullptr;
            continue;
        }
        const auto found = std::ranges::find(known, name, &flag<Target>::name);
        if (found == known.end() || found->is_word())
            return "unknown flag '" + std::string{name} + "'";
        std::string_view value;
        if (equals != given.npos)
            value = given.substr(equals + 1);
        else if (!found->takes.empty() && i + 1 < arguments.size())
            value = arguments[++i];
        if (!found->read(value, into))
            return "'" + std::string{value} + "' is no value for " + std::string{name};
    }
    return {};
}

/// What --help says of the flags, a line or more for each; their texts begin in this column.
template <class Target>
[[nodiscard]] std::string help_of(std::span<const flag<Target>> known, std::size_t column) {
    std::string text;
    std::string line = "  ";
    for (const auto& each : known) {
        line.append(each.name);
        if (!each.is_word() && !each.takes.empty()) line.append(" ").append(each.takes);
        if (each.help.empty()) {
            line += ", ";
            continue;
        }
        if (line.size() + 2 > column) text += std::exchange(line, {}) + "\n";
        for (auto rest = each.help; !rest.empty();) {
            line.resize(column, ' ');
            const auto end = std::min(rest.find('\n'), rest.size());
            text += std::exchange(line, {}).append(rest.substr(0, end)) + "\n";
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        line = "  ";
    }
    return text;
}

}  // namespace raft_kv
