// SPDX-License-Identifier: BSL-1.0
//
// What raft-induction is asked to prove.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <proof/induction/bounds.hpp>

namespace raft_induction {

extern const std::string_view help_text;

/// One proof.
struct proof_options {
    std::string features{"none"};  ///< By their names.
    raft::proof::induction_bounds bounds{};
};

struct options {
    std::vector<proof_options> proofs{};
    std::size_t threads = 2;
    bool help = false;
};

/// None if the arguments are wrong; then stderr says why.
[[nodiscard]] std::optional<options> read_options(std::span<char* const> arguments);

}  // namespace raft_induction
