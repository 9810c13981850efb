// SPDX-License-Identifier: BSL-1.0
//
// `raft-kv recover`: when a majority of the servers is lost for good, makes what one of them holds
// the beginning of a new cluster. This can lose what was acknowledged, and says so first.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace raft_kv {

/// What stands behind the word `recover`.
struct recover_flags {
    std::string directory{};
    std::uint64_t id = 0;
    std::vector<std::uint64_t> members{};  ///< Who votes from then on; only `id` if empty.
    bool accepts_data_loss = false;
    bool help = false;
    friend bool operator==(const recover_flags&, const recover_flags&) = default;
};

/// The flags, or what is wrong with them.
[[nodiscard]] std::variant<recover_flags, std::string>
parse_recover_flags(std::span<char*> arguments);

/// The result is the process's: 0 if it did what was asked, 1 if it could not, 2 if the flags are
/// wrong, 3 if it only told what it would do.
[[nodiscard]] int recover(std::span<char*> arguments);

}  // namespace raft_kv
