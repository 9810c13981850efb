// SPDX-License-Identifier: BSL-1.0
//
// A server's figures as Prometheus reads them (text format 0.0.4).
#pragma once

#include <string>

#include "service.hpp"

namespace raft_kv {

[[nodiscard]] std::string metrics_text(const service& server);

}  // namespace raft_kv
