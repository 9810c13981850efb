// SPDX-License-Identifier: BSL-1.0
//
// For tests of snapshots: chunks given by hand, and a follower that its leader has left behind.
#pragma once

#include <cstdint>

#include <support/messages.hpp>

namespace raft::testing {

constexpr settings retaining(std::uint32_t entries) {
    auto config = plain();
    config.retained_entries = entries;
    return config;
}

/// A chunk of a snapshot of `size` bytes.
constexpr core::install_snapshot chunk(std::uint64_t term, core::log_position last_included,
                                       std::uint64_t offset, std::uint32_t length,
                                       std::uint64_t size) {
    return {{term}, last_included, size, offset, length, 0, {}};
}

/// Gives `to` a message of s2 with the configuration of the cluster beside it.
inline void give(cluster& c, member_id to, const core::install_snapshot& body) {
    const auto members = core::indexed_configuration{body.last_included.index, c.at(s2).members()};
    c.give(to, core::received{s2, body, members});
}

/// s1 leads three servers; s3 is cut off and has only the first entry; s1 has dropped its log up to
/// and including index 6.
inline cluster with_slow_s3(const settings& config = retaining(0)) {
    cluster c{3, config};
    c.elect(s1);
    c.heartbeat(s1);
    c.settle();
    c.isolate(s3);
    c.propose(s1, 5);
    c.settle();
    c.take_snapshot(s1);
    return c;
}

/// s1 says that its snapshot has this size; the cluster's own are of one byte.
inline void resize_snapshot(cluster& c, std::uint64_t index, std::uint64_t size) {
    c.give(s1, core::snapshot_saved{{position(index, 1), size}});
}

}  // namespace raft::testing
