// SPDX-License-Identifier: BSL-1.0
//
// The specification as the explorer explores it: within bounds, without symmetry. States outside
// the bounds are neither counted nor expanded.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include <proof/explorer.hpp>
#include <proof/specification/action.hpp>
#include <proof/specification/raft_tla.hpp>

namespace raft::proof::tla {

class model {
public:
    using state = cluster;

    explicit model(const bounds& limits) : limits_{limits} {}

    void initial_states(auto visit) { visit(cluster{}, nullptr); }

    /// Every action of Next. DuplicateMessage is left out: it makes two of a message, which is
    /// outside the bounds.
    void successors(const cluster& now, auto visit) {
        const auto attempt = [&](action which, auto act) {
            auto next = now;
            last_action_ = which;
            if (act(next) && next.within(limits_)) visit(next, nullptr);
        };
        const auto n = limits_.servers;
        for (std::size_t i = 0; i < n; ++i) {
            attempt(action::Restart, [&](cluster& c) { return c.Restart(i); });
            attempt(action::Timeout, [&](cluster& c) { return c.Timeout(i); });
            attempt(action::BecomeLeader, [&](cluster& c) { return c.BecomeLeader(i, n); });
            attempt(action::ClientRequest, [&](cluster& c) { return c.ClientRequest(i); });
            attempt(action::AdvanceCommitIndex,
                    [&](cluster& c) { return c.AdvanceCommitIndex(i, n); });
            for (std::size_t j = 0; j < n; ++j) {
                attempt(action::RequestVote, [&](cluster& c) { return c.RequestVote(i, j); });
                attempt(action::AppendEntries, [&](cluster& c) { return c.AppendEntries(i, j); });
            }
        }
        for (std::size_t k = 0; k < now.message_count; ++k) {
            const auto& m = now.messages[k];
            attempt(action::Receive, [&](cluster& c) { return c.Receive(m); });
            attempt(action::DropMessage, [&](cluster& c) { return c.DropMessage(m); });
        }
    }

    /// Election Safety: at most one leader in a term.
    [[nodiscard]] const char* violation(const cluster& c) const {
        for (std::size_t i = 0; i < limits_.servers; ++i)
            for (std::size_t j = 0; j < i; ++j)
                if (c.servers[i].state == role::Leader && c.servers[j].state == role::Leader &&
                    c.servers[i].currentTerm == c.servers[j].currentTerm)
                    return "two leaders in one term";
        return nullptr;
    }

    /// What led to the successor that `visit` was last called with.
    [[nodiscard]] action last_action() const { return last_action_; }
    [[nodiscard]] const bounds& limits() const { return limits_; }

    void encode(const cluster& c, proof::encoding& out) const {
        for (std::size_t i = 0; i < limits_.servers; ++i) put(c.servers[i], out);
        for (std::size_t k = 0; k < c.message_count; ++k) put(c.messages[k], out);
    }

    void decode(std::span<const std::uint8_t> bytes, cluster& c) const {
        const auto* at = bytes.data();
        for (std::size_t i = 0; i < limits_.servers; ++i) at = get(at, c.servers[i]);
        c.message_count = 0;
        while (at != bytes.data() + bytes.size()) at = get(at, c.messages[c.message_count++]);
    }

private:
    template <class Bytes>
    static void put(const Bytes& what, proof::encoding& out) {
        static_assert(std::has_unique_object_representations_v<Bytes>);
        out.put({reinterpret_cast<const std::uint8_t*>(&what), sizeof what});
    }
    template <class Bytes>
    static const std::uint8_t* get(const std::uint8_t* from, Bytes& what) {
        std::memcpy(&what, from, sizeof what);
        return from + sizeof what;
    }

    bounds limits_;
    action last_action_{};
};

}  // namespace raft::proof::tla
