// SPDX-License-Identifier: BSL-1.0
//
// What a replica is told when it is made.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <raft/battery/asio_node/members.hpp>
#include <raft/battery/asio_transport/options.hpp>
#include <raft/battery/comparison.hpp>
#include <raft/core/configuration.hpp>
#include <raft/core/state.hpp>
#include <raft/node/status.hpp>

namespace raft {

/// Who a replica is, where it keeps its data, and how it finds the others.
struct replica_options {
    /// This server: the same as long as its directory lives, and never that of another one.
    member_id id{};
    /// Where it keeps log, vote and snapshots. Prepared once, before the first start
    /// (`replica::prepare`); its parent must exist.
    std::string directory{};
    /// The first members of the cluster, all of which vote, and where each listens: the same list
    /// on every one of them. Of a server that `joins`, any servers that may know the cluster, and
    /// itself.
    std::vector<transport::peer> members{};
    /// Where to listen for the others, if that is not this server's own line of `members`.
    std::optional<asio::ip::tcp::endpoint> listen{};
    /// What the servers prove to each other that they know (`transport::options::secret`), as
    /// openssl_secret.hpp makes it of a file. None: whoever reaches the port is believed.
    std::shared_ptr<const security::authenticator> secret{};
    /// What encrypts the connections between servers (`transport::options::security`).
    std::shared_ptr<security::stream_security> security{};
    /// It is none of the first members: it takes part once `change_members` has added it.
    bool joins = false;
    /// A follower hands proposals to its leader, which takes each at most once (thesis §6.2). If
    /// not, it refuses them, and names the leader.
    bool forwards = true;
    /// How long a proposal or a read may take. Until then it waits for a leader, for room, and for
    /// its outcome.
    std::chrono::milliseconds request_timeout{10'000};
    /// How long `stop` waits for what is open, and for another leader.
    std::chrono::milliseconds stop_timeout{2'000};
    /// Timeouts and limits of the protocol.
    settings config{};
    /// A snapshot is taken when so many bytes of commands were applied since the last one. None:
    /// only when it is asked for. Nothing is taken of a state machine without `save` and `restore`.
    std::optional<std::uint64_t> snapshot_after_bytes = 64U << 20U;
    /// Servers are compared after each so many entries, if the state machine offers a digest
    /// (battery/comparison.hpp); 0: never. The same on all of them.
    std::uint64_t digest_interval = 4096;
    /// Told of whatever an operator may want to know, a line each, without the line's end.
    std::function<void(std::string_view)> log{};
    /// Told when the role, the term, the leader or the membership has changed.
    std::function<void(const node_status&)> on_change{};
};

/// What a replica tells of itself and its cluster.
struct replica_status : node_status {
    std::vector<member_progress> progress{};  ///< Of each of `members`.
    digests::comparison_status compared{};
};

}  // namespace raft
