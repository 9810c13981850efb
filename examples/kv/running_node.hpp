// SPDX-License-Identifier: BSL-1.0
//
// The node of a server, with its storage, its connections to the others and its timer.
#pragma once

#include "flush_times.hpp"
#include "kv.hpp"
#include "limits.hpp"

#include <raft/battery/asio_node.hpp>
#include <raft/battery/flight_recorder.hpp>

namespace raft_kv {

using running_node = raft::asio_node<kv, raft::limits{.message_bytes = limits::entry_bytes_max},
                                     raft::system_platform<timed_files>, raft::flight::recorder<>>;

}  // namespace raft_kv
