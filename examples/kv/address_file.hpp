// SPDX-License-Identifier: BSL-1.0
//
// Where the servers of the cluster are, as the data directory keeps it, so that a server finds them
// when it starts again.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "cluster_file.hpp"
#include "data_identity.hpp"
#include "event_log.hpp"

namespace raft_kv {

class address_file {
public:
    /// `kept`: what is there.
    explicit address_file(std::string directory = {}, std::string kept = {})
        : directory_{std::move(directory)}, kept_{std::move(kept)} {}

    /// Writes these addresses, if they are not what is there. Blocks for the disk; addresses change
    /// seldom.
    void keep(std::uint64_t cluster, const cluster_layout& layout, const event_log& log) {
        auto text = cluster_text(cluster, layout.servers);
        if (text == kept_) return;
        if (const auto wrong = keep_known_servers(directory_, text))
            log("the servers' addresses are not kept: " + *wrong);
        else
            kept_ = std::move(text);
    }

private:
    std::string directory_;
    std::string kept_;
};

}  // namespace raft_kv
