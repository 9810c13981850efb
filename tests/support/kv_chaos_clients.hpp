// SPDX-License-Identifier: BSL-1.0
//
// Clients beside a load of writes: one that counts, and whose reads must see what it counted, and
// one whose values fill the servers' logs. Each runs in a thread of its own, on the network that it
// was made on.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <thread>

#include <cluster_file.hpp>
#include <demo/leader_client.hpp>

namespace support {

/// Increments a counter and reads it, again and again.
class counting_client {
public:
    explicit counting_client(const raft_kv::cluster_layout& layout)
        : layout_{layout}, thread_{[this](const std::stop_token& stop) { run(stop); }} {}

    void stop() {
        thread_.request_stop();
        if (thread_.joinable()) thread_.join();
    }

    // Only after `stop`.
    [[nodiscard]] long long acknowledged() const { return acknowledged_; }
    [[nodiscard]] long long unknown() const { return unknown_; }
    [[nodiscard]] const std::string& wrong() const { return wrong_; }

private:
    using client = raft_kv::outside::leader_client;
    using fate = raft_kv::outside::fate;

    void run(const std::stop_token& stop) {
        client asked{layout_, std::chrono::seconds{5}};
        while (!stop.stop_requested() && wrong_.empty()) {
            increment(asked);
            read(asked);
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
        }
    }

    void increment(client& asked) {
        const client::words command{"INCR", "counter"};
        const auto& given = asked.exchange({&command, 1}).front();
        if (given.what == fate::unknown) ++unknown_;
        if (given.what != fate::answered) return;
        ++acknowledged_;
        if (given.said.number <= newest_)
            wrong_ = "INCR answers " + std::to_string(given.said.number) + " after " +
                     std::to_string(newest_);
        newest_ = std::max(newest_, given.said.number);
    }

    void read(client& asked) {
        const client::words command{"GET", "counter"};
        const auto& given = asked.exchange({&command, 1}).front();
        if (given.what != fate::answered) return;
        const auto seen = given.said.text.empty() ? 0 : std::stoll(given.said.text);
        if (seen < newest_)
            wrong_ = "GET answers " + std::to_string(seen) + " after " + std::to_string(newest_);
        newest_ = std::max(newest_, seen);
    }

    const raft_kv::cluster_layout& layout_;
    long long newest_ = 0;
    long long acknowledged_ = 0;
    long long unknown_ = 0;
    std::string wrong_{};
    std::jthread thread_;
};

/// Writes large values to a few keys; what becomes of each does not matter.
class bulk_client {
public:
    explicit bulk_client(const raft_kv::cluster_layout& layout)
        : layout_{layout}, thread_{[this](const std::stop_token& stop) { run(stop); }} {}

    /// As fast as it goes, so that what is left in the segments of a full disk is soon used up.
    void hurry(bool on) { hurries_ = on; }
    /// How often it was told that there is no room: on the leader's disk, or on so many others that
    /// entries that were taken before do not become committed.
    [[nodiscard]] std::size_t refused_for_room() const { return refused_for_room_; }
    void stop() {
        thread_.request_stop();
        if (thread_.joinable()) thread_.join();
    }

private:
    void run(const std::stop_token& stop) {
        constexpr std::size_t bytes = 128 * 1024;
        constexpr std::size_t bytes_in_a_hurry = 1024 * 1024;
        raft_kv::outside::leader_client client{layout_, std::chrono::seconds{5}};
        for (std::size_t i = 0; !stop.stop_requested(); ++i) {
            const raft_kv::outside::leader_client::words command{
                "SET", "bulk:" + std::to_string(i % 16),
                std::string(hurries_ ? bytes_in_a_hurry : bytes, static_cast<char>('a' + i % 26))};
            const auto said = client.exchange({&command, 1}).front().said;
            const auto went_well = said.is_ok();
            if (said.text.starts_with("NOSPACE") || said.text.starts_with("TRYAGAIN no majority"))
                ++refused_for_room_;
            if (!hurries_ || !went_well) std::this_thread::sleep_for(std::chrono::milliseconds{20});
        }
    }

    const raft_kv::cluster_layout& layout_;
    std::atomic<bool> hurries_ = false;
    std::atomic<std::size_t> refused_for_room_ = 0;
    std::jthread thread_;
};

}  // namespace support
