// SPDX-License-Identifier: BSL-1.0
//
// A network in memory, for several nodes of one process on one thread: messages wait in a queue
// until they are delivered.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
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

        /// Inline: a message that is made for this call alone is made where it waits.
        template <class Body>
        [[gnu::always_inline]] void send(std::span<const member_id> to, const Body& body,
                                         const attachment<Command>& beside) {
            network_->carry(self_, to, body, network_->waiting().keep(beside));
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

    /// What seldom travels beside a message.
    struct parcel {
        std::optional<indexed_configuration> configuration{};
        std::vector<std::byte> bytes{};
    };

    /// How many receivers share one copy of a message.
    static constexpr std::size_t receivers_max = 4;

    /// What travels beside a message, as places in the stores of its batch.
    struct companions {
        range entries{};
        std::uint32_t parcel = 0;  ///< Its number among the parcels, from 1; 0 if there is none.
    };

    /// A message on its way to some of its receivers. All of them share what travels beside it. Its
    /// size is a power of two, so that its place is found without a multiplication.
    struct sent {
        member_id from{};
        std::array<member_id, receivers_max> to{};
        range entries{};
        std::uint32_t parcel = 0;
        std::uint32_t receivers = 0;
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
        std::vector<parcel> parcels{};
        std::vector<entry<Command>> entries{};  ///< The first `entry_count`, likewise.
        std::size_t entry_count = 0;

        [[nodiscard, gnu::always_inline]] sent& add() {
            if (count == messages.size()) grow();
            return messages[count++];
        }
        [[gnu::noinline]] void grow() { messages.resize(2 * count + 2); }

        [[gnu::always_inline]] range store_entries(std::span<const entry<Command>> given) {
            const range place{entry_count, given.size()};
            entry_count += given.size();
            if (entries.size() < entry_count) grow_entries();
            for (std::size_t i = 0; i < given.size(); ++i)
                copy_whole(entries[place.first + i], given[i]);
            return place;
        }
        [[gnu::noinline]] void grow_entries() { entries.resize(2 * entry_count); }

        [[gnu::always_inline]] companions keep(const attachment<Command>& beside) {
            companions kept;
            if (!beside.entries.empty()) kept.entries = store_entries(beside.entries);
            if (beside.configuration != nullptr || !beside.chunk.empty())
                kept.parcel = pack(beside.configuration, beside.chunk);
            return kept;
        }

        [[gnu::noinline]] std::uint32_t pack(const indexed_configuration* configuration,
                                             std::span<const std::byte> chunk) {
            auto& packed = parcels.emplace_back();
            if (configuration != nullptr) packed.configuration = *configuration;
            packed.bytes.assign(chunk.begin(), chunk.end());
            return static_cast<std::uint32_t>(parcels.size());
        }

        [[nodiscard]] attachment<Command> beside(const sent& each) const {
            attachment<Command> all{
                .entries = {entries.data() + each.entries.first, each.entries.count}};
            if (each.parcel != 0) unpack(parcels[each.parcel - 1], all);
            return all;
        }

        static void unpack(const parcel& packed, attachment<Command>& all) {
            if (packed.configuration) all.configuration = &*packed.configuration;
            all.chunk = packed.bytes;
        }

        void clear() {
            count = 0;
            entry_count = 0;
            parcels.clear();
        }
    };

    [[nodiscard]] batch& waiting() { return batches_[waiting_]; }

    template <class Body>
    [[gnu::always_inline]] void carry(member_id from, std::span<const member_id> to,
                                      const Body& body, const companions& beside) {
        if (to.size() <= receivers_max) return carry_to_few(from, to, body, beside);
        const auto copy = body;
        carry_to_many(from, to, copy, beside);
    }

    template <class Body>
    [[gnu::always_inline]] void carry_to_few(member_id from, std::span<const member_id> to,
                                             const Body& body, const companions& beside) {
        auto& added = waiting().add();
        added.from = from;
        for (std::size_t i = 0; i < to.size(); ++i) added.to[i] = to[i];
        added.entries = beside.entries;
        added.parcel = beside.parcel;
        added.receivers = static_cast<std::uint32_t>(to.size());
        added.put(body);
    }

    template <class Body>
    [[gnu::noinline]] void carry_to_many(member_id from, std::span<const member_id> to,
                                         const Body& body, companions beside) {
        while (!to.empty()) {
            const auto some = to.first(std::min(to.size(), receivers_max));
            carry_to_few(from, some, body, beside);
            to = to.subspan(some.size());
        }
    }

    /// What is sent waits in one batch while the other arrives.
    std::array<batch, 2> batches_{};
    std::size_t waiting_ = 0;
};

static_assert(transport_for<memory_network<int>::port, int>);

}  // namespace raft
