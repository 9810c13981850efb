// SPDX-License-Identifier: BSL-1.0
//
// The order in which the servers of a cluster are written down where their names do not matter: one
// that their states give, as far as a cheap look can tell them apart.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <proof/cluster_model/explored_cluster.hpp>

namespace raft::proof {

class server_order {
public:
    using places = std::array<std::size_t, explored_servers_max>;

    /// As they are named.
    explicit server_order(std::size_t servers) : servers_{servers} {
        for (std::size_t i = 0; i < servers_; ++i) order_[i] = i;
    }

    /// By their states, each class by itself: who holds data of the first voters, who is a witness
    /// of them, and who is neither.
    void sort(const explored_cluster& c, const model_bounds& bounds) {
        for (std::size_t i = 0; i < servers_; ++i)
            keys_[i] =
                class_of(i, bounds) << key_bits | key_of(c, i) % (std::uint64_t{1} << key_bits);
        std::sort(order_.begin(), end(servers_), [&](std::size_t a, std::size_t b) {
            return keys_[a] != keys_[b] ? keys_[a] < keys_[b] : a < b;
        });
    }

    /// The next order in which servers that look alike stand differently.
    [[nodiscard]] bool next_tied() {
        for (std::size_t first = 0; first < servers_;) {
            auto last = first + 1;
            while (last < servers_ && keys_[order_[last]] == keys_[order_[first]]) ++last;
            if (std::next_permutation(end(first), end(last))) return true;
            first = last;
        }
        return false;
    }

    [[nodiscard]] std::size_t operator[](std::size_t i) const { return order_[i]; }

private:
    static constexpr unsigned key_bits = 62;

    [[nodiscard]] places::iterator end(std::size_t count) {
        return order_.begin() + static_cast<std::ptrdiff_t>(count);
    }

    [[nodiscard]] static std::uint64_t class_of(std::size_t i, const model_bounds& bounds) {
        if (i >= bounds.voters) return 2;
        return i >= bounds.voters - bounds.witnesses ? 1 : 0;
    }

    [[nodiscard]] static std::uint64_t key_of(const explored_cluster& c, std::size_t i) {
        const auto& [s, disk] = c.at(i);
        std::uint64_t key = s.role.index();
        const auto add = [&key](std::uint64_t value) { key = key * 31 + value; };
        add(s.current_term.value);
        add(s.log.last_index().value);
        add(s.log.last_term().value);
        add(s.commit_index.value);
        add(!s.voted_for ? 0U : s.voted_for == s.self ? 1U : 2U);
        add(s.disk.issued.value);
        add(disk.inside().durable.vote.current_term.value);
        add(disk.inside().durable.log.last_index().value);
        for (std::uint64_t term = 1; term < explored_past::terms_max; ++term)
            if (c.past.leaders[term] == i + 1) add(term);
        // The network is a set: the order in which its messages stand here must not show.
        std::uint64_t letters = 0;
        for (const auto& each : c.network) {
            if (each.from == s.self) letters += std::uint64_t{1} << (each.what.body.index() * 3U);
            if (each.to == s.self) letters += (each.what.body.index() + 1) * 7919;
        }
        add(letters);
        return key;
    }

    std::size_t servers_;
    places order_{};
    std::array<std::uint64_t, explored_servers_max> keys_{};
};

}  // namespace raft::proof
