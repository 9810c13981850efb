// SPDX-License-Identifier: BSL-1.0
//
// Whether the transport of this folder keeps the contract of a transport: what the author of a
// transport runs first.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <vector>

#include "transport.hpp"
#include <poll.h>

#include <raft/testing/check_transport.hpp>

namespace {

/// Three servers of this process, which know each other.
class network {
public:
    network() : wires_(3) {
        for (std::uint64_t id = 1; id <= 3; ++id)
            for (std::uint64_t other = 1; other <= 3; ++other)
                if (other != id) wires_[id - 1].know({other}, wires_[other - 1]);
    }

    [[nodiscard]] udp::transport& at(raft::member_id id) { return wires_[id.value - 1]; }
    void start(auto receive) {
        for (std::uint64_t id = 1; id <= 3; ++id) nodes_.push_back({{id}, receive});
    }
    /// Waits for datagrams until it has happened, and for each no longer than 50 ms.
    bool run_until(const std::function<bool()>& happened) {
        while (!happened()) {
            std::vector<pollfd> sockets;
            for (const auto& each : wires_) sockets.push_back({each.handle(), POLLIN, 0});
            if (::poll(sockets.data(), sockets.size(), 50) <= 0) return false;
            for (std::size_t i = 0; i < nodes_.size(); ++i) wires_[i].deliver_to(nodes_[i]);
        }
        return true;
    }

private:
    /// In the place of a node: hands on what it receives.
    struct receiver {
        raft::member_id self{};
        std::function<void(raft::member_id, raft::member_id, const raft::core::message&,
                           const raft::attachment<std::int32_t>&)>
            hand_on{};
        void receive(raft::member_id from, const raft::core::message& body,
                     const raft::attachment<std::int32_t>& beside) const {
            hand_on(self, from, body, beside);
        }
    };

    std::deque<udp::transport> wires_;
    std::vector<receiver> nodes_{};
};

}  // namespace

int main() try {
    const auto report = raft::testing::check_transport<std::int32_t>(
        [] { return std::make_unique<network>(); }, {1, -2, 3, 0});
    std::cout << report.checked().size() << " clauses checked, " << report.broken().size()
              << " broken\n"
              << report.text();
    return report.holds() ? 0 : 1;
} catch (const std::exception& wrong) {
    std::cerr << wrong.what() << "\n";
    return 1;
}
