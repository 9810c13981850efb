// SPDX-License-Identifier: BSL-1.0
//
// What raft-inspect tells of a directory, and what texts and JSON have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kv_owner.hpp"
#include <incarnation.hpp>

#include <raft/battery/file_storage/findings.hpp>
#include <raft/core/membership.hpp>
#include <raft/describe.hpp>

namespace raft_inspect {

struct report {
    raft::wal::storage_inspection found{};
    std::optional<kv_owner> owner{};

    [[nodiscard]] std::size_t problems() const {
        return found.problems.size() + (owner ? owner->problems.size() : 0);
    }
    /// As the owner's people write it.
    [[nodiscard]] std::string id_text(raft::member_id id) const {
        return owner ? raft_kv::id_text(id.value) : std::to_string(id.value);
    }
};

[[nodiscard]] inline std::string hex_text(std::uint64_t number, int digits = 16) {
    std::string text;
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
        text += "0123456789abcdef"[(number >> shift) & 0xFU];
    return text;
}

}  // namespace raft_inspect
