// SPDX-License-Identifier: BSL-1.0
//
// raft-replay: runs again what a server did, from the file that its flight recorder left.
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include "shown_recording.hpp"
#include <page/page.hpp>

#include <raft/testing/replay.hpp>

namespace {

constexpr int differs = 1;
constexpr int wrong_usage = 2;
constexpr int wrong_file = 3;

constexpr const char* help_text =
    R"(usage: raft-replay FILE [--from N] [--to M] [--states] [--html PAGE]

Runs again what a server did, from the file that its flight recorder left, and tells it:

  1  0.000000000  the input, with its number and its time in seconds
        = what it changed
        > what was to be done for it

  --from N   tells inputs from number N on
  --to M     tells inputs up to number M
  --states   tells the state after each
  --html P   writes a page to file P, too, that shows all of it
  --help     this text

The result is 0 if the replay ends in the very state that was recorded, 1 if it does not, 2 if the
words on the command line are wrong or the page cannot be written, 3 if the file is no recording of
what a server can have done.
)";

struct options {
    std::string file{};
    std::size_t from = 1;
    std::size_t to = std::numeric_limits<std::size_t>::max();
    std::string html_file{};  ///< Where the page goes; empty: nowhere.
    bool states = false;
    bool help = false;
};

bool read_number(std::string_view text, std::size_t& number) {
    const auto end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    return parsed.ec == std::errc{} && parsed.ptr == end;
}

std::optional<options> read_options(std::span<char*> words) {
    options chosen;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word{words[i]};
        const auto value = i + 1 < words.size() ? std::string_view{words[i + 1]} : "";
        if (word == "--help") {
            chosen.help = true;
            return chosen;
        }
        if (word == "--states") {
            chosen.states = true;
        } else if (word == "--from" || word == "--to") {
            if (!read_number(value, word == "--from" ? chosen.from : chosen.to)) return {};
            ++i;
        } else if (word == "--html") {
            if ((chosen.html_file = value).empty()) return {};
            ++i;
        } else if (word.starts_with("-") || !chosen.file.empty()) {
            return {};
        } else {
            chosen.file = word;
        }
    }
    if (chosen.file.empty()) return {};
    return chosen;
}

std::variant<raft::flight::recording, raft::flight::recording_error>
read_file(const std::string& path) {
    std::FILE* const file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) return raft::flight::recording_error::unreadable;
    std::vector<std::byte> bytes;
    std::array<std::byte, 65536> part{};
    while (const auto count = std::fread(part.data(), 1, part.size(), file))
        bytes.insert(bytes.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(count));
    const bool complete = std::ferror(file) == 0;
    std::fclose(file);
    if (!complete) return raft::flight::recording_error::unreadable;
    return raft::flight::read_recording(bytes);
}

int tell(const raft::flight::recording& all, const options& chosen) {
    using namespace raft::testing;
    std::printf("server %s: %s\n", detail::words::of(all.after.self).c_str(),
                in_words(all.stretches.front().before).c_str());
    std::optional<raft::instant> origin;
    raft_replay::shown_recording shown{all.after.self.value};
    const auto result = replay(all, [&](const replayed_step& step) {
        if (!origin) origin = step.in.when;
        if (!chosen.html_file.empty()) shown.add(step);
        if (step.number < chosen.from || step.number > chosen.to) return;
        std::fputs(in_words(step, *origin).c_str(), stdout);
        if (chosen.states) std::printf("      : %s\n", in_words(step.after).c_str());
    });
    if (!chosen.html_file.empty() &&
        !raft_page::write_page(chosen.html_file, shown.finish(chosen.file)))
        return wrong_usage;
    if (!result.impossible.empty()) {
        const auto why = result.impossible;
        std::printf("input %zu cannot be: %.*s\n", result.inputs + 1, static_cast<int>(why.size()),
                    why.data());
        return wrong_file;
    }
    if (!result.same()) {
        std::printf("replayed: after %zu inputs the state is not the recorded one; it differs in",
                    result.differs_at);
        for (const auto& each : result.differences) std::printf(" %s", each.c_str());
        std::printf("\n");
        return differs;
    }
    if (!raft::core::invariants(all.after)) std::printf("the last state breaks its invariants\n");
    std::printf("replayed: %zu inputs, same state (%08x): %s\n", result.inputs,
                raft::flight::checksum_of(all.after), in_words(all.after).c_str());
    return 0;
}

}  // namespace

int main(int count, char** words) {
    const auto chosen = read_options({words + 1, static_cast<std::size_t>(count - 1)});
    if (!chosen) {
        std::fputs(help_text, stderr);
        return wrong_usage;
    }
    if (chosen->help) return std::fputs(help_text, stdout) < 0;
    const auto read = read_file(chosen->file);
    if (const auto* error = std::get_if<raft::flight::recording_error>(&read)) {
        const auto why = raft::describe(*error);
        std::fprintf(stderr, "raft-replay: %s: %.*s\n", chosen->file.c_str(),
                     static_cast<int>(why.size()), why.data());
        return wrong_file;
    }
    return tell(std::get<raft::flight::recording>(read), *chosen);
}
