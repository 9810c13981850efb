// SPDX-License-Identifier: BSL-1.0
#include "known_storages.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "durable_file.hpp"

namespace raft_kv {

namespace {

const std::string storages_name = "storages";

}  // namespace

std::optional<std::string> known_storages::open(std::string directory, const birth_record& birth) {
    directory_ = std::move(directory);
    auto read = read_small_file(directory_ + "/" + storages_name);
    if (auto* wrong = std::get_if<std::string>(&read)) return std::move(*wrong);
    if (const auto& text = std::get<file_text>(read)) {
        auto found = parse_founders(*text);
        if (!found) return directory_ + "/" + storages_name + " is no list of storages";
        known_ = *std::move(found);
    }
    for (const auto& each : birth.founders)
        if (std::ranges::find(known_, each.id, &founder::id) == known_.end())
            known_.push_back(each);
    return std::nullopt;
}

raft::wire::handshake_verdict known_storages::judge(std::uint64_t id, raft::storage_mark mark) {
    using verdict = raft::wire::handshake_verdict;
    const auto found = std::ranges::find(known_, id, &founder::id);
    if (found != known_.end())
        return found->mark == mark ? verdict::welcome : verdict::other_storage;
    known_.push_back({id, mark});
    if (!write_durably(directory_, storages_name, text_of(known_))) return verdict::welcome;
    known_.pop_back();
    return verdict::not_noted;
}

}  // namespace raft_kv
