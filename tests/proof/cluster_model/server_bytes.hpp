// SPDX-License-Identifier: BSL-1.0
//
// The bytes of one server under the renamings that were asked for. One event changes one server, so
// of most successors all servers but one are known already.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <proof/cluster_model/renaming.hpp>
#include <proof/explorer/encoding.hpp>

namespace raft::proof {

class server_bytes {
public:
    /// Puts the bytes into `out`; `write(encoding&)` makes them when they are asked for first.
    void put(const renaming& names, encoding& out, auto write) {
        for (const auto& each : known_)
            if (each.code == names.code())
                return out.put(std::span{bytes_}.subspan(each.begin, each.size));
        latest_.clear();
        write(latest_);
        const auto written = latest_.bytes();
        known_.push_back({names.code(), bytes_.size(), written.size()});
        bytes_.insert(bytes_.end(), written.begin(), written.end());
        out.put(written);
    }
    void forget() {
        bytes_.clear();
        known_.clear();
    }

private:
    struct known {
        std::uint64_t code = 0;
        std::size_t begin = 0;
        std::size_t size = 0;
    };
    encoding latest_{};
    std::vector<std::uint8_t> bytes_{};
    std::vector<known> known_{};
};

}  // namespace raft::proof
