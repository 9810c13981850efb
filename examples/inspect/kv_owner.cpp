// SPDX-License-Identifier: BSL-1.0
#include "kv_owner.hpp"

#include <variant>

#include <birth.hpp>
#include <data_identity.hpp>

namespace raft_inspect {

std::optional<kv_owner> owner_of(const std::string& directory) {
    kv_owner owner;
    const auto claim = raft_kv::claim_in(directory);
    if (const auto* wrong = std::get_if<raft_kv::layout_error>(&claim))
        owner.problems.push_back(wrong->text);
    else
        owner.claim = raft_kv::claim_in_words(std::get<std::string>(claim));
    const auto born = raft_kv::read_birth(directory);
    if (const auto* wrong = std::get_if<std::string>(&born)) {
        owner.problems.push_back(*wrong);
    } else if (const auto& record = std::get<0>(born)) {
        for (const auto& each : record->founders) owner.founders.push_back(each.id);
    }
    if (owner.claim.empty() && owner.problems.empty()) return std::nullopt;
    return owner;
}

}  // namespace raft_inspect
