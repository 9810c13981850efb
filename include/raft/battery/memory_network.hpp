// SPDX-License-Identifier: BSL-1.0
//
// A network in memory, for several nodes of one process on one thread: messages wait in a queue
// until they are delivered.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>
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
            if (beside.entries.empty() && beside.configuration == nullptr && beside.chunk.empty())
                network_->carry(self_, to, body, {}, 0);
            else
                network_->carry_with(self_, to, body, beside);
        }
        [[nodiscard]] std::size_t room(member_id) const {
            return std::numeric_limits<std::size_t>::max();
        }

    private:
        memory_network* network_;
        member_id self_;
    };

    [[nodiscard]] port port_of(member_id self) { return port{*this, self}; }

    [[nodiscard]] bool empty() const { return batches_[waiting_].count == 0; }

    /// Hands over what waits, first in, first out, and what is sent meanwhile, until nothing waits.
    /// `receive(to, from, body, attachment)` takes it.
    template <class Receive>
    void deliver_all(Receive receive) {
        while (!empty()) {
            auto& arriving = batches_[waiting_];
            waiting_ ^= 1U;
            for (const auto& each : std::span{arriving.messages.data(), arriving.count}) {
                const auto beside = arriving.beside(each);
                for (std::size_t i = 0; i < each.receivers; ++i)
                    receive(each.to[i], each.from, each.body, beside);
            }
            arriving.clear();
        }
    }

private:
    struct range {
        std::size_t first = 0;
        std::size_t count = 0;
    };

    /// What seldom travels beside a message, as places in the stores of its batch.
    struct parcel {
        range configurations{};
        range bytes{};
    };

    /// How many receivers share one copy of a message.
    static constexpr std::size_t receivers_max = 4;

    /// A message on its way to some of its receivers. All of them share what travels beside it.
    struct sent {
        member_id from{};
        std::size_t receivers = 0;
        std::array<member_id, receivers_max> to{};
        range entries{};
        std::size_t parcel = 0;  ///< Its place among the parcels; 0 if there is none.
        message body{};

        template <class Body>
        void put(const Body& carried) {
            if constexpr (std::is_same_v<Body, message>)
                body = carried;
            else
                body.template emplace<Body>(carried);
        }
    };

    /// Messages on their way. Its memory is used again and again. Aligned so that its size is a
    /// power of two: the one that waits is looked up for every message.
    struct alignas(64) batch {
        std::vector<sent> messages{};  ///< The first `count` wait, the rest is room for more.
        std::size_t count = 0;
        std::vector<parcel> parcels{1};
        std::vector<entry<Command>> entries{};
        std::vector<indexed_configuration> configurations{};
        std::vector<std::byte> bytes{};

        [[nodiscard]] sent& add() {
            if (count == messages.size()) grow();
            return messages[count++];
        }
        [[gnu::noinline]] void grow() { messages.resize(2 * count + 2); }

        [[nodiscard]] std::size_t pack(const attachment<Command>& beside) {
            auto& packed = parcels.emplace_back();
            if (beside.configuration != nullptr)
                packed.configurations = store(configurations, std::span{beside.configuration, 1});
            if (!beside.chunk.empty()) packed.bytes = store(bytes, beside.chunk);
            return parcels.size() - 1;
        }

        [[nodiscard]] attachment<Command> beside(const sent& each) const {
            attachment<Command> all{.entries = view(entries, each.entries)};
            if (each.parcel != 0) unpack(parcels[each.parcel], all);
            return all;
        }

        void unpack(const parcel& places, attachment<Command>& all) const {
            const auto carried = view(configurations, places.configurations);
            if (!carried.empty()) all.configuration = carried.data();
            all.chunk = view(bytes, places.bytes);
        }

        void clear() {
            count = 0;
            entries.clear();
            if (parcels.size() == 1) return;
            parcels.resize(1);
            configurations.clear();
            bytes.clear();
        }
    };

    template <class T, class From>
    static range store(std::vector<T>& kept, const From& given) {
        const range place{kept.size(), given.size()};
        if (given.size() == 1)
            kept.push_back(given.front());
        else
            kept.insert(kept.end(), given.begin(), given.end());
        return place;
    }

    template <class T>
    static std::span<const T> view(const std::vector<T>& kept, range place) {
        return {kept.data() + place.first, place.count};
    }

    template <class Body>
    void carry(member_id from, std::span<const member_id> to, const Body& body, range entries,
               std::size_t packed) {
        auto& waiting = batches_[waiting_];
        while (!to.empty()) {
            auto& added = waiting.add();
            added.from = from;
            added.receivers = to.size() < receivers_max ? to.size() : receivers_max;
            for (std::size_t i = 0; i < added.receivers; ++i) added.to[i] = to[i];
            added.entries = entries;
            added.parcel = packed;
            added.put(body);
            to = to.subspan(added.receivers);
        }
    }

    template <class Body>
    void carry_with(member_id from, std::span<const member_id> to, const Body& body,
                    const attachment<Command>& beside) {
        auto& waiting = batches_[waiting_];
        const bool packs = beside.configuration != nullptr || !beside.chunk.empty();
        const auto packed = packs ? waiting.pack(beside) : std::size_t{0};
        carry(from, to, body, store(waiting.entries, beside.entries), packed);
    }

    /// What is sent waits in one batch while the other arrives.
    std::array<batch, 2> batches_{};
    std::size_t waiting_ = 0;
};

static_assert(transport_for<memory_network<int>::port, int>);

}  // namespace raft
