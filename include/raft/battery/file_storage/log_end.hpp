// SPDX-License-Identifier: BSL-1.0
//
// Makes the end of a log that was read fit to be written on: the torn rest of an interrupted write
// becomes zeros (torn_tail.hpp), so that no later reader takes it for something; and what may never
// have been synced is written again and synced, because what was read may have come from memory
// only. After that, everything recovered is durable.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <raft/battery/file_storage/file.hpp>
#include <raft/battery/file_storage/recovery.hpp>

namespace raft::wal {

template <class Files>
class log_end {
public:
    /// `reader` has read all of the log.
    log_end(Files& files, log_reader<Files>& reader) : files_{files}, reader_{reader} {}

    [[nodiscard]] failure settle(recovered_log& log) {
        open_file<Files> file;
        if (auto failed =
                check(open_into(files_, path(), file_opening::existing, file), "open", path()))
            return failed;
        if (reader_.tail().verdict == tail_verdict::torn)
            if (auto failed = cut_off(file, log)) return failed;
        if (auto failed = write_again(file, log.tail_offset)) return failed;
        log.bytes_read = reader_.segment().bytes_read();
        return check(files_.sync(file.handle()), "sync", path());
    }

private:
    [[nodiscard]] const std::string& path() const { return reader_.segment().path(); }

    /// Zeros from the end of the log to the end of what an interrupted write has left.
    [[nodiscard]] failure cut_off(const open_file<Files>& file, recovered_log& log) {
        const auto end = log.tail_offset;
        const auto torn_bytes = reader_.tail().nonzero_end - end;
        log.report.push_back(path() + ": the last write was not finished when the process" +
                             " ended, or has become zeros since; " + std::to_string(torn_bytes) +
                             " bytes from offset " + std::to_string(end) + " are cut off");
        const std::vector<std::byte> zeros(static_cast<std::size_t>(torn_bytes));
        return check(files_.write(file.handle(), end, zeros), "write", path());
    }

    /// What may never have been synced is, next time.
    [[nodiscard]] failure write_again(const open_file<Files>& file, std::uint64_t end) {
        for (auto at = reader_.unsynced_from(); at < end;) {
            std::span<const std::byte> found;
            if (auto failed = reader_.segment().read(at, 1, found)) return failed;
            found = found.first(
                static_cast<std::size_t>(std::min<std::uint64_t>(found.size(), end - at)));
            if (auto failed = check(files_.write(file.handle(), at, found), "write", path()))
                return failed;
            at += found.size();
        }
        return std::nullopt;
    }

    Files& files_;
    log_reader<Files>& reader_;
};

}  // namespace raft::wal
