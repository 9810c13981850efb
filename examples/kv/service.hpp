// SPDX-License-Identifier: BSL-1.0
//
// The seam between the commands and the server that they run on: what a session asks for. The
// server stands behind it with its node; tests put something simpler there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "activity.hpp"
#include "birth.hpp"
#include "cluster_file.hpp"
#include "cluster_request.hpp"
#include "flush_times.hpp"
#include "keys.hpp"
#include "kv.hpp"
#include "member_report.hpp"
#include "refusals.hpp"

#include <raft/core/effects.hpp>
#include <raft/core/membership.hpp>
#include <raft/core/step.hpp>

namespace raft_kv {

class session;
struct client_state;
struct client_filter;

/// Who is connected.
struct client_report {
    std::size_t connected = 0;
    std::size_t most = 0;                 ///< The places for those who ask for data.
    std::size_t in_reserve = 0;           ///< Of those connected, who may not, as all were taken.
    std::uint64_t came = 0;               ///< Times that somebody did.
    std::uint64_t turned_away = 0;        ///< Times that somebody came and all were taken.
    std::size_t reply_bytes = 0;          ///< The memory of replies that were not fetched,
    std::size_t request_bytes = 0;        ///< and of requests that are not whole,
    std::size_t most_request_bytes = 0;   ///< of which there may be so much.
    std::uint64_t closed_for_memory = 0;  ///< Times that somebody had to go for that.
};

/// What RAFT STATUS and INFO tell.
struct server_report {
    std::uint64_t id = 0;
    std::string_view role{};
    std::uint64_t term = 0;
    std::optional<std::uint64_t> leader{};
    std::uint64_t commit = 0;
    std::uint64_t applied = 0;
    std::uint64_t last = 0;
    std::uint64_t first = 1;     ///< Of the entries that the log holds.
    std::uint64_t snapshot = 0;  ///< The last index of the newest snapshot, 0 if there is none.
    std::uint64_t snapshot_bytes = 0;
    /// The disk lost entries up to this one, which are being had from the others; 0: none.
    std::uint64_t lost_through = 0;
    std::uint64_t lacks_from = 0;     ///< The log has no commands from here on; 0: it has all.
    std::uint64_t removed_at = 0;     ///< The configuration since which it is no member; 0: it is.
    std::uint64_t applied_bytes = 0;  ///< Since the server was started.
    bool storage_failed = false;
    bool state_differs = false;    ///< It has halted since its state is not the others'.
    bool version_too_old = false;  ///< It has halted before a command that it cannot read.
    raft::digests::comparison_status compared{};  ///< What comparing the servers has shown.
    std::uint64_t configuration = 0;              ///< The index of the newest one.
    bool changing = false;                        ///< A change of membership is under way.
    bool lease = false;                           ///< RAFT LEASE on.
    std::vector<member_report> members{};
    client_report clients{};
    std::uint64_t uptime_seconds = 0;
    activity done{};
    flush_report flushes{};
    refusal_counts peers_refused{};    ///< Callers on the port of the peers.
    refusal_counts clients_refused{};  ///< Who did not show what it takes.
};

class service {
public:
    service() = default;
    service(const service&) = delete;
    service& operator=(const service&) = delete;
    virtual ~service() = default;

    /// Who the cluster is, and where each server that is known of.
    [[nodiscard]] virtual std::uint64_t identity() const = 0;
    [[nodiscard]] virtual const birth_record& birth() const = 0;
    [[nodiscard]] virtual const cluster_layout& layout() const = 0;
    [[nodiscard]] virtual const keys& own_keys() const = 0;
    /// Where its data is.
    [[nodiscard]] virtual const std::string& directory() const = 0;
    /// A client was refused for want of what it takes: whoever watches is told.
    virtual void refused(const client_state& client, std::string_view reason) = 0;
    [[nodiscard]] virtual server_report report() const = 0;
    [[nodiscard]] virtual const kv& store() const = 0;
    /// The store is what the log made of it up to there.
    [[nodiscard]] virtual raft::log_index applied() const = 0;

    /// Null if this server leads; else who does, as far as it knows.
    [[nodiscard]] virtual std::optional<raft::refusal> not_leading() const = 0;
    /// Why it takes no writes, if it does not: it neither leads nor hands them to the leader.
    [[nodiscard]] virtual std::optional<raft::refusal> not_taking_writes() const = 0;
    /// The clients that fit, a line each (`line_of`).
    [[nodiscard]] virtual std::string client_lines(const client_filter& which) const = 0;
    /// Closes those that fit, and says how many they were.
    [[nodiscard]] virtual std::size_t close_clients(const client_filter& which) = 0;
    /// Begins a snapshot, or says why not: an error as a client is told.
    [[nodiscard]] virtual std::optional<std::string> take_snapshot() = 0;

    /// A client asked for something that there is.
    virtual void took_command() = 0;
    /// What clocks show now.
    [[nodiscard]] virtual write_times times() const = 0;

    /// Where a session adds its next write, or null if too much waits already. It says `wrote` if
    /// it did, and will be told what became of it under the number it gave.
    [[nodiscard]] virtual std::string* batch() = 0;
    virtual void wrote(session& by, std::uint64_t sequence, std::size_t bytes) = 0;
    /// The round of reads that this session is now part of. It is told once reads of the round, and
    /// of those before it that want the same, may be served from the store.
    [[nodiscard]] virtual std::uint64_t join_read(session& by,
                                                  const raft::core::read_requested& wanted) = 0;

    /// The session is told (`leader_awaited`) when a leader is known, or was not for too long; not
    /// before this returns.
    virtual void await_leader(session& by, std::uint64_t sequence) = 0;

    /// Begins what a client asks of the cluster. The session will be told how it ended, under the
    /// number it gave; not before this returns.
    virtual void begin(session& by, std::uint64_t sequence, const cluster_request& asked) = 0;
    /// Whether linearizable reads are answered under a lease where there is one; or why they cannot
    /// be, as a client is told.
    [[nodiscard]] virtual std::optional<std::string> use_lease(bool on) = 0;
};

}  // namespace raft_kv
