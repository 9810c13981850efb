// SPDX-License-Identifier: BSL-1.0
//
// From what a storage kept to what a server knows when it starts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <raft/core/step.hpp>
#include <raft/policy.hpp>

namespace raft::detail {

/// The shape of the log that a storage kept; none if there can be no such log.
[[nodiscard]] inline std::optional<log_shape> log_from(const recovered& kept) {
    log_shape log{kept.log_base};
    for (std::size_t i = 0; i < kept.runs.size(); ++i) {
        const auto& run = kept.runs[i];
        const bool is_last = i + 1 == kept.runs.size();
        const auto end = is_last ? kept.last_index : previous(kept.runs[i + 1].first);
        if (run.first != next(log.last_index()) || run.term < log.last_term() || end < run.first)
            return std::nullopt;
        log.append(run.term, end - log.last_index());
    }
    if (log.last_index() != kept.last_index) return std::nullopt;
    return log;
}

/// Where the receipt of a snapshot goes on; nowhere if what there is of it makes no sense.
[[nodiscard]] inline std::optional<incoming_snapshot> resumable(const received_part& part) {
    const auto& whole = part.description;
    const bool is_other = part.bytes == whole.size && part.checksum != whole.checksum;
    if (part.bytes > whole.size || is_other) return std::nullopt;
    return incoming_snapshot{whole, part.bytes, part.bytes};
}

/// What a server knows when it starts; `initial` is the configuration if the storage kept none.
/// Nothing if what the storage kept contradicts itself: a storage may be anybody's.
[[nodiscard]] inline std::optional<recovered_state> recovered_from(const recovered& kept,
                                                                   const configuration& initial) {
    auto log = log_from(kept);
    const auto taken = kept.snapshot ? kept.snapshot->description : snapshot_description{};
    const auto& in_force = kept.snapshot ? kept.snapshot->members : initial;
    if (!log || !log->matches(taken.last_included) || !is_valid(in_force)) return std::nullopt;

    if (kept.lost_through && kept.lost_through->term > kept.vote.current_term) return std::nullopt;

    recovered_state all{.vote = kept.vote, .snapshot = taken, .log = *log};
    all.lost_through = kept.lost_through;
    if (kept.incoming) all.incoming = resumable(*kept.incoming);
    all.configurations.push_back({kept.log_base.index, in_force});
    for (const auto& each : kept.configurations) {
        if (!is_valid(each.value) || each.index <= all.configurations.back().index ||
            each.index > kept.last_index)
            return std::nullopt;
        all.configurations.push_back(each);
    }
    return all;
}

/// Whether what the storage of `self` has lost can come back: the storage will forget that it was
/// lost, and another server may have it.
template <class Storage>
[[nodiscard]] bool may_regain_loss(const recovered_state& kept, member_id self) {
    if (!kept.lost_through) return true;
    const auto& members = kept.configurations.back().value.members;
    const bool is_alone = members.size() == 1 && members.front() == self;
    return loss_remembering_storage<Storage> && !is_alone;
}

/// Whether there is a snapshot, and of more than its description: a witness has no state (see
/// `configuration`).
[[nodiscard]] inline bool has_state_to_restore(const state& s) {
    return s.snapshot.last_included.index > log_index{} && !s.members().is_witness(s.self);
}

/// Reads a snapshot out of a storage. Whatever the state machine asks for, the storage is asked for
/// long pieces, each once: it checks what it reads, and may do so in blocks. Nobody else calls the
/// storage meanwhile, so a piece can be read where it is.
template <class Storage>
class stored_source {
public:
    stored_source(Storage& storage, std::uint64_t size) : storage_{storage}, rest_{size} {}

    [[nodiscard]] bool read(std::span<std::byte> bytes) {
        if (bytes.size() > rest_) return false;
        while (!bytes.empty()) {
            if (piece_.empty() && !read_piece()) return false;
            const auto part = piece_.first(std::min(piece_.size(), bytes.size()));
            std::copy(part.begin(), part.end(), bytes.begin());
            piece_ = piece_.subspan(part.size());
            bytes = bytes.subspan(part.size());
            rest_ -= part.size();
        }
        return true;
    }

private:
    static constexpr std::uint64_t piece_bytes = 256 * 1024;

    [[nodiscard]] bool read_piece() {
        piece_ = storage_.read_snapshot(offset_, std::min(piece_bytes, rest_));
        offset_ += piece_.size();
        return !piece_.empty();
    }

    Storage& storage_;
    std::uint64_t rest_;  ///< How much is still to be read of it.
    std::span<const std::byte> piece_{};
    std::uint64_t offset_ = 0;  ///< Where the next piece begins.
};

/// Gives the state machine the state that the storage's snapshot holds, if there is one.
template <class StateMachine, class Storage>
[[nodiscard]] bool restore(const state& s, StateMachine& machine, Storage& storage) {
    if (!has_state_to_restore(s)) return true;
    if constexpr (snapshotting_state_machine<StateMachine>) {
        stored_source source{storage, s.snapshot.size};
        return machine.restore(source);
    } else {
        return false;
    }
}

}  // namespace raft::detail
