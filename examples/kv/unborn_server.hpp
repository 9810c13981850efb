// SPDX-License-Identifier: BSL-1.0
//
// A founder with an empty directory, before its cluster is born: it takes part in nothing. It says
// on its client port what it is, and waits for `raft-kv init`; or, if the cluster was born while it
// was away, until one of the others tells it so.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "birth.hpp"
#include "cluster_file.hpp"
#include "event_log.hpp"
#include "keys.hpp"
#include <asio/ip/tcp.hpp>

namespace raft_kv {

struct unborn_options {
    founder self{};
    cluster_layout layout{};            ///< Whom to ask.
    asio::ip::tcp::endpoint clients{};  ///< Where to answer.
    std::string way_out{};              ///< What to say besides if it cannot listen there.
    std::string directory{};            ///< Where the record goes.
    keys own{};                         ///< Who shows none of them is told nothing.
};

/// Waits until the cluster is born; the record is durable then. Or says why this server must not
/// take part. Blocks.
[[nodiscard]] std::variant<birth_record, std::string> await_birth(const unborn_options& options,
                                                                  const event_log& log);

}  // namespace raft_kv
