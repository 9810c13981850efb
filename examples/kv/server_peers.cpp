// SPDX-License-Identifier: BSL-1.0
//
// Who the others are, and where. The log says it: each configuration who, and the address book
// where, which is written before a server is made a member. What a server cannot know from its log,
// since it is empty or far behind, it asks the others for.
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
    layout_ = base_;
    for (const auto& each : book.servers()) layout_.put(each);
    connect_peers(settled);
    keep_layout();
}

/// While a change is under way, and before it is known to be over, nobody is cut off: whoever may
/// be a member, by what another server knows, is heard.
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

/// Blocks for the disk; addresses change seldom.
void server::keep_layout() {
    auto text = cluster_text(cluster_, layout_.servers);
    if (text == kept_layout_) return;
    if (const auto wrong = keep_known_servers(options_.directory, text))
        log_("the servers' addresses are not kept: " + *wrong);
    else
        kept_layout_ = std::move(text);
}

/// A server that is far behind may not know whoever leads: it would refuse to hear it for ever. So
/// one that hears of no leader asks the servers that it knows who else there is.
void server::look_for_leader() {
    inquiry_timer_.expires_after(inquiry_interval);
    inquiry_timer_.async_wait([this](const asio::error_code& cancelled) {
        if (cancelled) return;
        look_for_leader();
        if (inquires_ || stopping_ || node_->protocol_state().current_leader()) return;
        if (inquiry_.joinable()) inquiry_.join();
        inquires_ = true;
        inquiry_ = std::thread{[this, whom = layout_.servers] {
            auto answer = ask_about_cluster(whom, options_.id, inquiry_patience);
            asio::post(io_, [this, answer = std::move(answer)] {
                inquires_ = false;
                if (answer) take_answer(answer->layout);
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
