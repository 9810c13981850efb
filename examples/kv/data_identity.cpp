// SPDX-License-Identifier: BSL-1.0
#include "data_identity.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "durable_file.hpp"
#include "server_id.hpp"

#include <raft/battery/file_storage/file.hpp>

namespace raft_kv {

namespace {

const std::string identity_name = "identity";
const std::string servers_name = "servers";
const std::string way_out =
    "it must come back as another incarnation, with --join and an empty directory";

std::string without_line_end(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

std::string server_of(std::uint64_t cluster, std::uint64_t id) {
    return "server " + id_text(id) + " of cluster " + std::to_string(cluster);
}

}  // namespace

// One line that two directories share only if they may be exchanged for each other.
std::string founder_claim(const cluster_layout& layout, std::uint64_t id) {
    std::vector<std::uint64_t> members;
    for (const auto& each : layout.servers) members.push_back(each.id);
    std::ranges::sort(members);
    auto text = server_of(layout.identity(), id) + " of servers";
    for (const auto member : members) text += " " + id_text(member);
    return text + "\n";
}

std::string joiner_claim(std::uint64_t cluster, std::uint64_t id) {
    return server_of(cluster, id) + ", joined\n";
}

std::optional<std::string> missing_log(const std::string& directory) {
    namespace wal = raft::wal;
    std::error_code ignored;
    if (!std::filesystem::exists(directory + "/" + identity_name, ignored)) return std::nullopt;
    for (const auto& each : std::filesystem::directory_iterator{directory, ignored}) {
        const auto name = each.path().filename().string();
        if (name.starts_with(wal::segment_prefix) || name.starts_with(wal::snapshot_prefix) ||
            name == wal::newest_name)
            return std::nullopt;
    }
    return directory + " has an identity, but its log is gone, and its promises: " + way_out;
}

std::optional<std::string> claim_directory(const std::string& directory, const std::string& claim,
                                           bool log_is_empty) {
    const auto path = directory + "/" + identity_name;
    auto read = read_small_file(path);
    if (auto* wrong = std::get_if<std::string>(&read)) return std::move(*wrong);
    const auto& found = std::get<file_text>(read);
    if (!found && log_is_empty) return replace_claim(directory, claim);
    if (!found)
        return path + " is missing, so whose log is in " + directory + " cannot be told; " +
               way_out + ". If it is certain that the log is that of " + without_line_end(claim) +
               ", make that line the file, and below it " + checksum_line(claim);
    if (*found == claim) return std::nullopt;
    return directory + " holds the data of " + without_line_end(*found) + ", but this is " +
           without_line_end(claim);
}

std::variant<std::string, layout_error> claim_in(const std::string& directory) {
    auto read = read_small_file(directory + "/" + identity_name);
    if (auto* wrong = std::get_if<std::string>(&read)) return layout_error{std::move(*wrong)};
    return std::get<file_text>(std::move(read)).value_or("");
}

std::optional<std::string> replace_claim(const std::string& directory, const std::string& claim) {
    return write_durably(directory, identity_name, claim);
}

std::variant<std::optional<cluster_layout>, layout_error>
read_known_servers(const std::string& directory) {
    const auto path = directory + "/" + servers_name;
    auto read = read_small_file(path);
    if (auto* wrong = std::get_if<std::string>(&read)) return layout_error{std::move(*wrong)};
    const auto& found = std::get<file_text>(read);
    if (!found) return std::optional<cluster_layout>{};
    auto parsed = parse_cluster(*found, known_servers_max);
    if (const auto* wrong = std::get_if<layout_error>(&parsed))
        return layout_error{path + ": " + wrong->text};
    return std::optional{std::get<cluster_layout>(std::move(parsed))};
}

std::optional<std::string> keep_known_servers(const std::string& directory, std::string_view text) {
    return write_durably(directory, servers_name, text);
}

}  // namespace raft_kv
