// SPDX-License-Identifier: BSL-1.0
//
// Many groups in one process: a host has a member of each of thousands of groups, and speaks for
// all of them to the other hosts.
//
// * What the groups say to the members on one other host leaves as one batch at the end of a turn,
//   their heartbeats above all (`send_all`, `deliver`).
// * Only groups whose time has come are looked at (`poll`, `deadline`): a thousand or a million
//   that sleep (`settings::quiescence`) cost nothing but their memory.
// * No group keeps others waiting: each that is due gets one turn in each `poll`, which its node's
//   `limits::applied_per_call` bounds, and a share of each batch, which `batch_limits` bounds.
//
// A turn of the program: `deliver` what has arrived, `poll`, then `send_all`; and so again at
// `deadline()`, or when something arrives. In between, `use` gives it any of the groups.
//
// Nothing is merged but the sending: each group keeps its own terms and timers, and is silent or
// heard by its own messages alone. That a host is heard never stands for one of its groups.
//
// Each group has a storage of its own kind. A storage with a thread calls its `wake` on that
// thread: let it put the group into a queue that the host's thread empties by `made_progress`. A
// thread for each is too many: open each `file_storage` with `flush_mode::manual`, and once a turn
// flush those that `each_used` gives. They are all that can have begun a write, and a flush of one
// that has not is no system call. Nothing that rests on a write leaves before it is durable.
//
// Thread rule: a host is used from one thread at a time, and calls nothing back except from within
// your calls; these may use it again, but for what `send_all` calls.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <raft/battery/host/agenda.hpp>
#include <raft/battery/host/batch.hpp>
#include <raft/battery/host/outbox.hpp>
#include <raft/node.hpp>

namespace raft {

struct host_options {
    wire::batch_limits batches{};
    /// Leaders may wait so long for one another with their heartbeats, which then leave together.
    /// Well below the heartbeat interval.
    duration heartbeats_within = milliseconds(10);
};

/// What did not reach a group. All of it is as if it had been lost on the way.
struct host_statistics {
    std::uint64_t unknown_group = 0;  ///< Messages to groups that are not here.
    std::uint64_t misdirected = 0;    ///< Messages from or to another member than the host has.
    std::uint64_t dropped = 0;        ///< Messages of this host that found their batch full.
    friend constexpr bool operator==(const host_statistics&, const host_statistics&) = default;
};

/// `Node`: a `node` whose transport is `outbox<command>::port`. The id of each member says which
/// host it is on (`member_on`).
template <class Node>
class host {
public:
    using command = typename Node::command;
    using time_point = typename Node::time_point;

    /// `self`: below 2^32.
    explicit host(member_id self, const host_options& options = {})
        : self_{self}, options_{options}, outbox_{options.batches} {}
    host(const host&) = delete;
    host& operator=(const host&) = delete;

    /// Makes a node and starts it. `parts`: its storage, clock and observer. False if the group is
    /// here already, the member belongs to another host, or the state machine could not make sense
    /// of what the storage kept: then nothing is added.
    template <class StateMachine, class... Parts>
    bool add(group_id group, node_options options, StateMachine&& state_machine, Parts&&... parts) {
        if (host_of(options.id) != self_ || groups_.contains(group.value)) return false;
        auto& own = free_seat();
        own.group = group;
        own.self = options.id;
        own.node.emplace(std::move(options), std::forward<StateMachine>(state_machine),
                         typename wire::outbox<command>::port{outbox_, group, own.self},
                         std::forward<Parts>(parts)...);
        groups_.emplace(group.value, &own);
        bool sound = false;
        enter(own, [&](Node& added) { sound = added.start(); });
        if (!sound) remove(group);
        return sound;
    }

    /// Destroys the group's node; what its callers wait for is never told. False if there is none.
    bool remove(group_id group) {
        const auto found = groups_.find(group.value);
        if (found == groups_.end()) return false;
        auto& own = *found->second;
        groups_.erase(found);
        own.removed = true;
        if (own.calls == 0) clear(own);
        return true;
    }

    /// Calls `function(Node&)` with the group's node, to propose, read, or ask it for anything. A
    /// group that sleeps wakes if it must. False if there is none.
    template <class Function>
    bool use(group_id group, Function function) {
        const auto found = groups_.find(group.value);
        if (found == groups_.end()) return false;
        enter(*found->second, function);
        return true;
    }

    /// The group's node, to look at; null if there is none. Valid until the group is removed.
    [[nodiscard]] const Node* find(group_id group) const {
        const auto found = groups_.find(group.value);
        return found == groups_.end() ? nullptr : &*found->second->node;
    }

    [[nodiscard]] std::size_t size() const { return groups_.size(); }

    /// A batch came from host `from`, for whose identity the transport vouches. Each message goes
    /// to its group, if it is here, and if it is from a member on that host.
    void deliver(member_id from, const wire::batch<command>& arrived) {
        arrived.for_each([&](const wire::batch_part<command>& part) {
            const auto found = groups_.find(part.group.value);
            if (found == groups_.end()) {
                ++statistics_.unknown_group;
            } else if (host_of(part.from) != from || part.to != found->second->self) {
                ++statistics_.misdirected;
            } else {
                enter(*found->second,
                      [&](Node& node) { node.receive(part.from, part.body, part.beside); });
            }
        });
    }

    /// Gives each group that is due its turn. `now`: what the clock of the nodes says.
    void poll(time_point now) {
        if (now > now_) now_ = now;
        const auto latest = agenda_.entered();
        while (const auto due = agenda_.take_due(now_, latest))
            enter(seats_[*due], [](Node& node) { node.poll(); });
    }

    /// When `poll` must be called, at the latest. None: not before something else happens.
    [[nodiscard]] std::optional<time_point> deadline() const { return agenda_.first(); }

    /// The group's storage has made progress, or has failed: it gets a turn in the next `poll`.
    void made_progress(group_id group) {
        const auto found = groups_.find(group.value);
        if (found != groups_.end()) agenda_.set(found->second->number, now_);
    }

    /// Calls `function(group_id, Node&)` for each group whose node did anything since the last
    /// call, to flush its storage. It must not use the host, but for `made_progress`.
    template <class Function>
    void each_used(Function function) {
        for (const auto number : used_) {
            auto& own = seats_[number];
            if (own.used && own.node) function(own.group, *own.node);
            own.used = false;
        }
        used_.clear();
    }

    /// Ends a turn: `send(member_id host, const batch<command>&)` gets what is to leave, one batch
    /// for each host, and says whether it took it; if not, the batch waits for the next turn.
    template <class Send>
    void send_all(Send send) {
        outbox_.send_all(std::move(send));
    }

    [[nodiscard]] host_statistics statistics() const {
        auto all = statistics_;
        all.dropped = outbox_.dropped();
        return all;
    }

private:
    /// Where a node lives. It stays there; the seat is used again.
    struct seat {
        std::size_t number = 0;
        group_id group{};
        member_id self{};
        unsigned calls = 0;    ///< Calls of the node that have not returned.
        bool removed = false;  ///< Its group is no more; the node goes when they have.
        bool used = false;     ///< It is among those that did something.
        std::optional<Node> node{};
    };

    [[nodiscard]] seat& free_seat() {
        if (!free_.empty()) {
            auto& reused = seats_[free_.back()];
            free_.pop_back();
            return reused;
        }
        auto& added = seats_.emplace_back();
        added.number = seats_.size() - 1;
        return added;
    }

    void clear(seat& left) {
        agenda_.cancel(left.number);
        left.node.reset();
        left.removed = false;
        free_.push_back(left.number);
    }

    template <class Function>
    void enter(seat& entered, Function function) {
        ++entered.calls;
        if (!std::exchange(entered.used, true)) used_.push_back(entered.number);
        function(*entered.node);
        if (--entered.calls > 0) return;
        if (entered.removed)
            clear(entered);
        else
            schedule(entered);
    }

    /// Enters the group's deadline, not before now: a group that always has more to do does not get
    /// ahead of those that wait.
    void schedule(const seat& changed) {
        const auto wanted = changed.node->deadline();
        if (!wanted) return agenda_.cancel(changed.number);
        const bool leads = changed.node->protocol_state().is_leader();
        const auto when = leads && *wanted > now_ ? with_other_heartbeats(*wanted) : *wanted;
        agenda_.set(changed.number, when > now_ ? when : now_);
    }

    /// Heartbeats leave at multiples of a time, so that they meet.
    [[nodiscard]] time_point with_other_heartbeats(time_point when) const {
        const auto grain = std::chrono::duration_cast<typename time_point::duration>(
            std::chrono::nanoseconds{options_.heartbeats_within.nanoseconds});
        if (grain.count() <= 0) return when;
        const auto late = when.time_since_epoch() % grain;
        return late.count() == 0 ? when : when + (grain - late);
    }

    member_id self_;
    host_options options_;
    wire::outbox<command> outbox_;
    std::deque<seat> seats_{};
    std::vector<std::size_t> free_{};
    std::vector<std::size_t> used_{};  ///< Since the last `each_used`, each once.
    std::unordered_map<std::uint64_t, seat*> groups_{};
    detail::agenda<time_point> agenda_{};
    time_point now_{};
    host_statistics statistics_{};
};

}  // namespace raft
