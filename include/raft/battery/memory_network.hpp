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
            auto& waiting = *network_->waiting_;
            waiting.carry(self_, to, body, waiting.keep(beside));
        }
        [[nodiscard]] std::size_t room(member_id) const {
            return std::numeric_limits<std::size_t>::max();
        }

    private:
        memory_network* network_;
        member_id self_;
    };

    [[nodiscard]] port port_of(member_id self) { return port{*this, self}; }

    memory_network() = default;
    memory_network(const memory_network&) = delete;  // Its ports refer to it.
    memory_network& operator=(const memory_network&) = delete;

    [[nodiscard]] bool empty() const { return waiting_->messages.empty(); }

    /// Hands over what waits, first in, first out, and what is sent meanwhile, until nothing waits.
    /// `receive(to, from, body, attachment)` takes it.
    template <class Receive>
    void deliver_all(Receive receive) {
        while (!empty()) {
            std::swap(waiting_, arriving_);
            for (const auto& each : arriving_->messages) {
                const auto beside = arriving_->beside(each);
                for (std::size_t i = 0; i < each.receivers; ++i)
                    receive(each.to[i], each.from, each.body, beside);
            }
            arriving_->clear();
        }
    }

private:
    struct range {
        std::size_t first = 0;
        std::size_t count = 0;
    };

    /// What seldom travels beside a message.
    struct parcel {
        std::optional<core::indexed_configuration> configuration{};
        std::vector<std::byte> bytes{};
        command_access commands = command_access::given;
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
        core::message body{};

        template <class Body>
        void put(const Body& carried) {
            if constexpr (std::is_same_v<Body, core::message>)
                body = carried;
            else
                body.template emplace<Body>(carried);
        }
    };

    /// Things in the order in which they came, in memory that is used again and again.
    template <class T>
    class store {
    public:
        [[nodiscard]] bool empty() const { return size_ == 0; }
        [[nodiscard]] const T* begin() const { return items_.data(); }
        [[nodiscard]] const T* end() const { return items_.data() + size_; }

        /// The place of one more, which holds whatever was there before.
        [[nodiscard, gnu::always_inline]] T& add() {
            if (size_ == room_) grow_to(size_ + 1);
            return items_[size_++];
        }
        /// The places of so many more, from the one with this number on.
        [[nodiscard, gnu::always_inline]] std::size_t add(std::size_t count) {
            const auto first = size_;
            size_ += count;
            if (size_ > room_) grow_to(size_);
            return first;
        }
        [[nodiscard]] T& operator[](std::size_t i) { return items_[i]; }
        void clear() { size_ = 0; }

    private:
        [[gnu::noinline, gnu::cold]] void grow_to(std::size_t size) {
            items_.resize(2 * size);
            room_ = items_.size();
        }

        std::vector<T> items_{};  ///< The first `size_` are in it, the rest is room for more.
        std::size_t size_ = 0;
        std::size_t room_ = 0;
    };

    /// Messages on their way.
    struct batch {
        store<sent> messages{};
        store<entry<Command>> entries{};
        std::vector<parcel> parcels{};

        [[gnu::always_inline]] range store_entries(std::span<const entry<Command>> given) {
            const auto first = entries.add(given.size());
            auto* place = &entries[first];
            for (const auto& each : given) detail::copy_whole(*place++, each);
            return {first, given.size()};
        }

        [[gnu::always_inline]] companions keep(const attachment<Command>& beside) {
            companions kept;
            if (!beside.entries.empty()) kept.entries = store_entries(beside.entries);
            if (beside.configuration != nullptr || !beside.chunk.empty() ||
                beside.commands != command_access::given) [[unlikely]]
                kept.parcel = pack(beside.configuration, beside.chunk, beside.commands);
            return kept;
        }

        [[gnu::noinline]] std::uint32_t pack(const core::indexed_configuration* configuration,
                                             std::span<const std::byte> chunk,
                                             command_access commands) {
            auto& packed = parcels.emplace_back();
            if (configuration != nullptr) packed.configuration = *configuration;
            packed.bytes.assign(chunk.begin(), chunk.end());
            packed.commands = commands;
            return static_cast<std::uint32_t>(parcels.size());
        }

        [[nodiscard]] attachment<Command> beside(const sent& each) const {
            attachment<Command> all{
                .entries = {entries.begin() + each.entries.first, each.entries.count}};
            if (each.parcel != 0) [[unlikely]]
                unpack(parcels[each.parcel - 1], all);
            return all;
        }

        static void unpack(const parcel& packed, attachment<Command>& all) {
            if (packed.configuration) all.configuration = &*packed.configuration;
            all.chunk = packed.bytes;
            all.commands = packed.commands;
        }

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
            auto& added = messages.add();
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

        void clear() {
            messages.clear();
            entries.clear();
            parcels.clear();
        }
    };

    /// What is sent waits in one batch while the other arrives.
    std::array<batch, 2> batches_{};
    batch* waiting_ = &batches_[0];
    batch* arriving_ = &batches_[1];
};

static_assert(transport_for<memory_network<int>::port, int>);

}  // namespace raft
