// SPDX-License-Identifier: BSL-1.0
//
// The new beginning is one record of the log: a configuration in a new term, after all that is
// there. A crash leaves the log with it or without it. Before that the directory takes the name of
// a new cluster, so that servers of the old one, should they come back, are strangers to it.
#include "recover.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <random>
#include <string_view>
#include <utility>

#include "birth.hpp"
#include "command_end.hpp"
#include "data_identity.hpp"
#include "flag_table.hpp"
#include "incarnation.hpp"
#include "limits.hpp"

#include <raft/battery/file_storage.hpp>
#include <raft/battery/file_storage/differs_mark.hpp>
#include <raft/battery/file_storage/posix_files.hpp>
#include <raft/core/membership.hpp>

namespace raft_kv {

namespace {

constexpr complainer complain{"recover"};
constexpr int only_told = 3;

constexpr std::string_view usage_text =
    R"(usage: raft-kv recover --data DIR --id N [--members N,M,...] [--accept-data-loss]

When a majority of the servers is lost for good, makes what server N holds in DIR the beginning of
a new cluster, in which it alone votes. First tells what DIR holds and what may be lost.

)";
constexpr std::string_view advice_text = R"(
Choose the server that holds the most: the highest term of the last entry, then the highest entry.
Never start another server of the old cluster again with what it holds.
)";

using storage_type = raft::file_storage<std::string>;

/// What the directory holds.
struct holdings {
    raft::recovered kept{};
    raft::configuration members{};
    cluster_layout known{};

    [[nodiscard]] raft::term_number last_term() const {
        return kept.runs.empty() ? kept.log_base.term : kept.runs.back().term;
    }
};

bool read_members(std::string_view list, std::vector<std::uint64_t>& members) {
    for (;;) {
        const auto comma = list.find(',');
        const auto id = id_in(list.substr(0, comma));
        if (!id || std::ranges::find(members, *id) != members.end()) return false;
        members.push_back(*id);
        if (comma == list.npos) return members.size() <= raft::core::members_max;
        list.remove_prefix(comma + 1);
    }
}

using recover_flag = flag<recover_flags>;

constexpr std::array all_recover_flags{
    recover_flag{"--data", "DIR", "the server's directory; no server may run on it",
                 [](auto value, auto& to) { return read_text(value, to.directory); }},
    recover_flag{"--id", "N", "whose it is",
                 [](auto value, auto& to) { return (to.id = id_in(value).value_or(0)) != 0; }},
    recover_flag{"--members", "N,M,...",
                 "N itself, and servers that shall learn from it: they begin with empty\n"
                 "directories and --join, and RAFT PROMOTE makes them voters (N alone)",
                 [](auto value, auto& to) { return read_members(value, to.members); }},
    recover_flag{"--accept-data-loss", "", "do it; without this, nothing is changed",
                 [](auto, auto& to) { return to.accepts_data_loss = true; }},
    recover_flag{"--help", "", "this text", [](auto, auto& to) { return to.help = true; }},
};

int tell_usage() {
    const auto text = std::string{usage_text} + help_of<recover_flags>(all_recover_flags, 22) +
                      std::string{advice_text};
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
}

/// Makes sure that the directory is what the flags say. Before it is opened, which makes a storage
/// of any directory.
std::optional<std::string> check_directory(const recover_flags& flags, holdings& found) {
    const auto claim = claim_in(flags.directory);
    if (const auto* wrong = std::get_if<layout_error>(&claim)) return wrong->text;
    const auto& owner = std::get<std::string>(claim);
    if (!owner.starts_with("server " + id_text(flags.id) + " of "))
        return flags.directory + " does not hold the data of server " + id_text(flags.id) +
               (owner.empty() ? "" : ", but of " + owner.substr(0, owner.size() - 1));
    auto known = read_known_servers(flags.directory);
    if (const auto* wrong = std::get_if<layout_error>(&known)) return wrong->text;
    if (auto& servers = std::get<0>(known)) found.known = std::move(*servers);
    bool differs = false;
    raft::wal::posix_files files;
    if (const auto wrong = raft::wal::read_differs_mark(files, flags.directory, differs))
        return wrong->message;
    if (differs)
        return "the state of server " + id_text(flags.id) +
               " was not that of the others: take another server";
    return std::nullopt;
}

/// Makes sure that there is something to recover.
std::optional<std::string> look_into(const recover_flags& flags, storage_type& storage,
                                     holdings& found) {
    found.kept = storage.recover();
    if (found.kept.snapshot) found.members = found.kept.snapshot->members;
    if (!found.kept.configurations.empty()) found.members = found.kept.configurations.back().value;
    if (found.members.members.empty())  // As its founders made it.
        for (const auto& each : found.known.servers) found.members.members.add({each.id});
    if (found.kept.last_index == raft::log_index{})
        return flags.directory + " holds nothing: there is nothing to recover";
    if (found.members.is_witness({flags.id}))
        return "server " + id_text(flags.id) + " is a witness and holds no data";
    if (found.kept.lacks_from)
        return "server " + id_text(flags.id) + " was a witness: it holds no data from entry " +
               std::to_string(found.kept.lacks_from->value) + " on";
    return std::nullopt;
}

void tell(const recover_flags& flags, const holdings& found) {
    const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
    const auto& kept = found.kept;
    const auto covered = kept.snapshot ? kept.snapshot->description.last_included.index.value : 0;
    std::printf("%s holds, of server %s:\n", flags.directory.c_str(), id_text(flags.id).c_str());
    std::printf("  term             %llu\n", number(kept.vote.current_term.value));
    std::printf("  last entry       %llu, of term %llu\n", number(kept.last_index.value),
                number(found.last_term().value));
    if (covered == 0)
        std::printf("  snapshot         none\n");
    else
        std::printf("  snapshot         up to entry %llu, %llu bytes\n", number(covered),
                    number(kept.snapshot->description.size));
    std::printf("  committed        entry %llu at least; how many of the later ones is not known\n",
                number(covered));
    if (kept.lost_through)
        std::printf("  damage           entries up to %llu were in the log, and are lost\n",
                    number(kept.lost_through->index.value));
    std::printf("  members         ");
    for (const auto id : found.members.members) std::printf(" %s", id_text(id.value).c_str());
    std::printf("\n");
    std::printf("What may be lost or change:\n"
                "  Writes that other servers acknowledged and that are not among these entries are "
                "lost.\n"
                "  Entries after %llu that no majority had, and writes that were answered with an "
                "error\n"
                "  or not at all, may come to be applied.\n",
                number(covered));
}

/// The directory belongs to a cluster of its own from now on.
std::optional<std::string> rename_cluster(const recover_flags& flags, const holdings& found) {
    std::random_device random;
    const auto identity = std::uint64_t{random()} << 32U | random();
    std::vector<server_address> servers;
    for (const auto id : flags.members)
        if (const auto* address = found.known.find(id)) servers.push_back(*address);
    if (auto wrong = keep_known_servers(flags.directory, cluster_text(identity, servers)))
        return wrong;
    return replace_claim(flags.directory, joiner_claim(identity, flags.id));
}

/// What goes on from here is another history than what the others may have: they never meet.
std::optional<std::string> begin_history(const recover_flags& flags, storage_type& storage) {
    std::random_device random;
    const birth_record record{.history = {std::uint64_t{random()} << 32U | random() | 1U},
                              .founders = {}};
    if (!storage.keep_history(record.history)) return storage.error();
    return keep_birth(flags.directory, record);
}

/// One record: a new term, and the configuration as its first entry.
std::optional<std::string> begin_anew(const recover_flags& flags, const holdings& found,
                                      storage_type& storage) {
    const auto index = next(found.kept.last_index);
    const auto term = next(std::max(found.kept.vote.current_term, found.last_term()));
    raft::core::indexed_configuration beginning{.index = index, .value = {}};
    for (const auto id : flags.members) {
        const auto place = beginning.value.members.add({id});
        if (id == flags.id) beginning.value.voters.insert(place);
    }
    const raft::entry<std::string> holder{term, std::nullopt};
    const raft::core::write_sequence sequence{1};
    storage.write({sequence, raft::core::hard_state{term, std::nullopt},
                   raft::core::append{index, index, term, raft::core::entry_source::configuration}},
                  {&holder, 1}, &beginning);
    storage.flush();
    if (storage.progress().durable < sequence) return storage.error();
    if (!found.kept.lost_through) return std::nullopt;
    storage.forget_loss();
    storage.flush();
    return storage.progress().failed ? std::optional{storage.error()} : std::nullopt;
}

}  // namespace

std::variant<recover_flags, std::string> parse_recover_flags(std::span<char*> arguments) {
    recover_flags flags;
    if (auto wrong = read_flags<recover_flags>(arguments, all_recover_flags, flags); !wrong.empty())
        return wrong;
    if (flags.help) return flags;
    if (flags.directory.empty()) return "--data is missing";
    if (flags.id == 0) return "--id is missing";
    if (flags.members.empty()) flags.members.push_back(flags.id);
    if (std::ranges::find(flags.members, flags.id) == flags.members.end())
        return "server " + id_text(flags.id) + " must be among the members";
    return flags;
}

int recover(std::span<char*> arguments) {
    const auto parsed = parse_recover_flags(arguments);
    if (const auto* wrong = std::get_if<std::string>(&parsed)) return complain(*wrong, wrong_usage);
    const auto& flags = std::get<recover_flags>(parsed);
    if (flags.help) return tell_usage();
    std::error_code ignored;
    if (!std::filesystem::is_directory(flags.directory, ignored))
        return complain(flags.directory + " is no directory", failed);
    if (const auto wrong = missing_log(flags.directory)) return complain(*wrong, failed);
    holdings found;
    if (const auto wrong = check_directory(flags, found)) return complain(*wrong, failed);
    raft::file_storage_options options{};
    options.segment_bytes = limits::segment_bytes;
    options.mode = raft::flush_mode::manual;
    auto opened = storage_type::open(flags.directory, std::move(options));
    if (const auto* error = std::get_if<raft::file_storage_error>(&opened))
        return complain(error->message, failed);
    auto& storage = std::get<storage_type>(opened);
    if (const auto wrong = look_into(flags, storage, found)) return complain(*wrong, failed);
    tell(flags, found);
    if (!flags.accepts_data_loss) {
        std::printf("Nothing was changed. With --accept-data-loss it would be.\n");
        return only_told;
    }
    if (const auto wrong = rename_cluster(flags, found)) return complain(*wrong, failed);
    if (const auto wrong = begin_history(flags, storage)) return complain(*wrong, failed);
    if (const auto wrong = begin_anew(flags, found, storage)) return complain(*wrong, failed);
    std::printf("Done. Start it with `raft-kv serve --join --id %s --data %s` and a cluster file "
                "that names it.\n",
                id_text(flags.id).c_str(), flags.directory.c_str());
    return 0;
}

}  // namespace raft_kv
