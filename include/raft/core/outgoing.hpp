// SPDX-License-Identifier: BSL-1.0
//
// The messages of one step, and the destination of each. Most steps send one or two messages, so
// the first few need no allocation.
#pragma once

#include <cstddef>
#include <type_traits>
#include <variant>
#include <vector>

#include <raft/core/configuration.hpp>
#include <raft/core/message.hpp>

namespace raft::core {

/// Where a message goes: to one server by its identity, or to members of the sender's current
/// configuration, which all get the same message.
using destination = std::variant<member_id, member_set>;

struct outgoing {
    destination to{};
    message body{};
    friend constexpr bool operator==(const outgoing&, const outgoing&) = default;
};

/// A list of messages. It allocates only beyond `outgoing_messages::few`.
class outgoing_messages {
public:
    static constexpr std::size_t few = 4;

    constexpr outgoing_messages() = default;
    constexpr outgoing_messages(const outgoing_messages& other) { add_all(other); }
    constexpr outgoing_messages& operator=(const outgoing_messages& other) {
        if (this == &other) return *this;
        clear();
        add_all(other);
        return *this;
    }
    constexpr ~outgoing_messages() = default;

    template <class Body>
    constexpr void add(destination to, const Body& body) {
        if (std::is_constant_evaluated() || count_ >= few) return add_to_many(to, body);
        ::new (&room_.few[count_++]) outgoing{to, message{body}};
    }
    constexpr void clear() {
        count_ = 0;
        many_.clear();
    }

    [[nodiscard]] constexpr std::size_t size() const {
        return many_.empty() ? count_ : many_.size();
    }
    [[nodiscard]] constexpr bool empty() const { return size() == 0; }
    [[nodiscard]] constexpr const outgoing* begin() const {
        return many_.empty() ? room_.few : many_.data();
    }
    [[nodiscard]] constexpr const outgoing* end() const { return begin() + size(); }
    [[nodiscard]] constexpr const outgoing& operator[](std::size_t i) const { return begin()[i]; }
    [[nodiscard]] constexpr const outgoing& front() const { return *begin(); }
    [[nodiscard]] constexpr const outgoing& back() const { return *(end() - 1); }

    friend constexpr bool operator==(const outgoing_messages& a, const outgoing_messages& b) {
        if (a.size() != b.size()) return false;
        for (std::size_t i = 0; i < a.size(); ++i)
            if (!(a[i] == b[i])) return false;
        return true;
    }

private:
    /// Memory in which nothing is constructed before it is needed.
    union uninitialized {
        constexpr uninitialized() {}
        outgoing few[outgoing_messages::few];
    };
    static_assert(std::is_trivially_destructible_v<outgoing>);

    template <class Body>
    constexpr void add_to_many(destination to, const Body& body) {
        if (many_.empty())
            for (std::size_t i = 0; i < count_; ++i) many_.push_back(room_.few[i]);
        many_.push_back({to, message{body}});
    }
    constexpr void add_all(const outgoing_messages& other) {
        for (const auto& each : other) add(each.to, each.body);
    }

    std::size_t count_ = 0;
    std::vector<outgoing> many_{};  ///< All messages, once they are more than few.
    uninitialized room_{};
};

}  // namespace raft::core
