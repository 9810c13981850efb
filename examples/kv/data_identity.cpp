// SPDX-License-Identifier: BSL-1.0
#include "data_identity.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "durable_file.hpp"
#include "incarnation.hpp"

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

/// A claim says which cluster's it is between these.
constexpr std::string_view before_cluster = " of cluster ";

/// The claim but for the cluster, and which that is; none if the claim says no cluster.
struct claimed_cluster {
    std::string rest{};
    std::uint64_t identity = 0;
};

std::optional<claimed_cluster> cluster_in(const std::string& claim) {
    const auto mark = claim.find(before_cluster);
    if (mark == claim.npos) return std::nullopt;
    const auto begin = mark + before_cluster.size();
    claimed_cluster found;
    const auto parsed =
        std::from_chars(claim.data() + begin, claim.data() + claim.size(), found.identity);
    if (parsed.ec != std::errc{}) return std::nullopt;
    found.rest = claim.substr(0, begin) + parsed.ptr;
    return found;
}

/// The same server of the same servers, and yet another cluster: without a name in the cluster file
/// the addresses make the identity, and they have changed.
std::string line_to_add(const std::string& found, const std::string& claim) {
    const auto here = cluster_in(found);
    const auto there = cluster_in(claim);
    if (!here || !there || here->rest != there->rest) return {};
    return ". If it is the same cluster, and only the addresses of its servers have changed, put "
           "this line at the head of the cluster file of every server: cluster " +
           name_of_identity(here->identity);
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

std::string claim_in_words(const std::string& claim) {
    const auto text = without_line_end(claim);
    const auto cluster = cluster_in(text);
    if (!cluster) return text;
    const auto end = text.find(before_cluster) + before_cluster.size();
    return text.substr(0, end) + name_of_identity(cluster->identity) + cluster->rest.substr(end);
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
    return directory + " holds the data of " + claim_in_words(*found) + ", but this is " +
           claim_in_words(claim) + line_to_add(*found, claim);
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
