// SPDX-License-Identifier: BSL-1.0
//
// Who asks for the cluster as clients see it, which nobody can tell without a leader. So they wait
// for one, for a while: without a table clients ask again, and some give up after a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "session.hpp"
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

namespace raft_kv {

class leader_waits {
public:
    /// `look()` has `tell` called soon; `changed(session)`: it has something to be told.
    leader_waits(asio::io_context& io, std::function<void()> look,
                 std::function<void(session&)> changed)
        : timer_{io}, look_{std::move(look)}, changed_{std::move(changed)} {}

    void add(session& by, std::uint64_t sequence) {
        all_.push_back({by.shared_from_this(), sequence, clock::now() + wait_max});
    }
    [[nodiscard]] bool empty() const { return all_.empty(); }

    /// Tells those for whom there is a leader, or was none for too long. Once a turn.
    void tell(bool leader_is_known) {
        const auto now = clock::now();
        while (!all_.empty() && (leader_is_known || all_.front().until <= now)) {
            const auto one = std::move(all_.front());
            all_.pop_front();
            one.by->leader_awaited(one.sequence);
            changed_(*one.by);
        }
        if (all_.empty()) return;
        timer_.expires_at(all_.front().until);
        timer_.async_wait([this](const asio::error_code& cancelled) {
            if (!cancelled) look_();
        });
    }
    void end() { timer_.cancel(); }

private:
    using clock = std::chrono::steady_clock;
    static constexpr std::chrono::milliseconds wait_max{750};

    struct waiting {
        std::shared_ptr<session> by{};
        std::uint64_t sequence = 0;
        clock::time_point until{};
    };

    asio::steady_timer timer_;
    std::function<void()> look_;
    std::function<void(session&)> changed_;
    std::deque<waiting> all_{};  ///< In the order of their ends.
};

}  // namespace raft_kv
