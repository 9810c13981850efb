// SPDX-License-Identifier: BSL-1.0
//
// A server that is far behind may know nobody who could vote for it, and nowhere to send clients.
// So one that hears of no leader asks the servers that it knows who else there is.
#pragma once

#include <functional>
#include <thread>
#include <variant>

#include "cluster_inquiry.hpp"
#include "server_options.hpp"
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

namespace raft_kv {

class leader_search {
public:
    /// `needs_one()` says whether to ask now, and `known()` whom; `answered(layout)` is called with
    /// what one of them says. All are called on the thread of `io`.
    struct questions {
        std::function<bool()> needs_one{};
        std::function<const cluster_layout&()> known{};
        std::function<void(const cluster_layout&)> answered{};
    };

    leader_search(asio::io_context& io, const server_options& options, questions asked)
        : io_{io}, options_{options}, asked_{std::move(asked)}, timer_{io} {}
    leader_search(const leader_search&) = delete;
    leader_search& operator=(const leader_search&) = delete;
    ~leader_search() {
        if (inquiry_.joinable()) inquiry_.join();
    }

    /// From now on.
    void begin() {
        timer_.expires_after(interval);
        timer_.async_wait([this](const asio::error_code& cancelled) {
            if (cancelled) return;
            begin();
            if (!inquires_ && asked_.needs_one()) inquire();
        });
    }
    void end() { timer_.cancel(); }

private:
    /// Well above an election.
    static constexpr std::chrono::seconds interval{2};

    /// The inquiry waits for other servers' answers, on a thread of its own.
    void inquire() {
        if (inquiry_.joinable()) inquiry_.join();
        inquires_ = true;
        inquiry_ = std::thread{[this, whom = asked_.known().servers] {
            auto answer = ask_about_cluster(whom, options_.id, options_.own_keys, inquiry_patience);
            asio::post(io_, [this, answer = std::move(answer)] {
                inquires_ = false;
                if (const auto* known = std::get_if<cluster_answer>(&answer))
                    asked_.answered(known->layout);
            });
        }};
    }

    asio::io_context& io_;
    const server_options& options_;
    questions asked_;
    asio::steady_timer timer_;
    std::thread inquiry_{};
    bool inquires_ = false;
};

}  // namespace raft_kv
