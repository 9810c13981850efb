// SPDX-License-Identifier: BSL-1.0
//
// Asking the cluster about itself, as a client does: what a server needs that joins it, or that
// finds no leader among the servers that it knows.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "cluster_file.hpp"

namespace raft_kv {

/// How long to wait for one server.
inline constexpr std::chrono::milliseconds inquiry_patience{500};

struct cluster_answer {
    cluster_layout layout{};            ///< Its name is the cluster's identity.
    std::vector<std::uint64_t> voters;  ///< As whoever answered knows them.
};

/// Asks these servers but for `self`, one after another, and takes the first answer; if there is
/// none, what became of each question. Blocks, for at most `patience` with each.
[[nodiscard]] std::variant<cluster_answer, std::string>
ask_about_cluster(const std::vector<server_address>& servers, std::uint64_t self,
                  std::chrono::milliseconds patience);

}  // namespace raft_kv
