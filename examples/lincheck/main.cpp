// SPDX-License-Identifier: BSL-1.0
//
// raft-lincheck: whether the history of a store's clients is linearizable, and if not, why.
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <raft/testing/linearizability.hpp>

namespace {

using namespace raft::testing;

constexpr int violated = 1;
constexpr int unreadable = 2;
constexpr int undecided = 3;

constexpr const char* help_text =
    R"(usage: raft-lincheck FILE [--steps N] [--megabytes N]

Tells whether the history of a store's clients is linearizable. FILE has an operation a line:

  {"client":3,"op":"put","key":"x","value":"7","call":10,"return":25,"status":"ok"}

  op      get, put, cas, append, incr, del, or txn with "ops":[...], done at one time
  status  ok, fail (never done), or unknown (may be done at any time after the call)
  All of it is in include/raft/testing/history.hpp.

  --steps N      operations tried for each key, or keys that transactions join (20000000)
  --megabytes N  memory for each of them (1024)
  --help         this text

The result is 0 if it is linearizable, 1 if it is not, 2 if the file or the command line cannot be
read, 3 if it could not be decided within the bounds.
)";

struct options {
    std::string file{};
    linearizability_limits limits{};
    bool help = false;
};

std::optional<options> read_options(std::span<char*> words) {
    options chosen;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word{words[i]};
        if (word == "--help") return options{.help = true};
        if (word == "--steps" || word == "--megabytes") {
            const auto number = ++i < words.size() ? whole_number(words[i]) : std::nullopt;
            if (!number || *number < 0 || *number > 1'000'000'000'000) return {};
            const auto size = static_cast<std::size_t>(*number);
            if (word == "--steps") chosen.limits.steps = size;
            if (word == "--megabytes") chosen.limits.memory = size << 20U;
        } else if (word.starts_with("-") || !chosen.file.empty()) {
            return {};
        } else {
            chosen.file = word;
        }
    }
    if (chosen.file.empty()) return {};
    return chosen;
}

std::string names_of(const std::vector<std::string>& keys) {
    constexpr std::size_t shown = 5;
    std::string text = keys.size() == 1 ? "key" : "keys";
    for (std::size_t i = 0; i < keys.size() && i < shown; ++i) text += " " + keys[i];
    return keys.size() > shown ? text + " and " + std::to_string(keys.size() - shown) + " more"
                               : text;
}

void tell(const linearizability_finding& found) {
    const auto is = describe(found.is);
    std::printf("%s: %.*s; %zu operations, %zu of unknown outcome\n%s",
                names_of(found.keys).c_str(), static_cast<int>(is.size()), is.data(),
                found.operations, found.unknown, found.why.c_str());
}

int judge(const std::vector<history_operation>& all, const linearizability_limits& limits) {
    const auto verdict = check_linearizability(all, limits);
    for (const auto& each : verdict.findings) tell(each);
    const auto is = describe(verdict.is);
    std::printf("%.*s: %zu operations, %zu independent keys or groups of keys\n",
                static_cast<int>(is.size()), is.data(), verdict.operations, verdict.groups);
    if (verdict.is == linearizability::holds) return 0;
    return verdict.is == linearizability::violated ? violated : undecided;
}

}  // namespace

int main(int count, char** words) {
    const auto chosen = read_options({words + 1, static_cast<std::size_t>(count - 1)});
    if (!chosen) {
        std::fputs(help_text, stderr);
        return unreadable;
    }
    if (chosen->help) return std::fputs(help_text, stdout) < 0;
    std::ifstream file{chosen->file, std::ios::binary};
    if (!file) {
        std::fprintf(stderr, "raft-lincheck: %s cannot be opened\n", chosen->file.c_str());
        return unreadable;
    }
    const auto read = read_history(file);
    if (const auto* wrong = std::get_if<history_error>(&read)) {
        std::fprintf(stderr, "raft-lincheck: %s, line %zu: %s\n", chosen->file.c_str(), wrong->line,
                     wrong->why.c_str());
        return unreadable;
    }
    return judge(std::get<std::vector<history_operation>>(read), chosen->limits);
}
