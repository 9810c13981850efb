// SPDX-License-Identifier: BSL-1.0
//
// The one layer through which `file_storage` touches files: the concept `storage_files`, which a
// test replaces at compile time, and `posix_files`, which satisfies it with system calls. It knows
// nothing of logs or snapshots. Every call returns 0 or the errno of what went wrong.
#pragma once

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace raft::wal {

/// How a file is opened.
enum class file_opening : std::uint8_t {
    read_only,  ///< It must exist.
    existing,   ///< To read and to write; it must exist.
    fresh,      ///< To read and to write; empty, whether or not it existed.
};

/// How it is opened, in plain English.
[[nodiscard]] constexpr std::string_view describe(file_opening opening) {
    switch (opening) {
    case file_opening::read_only: return "to read";
    case file_opening::existing: return "to read and to write";
    case file_opening::fresh: return "to be written anew";
    }
    return "unknown opening";
}

/// What `file_storage` needs of a file system. Two threads call it at once, never for the same open
/// file, except that one may read what the other has written and synced. Paths are as the caller of
/// `open` gave the directory.
///
/// * `make_directory(path)`: 0 if it exists already.
/// * `list(path, names)`: the names in a directory, in any order.
/// * `lock(path, file)`: opens (creating it if need be) a file that no other process, and nobody
///   else in this one, holds; EWOULDBLOCK if somebody does. Until `close`.
/// * `open(path, opening, file)`, `close(file)`, `size(file, bytes)`.
/// * `read(file, offset, bytes, got)`: fills `bytes`; `got` is less only where the file ends.
/// * `next_data(file, offset, found)`: where anything but zeros may be, at `offset` or after it;
///   the file's end if there is nothing. Who cannot tell says `offset`.
/// * `write(file, offset, bytes)`: all of them, or an error.
/// * `allocate(file, bytes)`: the file is at least `bytes` long and has its place on the disk, so
///   that writing to it cannot run out of space; what is new is zeros.
/// * `sync(file)`: contents and size survive a crash. `sync_directory(path)`: so do its names.
/// * `rename(from, to)`: atomic, replaces `to`. `remove(path)`.
/// * `available(path, bytes)`, if it is there: how much the disk of the directory still has. Then
///   the log leaves room for the next snapshot.
/// * `mint()`, if it is there: a number that no other storage has, for this one's mark. Without it
///   the system's random device gives one.
template <class T>
concept storage_files = std::movable<T> &&
    requires(T& files, const std::string& path, std::vector<std::string>& names,
             typename T::handle& file, file_opening opening, std::uint64_t number,
             std::span<std::byte> into, std::span<const std::byte> bytes, std::size_t& got) {
    { files.make_directory(path) } -> std::same_as<int>;
    { files.list(path, names) } -> std::same_as<int>;
    { files.lock(path, file) } -> std::same_as<int>;
    { files.open(path, opening, file) } -> std::same_as<int>;
    files.close(file);
    { files.size(file, number) } -> std::same_as<int>;
    { files.read(file, number, into, got) } -> std::same_as<int>;
    { files.next_data(file, number, number) } -> std::same_as<int>;
    { files.write(file, number, bytes) } -> std::same_as<int>;
    { files.allocate(file, number) } -> std::same_as<int>;
    { files.sync(file) } -> std::same_as<int>;
    { files.sync_directory(path) } -> std::same_as<int>;
    { files.rename(path, path) } -> std::same_as<int>;
    { files.remove(path) } -> std::same_as<int>;
};

/// Files by system calls. Without state: any thread may use any copy. What it creates is for the
/// user alone that created it.
class posix_files {
public:
    using handle = int;

    [[nodiscard]] int make_directory(const std::string& path) {
        if (::mkdir(path.c_str(), S_IRWXU) == 0) return 0;
        const int cause = errno;
        struct stat found {};
        if (cause == EEXIST && ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode))
            return 0;
        return cause == EEXIST ? ENOTDIR : cause;
    }

    [[nodiscard]] int list(const std::string& path, std::vector<std::string>& names) {
        DIR* directory = ::opendir(path.c_str());
        if (directory == nullptr) return errno;
        names.clear();
        errno = 0;
        while (const auto* each = ::readdir(directory)) {
            const std::string_view name{each->d_name};
            if (name != "." && name != "..") names.emplace_back(name);
            errno = 0;
        }
        const int cause = errno;
        ::closedir(directory);
        return cause;
    }

    [[nodiscard]] int lock(const std::string& path, handle& file) {
        file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, owner_only);
        if (file < 0) return errno;
        if (::flock(file, LOCK_EX | LOCK_NB) == 0) return 0;
        const int cause = errno;
        ::close(file);
        return cause;
    }

    [[nodiscard]] int open(const std::string& path, file_opening opening, handle& file) {
        const int flags = opening == file_opening::read_only  ? O_RDONLY
                          : opening == file_opening::existing ? O_RDWR
                                                              : O_RDWR | O_CREAT | O_TRUNC;
        file = ::open(path.c_str(), flags | O_CLOEXEC, owner_only);
        return file < 0 ? errno : 0;
    }

    void close(handle file) { ::close(file); }

    [[nodiscard]] int size(handle file, std::uint64_t& bytes) {
        struct stat found {};
        if (::fstat(file, &found) != 0) return errno;
        bytes = static_cast<std::uint64_t>(found.st_size);
        return 0;
    }

    [[nodiscard]] int read(handle file, std::uint64_t offset, std::span<std::byte> bytes,
                           std::size_t& got) {
        for (got = 0; got < bytes.size();) {
            const auto count = ::pread(file, bytes.data() + got, bytes.size() - got,
                                       static_cast<off_t>(offset + got));
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return errno;
            if (count == 0) return 0;
            got += static_cast<std::size_t>(count);
        }
        return 0;
    }

    /// Where SEEK_DATA is not known, or not to the file system, everything may be data.
    [[nodiscard]] int next_data(handle file, std::uint64_t offset, std::uint64_t& found) {
        found = offset;
#ifdef SEEK_DATA
        const auto at = ::lseek(file, static_cast<off_t>(offset), SEEK_DATA);
        if (at >= 0) found = static_cast<std::uint64_t>(at);
        if (at < 0 && errno == ENXIO) return size(file, found);
#endif
        return 0;
    }

    [[nodiscard]] int write(handle file, std::uint64_t offset, std::span<const std::byte> bytes) {
        for (std::size_t done = 0; done < bytes.size();) {
            const auto count = ::pwrite(file, bytes.data() + done, bytes.size() - done,
                                        static_cast<off_t>(offset + done));
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return errno;
            if (count == 0) return EIO;
            done += static_cast<std::size_t>(count);
        }
        return 0;
    }

    [[nodiscard]] int allocate(handle file, std::uint64_t bytes) {
        if (bytes > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) return EFBIG;
        int cause = 0;
        do cause = ::posix_fallocate(file, 0, static_cast<off_t>(bytes));
        while (cause == EINTR);
        return cause;
    }

    [[nodiscard]] int available(const std::string& path, std::uint64_t& bytes) {
        struct statvfs found {};
        if (::statvfs(path.c_str(), &found) != 0) return errno;
        bytes = std::uint64_t{found.f_bavail} * found.f_frsize;
        return 0;
    }

    [[nodiscard]] int sync(handle file) { return ::fdatasync(file) == 0 ? 0 : errno; }

    [[nodiscard]] int sync_directory(const std::string& path) {
        const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0) return errno;
        const int cause = ::fsync(directory) == 0 ? 0 : errno;
        ::close(directory);
        return cause;
    }

    [[nodiscard]] int rename(const std::string& from, const std::string& to) {
        return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
    }

    [[nodiscard]] int remove(const std::string& path) {
        return ::unlink(path.c_str()) == 0 ? 0 : errno;
    }

private:
    static constexpr mode_t owner_only = S_IRUSR | S_IWUSR;
};

static_assert(storage_files<posix_files>);

}  // namespace raft::wal
