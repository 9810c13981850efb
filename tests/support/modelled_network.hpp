// SPDX-License-Identifier: BSL-1.0
//
// A network of three servers in memory, whose transports do what `wrong` names wrong.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <raft/testing/conformance/transport_run.hpp>

namespace raft::testing {

class modelled_network {
    using command = std::string;
    using clause = transport_clause;
    using parcel_type = conformance::parcel<command>;
    using receive_type =
        std::function<void(member_id, member_id, const core::message&, const attachment<command>&)>;

public:
    class port {
    public:
        port(modelled_network& all, member_id self) : all_{&all}, self_{self} {}
        void send(std::span<const member_id> to, const core::message& body,
                  const attachment<command>& beside) {
            all_->take(self_, {to.begin(), to.end()}, body, beside);
        }
        [[nodiscard]] std::size_t room(member_id) const {
            const bool none = all_->wrong_ == clause::room_comes;
            return none ? 0 : std::numeric_limits<std::size_t>::max();
        }

    private:
        modelled_network* all_;
        member_id self_;
    };

    explicit modelled_network(std::optional<clause> wrong) : wrong_{wrong} {}
    modelled_network(const modelled_network&) = delete;
    modelled_network& operator=(const modelled_network&) = delete;

    [[nodiscard]] port& at(member_id id) { return ports_[id.value - 1]; }
    void start(receive_type receive) { receive_ = std::move(receive); }
    void move(member_id id) { moved_ = id; }
    void stop(member_id id) { gone_ = id; }
    bool run_until(const std::function<bool()>& happened) {
        for (const auto& each : std::exchange(waiting_, {})) hand_over(each);
        return happened();
    }

private:
    struct sent {
        member_id from{};
        std::vector<member_id> to{};
        parcel_type what{};
        attachment<command> viewed{};
    };

    [[nodiscard]] bool breaks(clause which) const { return wrong_ == which; }
    [[nodiscard]] static bool is_known(member_id id) { return id.value <= 3; }

    void take(member_id from, std::vector<member_id> to, const core::message& body,
              const attachment<command>& beside) {
        if (breaks(clause::message_arrives) && body.index() == 7) return;
        if (breaks(clause::each_gets_it)) to.resize(1);
        const bool blocked = breaks(clause::gone_one_blocks_nobody) && gone_;
        const bool has_stranger = !std::all_of(to.begin(), to.end(), is_known);
        if (blocked || (breaks(clause::stranger_is_passed_over) && has_stranger)) return;
        if (breaks(clause::no_other_gets_it)) to = {{2}, {3}};
        if (breaks(clause::sender_is_told)) from = {3};
        sent one{from, std::move(to), parcel_type::of(body, beside), beside};
        if (breaks(clause::calls_nobody_within_send)) return hand_over(one);
        waiting_.push_back(std::move(one));
    }

    void hand_over(const sent& each) {
        auto what = each.what;
        auto* const vote = std::get_if<core::request_vote>(&what.body);
        if (breaks(clause::message_is_unchanged) && vote != nullptr) ++vote->term.value;
        if (breaks(clause::beside_is_unchanged) && !what.chunk.empty()) what.chunk.pop_back();
        const auto beside = breaks(clause::views_are_copied) ? each.viewed : what.beside();
        for (const auto to : each.to) {
            const bool is_lost = breaks(clause::moved_one_is_found) && to == moved_;
            if (is_known(to) && to != gone_ && !is_lost) receive_(to, each.from, what.body, beside);
        }
    }

    std::optional<clause> wrong_;
    std::array<port, 3> ports_{{{*this, {1}}, {*this, {2}}, {*this, {3}}}};
    receive_type receive_{};
    std::vector<sent> waiting_{};
    std::optional<member_id> moved_{};
    std::optional<member_id> gone_{};
};

}  // namespace raft::testing
