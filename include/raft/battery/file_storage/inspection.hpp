// SPDX-License-Identifier: BSL-1.0
//
// Tells what a directory of `file_storage` holds, without opening the storage: nothing is written,
// created or locked, and a server may use the directory meanwhile. What it writes at that moment is
// no damage, and is not told as such: a problem counts only if it shows at two looks in a row.
//
// raft-inspect (examples/inspect/) is a program around it.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <raft/battery/file_storage/directory_look.hpp>
#include <raft/battery/file_storage/entry_reader.hpp>
#include <raft/battery/file_storage/findings.hpp>
#include <raft/battery/file_storage/log_map.hpp>
#include <raft/battery/file_storage/posix_files.hpp>
#include <raft/battery/file_storage/read_only_files.hpp>

namespace raft::wal {

/// Looks into one directory. Used from one thread at a time; blocks for the disk.
template <wal::storage_files Files = wal::posix_files>
class storage_inspector {
public:
    explicit storage_inspector(std::string directory, Files files = Files{})
        : files_{std::move(files)}, directory_{std::move(directory)} {}

    /// Reads everything that counts in the directory once, or twice if something is wrong with it;
    /// more often only if it changes meanwhile. Says why if it is no directory that can be read, or
    /// holds no storage.
    [[nodiscard]] std::optional<file_storage_error> look() {
        std::vector<file_storage_error> before;
        for (int looks = 0; looks < looks_max; ++looks) {
            wal::directory_look<readable> once{files_, directory_};
            if (auto failed = once.take()) return failed;
            found_ = std::move(once.found());
            map_ = std::move(once.map());
            if (found_.problems.empty() || same(found_.problems, before)) return std::nullopt;
            before = found_.problems;
        }
        found_.is_changing = true;
        found_.notes.push_back(directory_ + " was changed at every look; what is told as a problem "
                                            "may be what was being written");
        return std::nullopt;
    }

    /// What the last look has found.
    [[nodiscard]] const wal::storage_inspection& found() const { return found_; }

    /// Calls `take(const inspected_entry&)` for each entry of the log that the last look has found,
    /// first to last. Says what is wrong if one cannot be read, or not any longer.
    template <class Take>
    [[nodiscard]] std::optional<file_storage_error> each_entry(Take take) {
        wal::entry_reader<readable> reader;
        for (auto wanted = next(found_.base.index); wanted <= found_.last.index;) {
            auto failed = reader.read(
                files_, directory_, map_.find(wanted), wanted, found_.last.index,
                [&](log_index index, term_number term, const wal::stored_command& command) {
                    take(wal::inspected_entry{index, term, kind_of(index, command),
                                              command ? command->size() : 0});
                    wanted = next(index);
                    return true;
                });
            if (failed) return failed;
        }
        return std::nullopt;
    }

private:
    using readable = wal::read_only_files<Files>;
    static constexpr int looks_max = 10;

    [[nodiscard]] static bool same(const std::vector<file_storage_error>& a,
                                   const std::vector<file_storage_error>& b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                          [](const auto& x, const auto& y) { return x.message == y.message; });
    }

    [[nodiscard]] wal::entry_kind kind_of(log_index index,
                                          const wal::stored_command& command) const {
        if (command) return wal::entry_kind::command;
        for (const auto& each : found_.configurations)
            if (each.index == index) return wal::entry_kind::configuration;
        if (found_.lacks_from && *found_.lacks_from <= index) return wal::entry_kind::withheld;
        return wal::entry_kind::no_op;
    }

    readable files_;
    std::string directory_;
    wal::storage_inspection found_{};
    wal::log_map map_{};
};

}  // namespace raft::wal
