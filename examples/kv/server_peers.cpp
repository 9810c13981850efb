// SPDX-License-Identifier: BSL-1.0
//
// Who the others are, and where. The log says it: each configuration who, and the address book
// where, which is written before a server is made a member. A server whose log is empty or far
// behind knows neither: whoever calls it is heard all the same, and answered over that call.
#include <algorithm>
#include <string>
#include <utility>

#include "cluster_inquiry.hpp"
#include "data_identity.hpp"
#include "server.hpp"
#include "server_id.hpp"
#include <asio/post.hpp>

namespace raft_kv {

namespace {
/// Well above an election.
constexpr std::chrono::seconds inquiry_interval{2};
}  // namespace

void server::follow_membership() {
    const auto& state = node_->protocol_state();
    const auto& newest = state.configurations.back();
    const auto& book = store().addresses();
    const auto settled = newest.index <= state.commit_index && !newest.value.is_changing() &&
                         newest.value.slot_of({options_.id}).has_value();
    const membership_seen now{book.version(), newest.index, settled};
    if (now == seen_membership_) return;
    if (newest.index != seen_membership_.configuration) {
        std::string text = newest.value.is_changing() ? "members are changing:" : "members:";
        for (const auto id : newest.value.members) text += " " + id_text(id.value);
        log_(text);
    }
    seen_membership_ = now;
    layout_ = combined(base_, book.servers());
    connect_peers(settled);
    keep_layout();
}

/// Whom to call: the members and, while a change is under way or is not known to be over, whoever
/// may be one. It cuts off nobody who calls: a configuration that is appended during a catch-up can
/// be so old that it does not name the leader it comes from.
void server::connect_peers(bool settled) {
    const auto& members = node_->protocol_state().members();
    for (const auto& each : layout_.servers) {
        if (number_of(each.id) == number_of(options_.id)) continue;
        if (!settled || members.slot_of({each.id})) {
            transport_->set_peer({{each.id}, each.host, each.peer_port});
        } else {
            transport_->remove_peer({each.id});
        }
    }
}

/// Any server of the cluster is heard, member or not (§6), but for one that has been replaced by a
/// later incarnation: what it promised is void.
bool server::takes_guest(raft::member_id caller) const {
    const auto replaces = [&](std::uint64_t id) {
        return number_of(id) == number_of(caller.value) &&
               incarnation_of(id) > incarnation_of(caller.value);
    };
    const auto& members = node_->protocol_state().members().members;
    return !replaces(options_.id) &&
           std::ranges::none_of(members, [&](raft::member_id id) { return replaces(id.value); });
}

/// Blocks for the disk; addresses change seldom.
void server::keep_layout() {
    auto text = cluster_text(cluster_, layout_.servers);
    if (text == kept_layout_) return;
    if (const auto wrong = keep_known_servers(options_.directory, text))
        log_("the servers' addresses are not kept: " + *wrong);
    else
        kept_layout_ = std::move(text);
}

/// A server that is far behind may know nobody who could vote for it, and nowhere to send clients.
/// So one that hears of no leader asks the servers that it knows who else there is.
void server::look_for_leader() {
    inquiry_timer_.expires_after(inquiry_interval);
    inquiry_timer_.async_wait([this](const asio::error_code& cancelled) {
        if (cancelled) return;
        look_for_leader();
        if (inquires_ || stopping_ || node_->protocol_state().current_leader()) return;
        if (inquiry_.joinable()) inquiry_.join();
        inquires_ = true;
        inquiry_ = std::thread{[this, whom = layout_.servers] {
            auto answer = ask_about_cluster(whom, options_.id, options_.own_keys, inquiry_patience);
            asio::post(io_, [this, answer = std::move(answer)] {
                inquires_ = false;
                if (const auto* known = std::get_if<cluster_answer>(&answer))
                    take_answer(known->layout);
            });
        }};
    });
}

void server::take_answer(const cluster_layout& answered) {
    if (answered.identity() != cluster_) return;
    for (const auto& each : answered.servers)
        if (each.id != options_.id) base_.put(each);
    seen_membership_.addresses = 0;  // No book has this version.
    schedule_turn();
}

}  // namespace raft_kv
