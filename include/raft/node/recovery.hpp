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
#include <raft/node/options.hpp>
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

/// From which entry on the commands are missing. A storage of an older version does not know of a
/// witness's snapshot that it has no state: it has no bytes.
[[nodiscard]] inline std::optional<log_index> missing_from(const recovered& kept, member_id self) {
    if (kept.lacks_from || !kept.snapshot) return kept.lacks_from;
    const bool is_old = kept.snapshot->description.size == 0 && !kept.history;
    const bool is_witness = kept.snapshot->members.is_witness(self);
    return is_old && is_witness ? std::optional{kept.snapshot->description.last_included.index}
                                : std::nullopt;
}

/// What a server knows when it starts. Nothing if what the storage kept contradicts itself: a
/// storage may be anybody's.
[[nodiscard]] inline std::optional<recovered_state> recovered_from(const recovered& kept,
                                                                   const node_options& options) {
    auto log = log_from(kept);
    const auto taken = kept.snapshot ? kept.snapshot->description : snapshot_description{};
    const auto& in_force = kept.snapshot ? kept.snapshot->members : options.initial;
    if (!log || !log->matches(taken.last_included) || !is_valid(in_force)) return std::nullopt;

    if (kept.lost_through && kept.lost_through->term > kept.vote.current_term) return std::nullopt;

    recovered_state all{.vote = kept.vote, .snapshot = taken, .log = *log};
    all.lost_through = kept.lost_through;
    all.lacks_from = missing_from(kept, options.id);
    all.born = !kept.empty || kept.history || options.birth;
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

/// Which history the server takes part in from now on; none if it is not born. False if the storage
/// could not keep it.
template <class Storage>
[[nodiscard]] bool settle_history(Storage& storage, std::optional<history_id>& history,
                                  const node_options& options) {
    if (history || !options.birth) return true;
    history = options.birth;
    if constexpr (history_keeping_storage<Storage>)
        return storage.keep_history(*history);
    else
        return true;
}

/// Whether what the storage of `self` has lost can come back: the storage will forget that it was
/// lost, and another server may have it.
template <class Storage>
[[nodiscard]] bool may_regain_loss(const recovered_state& kept, member_id self) {
    if (!kept.lost_through || kept.lost_through->index <= kept.snapshot.last_included.index)
        return true;
    const auto& members = kept.configurations.back().value.members;
    const bool is_alone = members.size() == 1 && members.front() == self;
    return loss_remembering_storage<Storage> && !is_alone;
}

/// Whether there is a snapshot, and of more than its description: a witness has no state (see
/// `configuration`).
[[nodiscard]] inline bool has_state_to_restore(const state& s) {
    return s.snapshot.last_included.index > log_index{} && !lacks_snapshot_state(s);
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

/// Whether the storage has come further, or has failed, since the last look.
[[nodiscard]] constexpr bool has_news(const state& s, const storage_progress& progress) {
    const bool further = s.disk.begun > s.disk.durable && progress.durable > s.disk.durable;
    return (further || progress.failed) && !s.is_halted();
}

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
