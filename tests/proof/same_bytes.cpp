// SPDX-License-Identifier: BSL-1.0
//
// A log, a snapshot and frames are the same bytes on every machine, and each reads the others':
//   same_bytes write DIRECTORY      writes `data` and `frames` there
//   same_bytes read DIRECTORY       reads them, whichever machine wrote them
//   same_bytes frames FILE          reads frames of an older version and writes them again
//   same_bytes data DIRECTORY       reads a storage of tests/fixtures; its segments are 32 MiB
// Says what it found, or fails with a sentence. tests/tools/compilers runs it for each machine.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <raft/battery/file_storage.hpp>
#include <raft/codec.hpp>

namespace {

using namespace raft;
using namespace raft::core;
using storage = file_storage<std::string>;
using text_entry = entry<std::string>;
using bytes_vector = std::vector<std::byte>;

constexpr std::uint64_t entry_count = 300;
constexpr std::uint64_t configuration_index = 150;
constexpr log_position snapshot_end{{200}, {2}};
const hard_state vote{{7}, member_id{0x0102030405060708}};

void require_that(bool holds, const std::string& what) {
    if (holds) return;
    std::fprintf(stderr, "not so: %s\n", what.c_str());
    std::exit(1);
}

storage opened(const std::string& directory, std::uint64_t segment_bytes) {
    auto result =
        storage::open(directory, {.segment_bytes = segment_bytes, .mode = flush_mode::manual});
    if (const auto* error = std::get_if<file_storage_error>(&result))
        require_that(false, error->message);
    return std::get<storage>(std::move(result));
}

term_number term_of(std::uint64_t index) { return {1 + index / configuration_index}; }

std::string command_of(std::uint64_t index) {
    std::string text = "command " + std::to_string(index) + ' ';
    while (text.size() < 10 + index % 97) text += static_cast<char>(text.size() * 37 + index);
    return text;
}

configuration members() {
    auto value = voters_only({{1}, {0xfedcba9876543210}, {3}});
    value.outgoing_voters = member_set::first(2);
    return value;
}

bytes_vector state_bytes() {
    bytes_vector bytes;
    for (std::size_t i = 0; i < 3000; ++i) bytes.push_back(static_cast<std::byte>(i * 31));
    return bytes;
}

// ------------------------------------------------------------------------------ log and snapshot

void append_entry(storage& to, std::uint64_t index) {
    const bool is_configuration = index == configuration_index;
    const indexed_configuration c{{index}, members()};
    std::vector<text_entry> entries{{term_of(index), command_of(index)}};
    if (is_configuration) entries[0].command.reset();
    log_write w{.sequence = {index}};
    if (index == entry_count) w.vote = vote;
    w.entries = append{{index}, {index}, term_of(index), entry_source::proposed};
    to.write(w, entries, is_configuration ? &c : nullptr);
}

void write_data(const std::string& directory) {
    auto s = opened(directory, 4096);
    static_cast<void>(s.recover());
    for (std::uint64_t index = 1; index <= entry_count; ++index) append_entry(s, index);
    s.flush();
    s.save(snapshot_end, members(), [](auto& sink) { sink.write(state_bytes()); });
    s.flush();
    require_that(s.error().empty() && s.snapshot().has_value(), "written " + s.error());
}

text_entry entry_at(storage& s, std::uint64_t index) {
    const auto found = s.entries({index}, {index}, 1 << 20U);
    require_that(found.size() == 1, "entry " + std::to_string(index) + " is there");
    return found[0];
}

void read_data(const std::string& directory) {
    auto s = opened(directory, 4096);
    const auto found = s.recover();
    require_that(found.vote == vote && found.last_index == log_index{entry_count}, "vote and end");
    require_that(found.configurations.size() == 1 &&
                     found.configurations[0] ==
                         indexed_configuration{{configuration_index}, members()},
                 "the configuration is what was written");
    for (std::uint64_t index = 1; index <= entry_count; ++index) {
        const auto each = entry_at(s, index);
        require_that(each.term == term_of(index), "term of " + std::to_string(index));
        if (index == configuration_index) continue;
        require_that(each.command == command_of(index), "command " + std::to_string(index));
    }
    const auto snapshot = s.snapshot();
    require_that(snapshot && snapshot->description.last_included == snapshot_end, "snapshot");
    const auto bytes = s.read_snapshot(0, snapshot->description.size);
    require_that(bytes_vector(bytes.begin(), bytes.end()) == state_bytes(), "snapshot's bytes");
}

// ----------------------------------------------------------------------------------------- frames

bytes_vector encoded_frames() {
    bytes_vector out;
    const std::vector<text_entry> entries{{{6}, command_of(1)}, {{6}, std::nullopt}};
    const indexed_configuration c{{12}, members()};
    const append_entries body{.term = {7},
                              .prev = {.index = {10}, .term = {5}},
                              .last_index = {12},
                              .entries_term = {6},
                              .commit_index = {9},
                              .round = {77}};
    const attachment<std::string> beside{.entries = entries, .configuration = &c};
    require_that(!wire::append_frame(out, body, beside), "the entries fit into a frame");
    const request_vote vote_wanted{.term = {7}, .last_log = snapshot_end};
    require_that(!wire::append_frame(out, vote_wanted, attachment<std::string>{}), "vote frame");
    return out;
}

std::vector<std::string> lines_of(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

bytes_vector bytes_of(const std::string& hex) {
    bytes_vector bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    return bytes;
}

void write_frames(const std::string& path) {
    const auto bytes = encoded_frames();
    std::ofstream{path, std::ios::binary}.write(reinterpret_cast<const char*>(bytes.data()),
                                                static_cast<std::streamsize>(bytes.size()));
}

void read_frames(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    const auto* data = reinterpret_cast<const std::byte*>(text.data());
    require_that(bytes_vector(data, data + text.size()) == encoded_frames(), "frames are equal");
}

void read_older_frames(const std::string& path) {
    const auto lines = lines_of(path);
    for (const auto& line : lines) {
        const auto frame = bytes_of(line);
        wire::decoded<std::string> received;
        require_that(!wire::decode_frame(std::span{frame}, received), "this is a frame: " + line);
        bytes_vector again;
        require_that(!wire::append_frame(again, received.body, received.beside(), {}, 1),
                     "it can be written again: " + line);
        require_that(again == frame, "it is written as it was: " + line);
    }
    require_that(lines.size() == 16, "there are sixteen frames");
}

/// 40 commands, of which the snapshot has the first twenty.
void read_older_data(const std::string& directory) {
    auto s = opened(directory, 32 * 1024 * 1024);
    const auto found = s.recover();
    std::size_t values = 0;
    for (auto i = found.log_base.index.value + 1; i <= found.last_index.value; ++i) {
        const auto each = entry_at(s, i);
        if (each.command && each.command->find("value ") != std::string::npos) ++values;
    }
    require_that(values == 40, std::to_string(values) + " values in the log are 40");
    const auto bytes = s.read_snapshot(0, s.snapshot() ? s.snapshot()->description.size : 0);
    const std::string text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    for (int i = 0; i < 20; ++i)
        require_that(text.find("value " + std::to_string(i)) != std::string::npos, "snapshot");
}

void run(const std::string& what, const std::string& path) {
    if (what == "write") {
        write_data(path + "/data");
        write_frames(path + "/frames");
    } else if (what == "read") {
        read_data(path + "/data");
        read_frames(path + "/frames");
    } else if (what == "frames") {
        read_older_frames(path);
    } else {
        require_that(what == "data", "write, read, frames or data");
        read_older_data(path);
    }
}

}  // namespace

int main(int count, char** words) {
    require_that(count == 3, "two words are given");
    run(words[1], words[2]);
    std::puts("equal");
}
