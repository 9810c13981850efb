// SPDX-License-Identifier: BSL-1.0
//
// What a client asks of the cluster as a whole: who belongs to it, and who leads. Carried out by
// the leader, and answered when it is done.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "cluster_file.hpp"

#include <raft/core/membership.hpp>
#include <raft/node/outcome.hpp>

namespace raft_kv {

/// RAFT ADD: a server that is new to the cluster, at this address.
struct add_server {
    server_address address{};
    raft::member_part part = raft::member_part::voter;
};

/// RAFT REMOVE.
struct remove_server {
    std::uint64_t id = 0;
    raft::change_check check{};
};

/// RAFT PROMOTE, RAFT DEMOTE: a member is to be a voter, or a learner.
struct assign_part {
    std::uint64_t id = 0;
    raft::member_part part{};
    raft::change_check check{};
};

/// RAFT CHANGE: the whole membership, whatever it is now.
struct change_members {
    std::vector<raft::member> members{};
    raft::change_check check{};
};

/// RAFT FORGET: the address of a server that is no member.
struct forget_server {
    std::uint64_t id = 0;
};

/// RAFT ADDRESS with arguments: where a server is.
struct announce_server {
    server_address address{};
};

/// RAFT TRANSFER.
struct transfer_leadership {
    std::optional<std::uint64_t> target{};
};

/// RAFT STEPDOWN.
struct step_down {};

using cluster_request =
    std::variant<add_server, remove_server, assign_part, change_members, forget_server,
                 announce_server, transfer_leadership, step_down>;

}  // namespace raft_kv
