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

#include "birth.hpp"
#include "cluster_file.hpp"
#include "keys.hpp"

namespace raft_kv {

/// How long to wait for one server.
inline constexpr std::chrono::milliseconds inquiry_patience{500};

struct cluster_answer {
    cluster_layout layout{};  ///< Its name is the cluster's identity.
    birth_record birth{};
    std::vector<std::uint64_t> voters;  ///< As whoever answered knows them.
};

/// Asks these servers but for `self`, one after another, and takes the first answer; if there is
/// none, what became of each question. Blocks, for at most `patience` with each word.
[[nodiscard]] std::variant<cluster_answer, std::string>
ask_about_cluster(const std::vector<server_address>& servers, std::uint64_t self, const keys& own,
                  std::chrono::milliseconds patience);

/// What this server says to RAFT BIRTH; or why it says nothing. Blocks, for at most `patience` with
/// each word.
[[nodiscard]] std::variant<birth_answer, std::string>
ask_one_for_birth(const server_address& server, const keys& own,
                  std::chrono::milliseconds patience);

/// The birth of the cluster, as the first of these servers but for `self` knows it; none if none
/// that answers is born. Blocks, for at most `patience` with each word.
[[nodiscard]] std::optional<birth_record> ask_for_birth(const std::vector<server_address>& servers,
                                                        std::uint64_t self, const keys& own,
                                                        std::chrono::milliseconds patience);

}  // namespace raft_kv
