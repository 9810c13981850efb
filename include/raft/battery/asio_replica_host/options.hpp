// SPDX-License-Identifier: BSL-1.0
//
// What a host of many groups is told when it is made, and what each group is.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <raft/battery/asio_transport/options.hpp>
#include <raft/core/settings.hpp>
#include <raft/core/types.hpp>
#include <raft/node/status.hpp>

namespace raft {

/// Who a host is, where its groups keep their data, and how it finds the other hosts.
struct replica_host_options {
    /// This host: below 2^32, the same as long as its directory lives, and never that of another.
    member_id id{};
    /// Where its groups have their directories. Prepared once, before the first start
    /// (`replica_host::prepare`); its parent must exist.
    std::string directory{};
    /// All hosts that have members of these groups, this one among them, and where each listens.
    std::vector<transport::peer> hosts{};
    /// Where to listen for the others, if that is not this host's own line of `hosts`.
    std::optional<asio::ip::tcp::endpoint> listen{};
    /// As those of `replica_options`.
    std::shared_ptr<const security::authenticator> secret{};
    std::shared_ptr<security::stream_security> security{};
    /// How many threads write for the groups. A group is written for by one of them at a time.
    std::size_t disk_threads = 4;
    /// Told of what an operator may want to know of the connections, a line each.
    std::function<void(std::string_view)> log{};
};

/// One group, as this host has it. What has no comment is as in `replica_options`.
struct replica_group_options {
    /// The hosts that have the group's first members, all of which vote: the same list on each.
    /// The members' ids are `member_on` of them.
    std::vector<member_id> hosts{};
    /// The group's history, minted once when the group is made (`mint_history`), and the same on
    /// every host. A directory that is new begins with it; one that is lost does not come back so,
    /// since the host knows that it had one. It may stay here for ever.
    history_id history{};
    /// Which of the members that this host has had of the group it is. One whose directory is lost
    /// comes back as the next one, which `joins`.
    std::uint32_t incarnation = 0;
    bool joins = false;
    bool forwards = true;
    std::chrono::milliseconds request_timeout{10'000};
    std::chrono::milliseconds stop_timeout{2'000};
    settings config{};
    std::optional<std::uint64_t> snapshot_after_bytes = 4U << 20U;
    std::uint64_t digest_interval = 4096;
    /// The length of a segment of its log; it takes twice this on the disk at least.
    std::uint64_t segment_bytes = 1U << 20U;
    std::function<void(std::string_view)> log{};
    std::function<void(const node_status&)> on_change{};
};

}  // namespace raft
