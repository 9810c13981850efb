// SPDX-License-Identifier: BSL-1.0
//
// The servers of a cluster that is to be born, as who lets it begin speaks with them: `raft-kv
// init`, and `raft-kv restore`, which brings them a state to begin with. Either all are prepared,
// or none begins.
#pragma once

#include <chrono>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "birth.hpp"
#include "cluster_file.hpp"
#include "keys.hpp"
#include "operator_flags.hpp"

namespace raft_kv {

/// A cluster that has begun.
struct begun_cluster {
    birth_record record{};
    std::string problems{};  ///< Who did not hear of it yet.
};

class founders {
public:
    using state = std::optional<raft::core::snapshot_description>;
    /// Brings all of them what they are to begin with, by `order_all`; or says what is wrong.
    using loading = std::function<std::variant<state, std::string>(std::string_view token)>;

    founders(std::vector<server_address> servers, keys own)
        : servers_{std::move(servers)}, own_{std::move(own)} {}

    /// What each says to RAFT BIRTH, once all answer; or who does not within the time, or refuses
    /// to. `tell`: hears at once what it waits for.
    [[nodiscard]] std::variant<std::vector<birth_answer>, std::string>
    await_all(std::chrono::seconds wait, const std::function<void(std::string_view)>& tell) const;

    /// Has each carry it out, one after another; what is wrong with the first that does not.
    [[nodiscard]] std::optional<std::string>
    order_all(std::initializer_list<std::string_view> words) const;

    /// Of founders that have never run: a history is minted, and they begin. Who misses it hears of
    /// it from the others. Or says what is wrong; then nothing has begun.
    [[nodiscard]] std::variant<begun_cluster, std::string>
    let_begin(const std::vector<birth_answer>& unborn_ones, const loading& load) const;

    [[nodiscard]] std::size_t size() const { return servers_.size(); }

private:
    /// All were asked once.
    struct round {
        std::vector<birth_answer> said{};
        std::string problem{};  ///< Of the last one that did not answer, or the first that refused.
        bool is_over = false;   ///< To ask again would change nothing.
    };
    [[nodiscard]] round ask_all() const;
    [[nodiscard]] std::optional<std::string>
    order(const server_address& server, std::initializer_list<std::string_view> words) const;

    std::vector<server_address> servers_;
    keys own_;
};

/// The servers in the cluster file, which are shown the keys; or what is wrong with a file.
[[nodiscard]] std::variant<founders, std::string> founders_of(const operator_flags& flags);

}  // namespace raft_kv
