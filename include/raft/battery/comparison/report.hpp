// SPDX-License-Identifier: BSL-1.0
//
// What servers tell each other beside the protocol: the digests of their states, how these compare,
// their election timeouts, and which commands they can read.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <raft/core/types.hpp>
#include <raft/node/digests.hpp>

namespace raft::digests {

/// The digest of one server's state.
struct member_digest {
    member_id member{};
    std::uint64_t value = 0;
    friend constexpr bool operator==(const member_digest&, const member_digest&) = default;
};

/// After the entry at `index` not all servers that were compared had the same state.
struct state_difference {
    log_index index{};
    std::vector<member_digest> compared{};
    /// What a majority of those compared had; none: no state had one, and nobody knows which is
    /// right.
    std::optional<std::uint64_t> agreed{};

    /// Those whose state was another than the majority's; without one, all.
    [[nodiscard]] std::vector<member_id> differing() const {
        std::vector<member_id> found;
        for (const auto& each : compared)
            if (!agreed || each.value != *agreed) found.push_back(each.member);
        return found;
    }
    friend bool operator==(const state_difference&, const state_difference&) = default;
};

/// A member's election timeout is not this server's.
struct timeout_difference {
    member_id member{};
    duration there{};
    duration here{};
    friend bool operator==(const timeout_difference&, const timeout_difference&) = default;
};

/// A member's program is older than what the log may hold.
struct version_difference {
    member_id member{};
    std::uint32_t reads = 0;   ///< Commands up to this version.
    std::uint32_t needed = 0;  ///< What is proposed already.
    friend bool operator==(const version_difference&, const version_difference&) = default;
};

/// What a report is for.
enum class report_purpose : std::uint8_t {
    asking,     ///< A leader asks the members for their digests.
    answering,  ///< They give them.
    telling,    ///< A leader tells a difference.
    stopping,   ///< It tells a difference to the server that is to stop because of it.
};

/// What for, in plain English.
[[nodiscard]] constexpr std::string_view describe(report_purpose purpose) {
    switch (purpose) {
    case report_purpose::asking: return "asks for digests of the state";
    case report_purpose::answering: return "gives digests of its state";
    case report_purpose::telling: return "tells that states differ";
    case report_purpose::stopping: return "stops a server whose state differs";
    }
    return "unknown purpose";
}

/// Of one server, to another one.
struct peer_report {
    report_purpose purpose{};
    term_number term{};
    duration election_timeout{};
    std::uint32_t digest_version = 0;      ///< 0: it offers no digest.
    std::uint32_t commands_read = 0;       ///< The newest version of commands (node/versions.hpp).
    std::uint32_t commands_permitted = 0;  ///< The newest that a leader takes, since all read it.
    std::vector<state_digest> digests{};   ///< Answering: the latest.
    state_difference difference{};         ///< Telling, and stopping.
    friend bool operator==(const peer_report&, const peer_report&) = default;
};

/// A sentence for a log; `name(member_id)`: what a member is called there.
template <class Name>
[[nodiscard]] std::string text_of(const state_difference& found, Name name) {
    std::string servers;
    for (const auto member : found.differing())
        servers.append(servers.empty() ? "" : ", ").append(name(member));
    const auto at = "after entry " + std::to_string(found.index.value);
    return found.agreed ? at + " the state of server " + servers + " is not that of the others"
                        : at + " the states of servers " + servers +
                              " differ, and no majority of them agrees";
}

template <class Name>
[[nodiscard]] std::string text_of(const timeout_difference& found, Name name) {
    const auto ms = [](duration time) { return std::to_string(time.nanoseconds / 1'000'000); };
    return "the election timeout of server " + name(found.member) + " is " + ms(found.there) +
           " ms, and here it is " + ms(found.here) + " ms: they should be the same";
}

template <class Name>
[[nodiscard]] std::string text_of(const version_difference& found, Name name) {
    return "server " + name(found.member) + " reads commands up to version " +
           std::to_string(found.reads) + ", and version " + std::to_string(found.needed) +
           " is in use: it needs the newer program";
}

}  // namespace raft::digests
