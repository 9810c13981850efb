// SPDX-License-Identifier: BSL-1.0
//
// How a server stops without anybody waiting for it: it answers what it has taken, lets the
// follower that is furthest lead in its place, and goes. What takes too long is cut short: the disk
// has all that was promised.
#include <vector>

#include "server.hpp"
#include "server_id.hpp"

namespace raft_kv {

namespace {
constexpr std::chrono::seconds stop_time_max{2};
}

void server::stop() {
    if (stopping_) return;
    log_("stopping");
    stopping_ = true;
    clients_.close();
    stop_timer_.expires_after(stop_time_max);
    stop_timer_.async_wait([this](const asio::error_code& cancelled) {
        if (!cancelled) finish();
    });
    schedule_turn();
}

void server::step_aside() {
    if (!clients_.empty() || !writes_.idle()) return;
    if (!node_->protocol_state().is_leader()) return finish();
    if (asked_to_lead_) return;
    asked_to_lead_ = true;
    std::optional<raft::member_id> furthest;
    raft::log_index match{};
    for (const auto& member : node_->status().members) {
        if (member.id.value == options_.id || member.part != raft::member_part::voter ||
            !member.match_index)
            continue;
        if (furthest && *member.match_index <= match) continue;
        furthest = member.id;
        match = *member.match_index;
    }
    if (!furthest || node_->transfer_leadership(*furthest)) return finish();
    log_("asked server " + id_text(furthest->value) + " to lead");
    schedule_turn();
}

void server::finish() {
    timer_.cancel();
    room_timer_.cancel();
    leader_timer_.cancel();
    stop_timer_.cancel();
    inquiry_timer_.cancel();
    clients_.cancel_timers();
    pages_.stop();
    transport_->stop();
    log_("stopped");
    io_.stop();
}

}  // namespace raft_kv
