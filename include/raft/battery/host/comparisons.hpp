// SPDX-License-Identifier: BSL-1.0
//
// The groups of a host compared with those of the others while they run, each as comparison.hpp
// says: whose state differs stops, and new commands are taken once all members can read them. A
// group that sleeps is compared when it wakes. Beside what host.hpp says, in each turn
//
//     here.each_used([&](raft::group_id group, auto& node) {
//         compared.look(group, node, now(), send);
//     });
//
// and when a report has come from another host `compared.receive(here, from, report, now(), send)`,
// where `send(member_id host, const digests::group_report&)` may lose it, as that of
// `asio_host_transport` does.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include <raft/battery/comparison.hpp>
#include <raft/battery/host/group_report.hpp>

namespace raft::digests {

/// One for each host, used on its thread. It takes memory for each group that it has looked at.
class group_comparisons {
public:
    /// To be called for each group that did anything, with its node.
    template <class Node, class Send>
    void look(group_id group, Node& node, instant now, Send send) {
        auto& own = groups_[group.value];
        own.look(node, now, sender(group, node, send));
        keep_news(group, own);
    }

    /// A report has come from host `from`, for whose identity the transport vouches. It goes to its
    /// group, if that is here, and if it is from a member on that host.
    template <class Host, class Send>
    void receive(Host& here, member_id from, const group_report& arrived, instant now, Send send) {
        if (host_of(arrived.from) != from) return;
        here.use(arrived.group, [&](auto& node) {
            if (node.protocol_state().self != arrived.to) return;
            auto& own = groups_[arrived.group.value];
            own.receive(node, arrived.from, arrived.said, now, sender(arrived.group, node, send));
            keep_news(arrived.group, own);
        });
    }

    /// What comparing a group has shown; null if it was never looked at.
    [[nodiscard]] const comparison_status* status(group_id group) const {
        const auto found = groups_.find(group.value);
        return found == groups_.end() ? nullptr : &found->second.status();
    }

    /// What there is to tell operators since the last call.
    [[nodiscard]] std::vector<std::pair<group_id, comparison_news>> take_news() {
        return std::exchange(news_, {});
    }

    /// The group is here no more.
    void forget(group_id group) { groups_.erase(group.value); }

private:
    template <class Node, class Send>
    [[nodiscard]] static auto sender(group_id group, const Node& node, Send& send) {
        return [group, self = node.protocol_state().self, &send](std::span<const member_id> to,
                                                                 const peer_report& said) {
            for (const auto member : to)
                send(host_of(member), group_report{group, self, member, said});
        };
    }

    void keep_news(group_id group, comparison& own) {
        for (auto& each : own.take_news()) news_.emplace_back(group, std::move(each));
    }

    std::unordered_map<std::uint64_t, comparison> groups_{};
    std::vector<std::pair<group_id, comparison_news>> news_{};
};

}  // namespace raft::digests
