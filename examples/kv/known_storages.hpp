// SPDX-License-Identifier: BSL-1.0
//
// Which storage each other server had when it was met first. One that comes with another has lost
// its disk, and with it what it had promised.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "birth.hpp"

#include <raft/codec/handshake.hpp>

namespace raft_kv {

class known_storages {
public:
    /// Takes up what `directory` keeps, and what the birth says of the founders. Says what is
    /// wrong, if anything is.
    [[nodiscard]] std::optional<std::string> open(std::string directory, const birth_record& birth);

    /// What is said to a server that has this storage: `welcome`, `other_storage`, or `not_noted`.
    /// The first one is remembered, and durable when this returns; if it cannot be, the server is
    /// not taken, and may come again.
    [[nodiscard]] raft::wire::handshake_verdict judge(std::uint64_t id, raft::storage_mark mark);

private:
    std::string directory_{};
    std::vector<founder> known_{};
};

}  // namespace raft_kv
