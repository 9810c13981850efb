// SPDX-License-Identifier: BSL-1.0
//
// Where a replica, or a host of many, listens for the others, and what it says to them.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <raft/battery/asio_transport/options.hpp>
#include <raft/core/types.hpp>
#include <raft/policy/identity.hpp>

namespace raft::detail {

/// What its transport is told, or what is wrong. `options`: those of the replica, or of the host;
/// `all`: itself and the others; `storage` and `marks` of its directory, and outlive the transport.
/// Blocks where a name is to be resolved.
template <class Platform, class Options, class Storage, class Marks>
[[nodiscard]] std::variant<transport::options, std::string>
connections_of(asio::io_context& io, const Options& options,
               const std::vector<transport::peer>& all, const Storage& storage, Marks& marks,
               std::function<void(const transport::event&)> on_event) {
    const auto own = std::ranges::find(all, options.id, &transport::peer::id);
    if (own == all.end())
        return "server " + std::to_string(options.id.value) + " is not among the members";
    auto found = options.listen ? *options.listen : Platform::endpoint_of(io, *own);
    if (auto* wrong = std::get_if<std::string>(&found)) return std::move(*wrong);
    return transport::options{
        .cluster = {storage.history()->value},
        .self = options.id,
        .listen = std::get<asio::ip::tcp::endpoint>(found),
        .peers = all,
        .history = *storage.history(),
        .mark = storage.mark(),
        .judge_storage = [&marks](member_id peer,
                                  storage_mark mark) { return marks.judge(peer, mark); },
        .secret = options.secret,
        .security = options.security,
        .on_event = std::move(on_event),
    };
}

}  // namespace raft::detail
