// SPDX-License-Identifier: BSL-1.0
//
// `raft-kv serve`: its flags, and the process around the server.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "client_tls.hpp"
#include "keys.hpp"
#include "limits.hpp"
#include "listen_address.hpp"

namespace raft_kv {

/// What stands behind the word `serve`.
struct serve_flags {
    std::string cluster_file{};
    std::uint64_t id = 0;
    std::string directory{};
    std::int64_t election_timeout_ms = 1000;
    std::int64_t heartbeat_ms = 100;
    std::uint64_t snapshot_entries = 1'000'000;
    std::uint64_t compare_entries = 4096;  ///< 0: never.
    listen_address listen{};               ///< Empty: where the cluster file says.
    listen_address listen_peers{};         ///< Empty: where the cluster file says.
    bool join = false;
    bool recover_damaged_log = false;
    bool forward = false;
    std::optional<std::uint16_t> clock_drift_ppm{};
    std::uint8_t election_rank = 0;
    std::uint32_t client_idle_seconds = 0;  ///< 0: never.
    std::uint64_t maxmemory_clients_mib = limits::requests_mib;
    bool stay_when_failed = false;
    listen_address metrics{};  ///< Empty: none.
    std::uint64_t recorder_kib = 256;
    key_files key_paths{};
    client_tls_settings tls{};
    bool is_protected = true;
    bool help = false;
    friend bool operator==(const serve_flags&, const serve_flags&) = default;
};

/// The flags, or what is wrong with them.
[[nodiscard]] std::variant<serve_flags, std::string> parse_serve_flags(std::span<char*> arguments);

/// Runs a server until it is told to end. The result is the process's: 0 if it ended well, 1 if it
/// could not start, 2 if the flags are wrong, 3 if its storage failed for good.
[[nodiscard]] int serve(std::span<char*> arguments);

}  // namespace raft_kv
