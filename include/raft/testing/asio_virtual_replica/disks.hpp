// SPDX-License-Identifier: BSL-1.0
//
// The disks of a virtual world: one for each directory, which outlives the servers that use it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include <asio/io_context.hpp>

#include <raft/testing/faulty_files.hpp>
#include <raft/testing/simulator/dice.hpp>

namespace raft::testing {

namespace detail {

class virtual_disks : public asio::execution_context::service {
public:
    using key_type = virtual_disks;
    static inline asio::execution_context::id id{};

    explicit virtual_disks(asio::execution_context& owner) : service{owner} {}

    void settle(std::uint64_t seed) { luck_ = simulation::dice{seed}; }
    [[nodiscard]] faulty_files& at(const std::string& directory) { return disks_[directory]; }
    [[nodiscard]] std::uint64_t roll() { return luck_.roll(); }

    void set_flush_time(std::chrono::nanoseconds least, std::chrono::nanoseconds most) {
        least_ = least, most_ = most;
    }
    [[nodiscard]] std::chrono::nanoseconds flush_time() {
        return std::chrono::nanoseconds{luck_.between(least_.count(), most_.count())};
    }

private:
    void shutdown() override {}

    simulation::dice luck_{};
    std::chrono::nanoseconds least_ = std::chrono::microseconds{200};
    std::chrono::nanoseconds most_ = std::chrono::milliseconds{3};
    std::map<std::string, faulty_files> disks_{};
};

}  // namespace detail

/// Files on such a disk. Whatever is random about them follows from the world's seed.
class virtual_files : public faulty_files {
public:
    virtual_files() = default;  ///< Those of no world.
    virtual_files(faulty_files files, detail::virtual_disks& disks)
        : faulty_files{std::move(files)}, disks_{&disks} {}

    [[nodiscard]] std::uint64_t mint() { return disks_ != nullptr ? disks_->roll() : 1; }

private:
    detail::virtual_disks* disks_ = nullptr;
};

static_assert(wal::storage_files<virtual_files>);

}  // namespace raft::testing
