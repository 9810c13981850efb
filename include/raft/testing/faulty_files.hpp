// SPDX-License-Identifier: BSL-1.0
//
// A file system in memory that can be stopped, crashed, filled and made to fail, in place of
// `posix_files`: what a test of durability needs. It keeps what is synced apart from what is not;
// `after_power_loss` says what a disk may look like when the power fails.
//
// The model: a sector is written as a whole or not at all; of what is not synced, each sector, each
// file's length and each name may have reached the disk or not, in any order; a sync that fails has
// lost what it should have synced, and a later one does not bring it back. It has one level of
// directories, which are durable at once.
//
// Copies share the file system. Any thread may call it.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <raft/battery/file_storage/posix_files.hpp>
#include <raft/testing/survival.hpp>

namespace raft::testing {

class faulty_files {
public:
    using handle = int;
    static constexpr std::size_t sector_bytes = 512;

private:
    struct file {
        std::vector<std::byte> now{};
        std::vector<std::byte> synced{};
        std::set<std::uint64_t> unsynced{};  ///< Sectors.
        std::set<std::uint64_t> lost{};      ///< Sectors that a failed sync has lost.
        std::uint64_t synced_last = 0;       ///< The first sector of the last sync.
        bool is_locked = false;
    };

    struct disk {
        std::mutex mutex{};
        std::map<std::string, std::shared_ptr<file>> names{};
        std::map<std::string, std::shared_ptr<file>> synced_names{};
        std::map<handle, std::shared_ptr<file>> open{};
        handle next_handle = 3;
        std::uint64_t changes = 0;
        std::optional<std::uint64_t> stop_at{};
        std::map<std::uint64_t, int> failures{};
        std::uint64_t capacity = std::numeric_limits<std::uint64_t>::max();
        int full = ENOSPC;
        std::size_t files_max = std::numeric_limits<std::size_t>::max();
        int no_file = EMFILE;
        std::uint64_t bytes_read = 0;
        bool stopped = false;
    };

    template <class F>
    std::invoke_result_t<F, disk&> locked(F what) const {
        const std::lock_guard lock{disk_->mutex};
        return what(*disk_);
    }

public:
    // ----------------------------------------------------------------------------- what tests do

    /// How many calls have opened afresh, written, allocated, synced, renamed or removed a file.
    [[nodiscard]] std::uint64_t changes() const {
        return locked([](disk& d) { return d.changes; });
    }

    /// The change with this number, as `changes` counts, is begun and not completed, and from then
    /// on every call fails: the moment in which the machine stops.
    void stop_at(std::uint64_t change) {
        locked([&](disk& d) { d.stop_at = change; });
    }

    /// The change number `change` fails with `cause`, the others do not.
    void fail_at(std::uint64_t change, int cause) {
        locked([&](disk& d) { d.failures[change] = cause; });
    }

    /// All files together take no more than this; what would take more fails with `cause`.
    void set_capacity(std::uint64_t bytes, int cause = ENOSPC) {
        locked([&](disk& d) {
            d.capacity = bytes;
            d.full = cause;
        });
    }

    /// To open more files than this at once, or a directory beside them, fails with `cause`.
    void set_open_files_max(std::size_t count, int cause = EMFILE) {
        locked([&](disk& d) {
            d.files_max = count;
            d.no_file = cause;
        });
    }

    /// How many bytes have been read so far, of all files together.
    [[nodiscard]] std::uint64_t bytes_read() const {
        return locked([](disk& d) { return d.bytes_read; });
    }

    /// The bytes of all files together.
    [[nodiscard]] std::uint64_t bytes_used() const {
        return locked([](disk& d) {
            std::uint64_t used = 0;
            for (const auto& [name, each] : d.names) used += each->now.size();
            return used;
        });
    }

    /// Whether a power failure could lose anything now.
    [[nodiscard]] bool has_unsynced() const {
        return locked([](disk& d) {
            if (d.names != d.synced_names) return true;
            return std::any_of(d.names.begin(), d.names.end(),
                               [](const auto& each) { return !each.second->unsynced.empty(); });
        });
    }

    /// The same files after the process was killed: what was written is there, locks are free.
    [[nodiscard]] faulty_files after_kill() const {
        return locked([](disk& d) {
            auto next = std::make_shared<disk>();
            next->names = d.names;
            next->synced_names = d.synced_names;
            return faulty_files{copy(std::move(next))};
        });
    }

    /// The same files after the power failed.
    [[nodiscard]] faulty_files after_power_loss(survival what) const {
        survivors chosen{what};
        return after_power_loss(chosen);
    }
    [[nodiscard]] faulty_files after_power_loss(survivors& chosen) const {
        return locked([&](disk& d) {
            auto next = std::make_shared<disk>();
            for (const auto& name : all_names(d)) {
                const auto now = file_of(d.names, name);
                const auto synced = file_of(d.synced_names, name);
                if (const auto left = now != synced && chosen.next() ? now : synced)
                    next->names[name] = left;
            }
            std::map<const file*, std::shared_ptr<file>> copies;
            for (auto& [name, old] : next->names) {
                auto& survivor = copies[old.get()];
                if (!survivor) survivor = surviving(*old, chosen);
                old = survivor;
            }
            next->synced_names = next->names;
            return faulty_files{std::move(next)};
        });
    }

    /// A sector that a power failure could lose.
    struct sector_place {
        std::string path{};
        std::uint64_t sector = 0;
    };
    [[nodiscard]] std::vector<sector_place> unsynced_sectors() const {
        return locked([](disk& d) {
            std::vector<sector_place> all;
            for (const auto& [name, each] : d.names)
                for (const auto sector : each->unsynced) all.push_back({name, sector});
            return all;
        });
    }

    [[nodiscard]] std::vector<std::string> paths() const {
        return locked([](disk& d) {
            std::vector<std::string> all;
            for (const auto& [name, unused] : d.names) all.push_back(name);
            return all;
        });
    }

    [[nodiscard]] std::vector<std::byte> contents(const std::string& path) const {
        return locked([&](disk& d) { return d.names.at(path)->now; });
    }

    /// So many of its sectors, from the first on, were durable before others that have bytes were
    /// written: what is lost there can be missed.
    [[nodiscard]] std::uint64_t settled_sectors(const std::string& path) const {
        return locked([&](disk& d) -> std::uint64_t {
            const auto& found = *d.names.at(path);
            const auto begin =
                std::min<std::size_t>(found.synced_last * sector_bytes, found.synced.size());
            const auto later = std::span{found.synced}.subspan(begin);
            const bool is_empty = std::all_of(later.begin(), later.end(),
                                              [](std::byte each) { return each == std::byte{}; });
            return is_empty ? 0 : found.synced_last;
        });
    }

    /// Puts other bytes in place of a file's, as durable ones.
    void replace(const std::string& path, std::vector<std::byte> bytes) {
        locked([&](disk& d) {
            auto changed = std::make_shared<file>();
            changed->now = bytes;
            changed->synced = std::move(bytes);
            d.names[path] = d.synced_names[path] = std::move(changed);
        });
    }

    void erase(const std::string& path) {
        locked([&](disk& d) {
            d.names.erase(path);
            d.synced_names.erase(path);
        });
    }

    // ------------------------------------------------------------------------ as `storage_files`

    [[nodiscard]] int make_directory(const std::string&) { return stopped(); }

    [[nodiscard]] int list(const std::string& path, std::vector<std::string>& names) {
        return locked([&](disk& d) {
            names.clear();
            for (const auto& [name, unused] : d.names)
                if (name.starts_with(path + "/")) names.push_back(name.substr(path.size() + 1));
            return d.stopped ? EIO : 0;
        });
    }

    [[nodiscard]] int lock(const std::string& path, handle& opened) {
        return locked([&](disk& d) {
            if (const int cause = no_file(d)) return cause;
            auto& found = d.names[path];
            if (!found) found = std::make_shared<file>();
            if (found->is_locked) return EWOULDBLOCK;
            found->is_locked = true;
            opened = add_handle(d, found);
            return 0;
        });
    }

    [[nodiscard]] int open(const std::string& path, wal::file_opening opening, handle& opened) {
        return locked([&](disk& d) {
            if (const int cause = no_file(d)) return cause;
            auto found = d.names.find(path);
            if (opening != wal::file_opening::fresh) {
                if (found == d.names.end()) return ENOENT;
                opened = add_handle(d, found->second);
                return 0;
            }
            bool done = true;
            if (const int cause = change(d, done); !done) return cause;
            if (found == d.names.end())
                found = d.names.emplace(path, std::make_shared<file>()).first;
            truncate(*found->second);
            opened = add_handle(d, found->second);
            return d.stopped ? EIO : 0;
        });
    }

    void close(handle closed) {
        locked([&](disk& d) {
            d.open[closed]->is_locked = false;
            d.open.erase(closed);
        });
    }

    [[nodiscard]] int size(handle of, std::uint64_t& bytes) {
        return locked([&](disk& d) {
            bytes = d.open.at(of)->now.size();
            return d.stopped ? EIO : 0;
        });
    }

    [[nodiscard]] int read(handle from, std::uint64_t offset, std::span<std::byte> bytes,
                           std::size_t& got) {
        return locked([&](disk& d) {
            const auto& now = d.open.at(from)->now;
            const auto begin = std::min<std::uint64_t>(offset, now.size());
            got = std::min<std::size_t>(bytes.size(), now.size() - begin);
            std::copy_n(now.begin() + static_cast<std::ptrdiff_t>(begin), got, bytes.begin());
            d.bytes_read += got;
            return d.stopped ? EIO : 0;
        });
    }

    /// As of a file system that knows which of its blocks were written.
    [[nodiscard]] int next_data(handle of, std::uint64_t offset, std::uint64_t& found) {
        return locked([&](disk& d) {
            constexpr std::uint64_t block_bytes = 4096;
            const auto& now = d.open.at(of)->now;
            const auto from = now.begin() + static_cast<std::ptrdiff_t>(
                                                std::min<std::uint64_t>(offset, now.size()));
            const auto data =
                std::find_if(from, now.end(), [](auto b) { return b != std::byte{}; });
            const auto at = static_cast<std::uint64_t>(data - now.begin());
            found =
                data == now.end() ? now.size() : std::max(offset, at / block_bytes * block_bytes);
            return d.stopped ? EIO : 0;
        });
    }

    [[nodiscard]] int write(handle to, std::uint64_t offset, std::span<const std::byte> bytes) {
        return locked([&](disk& d) {
            bool done = true;
            if (const int cause = change(d, done); !done) return cause;
            auto& target = *d.open.at(to);
            const auto end = offset + bytes.size();
            if (!grow(d, target, end)) return d.full;
            std::copy(bytes.begin(), bytes.end(),
                      target.now.begin() + static_cast<std::ptrdiff_t>(offset));
            for (auto sector = offset / sector_bytes; sector * sector_bytes < end; ++sector)
                mark_written(target, sector);
            return d.stopped ? EIO : 0;
        });
    }

    [[nodiscard]] int allocate(handle of, std::uint64_t bytes) {
        return locked([&](disk& d) {
            bool done = true;
            if (const int cause = change(d, done); !done) return cause;
            if (!grow(d, *d.open.at(of), bytes)) return d.full;
            return d.stopped ? EIO : 0;
        });
    }

    [[nodiscard]] int available(const std::string&, std::uint64_t& bytes) {
        bytes = locked([](disk& d) { return d.capacity; });
        bytes -= std::min(bytes, bytes_used());
        return 0;
    }

    [[nodiscard]] int sync(handle of) {
        return locked([&](disk& d) {
            auto& synced = *d.open.at(of);
            bool done = true;
            const int cause = change(d, done);
            if (!done && !d.stopped) lose(synced);
            if (!done || d.stopped) return cause != 0 ? cause : EIO;
            const auto before = std::exchange(synced.synced, synced.now);
            for (const auto sector : synced.lost) copy_sector(before, synced.synced, sector);
            if (!synced.unsynced.empty()) synced.synced_last = *synced.unsynced.begin();
            synced.unsynced.clear();
            return 0;
        });
    }

    [[nodiscard]] int sync_directory(const std::string& path) {
        return locked([&](disk& d) {
            if (const int cause = no_file(d)) return cause;
            bool done = true;
            const int cause = change(d, done);
            if (!done || d.stopped) return cause != 0 ? cause : EIO;
            const auto within = [&](const std::string& name) {
                return name.starts_with(path + "/");
            };
            std::erase_if(d.synced_names, [&](const auto& each) { return within(each.first); });
            for (const auto& each : d.names)
                if (within(each.first)) d.synced_names.insert(each);
            return 0;
        });
    }

    [[nodiscard]] int rename(const std::string& from, const std::string& to) {
        return locked([&](disk& d) {
            if (!d.names.contains(from)) return ENOENT;
            bool done = true;
            if (const int cause = change(d, done); !done) return cause;
            d.names[to] = d.names[from];
            d.names.erase(from);
            return d.stopped ? EIO : 0;
        });
    }

    [[nodiscard]] int remove(const std::string& path) {
        return locked([&](disk& d) {
            if (!d.names.contains(path)) return ENOENT;
            bool done = true;
            if (const int cause = change(d, done); !done) return cause;
            d.names.erase(path);
            return d.stopped ? EIO : 0;
        });
    }

    faulty_files() : disk_{std::make_shared<disk>()} {}

private:
    explicit faulty_files(std::shared_ptr<disk> given) : disk_{std::move(given)} {}

    [[nodiscard]] int stopped() const {
        return locked([](disk& d) { return d.stopped ? EIO : 0; });
    }

    /// Why no further file can be opened.
    [[nodiscard]] static int no_file(const disk& d) {
        if (d.stopped) return EIO;
        return d.open.size() < d.files_max ? 0 : d.no_file;
    }

    /// Counts a change; not `done` if it is to fail, with this cause. In the moment of stopping it
    /// is done, as far as it is not synced, and its caller never hears of it.
    [[nodiscard]] static int change(disk& d, bool& done) {
        done = !d.stopped;
        if (d.stopped) return EIO;
        ++d.changes;
        if (d.changes == d.stop_at) d.stopped = true;
        const auto failure = d.failures.find(d.changes);
        if (failure == d.failures.end()) return 0;
        done = false;
        return failure->second;
    }

    [[nodiscard]] static handle add_handle(disk& d, std::shared_ptr<file> opened) {
        d.open[d.next_handle] = std::move(opened);
        return d.next_handle++;
    }

    [[nodiscard]] static bool grow(disk& d, file& grown, std::uint64_t bytes) {
        if (bytes <= grown.now.size()) return true;
        std::uint64_t used = bytes - grown.now.size();
        for (const auto& [name, each] : d.names) used += each->now.size();
        if (used > d.capacity) return false;
        grown.now.resize(static_cast<std::size_t>(bytes));
        return true;
    }

    static void mark_written(file& written, std::uint64_t sector) {
        written.unsynced.insert(sector);
        written.lost.erase(sector);
    }

    static void lose(file& failing) {
        failing.lost.insert(failing.unsynced.begin(), failing.unsynced.end());
        failing.unsynced.clear();
    }

    static void truncate(file& cut) {
        cut.now.clear();
        for (std::uint64_t sector = 0; sector * sector_bytes < cut.synced.size(); ++sector)
            mark_written(cut, sector);
    }

    static void copy_sector(const std::vector<std::byte>& from, std::vector<std::byte>& to,
                            std::uint64_t sector) {
        const auto begin = static_cast<std::size_t>(sector) * sector_bytes;
        const auto end = std::min({begin + sector_bytes, from.size(), to.size()});
        for (auto i = begin; i < end; ++i) to[i] = from[i];
    }

    [[nodiscard]] static std::set<std::string> all_names(const disk& d) {
        std::set<std::string> all;
        for (const auto& each : d.names) all.insert(each.first);
        for (const auto& each : d.synced_names) all.insert(each.first);
        return all;
    }

    [[nodiscard]] static std::shared_ptr<file>
    file_of(const std::map<std::string, std::shared_ptr<file>>& names, const std::string& name) {
        const auto found = names.find(name);
        return found == names.end() ? nullptr : found->second;
    }

    [[nodiscard]] static std::shared_ptr<file> surviving(const file& old, survivors& chosen) {
        auto next = std::make_shared<file>();
        next->now = old.synced;
        if (old.now.size() != old.synced.size() && chosen.next()) next->now.resize(old.now.size());
        for (const auto sector : old.unsynced)
            if (chosen.next()) copy_sector(old.now, next->now, sector);
        next->synced = next->now;
        next->synced_last = old.synced_last;
        return next;
    }

    /// The same files, nobody holding one of them.
    [[nodiscard]] static std::shared_ptr<disk> copy(std::shared_ptr<disk> d) {
        std::map<const file*, std::shared_ptr<file>> copies;
        const auto copied = [&](std::shared_ptr<file>& old) {
            auto& one = copies[old.get()];
            if (!one) one = std::make_shared<file>(*old);
            one->is_locked = false;
            old = one;
        };
        for (auto& each : d->names) copied(each.second);
        for (auto& each : d->synced_names) copied(each.second);
        return d;
    }

    std::shared_ptr<disk> disk_;
};

static_assert(wal::storage_files<faulty_files>);

}  // namespace raft::testing
