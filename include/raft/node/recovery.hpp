// SPDX-License-Identifier: BSL-1.0
//
// From what a storage kept to the state of a server when it starts.
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

/// The terms of the log that a storage kept; none if there can be no such log.
[[nodiscard]] inline std::optional<log_terms> log_from(const recovered& kept) {
    log_terms log{kept.log_base};
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

/// Where the receipt of a snapshot continues; none if the received part is not valid.
[[nodiscard]] inline std::optional<incoming_snapshot> resumable(const received_part& part) {
    const auto& whole = part.description;
    const bool is_other = part.bytes == whole.size && part.checksum != whole.checksum;
    if (part.bytes > whole.size || is_other) return std::nullopt;
    return incoming_snapshot{whole, part.bytes, part.bytes};
}

/// The entry from which on the commands are missing. A storage of an older version does not record
/// that a witness's snapshot has no state: such a snapshot has no bytes.
[[nodiscard]] inline std::optional<log_index> missing_from(const recovered& kept, member_id self) {
    if (kept.lacks_from || !kept.snapshot) return kept.lacks_from;
    const bool is_old = kept.snapshot->description.size == 0 && !kept.history;
    const bool is_witness = kept.snapshot->members.is_witness(self);
    return is_old && is_witness ? std::optional{kept.snapshot->description.last_included.index}
                                : std::nullopt;
}

/// What a server knows when it starts. None if what the storage kept contradicts itself: it may be
/// the storage of another server.
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

/// Sets the history in which the server takes part from now on; none if it is not born. False if
/// the storage could not keep it.
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

/// Whether the entries that the storage of `self` has lost can come back: the storage can forget
/// the loss, and another server may have them.
template <class Storage>
[[nodiscard]] bool may_regain_loss(const recovered_state& kept, member_id self) {
    if (!kept.lost_through || kept.lost_through->index <= kept.snapshot.last_included.index)
        return true;
    const auto& members = kept.configurations.back().value.members;
    const bool is_alone = members.size() == 1 && *members.begin() == self;
    return loss_remembering_storage<Storage> && !is_alone;
}

/// Whether there is a snapshot with a state: a witness's has none (see `configuration`).
[[nodiscard]] inline bool has_state_to_restore(const state& s) {
    return s.snapshot.last_included.index > log_index{} && !lacks_snapshot_state(s);
}

/// Reads a snapshot from a storage. Whatever length the state machine reads, the storage is read in
/// long pieces, each once: it checks what it reads, and may do so in blocks. No other code calls
/// the storage meanwhile, so a piece can be read in place.
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
    std::uint64_t rest_;  ///< How many bytes are still to be read.
    std::span<const std::byte> piece_{};
    std::uint64_t offset_ = 0;  ///< Where the next piece begins.
};

/// Whether the storage has made progress, or has failed, since the last check.
[[nodiscard]] constexpr bool has_progress(const state& s, const storage_progress& progress) {
    const bool further = s.disk.issued > s.disk.durable && progress.durable > s.disk.durable;
    return (further || progress.failed) && !s.is_halted();
}

/// Restores the state machine from the storage's snapshot, if there is one.
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
