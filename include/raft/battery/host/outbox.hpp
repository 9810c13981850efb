// SPDX-License-Identifier: BSL-1.0
//
// Where the messages of all groups of a host wait for the end of its turn: one batch for each other
// host. Each group has a port to it, which is its transport.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <raft/battery/host/batch.hpp>

namespace raft::wire {

/// What a batch holds at most. At these limits messages wait or are lost, as on any network, and
/// the protocol sends them again.
struct batch_limits {
    /// The bytes of entries and chunks; beyond it a group still gets `bytes_at_least` in.
    std::size_t bytes = 8U << 20U;
    /// The bytes that one group puts into a turn, so that none keeps the others out …
    std::size_t bytes_of_group = 1U << 20U;
    /// … and those that it always may, so that none is kept out.
    std::size_t bytes_at_least = 4U << 10U;
    /// The messages; more are dropped.
    std::size_t messages = 1U << 18U;
};

/// The messages of one host to all others. Ports refer to it: it stays where it is.
template <class Command>
class outbox {
public:
    explicit outbox(const batch_limits& most) : limits_{most} {}
    outbox(const outbox&) = delete;
    outbox& operator=(const outbox&) = delete;

    /// One group's transport.
    class port {
    public:
        port(outbox& shared, group_id group, member_id self)
            : outbox_{&shared}, group_{group}, self_{self} {}

        template <class Body>
        void send(std::span<const member_id> to, const Body& body,
                  const attachment<Command>& beside) {
            used_ = used() + batch<Command>::bytes_of(beside);
            turn_ = outbox_->turn_;
            for (const auto member : to) outbox_->put(group_, self_, member, body, beside);
        }

        [[nodiscard]] std::size_t room(member_id to) const {
            return outbox_->room(host_of(to), used());
        }

    private:
        /// The bytes that this group has put into this turn.
        [[nodiscard]] std::size_t used() const { return turn_ == outbox_->turn_ ? used_ : 0; }

        outbox* outbox_;
        group_id group_;
        member_id self_;
        std::uint64_t turn_ = 0;
        std::size_t used_ = 0;
    };

    /// Ends the turn: `send(host, batch)` says of each batch whether it took it. One that it did
    /// not take waits for the next turn, and no more bytes go into it than it has room for.
    template <class Send>
    void send_all(Send send) {
        for (auto& peer : peers_) {
            if (peer.waiting.empty()) continue;
            peer.held = !send(peer.host, std::as_const(peer.waiting));
            if (!peer.held) peer.waiting.clear();
        }
        ++turn_;
    }

    /// The messages that found their batch full.
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

private:
    struct peer_box {
        member_id host{};
        batch<Command> waiting{};
        bool held = false;  ///< It was not taken when its turn ended.
    };

    template <class Body>
    void put(group_id group, member_id from, member_id to, const Body& body,
             const attachment<Command>& beside) {
        auto& waiting = box_of(host_of(to)).waiting;
        if (waiting.size() < limits_.messages)
            waiting.add(group, from, to, body, beside);
        else
            ++dropped_;
    }

    /// How many bytes a group that has used `used` of its turn can still put into a batch.
    [[nodiscard]] std::size_t room(member_id host, std::size_t used) {
        const auto& box = box_of(host);
        const auto waiting = box.waiting.bytes();
        const auto left = waiting < limits_.bytes ? limits_.bytes - waiting : 0;
        const auto own = used < limits_.bytes_of_group ? limits_.bytes_of_group - used : 0;
        const auto promised = used == 0 && !box.held ? limits_.bytes_at_least : 0;
        return std::max(std::min(left, own), promised);
    }

    [[nodiscard]] peer_box& box_of(member_id host) {
        const auto found = std::lower_bound(
            peers_.begin(), peers_.end(), host,
            [](const peer_box& box, member_id wanted) { return box.host < wanted; });
        if (found != peers_.end() && found->host == host) return *found;
        return *peers_.insert(found, {host, {}, false});
    }

    batch_limits limits_;
    std::vector<peer_box> peers_{};  ///< By host.
    std::uint64_t turn_ = 1;
    std::uint64_t dropped_ = 0;
};

}  // namespace raft::wire
