// SPDX-License-Identifier: BSL-1.0
//
// A run as one page to look at, which needs nothing else: no network, no other file.
#pragma once

#include <string>

#include "run.hpp"

namespace raft_page {

[[nodiscard]] std::string page_of(const run& shown);

/// False, with a word on stderr, if the file cannot be written.
[[nodiscard]] bool write_page(const std::string& path, const run& shown);

}  // namespace raft_page
