// SPDX-License-Identifier: BSL-1.0
//
// The disk of a simulated server: `faulty_files`, with faults by the dice, and with a number of
// effects after which the whole server stands still, in the middle of whatever it is doing.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <raft/testing/faulty_files.hpp>
#include <raft/testing/simulator/world.hpp>

namespace raft::testing::simulation {

/// What a server's process can still do to what is outside of it, and what its disk is like.
struct disk {
    disk(world& all, std::uint16_t of) : around{all}, place{of} {}

    world& around;
    std::uint16_t place;  ///< Of its server.
    faulty_files files{};
    static constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t effects_left = no_limit;  ///< Writes, syncs, messages, answers.
    bool stopped = false;                   ///< It has had its last effect.

    std::uint32_t read_errors = 0;  ///< So many of a million calls fail.
    std::uint32_t write_errors = 0;
    std::uint32_t sync_errors = 0;
    moment flush_takes = 0;

    /// One effect more; false if the server stands still already. With `was_last` it is the one in
    /// the middle of which it stops.
    [[nodiscard]] bool spend(bool& was_last) {
        if (stopped) return false;
        was_last = effects_left != no_limit && --effects_left == 0;
        stopped = was_last;
        return true;
    }
    [[nodiscard]] bool spend() {
        bool was_last = false;
        return spend(was_last) && !was_last;
    }
    [[nodiscard]] bool fails(fault kind, std::uint32_t millionths) const {
        if (!around.luck.hits(millionths)) return false;
        around.go_wrong(kind, place);
        return true;
    }
};

/// As `storage_files`, what `file_storage` has of it.
class simulated_files {
public:
    using handle = faulty_files::handle;

    simulated_files() = default;  ///< Those of no disk: nobody may use them.
    explicit simulated_files(disk& on) : disk_{&on} {}

    [[nodiscard]] int make_directory(const std::string& path) {
        return disk_->stopped ? EIO : files().make_directory(path);
    }
    [[nodiscard]] int list(const std::string& path, std::vector<std::string>& names) {
        return disk_->stopped ? EIO : files().list(path, names);
    }
    [[nodiscard]] int lock(const std::string& path, handle& opened) {
        return disk_->stopped ? EIO : files().lock(path, opened);
    }
    [[nodiscard]] int open(const std::string& path, wal::file_opening opening, handle& opened) {
        if (opening == wal::file_opening::fresh)
            return change([&] { return files().open(path, opening, opened); });
        return disk_->stopped ? EIO : files().open(path, opening, opened);
    }
    void close(handle closed) { files().close(closed); }
    [[nodiscard]] int size(handle of, std::uint64_t& bytes) {
        return disk_->stopped ? EIO : files().size(of, bytes);
    }
    [[nodiscard]] int read(handle from, std::uint64_t offset, std::span<std::byte> bytes,
                           std::size_t& got) {
        if (disk_->stopped || disk_->fails(fault::read_error, disk_->read_errors)) return EIO;
        return files().read(from, offset, bytes, got);
    }
    [[nodiscard]] int next_data(handle of, std::uint64_t offset, std::uint64_t& found) {
        return disk_->stopped ? EIO : files().next_data(of, offset, found);
    }
    [[nodiscard]] int write(handle to, std::uint64_t offset, std::span<const std::byte> bytes) {
        if (disk_->fails(fault::write_error, disk_->write_errors)) return EIO;
        return change([&] { return files().write(to, offset, bytes); });
    }
    [[nodiscard]] int allocate(handle of, std::uint64_t bytes) {
        return change([&] { return files().allocate(of, bytes); });
    }
    [[nodiscard]] int available(const std::string& path, std::uint64_t& bytes) {
        return disk_->stopped ? EIO : files().available(path, bytes);
    }
    /// In the moment of stopping it has not happened: what it should have made durable may be, or
    /// not, as after any power loss.
    [[nodiscard]] int sync(handle of) {
        if (!disk_->spend()) return EIO;
        if (disk_->fails(fault::failing_sync, disk_->sync_errors))
            files().fail_at(files().changes() + 1, EIO);
        return files().sync(of);
    }
    [[nodiscard]] int sync_directory(const std::string& path) {
        return disk_->spend() ? files().sync_directory(path) : EIO;
    }
    [[nodiscard]] int rename(const std::string& from, const std::string& to) {
        return change([&] { return files().rename(from, to); });
    }
    [[nodiscard]] int remove(const std::string& path) {
        return change([&] { return files().remove(path); });
    }
    [[nodiscard]] std::uint64_t mint() { return disk_->around.luck.roll(); }

private:
    [[nodiscard]] faulty_files& files() { return disk_->files; }

    /// In the moment of stopping it happens, and who asked for it never hears of it.
    template <class Change>
    [[nodiscard]] int change(Change made) {
        bool was_last = false;
        if (!disk_->spend(was_last)) return EIO;
        const int cause = made();
        return was_last ? EIO : cause;
    }

    disk* disk_ = nullptr;
};

static_assert(wal::storage_files<simulated_files>);

}  // namespace raft::testing::simulation
