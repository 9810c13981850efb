// SPDX-License-Identifier: BSL-1.0
//
// Reads a segment of the log a window at a time. What is zeros, because nothing was ever written
// there, it looks at where the file system cannot tell, and takes no memory for it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <raft/battery/file_storage/file.hpp>
#include <raft/battery/file_storage/record.hpp>

namespace raft::wal {

/// The version in a segment's header; 0 if there is none.
template <class Files>
[[nodiscard]] failure read_format(Files& files, const std::string& path, std::uint32_t& version) {
    std::vector<std::byte> begin(segment_header_bytes);
    std::size_t got = 0;
    open_file<Files> file;
    int cause = open_into(files, path, file_opening::read_only, file);
    if (cause == 0) cause = files.read(file.handle(), 0, begin, got);
    if (got == begin.size()) version = get<std::uint32_t>(begin, 8);
    return check(cause, "read", path);
}

template <class Files>
class segment_reader {
public:
    [[nodiscard]] failure open(Files& files, std::string path) {
        files_ = &files;
        path_ = std::move(path);
        window_.clear();
        if (auto failed =
                check(open_into(files, path_, file_opening::read_only, file_), "open", path_))
            return failed;
        if (auto failed = check(files.size(file_.handle(), size_), "measure", path_)) return failed;
        return map_data();
    }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }

    /// How many bytes have been read of all segments.
    [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }

    /// What is there from `offset` on: at least `least` bytes, unless the file ends before. Valid
    /// until the next call.
    [[nodiscard]] failure read(std::uint64_t offset, std::uint64_t least,
                               std::span<const std::byte>& found) {
        least = std::min(least, size_ - std::min(offset, size_));
        if (offset < begin_ || offset + least > begin_ + window_.size()) {
            const auto wanted = std::min(std::max(least, window_bytes), size_ - offset);
            if (auto failed = fill(offset, wanted)) return failed;
        }
        found =
            std::span<const std::byte>{window_}.subspan(static_cast<std::size_t>(offset - begin_));
        return std::nullopt;
    }

    /// Whether only zeros are there from `offset` on.
    [[nodiscard]] failure look_for_zeros(std::uint64_t offset, bool& only_zeros) {
        for (only_zeros = true; only_zeros;) {
            offset = next_data(offset);
            if (offset >= size_) return std::nullopt;
            std::span<const std::byte> found;
            if (auto failed = read(offset, 1, found)) return failed;
            only_zeros = all_zero(found);
            offset += found.size();
        }
        return std::nullopt;
    }

private:
    static constexpr std::uint64_t window_bytes = 64 * 1024;

    /// Where the file system knows of any bytes. It is asked before any are read: Linux takes for
    /// data what somebody has read, or was about to read for a reader that goes on.
    [[nodiscard]] failure map_data() {
        may_hold_data_.assign(static_cast<std::size_t>(size_ / window_bytes + 1), false);
        for (std::uint64_t offset = 0; offset < size_;) {
            if (auto failed =
                    check(files_->next_data(file_.handle(), offset, offset), "read", path_))
                return failed;
            if (offset >= size_) break;
            may_hold_data_[static_cast<std::size_t>(offset / window_bytes)] = true;
            offset = (offset / window_bytes + 1) * window_bytes;
        }
        return std::nullopt;
    }

    /// From `offset` on; the end of the file if there is none.
    [[nodiscard]] std::uint64_t next_data(std::uint64_t offset) const {
        for (; offset < size_; offset = (offset / window_bytes + 1) * window_bytes)
            if (may_hold_data_[static_cast<std::size_t>(offset / window_bytes)]) return offset;
        return size_;
    }

    [[nodiscard]] failure fill(std::uint64_t offset, std::uint64_t bytes) {
        begin_ = offset;
        window_.resize(static_cast<std::size_t>(bytes));
        std::size_t got = 0;
        if (auto failed = check(files_->read(file_.handle(), offset, window_, got), "read", path_))
            return failed;
        bytes_read_ += got;
        if (got == window_.size()) return std::nullopt;
        return damage(path_, offset + got, "the file became shorter meanwhile");
    }

    Files* files_ = nullptr;
    std::string path_{};
    open_file<Files> file_{};
    std::uint64_t size_ = 0;
    std::vector<std::byte> window_{};
    std::uint64_t begin_ = 0;  ///< Of the window.
    std::uint64_t bytes_read_ = 0;
    std::vector<bool> may_hold_data_{};  ///< Each window's length of the file.
};

}  // namespace raft::wal
