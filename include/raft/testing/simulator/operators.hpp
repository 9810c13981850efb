// SPDX-License-Identifier: BSL-1.0
//
// An operator who is never content: adds servers, removes them, gives them other parts, sends the
// leadership round, and has snapshots taken. A server whose disk is lost is replaced by another,
// under another name. One that was removed may come back with its old disk, in another part.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <raft/testing/simulator/stage.hpp>

namespace raft::testing::simulation {

template <class Workload>
class operators {
    using stage_type = stage<Workload>;
    using server_type = typename stage_type::server_type;
    using node_type = typename stage_type::node_type;
    using members = std::vector<member>;

public:
    explicit operators(stage_type& on) : stage_{on}, wanted_{wanted_by(on.options.profile)} {
        come_back();
    }

    void on_event() {
        if (!stage_.is_troubled) return;
        come_back();
        auto* leader = stage_.leader();
        if (leader == nullptr || leader->paused_until > stage_.around.now) return;
        if (replaces_lost(*leader)) return;
        switch (luck().below(6)) {
        case 0: return transfer(*leader);
        case 1: return take_snapshot();
        default:
            if (wanted_.members) change(*leader);
        }
    }

private:
    static constexpr std::size_t servers_max = 14;

    [[nodiscard]] dice& luck() { return stage_.around.luck; }
    void come_back() {
        stage_.around.after(luck().between(1, 2 * stage_.made.operations_between),
                            {.what = happening::operation});
    }

    void transfer(server_type& leader) {
        stage_.around.go_wrong(fault::transfer, leader.place());
        const auto to = luck().below(stage_.servers.size() + 1);
        stage_.turn(leader, [&](node_type& node) {
            static_cast<void>(to == 0 ? node.transfer_leadership()
                                      : node.transfer_leadership(member_id{to}));
        });
    }

    void take_snapshot() {
        auto& s = *stage_.servers[luck().below(stage_.servers.size())];
        if (!s.is_up() || s.paused_until > stage_.around.now) return;
        stage_.around.go_wrong(fault::operators_snapshot, s.place());
        stage_.turn(s, [&](node_type& node) {
            static_cast<void>(luck().percent(80) ? node.take_snapshot() : node.request_snapshot());
        });
    }

    /// A member whose disk is lost makes room for a new server.
    [[nodiscard]] bool replaces_lost(server_type& leader) {
        auto wanted = core::membership_of(leader.state().members());
        const auto lost = std::find_if(wanted.begin(), wanted.end(), [&](const member& each) {
            return stage_.fates[each.id.value - 1].is_lost;
        });
        if (lost == wanted.end() || leader.state().members().is_changing()) return false;
        if (stage_.servers.size() >= servers_max && wanted.size() > 1)
            wanted.erase(lost);
        else
            lost->id = new_server();
        request(leader, std::move(wanted), false);
        return true;
    }

    [[nodiscard]] member_id new_server() {
        const auto place = stage_.add_server(false);
        stage_.start(place);
        return stage_.servers[place]->id();
    }

    void change(server_type& leader) {
        auto wanted = core::membership_of(leader.state().members());
        const auto count = 1 + luck().below(2);
        for (std::size_t i = 0; i < count; ++i) change_one(wanted);
        request(leader, std::move(wanted), wanted_.force && luck().percent(10));
    }

    void change_one(members& wanted) {
        const auto which = luck().below(wanted.size());
        switch (luck().below(4)) {
        case 0:
            if (wanted.size() > 2)
                wanted.erase(wanted.begin() + static_cast<std::ptrdiff_t>(which));
            return;
        case 1:
            if (wanted[which].part != core::member_part::witness)
                wanted[which].part = wanted[which].part == core::member_part::voter
                                         ? core::member_part::learner
                                         : core::member_part::voter;
            return;
        default:
            if (wanted.size() < 7) add(wanted);
        }
    }

    /// One that is there and no member, with whatever it has on its disk, or a new one.
    void add(members& wanted) {
        members spare;
        for (const auto& each : stage_.servers) {
            const auto& known = stage_.fates[each->place()];
            const bool is_member = std::any_of(wanted.begin(), wanted.end(),
                                               [&](const member& m) { return m.id == each->id(); });
            if (!is_member && !known.is_lost) spare.push_back({each->id(), known.last_part});
        }
        const auto part = static_cast<core::member_part>(luck().below(3));
        if (spare.empty() || (luck().percent(30) && stage_.servers.size() < servers_max)) {
            if (stage_.servers.size() < servers_max) wanted.push_back({new_server(), part});
            return;
        }
        const auto& chosen = spare[luck().below(spare.size())];
        if (chosen.part != part)
            stage_.around.go_wrong(fault::changed_part,
                                   static_cast<std::uint16_t>(chosen.id.value - 1));
        wanted.push_back({chosen.id, part});
    }

    void request(server_type& leader, members wanted, bool forced) {
        stage_.around.go_wrong(forced ? fault::forced_change : fault::change_of_members,
                               leader.place());
        for (const auto& each : wanted) stage_.fates[each.id.value - 1].last_part = each.part;
        const auto check = forced ? change_check::forced : change_check::live_majority;
        stage_.turn(leader, [&](node_type& node) {
            const auto seen = node.status().configuration;
            node.change_members(
                seen, std::move(wanted), [](const change_outcome&) {}, check);
        });
    }

    stage_type& stage_;
    troubles_wanted wanted_;
};

}  // namespace raft::testing::simulation
