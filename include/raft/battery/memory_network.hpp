// SPDX-License-Identifier: BSL-1.0
//
// A network in memory, for several nodes of one process on one thread: messages wait in a queue
// until they are delivered.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <span>
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

        template <class Body>
        void send(std::span<const member_id> to, const Body& body,
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

    [[nodiscard]] bool empty() const { return batches_[waiting_].messages.empty(); }

    /// Hands over what waits, first in, first out, and what is sent meanwhile, until nothing waits.
    /// `receive(to, from, body, attachment)` takes it.
    template <class Receive>
    void deliver_all(Receive receive) {
        while (!empty()) {
            auto& arriving = batches_[waiting_];
            waiting_ ^= 1U;
            for (const auto& each : arriving.messages)
                receive(each.to, each.from, each.body,
                        each.parcel == 0 ? attachment<Command>{} : arriving.unpack(each.parcel));
            arriving.clear();
        }
    }

private:
    struct range {
        std::size_t first = 0;
        std::size_t count = 0;
    };

    /// What travels beside a message, as places in the stores of its batch.
    struct parcel {
        range entries{};
        range configurations{};
        range bytes{};
    };

    /// A message on its way to one server. All receivers of the same message share its parcel.
    struct sent {
        template <class Body>
        sent(member_id sender, member_id receiver, const Body& carried, std::size_t beside)
            : from{sender}, to{receiver}, parcel{beside}, body{carried} {}

        member_id from;
        member_id to;
        std::size_t parcel;  ///< Its place among the parcels; 0 if there is none.
        message body;
    };

    /// Messages on their way. Its memory is used again and again. Aligned so that its size is a
    /// power of two: the one that waits is looked up for every message.
    struct alignas(64) batch {
        std::vector<sent> messages{};
        std::vector<parcel> parcels{1};
        std::vector<entry<Command>> entries{};
        std::vector<indexed_configuration> configurations{};
        std::vector<std::byte> bytes{};

        [[nodiscard]] std::size_t pack(const attachment<Command>& beside) {
            auto& packed = parcels.emplace_back();
            packed.entries = store(entries, beside.entries);
            if (beside.configuration != nullptr)
                packed.configurations = store(configurations, std::span{beside.configuration, 1});
            if (!beside.chunk.empty()) packed.bytes = store(bytes, beside.chunk);
            return parcels.size() - 1;
        }

        [[nodiscard]] attachment<Command> unpack(std::size_t place) const {
            const auto& places = parcels[place];
            const auto carried = view(configurations, places.configurations);
            return {.entries = view(entries, places.entries),
                    .configuration = carried.empty() ? nullptr : carried.data(),
                    .chunk = view(bytes, places.bytes)};
        }

        void clear() {
            messages.clear();
            if (parcels.size() == 1) return;
            parcels.resize(1);
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
        return {kept.data() + place.first, place.count};
    }

    template <class Body>
    void carry(member_id from, std::span<const member_id> to, const Body& body,
               const attachment<Command>& beside) {
        auto& waiting = batches_[waiting_];
        const bool alone =
            beside.entries.empty() && beside.configuration == nullptr && beside.chunk.empty();
        const auto packed = alone ? std::size_t{0} : waiting.pack(beside);
        for (const auto each : to) waiting.messages.emplace_back(from, each, body, packed);
    }

    /// What is sent waits in one batch while the other arrives.
    std::array<batch, 2> batches_{};
    std::size_t waiting_ = 0;
};

static_assert(transport_for<memory_network<int>::port, int>);

}  // namespace raft
