// SPDX-License-Identifier: BSL-1.0
//
// How long the storage's syncs take: nothing is acknowledged before one has ended, so they say how
// much of a slow cluster is a slow disk. They are measured where the storage touches its files, on
// its own thread, and told on the server's.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include <raft/battery/file_storage/posix_files.hpp>

namespace raft_kv {

/// The upper ends of the histogram's buckets, the ends included: from a disk that has a memory of
/// its own up to one that a leader would leave.
inline constexpr std::array flush_bounds = std::to_array<std::chrono::microseconds>({
    std::chrono::microseconds{100},
    std::chrono::microseconds{250},
    std::chrono::microseconds{500},
    std::chrono::milliseconds{1},
    std::chrono::microseconds{2'500},
    std::chrono::milliseconds{5},
    std::chrono::milliseconds{10},
    std::chrono::milliseconds{25},
    std::chrono::milliseconds{50},
    std::chrono::milliseconds{100},
    std::chrono::milliseconds{250},
    std::chrono::milliseconds{500},
    std::chrono::seconds{1},
    std::chrono::milliseconds{2'500},
});

/// The flushes so far.
struct flush_report {
    /// By the first bound that each is within; beyond the last bound, in one more.
    std::array<std::uint64_t, flush_bounds.size() + 1> within{};
    std::chrono::nanoseconds sum{};
    std::chrono::nanoseconds max{};

    [[nodiscard]] std::uint64_t count() const {
        std::uint64_t all = 0;
        for (const auto each : within) all += each;
        return all;
    }
};

/// Counts them. Any thread.
class flush_times {
public:
    void add(std::chrono::nanoseconds took) {
        std::size_t bucket = 0;
        while (bucket < flush_bounds.size() && took > flush_bounds[bucket]) ++bucket;
        const std::lock_guard lock{mutex_};
        ++seen_.within[bucket];
        seen_.sum += took;
        seen_.max = std::max(seen_.max, took);
    }

    [[nodiscard]] flush_report report() const {
        const std::lock_guard lock{mutex_};
        return seen_;
    }

private:
    mutable std::mutex mutex_{};
    flush_report seen_{};
};

/// The files of a storage whose syncs are timed, those that fail as well.
class timed_files : public raft::wal::posix_files {
public:
    explicit timed_files(std::shared_ptr<flush_times> times) : times_{std::move(times)} {}

    [[nodiscard]] int sync(handle file) {
        const auto begun = std::chrono::steady_clock::now();
        const int cause = posix_files::sync(file);
        times_->add(std::chrono::steady_clock::now() - begun);
        return cause;
    }

private:
    std::shared_ptr<flush_times> times_;
};

static_assert(raft::wal::storage_files<timed_files>);

}  // namespace raft_kv
