// SPDX-License-Identifier: BSL-1.0
//
// Reads entries back from the segments, record by record, and verifies each. What does not match
// its checksum is an error with a place, never an entry. It reads only what has long been synced.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <raft/battery/file_storage/file.hpp>
#include <raft/battery/file_storage/log_map.hpp>
#include <raft/battery/file_storage/record.hpp>

namespace raft::wal {

template <class Files>
class entry_reader {
public:
    /// Calls `take(index, term, stored_command)` for each entry from `first` to `last`, beginning
    /// at the record that `from` names, until it answers false or `from` says to ask anew.
    template <class Take>
    [[nodiscard]] failure read(Files& files, const std::string& directory,
                               const log_map::found_record& from, log_index first, log_index last,
                               Take take) {
        if (auto failed = open(files, directory, from.place.segment)) return failed;
        window_.clear();
        auto place = from.place;
        last = std::min(last, previous(from.end));
        for (auto wanted = first; wanted <= last;) {
            record_header header;
            if (auto failed = load(files, place, header)) return failed;
            const auto record = window_at(place.offset);
            const auto content = read_payload(
                header.parts, record.subspan(record_header_bytes, header.payload_bytes));
            if (!content) return damage(path_, place.offset, "a record makes no sense");
            place.offset += header.record_bytes();
            if (!content->entries) continue;
            const auto& entries = *content->entries;
            if (entries.first() > wanted)
                return damage(path_, place.offset, "an entry is not where it was written");
            auto bytes = entries.bytes;
            for (auto index = entries.first(); index <= entries.last(); index = next(index)) {
                const auto command = take_entry(bytes);
                if (index < wanted) continue;
                if (index > last || !take(index, entries.term, *command)) return std::nullopt;
                wanted = next(index);
            }
        }
        return std::nullopt;
    }

private:
    static constexpr std::uint64_t window_bytes = 64 * 1024;

    [[nodiscard]] failure open(Files& files, const std::string& directory, std::uint64_t segment) {
        if (file_.is_open() && segment_ == segment) return std::nullopt;
        path_ = segment_path(directory, segment);
        file_.close();
        segment_ = segment;
        return check(open_into(files, path_, file_opening::read_only, file_), "open", path_);
    }

    [[nodiscard]] std::span<const std::byte> window_at(std::uint64_t offset) const {
        return std::span{window_}.subspan(static_cast<std::size_t>(offset - window_begin_));
    }

    /// Has the record at `place` in the window, and its header checked.
    [[nodiscard]] failure load(Files& files, record_place place, record_header& header) {
        if (auto failed = cover(files, place.offset, record_header_bytes)) return failed;
        const auto found = read_record_header(window_at(place.offset), place);
        if (!found) return damage(path_, place.offset, "a record's header is not what was written");
        header = *found;
        if (auto failed = cover(files, place.offset, header.record_bytes())) return failed;
        if (payload_is_sound(header, window_at(place.offset))) return std::nullopt;
        return damage(path_, place.offset, "a record does not match its checksum");
    }

    [[nodiscard]] failure cover(Files& files, std::uint64_t offset, std::uint64_t bytes) {
        const auto window_end = window_begin_ + window_.size();
        if (!window_.empty() && offset >= window_begin_ && offset + bytes <= window_end)
            return std::nullopt;
        window_begin_ = offset;
        window_.resize(static_cast<std::size_t>(std::max(bytes, window_bytes)));
        std::size_t got = 0;
        if (auto failed = check(files.read(file_.handle(), offset, window_, got), "read", path_))
            return failed;
        window_.resize(got);
        if (got >= bytes) return std::nullopt;
        return damage(path_, offset + got, "the file ends too early");
    }

    std::uint64_t segment_ = 0;
    std::string path_{};
    open_file<Files> file_{};
    std::vector<std::byte> window_{};
    std::uint64_t window_begin_ = 0;
};

}  // namespace raft::wal
