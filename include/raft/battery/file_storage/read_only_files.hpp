// SPDX-License-Identifier: BSL-1.0
//
// Files that can be read, and nothing else: whatever is written with them changes nothing on the
// disk, or does not compile. They take no lock, so a storage that is in use is read beside who uses
// it.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <raft/battery/file_storage/posix_files.hpp>

namespace raft::wal {

template <storage_files Files>
class read_only_files {
public:
    using handle = typename Files::handle;

    explicit read_only_files(Files files) : files_{std::move(files)} {}

    [[nodiscard]] int list(const std::string& path, std::vector<std::string>& names) {
        return files_.list(path, names);
    }
    [[nodiscard]] int open(const std::string& path, file_opening opening, handle& file) {
        return opening == file_opening::read_only ? files_.open(path, opening, file) : EROFS;
    }
    void close(handle file) { files_.close(file); }
    [[nodiscard]] int size(handle file, std::uint64_t& bytes) { return files_.size(file, bytes); }
    [[nodiscard]] int read(handle file, std::uint64_t offset, std::span<std::byte> bytes,
                           std::size_t& got) {
        return files_.read(file, offset, bytes, got);
    }
    [[nodiscard]] int next_data(handle file, std::uint64_t offset, std::uint64_t& found) {
        return files_.next_data(file, offset, found);
    }

private:
    Files files_;
};

}  // namespace raft::wal
