// SPDX-License-Identifier: BSL-1.0
#include "birth.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "durable_file.hpp"
#include "incarnation.hpp"

namespace raft_kv {

namespace {

const std::string birth_name = "birth";
constexpr std::string_view history_word = "history ";
constexpr std::string_view state_word = "begins-with ";
constexpr std::string_view unborn_word = "unborn ";

/// Takes the next line off `text`.
std::string_view take_line(std::string_view& text) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

std::optional<founder> parse_founder(std::string_view line) {
    const auto space = line.find(' ');
    if (space == line.npos) return std::nullopt;
    const auto id = id_in(line.substr(0, space));
    const auto mark = hex_number(line.substr(space + 1));
    if (!id || !mark) return std::nullopt;
    return founder{*id, {*mark}};
}

std::string line_of(const founder& one) {
    return id_text(one.id) + " " + hex_text(one.mark.value) + "\n";
}

std::string line_of(const raft::core::snapshot_description& state) {
    return std::string{state_word} + hex_text(state.last_included.index.value) + " " +
           hex_text(state.last_included.term.value) + " " + hex_text(state.size) + " " +
           hex_text(state.checksum) + "\n";
}

/// Of a line without its first word: four numbers of 16 digits.
std::optional<raft::core::snapshot_description> parse_state(std::string_view line) {
    constexpr std::size_t digits = 16;
    if (line.size() != 4 * digits + 3) return std::nullopt;
    const auto index = hex_number(line.substr(0, digits));
    const auto term = hex_number(line.substr(digits + 1, digits));
    const auto size = hex_number(line.substr(2 * (digits + 1), digits));
    const auto checksum = hex_number(line.substr(3 * (digits + 1)));
    if (!index || !term || !size || !checksum || *checksum > 0xffffffff) return std::nullopt;
    return raft::core::snapshot_description{.last_included = {{*index}, {*term}},
                                            .size = *size,
                                            .checksum = static_cast<std::uint32_t>(*checksum)};
}

std::uint64_t next_incarnation(std::uint64_t id) {
    return server_id(number_of(id), static_cast<std::uint32_t>(incarnation_of(id)) + 1);
}

}  // namespace

const founder* birth_record::find(std::uint64_t id) const {
    const auto found = std::ranges::find(founders, id, &founder::id);
    return found == founders.end() ? nullptr : &*found;
}

std::string hex_text(std::uint64_t number) {
    char digits[16];
    const auto end = std::to_chars(digits, digits + sizeof(digits), number, 16).ptr;
    const std::string text{digits, end};
    return std::string(sizeof(digits) - text.size(), '0') + text;
}

std::optional<std::uint64_t> hex_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number, 16);
    if (text.size() != 16 || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return number;
}

std::string text_of(const birth_record& record) {
    return std::string{history_word} + hex_text(record.history.value) + "\n" +
           (record.begins_with ? line_of(*record.begins_with) : "") + text_of(record.founders);
}

std::string text_of(const std::vector<founder>& founders) {
    std::string text;
    for (const auto& each : founders) text += line_of(each);
    return text;
}

std::optional<std::vector<founder>> parse_founders(std::string_view text) {
    std::vector<founder> all;
    while (!text.empty()) {
        const auto one = parse_founder(take_line(text));
        if (!one || std::ranges::find(all, one->id, &founder::id) != all.end()) return std::nullopt;
        all.push_back(*one);
    }
    return all;
}

std::optional<birth_record> parse_birth(std::string_view text) {
    auto line = take_line(text);
    if (!line.starts_with(history_word)) return std::nullopt;
    const auto history = hex_number(line.substr(history_word.size()));
    if (!history) return std::nullopt;
    birth_record record{.history = {*history}};
    if (text.starts_with(state_word)) {
        record.begins_with = parse_state(take_line(text).substr(state_word.size()));
        if (!record.begins_with) return std::nullopt;
    }
    auto founders = parse_founders(text);
    if (!founders) return std::nullopt;
    record.founders = *std::move(founders);
    return record;
}

raft::history_id history_before_records(std::uint64_t cluster) {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
    return {cluster * odd | 1U};
}

std::variant<std::optional<birth_record>, std::string> read_birth(const std::string& directory) {
    const auto path = directory + "/" + birth_name;
    auto read = read_small_file(path);
    if (auto* wrong = std::get_if<std::string>(&read)) return std::move(*wrong);
    const auto& found = std::get<file_text>(read);
    if (!found) return std::optional<birth_record>{};
    auto record = parse_birth(*found);
    if (!record) return path + " is no record of a birth";
    return record;
}

std::optional<std::string> keep_birth(const std::string& directory, const birth_record& record) {
    return write_durably(directory, birth_name, text_of(record));
}

std::string text_of(const unborn& answer) {
    return std::string{unborn_word} + line_of(answer.self);
}

std::optional<birth_answer> parse_birth_answer(std::string_view text) {
    if (auto record = parse_birth(text)) return *std::move(record);
    if (!text.starts_with(unborn_word)) return std::nullopt;
    text.remove_prefix(unborn_word.size());
    const auto self = parse_founder(take_line(text));
    if (!self) return std::nullopt;
    return unborn{*self};
}

std::optional<std::string> obstacle_to_founding(const birth_record& record, const founder& self) {
    const auto* known = record.find(self.id);
    if (known != nullptr && known->mark == self.mark) return std::nullopt;
    const auto id = id_text(self.id);
    return "the cluster of history " + hex_text(record.history.value) +
           " runs already, and server " + id +
           (known != nullptr ? " had another directory" : " has been there before") +
           ", while this one is empty: what it had promised is lost. It comes back as server " +
           id_text(next_incarnation(self.id)) +
           ", with --join, in its place. If a new cluster is to begin instead, all its servers "
           "begin "
           "with empty directories, where none of the old one can be reached";
}

}  // namespace raft_kv
