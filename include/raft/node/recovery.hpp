// SPDX-License-Identifier: BSL-1.0
//
// From what a storage kept to what a server knows when it starts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include <raft/core/step.hpp>
#include <raft/policy.hpp>

namespace raft::detail {

/// Whether what a storage says it kept can have been a server's: a storage may be anybody's.
[[nodiscard]] inline bool is_sound(const recovered& kept) {
    auto last = kept.log_base;
    for (const auto& run : kept.runs) {
        if (run.first <= last.index || run.first > kept.last_index || run.term < last.term)
            return false;
        last = {run.first, run.term};
    }
    for (const auto& each : kept.configurations)
        if (!is_valid(each.value)) return false;
    const auto covered = kept.snapshot ? kept.snapshot->description.last_included : log_position{};
    return kept.last_index >= covered.index && kept.log_base.index <= covered.index;
}

/// What a server knows when it starts; `initial` is the configuration if the storage kept none.
[[nodiscard]] inline recovered_state recovered_from(const recovered& kept,
                                                    const configuration& initial) {
    recovered_state taken{.vote = kept.vote, .snapshot = {}, .log = log_shape{kept.log_base}};
    for (std::size_t i = 0; i < kept.runs.size(); ++i) {
        const bool is_last = i + 1 == kept.runs.size();
        const auto end = is_last ? kept.last_index : previous(kept.runs[i + 1].first);
        taken.log.append(kept.runs[i].term, end - taken.log.last_index());
    }
    if (kept.snapshot) taken.snapshot = kept.snapshot->description;
    const auto& in_force = kept.snapshot ? kept.snapshot->members : initial;
    taken.configurations.push_back({kept.log_base.index, in_force});
    for (const auto& each : kept.configurations) taken.configurations.push_back(each);
    return taken;
}

/// Reads a snapshot out of a storage, a piece at a time.
template <class Storage>
class stored_source {
public:
    stored_source(Storage& storage, std::uint64_t size) : storage_{storage}, size_{size} {}

    [[nodiscard]] bool read(std::span<std::byte> bytes) {
        if (bytes.size() > size_ - offset_) return false;
        while (!bytes.empty()) {
            const auto piece = storage_.read_snapshot(offset_, bytes.size());
            if (piece.empty()) return false;
            std::copy(piece.begin(), piece.end(), bytes.begin());
            bytes = bytes.subspan(piece.size());
            offset_ += piece.size();
        }
        return true;
    }

private:
    Storage& storage_;
    std::uint64_t size_;
    std::uint64_t offset_ = 0;
};

}  // namespace raft::detail
