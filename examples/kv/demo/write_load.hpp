// SPDX-License-Identifier: BSL-1.0
//
// Many writes by several clients at once, each key once, each until it is acknowledged. What was
// acknowledged, by whom and when, is kept: it is what must never be lost.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "../cluster_file.hpp"
#include "leader_client.hpp"
#include "wait.hpp"

namespace raft_kv::outside {

/// The write number `number` is SET key_of(number) value_of(number).
[[nodiscard]] std::string key_of(std::size_t number);
[[nodiscard]] std::string value_of(std::size_t number);

struct acknowledgement {
    std::size_t number = 0;
    std::uint64_t server = 0;   ///< Who acknowledged it.
    steady::time_point sent{};  ///< For the first time.
    steady::time_point received{};
};

struct load_options {
    static constexpr std::size_t until_stopped = std::numeric_limits<std::size_t>::max();

    std::size_t writes = until_stopped;
    std::size_t clients = 4;
    std::size_t pipeline = 128;  ///< Writes of one client that are on their way at once.
    std::chrono::milliseconds pause{0};  ///< Of a client, before its next writes.
};

class write_load {
public:
    explicit write_load(const cluster_layout& layout, load_options options = {});
    write_load(const write_load&) = delete;
    write_load& operator=(const write_load&) = delete;
    ~write_load() { stop(); }

    [[nodiscard]] std::size_t acknowledged() const { return acknowledged_; }
    /// Waits until so many were acknowledged, or for `limit`. A write that a server rejects, or
    /// none being acknowledged for long, is a failure.
    [[nodiscard]] bool await(std::size_t count, std::chrono::milliseconds limit);
    /// Ends the clients; what is on its way stays unknown.
    void stop();
    /// Only after `stop`.
    [[nodiscard]] const std::vector<acknowledgement>& acknowledgements() const { return all_; }

private:
    struct write {
        std::size_t number = 0;
        steady::time_point sent{};
        leader_client::words command{};
    };

    void run_client(std::size_t number);
    void refill(std::vector<write>& writes);
    /// Takes out what was acknowledged. False if nothing was.
    bool keep_unfinished(std::vector<write>& writes, std::span<const outcome> outcomes,
                         std::uint64_t server);
    void throw_if_hopeless();

    const cluster_layout& layout_;
    load_options options_;
    std::atomic<bool> stops_ = false;
    std::atomic<std::size_t> next_ = 0;
    std::atomic<std::size_t> acknowledged_ = 0;
    std::mutex mutex_;
    std::vector<acknowledgement> all_;
    std::string last_error_;
    bool was_rejected_ = false;
    steady::time_point last_progress_ = steady::now();
    std::vector<std::thread> threads_;
};

}  // namespace raft_kv::outside
