// SPDX-License-Identifier: BSL-1.0
//
// A directory of `file_storage` whose files are changed: bytes, lengths, names, with the checksums
// made right or not; or whose files are the input's alone. The storage refuses it, with the name of
// what is wrong; or it is in a state in which a server can start, and goes on: what is written then
// is there after the next start. Who only looks at it gets an answer, too.
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fuzz/choices.hpp>
#include <fuzz/stored_log.hpp>
#include <fuzz/target.hpp>

#include <raft/battery/file_storage/inspection.hpp>
#include <raft/codec/message_parts.hpp>
#include <raft/core/initial_state.hpp>
#include <raft/node/recovery.hpp>

namespace raft::fuzz {
namespace {

using testing::faulty_files;
using bytes_vector = std::vector<std::byte>;

constexpr member_id self{1};

/// Names that mean something to a storage.
std::string choose_name(choices& chosen) {
    constexpr std::array fixed{wal::newest_name,    wal::lost_name,    wal::receiving_name,
                               wal::saving_name,    wal::cut_name,     wal::history_name,
                               wal::peers_name,     wal::differs_name, wal::newest_draft_name,
                               wal::lost_draft_name};
    const auto which = chosen.below(fixed.size() + 2);
    if (which < fixed.size()) return std::string{fixed[which]};
    return wal::numbered_name(which == fixed.size() ? wal::segment_prefix : wal::snapshot_prefix,
                              chosen.byte());
}

void change_bytes(bytes_vector& bytes, choices& chosen) {
    const auto place = chosen.number(2);
    switch (chosen.below(6)) {
    case 0: bytes.resize(std::min<std::size_t>(place, bytes.size())); break;
    case 1: bytes.resize(bytes.size() + chosen.byte()); break;
    case 2:
        if (!bytes.empty())
            bytes[place % bytes.size()] ^= static_cast<std::byte>(1U << chosen.below(8));
        break;
    default: {
        const auto given = chosen.take(chosen.below(9));
        if (bytes.size() < given.size() || given.empty()) break;
        const auto at = place % (bytes.size() - given.size() + 1);
        std::ranges::copy(given, bytes.begin() + static_cast<std::ptrdiff_t>(at));
    }
    }
}

void change_directory(faulty_files& files, choices& chosen) {
    const auto paths = files.paths();
    const auto what = chosen.below(8);
    if (paths.empty() || what == 0) {
        const auto name = choose_name(chosen);
        const auto given = chosen.take(chosen.number(2) % 2048);
        return files.replace(wal::path_of(stored_directory, name), {given.begin(), given.end()});
    }
    const auto& path = paths[chosen.below(paths.size())];
    if (what == 1) return files.erase(path);
    if (what == 2)
        return files.replace(wal::path_of(stored_directory, choose_name(chosen)),
                             files.contents(path));
    auto bytes = files.contents(path);
    change_bytes(bytes, chosen);
    if (chosen.flip()) seal_file(path.substr(stored_directory.size() + 1), bytes);
    files.replace(path, std::move(bytes));
}

/// What the log holds can be read, entry by entry.
void read_log(stored_log& opened, const recovered& found) {
    for (auto index = next(found.log_base.index); index <= found.last_index;) {
        const auto entries = opened.entries(index, found.last_index, 500);
        expect(!entries.empty(), "every entry can be read");
        index = index + entries.size();
    }
    expect(opened.error().empty(), "what was opened can be read");
}

void read_snapshot(stored_log& opened) {
    const auto snapshot = opened.snapshot();
    if (!snapshot) return;
    const auto size = snapshot->description.size;
    expect(opened.read_snapshot(0, size).size() == size, "a snapshot can be read");
}

/// What is found when a server starts with it; none: it would not.
std::optional<core::state> started_with(const recovered& found) {
    const node_options options{.id = self, .initial = core::voters_only({self, {2}})};
    auto kept = detail::recovered_from(found, options);
    if (!kept) return std::nullopt;
    return initial_state(self, options.config, *std::move(kept), 1);
}

void expect_goes_on(stored_log& opened, const faulty_files& files, const core::state& at) {
    constexpr auto too_late = detail::number_limit - 1;  // No server comes so far.
    if (at.current_term.value >= too_late || at.log.last_index().value >= too_late) return;
    const auto term = next(at.current_term);
    const auto first = next(at.log.last_index());
    log_writer to{opened};
    to.vote(term.value, self);
    to.append(term.value, first.value, 3, 30);
    opened.flush();
    expect(opened.error().empty(), "what was opened can be written to");

    auto survived = files.after_power_loss({testing::survival::kind::lost});
    auto again = stored_log::open(stored_directory, small_segments(), survived);
    auto* reopened = std::get_if<stored_log>(&again);
    expect(reopened != nullptr, "what was written can be opened");
    const auto found = reopened->recover();
    expect(found.vote == core::hard_state{term, self}, "a vote is kept");
    expect(found.last_index == first + 2U && found.runs.back() == core::term_run{term, first},
           "entries are kept");
    expect(found.log_base == at.log.base(), "the log begins where it began");
    read_log(*reopened, found);
}

void look_at(const faulty_files& files) {
    wal::storage_inspector<faulty_files> inspector{stored_directory, files};
    if (const auto failed = inspector.look())
        return expect(!failed->message.empty(), "a refusal has a reason");
    static_cast<void>(inspector.each_entry([](const auto& /*entry*/) {}));
}

void open_peers(const faulty_files& files) {
    wal::peer_marks<faulty_files> peers{files};
    if (const auto fault = peers.open(stored_directory))
        expect(fault->find(wal::peers_name) != std::string::npos, "a refusal names the file");
}

}  // namespace

void try_input(std::span<const std::byte> input) {
    static const auto told = told_directories();
    choices chosen{input};
    auto files = told[chosen.below(told.size())].after_kill();
    auto options = small_segments();
    const auto manner = chosen.byte();
    options.recover_damaged_log = manner % 2 == 1;
    for (int left = 12; left > 0 && chosen.any_left(); --left) change_directory(files, chosen);

    const auto before = bytes_allocated();
    if (manner / 2U % 4 == 0) look_at(files);
    if (manner / 2U % 4 == 1) open_peers(files);
    auto opened = stored_log::open(stored_directory, options, files);
    expect(bytes_allocated() - before < std::size_t{64} << 20U, "memory is taken in proportion");
    if (const auto* refusal = std::get_if<file_storage_error>(&opened))
        return expect(refusal->message.find(stored_directory) != std::string::npos,
                      "a refusal names the file");
    auto& storage = std::get<stored_log>(opened);
    const auto found = storage.recover();
    read_log(storage, found);
    read_snapshot(storage);
    const auto state = started_with(found);
    if (!state) return;
    expect(invariants(*state), "a server starts in a state that may be");
    expect_goes_on(storage, files, *state);
}

}  // namespace raft::fuzz
