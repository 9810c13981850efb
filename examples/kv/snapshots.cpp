// SPDX-License-Identifier: BSL-1.0
#include "snapshots.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include "limits.hpp"
#include "snapshot_spread.hpp"

namespace raft_kv {

std::optional<std::string> snapshots::obstacle() const {
    if (!node_.storage().is_saving()) return std::nullopt;
    const auto waits = node_.storage().snapshot_error();
    return "BUSY a snapshot is being taken" + (waits.empty() ? "" : ", but waits: " + waits);
}

std::optional<raft::refusal> snapshots::take() {
    if (auto refused = node_.node().take_snapshot()) return refused;
    const auto status = node_.node().status();
    bytes_at_last_ = node_.node().state_machine().bytes_applied();
    saving_ = true;
    log_("snapshot begun at entry " + std::to_string(status.last_applied.value));
    node_.schedule_turn();
    return std::nullopt;
}

void snapshots::look_after() {
    if (is_due()) static_cast<void>(take());
    observe();
}

bool snapshots::is_due() {
    const auto& state = node_.node().protocol_state();
    if (state.is_halted() || node_.storage().is_saving()) return false;
    const auto entries = state.commit_index - state.snapshot.last_included.index;
    const auto bytes = node_.node().state_machine().bytes_applied() - bytes_at_last_;
    return entries >= spread(options_.snapshot_entries, state) ||
           (bytes >= limits::segment_bytes && is_room_short()) ||
           (bytes >= spread(limits::log_bytes_per_snapshot, state) &&
            bytes >= spread(limits::log_per_snapshot * state.snapshot.size, state));
}

/// Whether what is free on the disk may not do for the next snapshot and the log beside it. Then
/// the log is to become shorter while a snapshot can still be written: without one it never would.
/// The disk is looked at once a second, and before the log has grown by much.
bool snapshots::is_room_short() {
    const auto now = clock::now();
    const auto bytes = node_.node().state_machine().bytes_applied();
    if (now - room_looked_at_ < std::chrono::seconds{1} &&
        bytes - bytes_looked_at_ < limits::segment_bytes / 8)
        return room_is_short_;
    room_looked_at_ = now;
    bytes_looked_at_ = bytes;
    std::error_code error;
    const auto there = std::filesystem::space(options_.directory, error);
    const auto last = node_.node().protocol_state().snapshot.size;
    const auto wanted = 2 * ((last != 0 ? last : bytes) + limits::segment_bytes);
    room_is_short_ = !error && there.available < wanted;
    return room_is_short_;
}

bool snapshots::needs_room() {
    const auto& storage = node_.storage();
    const bool leads = node_.node().protocol_state().is_leader();
    return leads && saving_ && storage.is_saving() && storage.snapshot_error().empty() &&
           is_room_short();
}

void snapshots::observe() {
    const auto& newest = node_.node().protocol_state().snapshot;
    if (newest.last_included.index != seen_) {
        ++done_.snapshots;
        log_("snapshot of entry " + std::to_string(newest.last_included.index.value) + ", " +
             std::to_string(newest.size) + " bytes");
    }
    seen_ = newest.last_included.index;
    if (!saving_) return;
    saving_ = node_.storage().is_saving();
    auto waits = node_.storage().snapshot_error();
    if (!waits.empty() && waits != seen_error_) log_("snapshot waits: " + waits);
    seen_error_ = std::move(waits);
}

}  // namespace raft_kv
