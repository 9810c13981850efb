// SPDX-License-Identifier: BSL-1.0
//
// A network in memory, for several nodes of one process on one thread: messages wait in a queue
// until they are delivered.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <raft/policy.hpp>

namespace raft {

/// Carries messages between nodes of one process. Each node's transport is a
/// `memory_network<Command>::port`. What is sent waits until `deliver_all` hands it over; nothing
/// is delivered from within `send`.
template <class Command>
class memory_network {
public:
    /// One server's way into the network. Refers to the network, which must outlive it.
    class port {
    public:
        port(memory_network& carrier, member_id self) : network_{&carrier}, self_{self} {}

        void send(std::span<const member_id> to, const message& body,
                  const attachment<Command>& beside) {
            network_->carry(self_, to, body, beside);
        }
        [[nodiscard]] std::size_t room(member_id) const {
            return std::numeric_limits<std::size_t>::max();
        }

    private:
        memory_network* network_;
        member_id self_;
    };

    [[nodiscard]] port port_of(member_id self) { return port{*this, self}; }

    [[nodiscard]] bool empty() const { return waiting_.messages.empty(); }

    /// Hands over what waits, first in, first out, and what is sent meanwhile, until nothing waits.
    /// `receive(to, from, body, attachment)` takes it.
    template <class Receive>
    void deliver_all(Receive receive) {
        while (!empty()) {
            std::swap(waiting_, arriving_);
            for (const auto& each : arriving_.messages) hand_over(each, receive);
            arriving_.clear();
        }
    }

private:
    struct range {
        std::size_t first = 0;
        std::size_t count = 0;
    };

    /// A message; what travels beside it lies in the stores of its batch.
    struct sent {
        member_id from{};
        message body{};
        range receivers{};
        range entries{};
        range configurations{};
        range bytes{};
    };

    /// Messages on their way. Its memory is used again and again.
    struct batch {
        std::vector<sent> messages{};
        std::vector<member_id> receivers{};
        std::vector<entry<Command>> entries{};
        std::vector<indexed_configuration> configurations{};
        std::vector<std::byte> bytes{};

        void clear() {
            messages.clear();
            receivers.clear();
            entries.clear();
            configurations.clear();
            bytes.clear();
        }
    };

    template <class T, class From>
    static range store(std::vector<T>& kept, const From& given) {
        const range place{kept.size(), given.size()};
        kept.insert(kept.end(), given.begin(), given.end());
        return place;
    }

    template <class T>
    static std::span<const T> view(const std::vector<T>& kept, range place) {
        return std::span{kept}.subspan(place.first, place.count);
    }

    void carry(member_id from, std::span<const member_id> to, const message& body,
               const attachment<Command>& beside) {
        const std::size_t configurations = beside.configuration != nullptr ? 1 : 0;
        waiting_.messages.push_back(
            {from, body, store(waiting_.receivers, to), store(waiting_.entries, beside.entries),
             store(waiting_.configurations, std::span{beside.configuration, configurations}),
             store(waiting_.bytes, beside.chunk)});
    }

    template <class Receive>
    void hand_over(const sent& each, Receive& receive) {
        const auto configurations = view(arriving_.configurations, each.configurations);
        const attachment<Command> beside{
            .entries = view(arriving_.entries, each.entries),
            .configuration = configurations.empty() ? nullptr : configurations.data(),
            .chunk = view(arriving_.bytes, each.bytes)};
        for (const auto to : view(arriving_.receivers, each.receivers))
            receive(to, each.from, each.body, beside);
    }

    batch waiting_{};
    batch arriving_{};
};

static_assert(transport_for<memory_network<int>::port, int>);

}  // namespace raft
