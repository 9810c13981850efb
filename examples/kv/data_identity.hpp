// SPDX-License-Identifier: BSL-1.0
//
// Whose data a directory holds. A log that is taken for another server's, or for another cluster's,
// breaks every promise and shows no sign of it, so the directory says whose it is. Beside that it
// keeps where the servers of the cluster are, so that a server finds them when it starts again,
// whoever they have come to be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "cluster_file.hpp"

namespace raft_kv {

/// What a server of a cluster is: one of those that it began with.
[[nodiscard]] std::string founder_claim(const cluster_layout& layout, std::uint64_t id);
/// One that came later.
[[nodiscard]] std::string joiner_claim(std::uint64_t cluster, std::uint64_t id);

/// As people are told of a claim: one line, the cluster in the words of a cluster file.
[[nodiscard]] std::string claim_in_words(const std::string& claim);

/// Why the log in `directory` must not be begun, if there is none though a server used it before:
/// what that had promised would be forgotten. To be called before the log is opened, which may
/// begin one.
[[nodiscard]] std::optional<std::string> missing_log(const std::string& directory);

/// Makes sure that `directory` belongs to who claims it, or claims it if nobody has and nothing is
/// in its log: the claim is durable when this returns. Otherwise says whose it is, or what is
/// wrong. To be called by whoever holds the directory's lock.
[[nodiscard]] std::optional<std::string>
claim_directory(const std::string& directory, const std::string& claim, bool log_is_empty);

/// The claim that a directory holds; empty if none. Or what is wrong.
[[nodiscard]] std::variant<std::string, layout_error> claim_in(const std::string& directory);
/// Puts another claim in the place of whatever is there.
[[nodiscard]] std::optional<std::string> replace_claim(const std::string& directory,
                                                       const std::string& claim);

/// The servers that were known when the directory was used last: none if there is no such list, or
/// what is wrong with it.
[[nodiscard]] std::variant<std::optional<cluster_layout>, layout_error>
read_known_servers(const std::string& directory);
/// Keeps `text`, a cluster file. Says what went wrong, if anything did.
[[nodiscard]] std::optional<std::string> keep_known_servers(const std::string& directory,
                                                            std::string_view text);

}  // namespace raft_kv
