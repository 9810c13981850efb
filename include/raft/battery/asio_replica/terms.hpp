// SPDX-License-Identifier: BSL-1.0
//
// What a running member is told of those options that are about requests and about who watches it.
#pragma once

#include <chrono>
#include <functional>
#include <string_view>

#include <raft/core/types.hpp>
#include <raft/node/status.hpp>

namespace raft::detail {

struct member_terms {
    member_id id{};
    bool forwards = true;
    std::chrono::milliseconds request_timeout{};
    std::chrono::milliseconds stop_timeout{};
    std::function<void(std::string_view)> log{};
    std::function<void(const node_status&)> on_change{};
};

/// `Options`: `replica_options`, or those of a group of a host.
template <class Options>
[[nodiscard]] member_terms terms_of(member_id id, const Options& options) {
    return {id,          options.forwards, options.request_timeout, options.stop_timeout,
            options.log, options.on_change};
}

}  // namespace raft::detail
