// SPDX-License-Identifier: BSL-1.0
//
// Opens the directory of a `file_storage`: takes the lock, removes what an interrupted snapshot
// left behind, or goes on with it, finds the snapshot and the log, and sees whether they fit
// together. Refuses with a reason when something that was durable is missing or damaged; nothing is
// repaired by guessing. Damage in the middle of the log it can leave to the other servers to make
// good, if it may (damaged_log.hpp).
#pragma once

#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <raft/battery/file_storage/damaged_log.hpp>
#include <raft/battery/file_storage/fit.hpp>
#include <raft/battery/file_storage/history_file.hpp>
#include <raft/battery/file_storage/log_end.hpp>
#include <raft/battery/file_storage/recovery.hpp>
#include <raft/battery/file_storage/snapshot_receiver.hpp>

namespace raft::wal {

template <class Files>
struct opened_directory {
    open_file<Files> lock{};
    recovered_log log{};
    std::shared_ptr<const snapshot_file<Files>> snapshot{};
    /// The log does not go on from the snapshot: it is still to be emptied, to begin after it.
    bool snapshot_replaces_log = false;
    std::optional<received_part> incoming{};
    std::optional<core::log_position> lost_through{};
    storage_history history{};
};

template <class Files>
class directory_opener {
public:
    /// `receiver`: goes on with a snapshot that was being received. `recovers_log`: whether a
    /// damaged log may be cut off where that is safe.
    directory_opener(Files& files, const std::string& directory, snapshot_receiver<Files>& receiver,
                     bool recovers_log)
        : files_{files}, directory_{directory}, receiver_{receiver}, recovers_log_{recovers_log} {}

    [[nodiscard]] failure open(opened_directory<Files>& out) {
        if (auto failed = take_lock(out)) return failed;
        std::vector<std::string> names;
        if (auto failed = check(files_.list(directory_, names), "list", directory_)) return failed;
        if (auto failed = settle_identity(names, out)) return failed;
        if (has_name(names, saving_name))
            if (auto failed = remove_draft(saving_name, out)) return failed;
        if (auto failed = find_snapshot(names, out)) return failed;
        if (has_name(names, receiving_name))
            if (auto failed = take_up_received(out)) return failed;
        if (auto failed = read_log(names, out)) return failed;
        // Names that were found, but were never synced, could still vanish.
        if (auto failed = check(files_.sync_directory(directory_), "sync", directory_))
            return failed;
        return fit_together(out);
    }

private:
    [[nodiscard]] failure take_lock(opened_directory<Files>& out) {
        if (auto failed = check(files_.make_directory(directory_), "create", directory_))
            return failed;
        const auto slash = directory_.find_last_of('/', directory_.find_last_not_of('/'));
        const auto parent = slash == std::string::npos ? std::string{"."}
                            : slash == 0               ? std::string{"/"}
                                                       : directory_.substr(0, slash);
        if (auto failed = check(files_.sync_directory(parent), "sync", parent)) return failed;
        const auto path = path_of(directory_, lock_name);
        typename Files::handle handle{};
        const int cause = files_.lock(path, handle);
        if (cause == EWOULDBLOCK)
            return file_storage_error{directory_ + " is in use: another process holds " + path};
        if (cause != 0) return system_failure("lock", path, cause);
        out.lock = open_file<Files>{files_, handle};
        return std::nullopt;
    }

    /// Reads which storage this is. One that is new, or of version 1, gets its mark now.
    [[nodiscard]] failure settle_identity(const std::vector<std::string>& names,
                                          opened_directory<Files>& out) {
        std::optional<storage_history> said;
        if (auto failed = read_history(files_, directory_, names, said)) return failed;
        if (said) {
            out.history = *said;
            return std::nullopt;
        }
        out.history.mark = minted_mark();
        return put_history(files_, directory_, out.history);
    }

    [[nodiscard]] storage_mark minted_mark() {
        if constexpr (requires { files_.mint(); }) return {files_.mint()};
        std::random_device random;
        return {std::uint64_t{random()} << 32U | random()};
    }

    [[nodiscard]] failure remove_draft(std::string_view name, opened_directory<Files>& out) {
        const auto path = path_of(directory_, name);
        if (auto failed = check(files_.remove(path), "remove", path)) return failed;
        out.log.report.push_back(path + ": a snapshot that was never finished; removed");
        return std::nullopt;
    }

    /// What was received of a snapshot stays, unless it is of no use.
    [[nodiscard]] failure take_up_received(opened_directory<Files>& out) {
        std::optional<received_part> found;
        if (auto failed = receiver_.resume(found)) return failed;
        const auto taken =
            out.snapshot ? out.snapshot->stored().description.last_included.index : log_index{};
        if (!found || found->description.last_included.index <= taken) {
            receiver_.close();
            return remove_draft(receiving_name, out);
        }
        out.log.report.push_back(receiver_.path() + ": " + std::to_string(found->bytes) + " of " +
                                 std::to_string(found->description.size) +
                                 " bytes of a snapshot, to be received further");
        out.incoming = found;
        return std::nullopt;
    }

    /// The newest one counts. An older one is what a crash left between rename and removal.
    [[nodiscard]] failure find_snapshot(const std::vector<std::string>& names,
                                        opened_directory<Files>& out) {
        auto indexes = numbers_in(names, snapshot_prefix);
        if (indexes.empty()) return std::nullopt;
        if (auto failed = open_snapshot(files_, directory_, {indexes.back()}, out.snapshot))
            return failed;
        // Before an older one goes, the newer one's name must be sure to stay.
        if (indexes.size() > 1)
            if (auto failed = check(files_.sync_directory(directory_), "sync", directory_))
                return failed;
        indexes.pop_back();
        for (const auto older : indexes) {
            const auto old_path = snapshot_path(directory_, {older});
            if (auto failed = check(files_.remove(old_path), "remove", old_path)) return failed;
        }
        return std::nullopt;
    }

    [[nodiscard]] failure read_log(std::vector<std::string>& names, opened_directory<Files>& out) {
        damaged_log<Files> damaged{files_, directory_};
        if (auto failed = damaged.resume(names)) return failed;
        auto report = std::move(out.log.report);
        auto failed = read_segments(names, out.log);
        if (failed && recovers_log_ && damaged_at_) {
            const auto reason = *failed;
            failed = damaged.cut_off(reason, *damaged_at_, newest_, out.log, names);
            if (failed) return failed;
            report.push_back(reason.message + "; set aside from there on");
            failed = read_segments(names, out.log);
        }
        if (failed) return failed;
        out.lost_through = damaged.lost_through();
        if (out.lost_through)
            report.push_back(directory_ + ": entries up to " +
                             std::to_string(out.lost_through->index.value) +
                             " were lost, and are to be had from the other servers");
        out.log.report.insert(out.log.report.begin(), report.begin(), report.end());
        return std::nullopt;
    }

    /// Reads the segments, whose names are among these, and notes that they were whole, or finds
    /// where they are damaged.
    [[nodiscard]] failure read_segments(const std::vector<std::string>& names, recovered_log& log) {
        log = {};
        if (auto failed = read_newest_segment(files_, directory_, names, newest_)) return failed;
        log_reader<Files> reader{files_, directory_};
        auto failed = reader.read(segments_in(names), newest_, log);
        damaged_at_ = reader.damaged_at();
        if (failed || log.tail.number == 0) return failed;
        log_end<Files> end{files_, reader};
        if (auto unsettled = end.settle(log)) return unsettled;
        return note_newest_segment(files_, directory_, {log.tail, log.next_sequence});
    }

    [[nodiscard]] failure fit_together(opened_directory<Files>& out) {
        auto& log = out.log;
        directory_parts parts{directory_, log};
        if (out.snapshot) parts.covered = out.snapshot->stored().description.last_included;
        parts.has_lost_mark = out.lost_through.has_value();
        parts.has_history = out.history.history.has_value();
        if (auto failed = check_fit(parts)) return failed;
        if (!parts.is_log_replaced()) return std::nullopt;
        out.snapshot_replaces_log = true;
        log.report.push_back(out.snapshot->path() +
                             " was received from a leader and takes the place of the log");
        log.configurations.clear();
        return std::nullopt;
    }

    Files& files_;
    const std::string& directory_;
    snapshot_receiver<Files>& receiver_;
    bool recovers_log_;
    std::optional<newest_segment> newest_{};
    std::optional<record_place> damaged_at_{};
};

}  // namespace raft::wal
