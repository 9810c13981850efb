// SPDX-License-Identifier: BSL-1.0
//
// What a server is told when it is made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "client_limits.hpp"
#include "client_tls.hpp"
#include "cluster_file.hpp"
#include "keys.hpp"
#include "limits.hpp"
#include "listen_address.hpp"

#include <raft/core/state.hpp>

namespace raft_kv {

struct server_options {
    cluster_layout layout{};
    std::uint64_t id = 0;
    std::string directory{};
    listen_address listen{};        ///< What it does not say is said by `layout`.
    listen_address listen_peers{};  ///< What it does not say is said by `layout`.
    /// The cluster exists, and this server comes to it: `layout` names some of the others.
    bool joins = false;
    /// Damage in the middle of the log is made good from the others where that is safe.
    bool recovers_damaged_log = false;
    /// It takes writes while another leads, and hands them to the leader.
    bool forwards = false;
    raft::settings config{.retained_entries = limits::retained_entries};
    /// A snapshot is taken when so many entries were applied since the last one.
    std::uint64_t snapshot_entries = 1'000'000;
    /// The servers are compared after each so many entries; 0: never.
    std::uint64_t compare_entries = 4096;
    client_limits clients{};
    /// It lives on when its storage has failed for good, to be looked at.
    bool stays_when_failed = false;
    listen_address metrics{};  ///< Without a port: none; without a host: on loopback alone.
    /// The room for the protocol's last inputs.
    std::size_t recorder_bytes = 256 * 1024;
    keys own_keys{};
    key_files key_paths{};      ///< Where certificates are read anew.
    client_tls_settings tls{};  ///< Without a certificate: clients speak none.

    /// Its own line of `layout`.
    [[nodiscard]] const server_address& self() const { return *layout.find(id); }
};

}  // namespace raft_kv
