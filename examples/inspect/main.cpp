// SPDX-License-Identifier: BSL-1.0
//
// raft-inspect: tells what a directory of file_storage holds, and changes nothing there.
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "json.hpp"
#include "kv_owner.hpp"
#include "report.hpp"
#include "text.hpp"

#include <raft/battery/file_storage/inspection.hpp>

namespace {

using namespace raft_inspect;

constexpr int has_problems = 1;
constexpr int wrong_usage = 2;
constexpr int no_storage = 3;

constexpr const char* help_text =
    R"(usage: raft-inspect DIR [--entries] [--json]

Tells what the directory of a raft::file_storage holds, or that of a raft-kv server: whose it is,
term and vote, segments, snapshots, members, what is missing, and what is damaged, with file and
offset. It changes, creates and locks nothing. A server may run on the directory: what it is
writing at that moment is no damage.

  --entries  tells each entry of the log, too: index, term, kind and bytes
  --json     for programs; examples/inspect/json.hpp says what is in it
  --help     this text

The result is 0 if all is well, 1 if there are problems, 2 if the words on the command line are
wrong, 3 if DIR is no directory that can be read, or holds no storage.
)";

struct options {
    std::string directory{};
    bool entries = false;
    bool json = false;
    bool help = false;
};

std::optional<options> read_options(std::span<char*> words) {
    options chosen;
    for (const std::string_view word : words) {
        if (word == "--help")
            chosen.help = true;
        else if (word == "--entries")
            chosen.entries = true;
        else if (word == "--json")
            chosen.json = true;
        else if (word.starts_with("-") || !chosen.directory.empty())
            return std::nullopt;
        else
            chosen.directory = word;
    }
    if (chosen.directory.empty() && !chosen.help) return std::nullopt;
    return chosen;
}

/// Tells each entry; what is wrong if one cannot be read.
std::optional<raft::file_storage_error> tell_entries(raft::wal::storage_inspector<>& inspector,
                                                     bool json) {
    if (!json) {
        std::printf("entries\n");
        return inspector.each_entry([](const raft::wal::inspected_entry& each) { tell(each); });
    }
    bool is_first = true;
    begin_json_entries();
    auto failed = inspector.each_entry([&](const raft::wal::inspected_entry& each) {
        json_entry(each, std::exchange(is_first, false));
    });
    end_json_entries();
    return failed;
}

int inspect(const options& chosen) {
    raft::wal::storage_inspector<> inspector{chosen.directory};
    if (const auto failed = inspector.look()) {
        std::fprintf(stderr, "raft-inspect: %s\n", failed->message.c_str());
        return no_storage;
    }
    report all{inspector.found(), owner_of(chosen.directory)};
    chosen.json ? begin_json(all) : tell(all);
    if (chosen.entries)
        if (auto failed = tell_entries(inspector, chosen.json))
            all.found.problems.push_back(*std::move(failed));
    chosen.json ? end_json(all) : tell_verdict(all);
    return all.problems() == 0 ? 0 : has_problems;
}

}  // namespace

int main(int count, char** words) {
    const auto chosen = read_options({words + 1, static_cast<std::size_t>(count - 1)});
    if (!chosen) {
        std::fputs(help_text, stderr);
        return wrong_usage;
    }
    if (chosen->help) return std::fputs(help_text, stdout) < 0;
    return inspect(*chosen);
}
