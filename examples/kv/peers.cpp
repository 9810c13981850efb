// SPDX-License-Identifier: BSL-1.0
#include "peers.hpp"

#include <algorithm>
#include <utility>

#include "endpoints.hpp"
#include "incarnation.hpp"

#include <raft/battery/asio_tls.hpp>

namespace raft_kv {

std::optional<std::string> peers::open(server_identity identity) {
    identity_ = std::move(identity);
    layout_ = identity_.known;
    return storages_.open(options_.directory, identity_.birth);
}

// ------------------------------------------------------------------------------------- connections

std::variant<raft::transport::options, std::string>
peers::connections(const asio::ip::tcp::endpoint& listen_on, const running_node& node) {
    auto secured = security();
    if (auto* wrong = std::get_if<std::string>(&secured)) return std::move(*wrong);
    raft::transport::options all{
        .cluster = {identity_.cluster},
        .self = {options_.id},
        .listen = listen_on,
        .peers = {},
        .history = identity_.birth.history,
        .mark = node.storage().mark(),
        .judge_storage =
            [this](raft::member_id other, raft::storage_mark mark) {
                return storages_.judge(other.value, mark);
            },
        .secret = options_.own_keys.secret,
        .security = std::get<std::shared_ptr<raft::security::stream_security>>(std::move(secured)),
        .takes_guest = [this, &node](raft::member_id caller) { return takes_guest(node, caller); },
        .on_event = [this](const raft::transport::event& event) { tell(event); },
    };
    for (const auto& each : layout_.servers)
        if (number_of(each.id) != number_of(options_.id))
            all.peers.push_back({{each.id}, each.host, each.peer_port});
    return all;
}

/// Every incarnation of a server has its name.
std::variant<std::shared_ptr<raft::security::stream_security>, std::string>
peers::security() const {
    using shared = std::shared_ptr<raft::security::stream_security>;
    const auto& files = options_.key_paths;
    if (files.peer_certificate.empty()) return shared{};
    auto made = raft::security::asio_tls::make(
        {.certificate = files.peer_certificate,
         .key = files.peer_key,
         .authority = files.peer_authority,
         .name_of =
             [](raft::member_id id) { return "raft-" + std::to_string(number_of(id.value)); },
         .self = raft::member_id{options_.id},
         .log = log_});
    if (auto* wrong = std::get_if<std::string>(&made)) return std::move(*wrong);
    return shared{std::get<std::shared_ptr<raft::security::asio_tls>>(std::move(made))};
}

/// Any server of the cluster is heard, member or not (§6), but for one that has been replaced by a
/// later incarnation: what it promised is void.
bool peers::takes_guest(const running_node& node, raft::member_id caller) const {
    const auto replaces = [&](std::uint64_t id) {
        return number_of(id) == number_of(caller.value) &&
               incarnation_of(id) > incarnation_of(caller.value);
    };
    const auto& members = node.node().protocol_state().members().members;
    return !replaces(options_.id) &&
           std::ranges::none_of(members, [&](raft::member_id id) { return replaces(id.value); });
}

/// One that was removed, and does not know it, calls again and again; so does who guesses.
void peers::tell(const raft::transport::event& event) {
    if (event.kind == raft::transport::event_kind::refused) {
        const auto is_news = refused_.note(event.reason, event.remote.address().to_string());
        if (!is_news && !event.peer) return;
    }
    std::string text = "peer ";
    text += event.peer ? id_text(event.peer->value) : "unknown";
    if (event.remote.port() != 0) text += " at " + address_text(event.remote);
    text.append(": ").append(describe(event.kind));
    if (!event.reason.empty()) text.append(", ").append(event.reason);
    if (event.error) text.append(", ").append(event.error.message());
    log_(text);
}

// -------------------------------------------------------------------------------------- membership

void peers::follow(running_node& node) {
    const auto& state = node.node().protocol_state();
    const auto& newest = state.configurations.back();
    const auto& book = node.node().state_machine().addresses();
    const auto settled = newest.index <= state.commit_index && !newest.value.is_changing() &&
                         newest.value.slot_of({options_.id}).has_value();
    const membership_seen now{book.version(), newest.index, settled};
    if (now == seen_) return;
    if (newest.index != seen_.configuration) {
        std::string text = newest.value.is_changing() ? "members are changing:" : "members:";
        for (const auto id : newest.value.members) text += " " + id_text(id.value);
        log_(text);
    }
    seen_ = now;
    layout_ = combined(identity_.known, book.servers());
    connect(node, settled);
    identity_.addresses.keep(identity_.cluster, layout_, log_);
}

/// Whom to call: the members and, while a change is under way or is not known to be over, whoever
/// may be one. It cuts off nobody who calls: a configuration that is appended during a catch-up can
/// be so old that it does not name the leader it comes from.
void peers::connect(running_node& node, bool settled) {
    const auto& members = node.node().protocol_state().members();
    for (const auto& each : layout_.servers) {
        if (number_of(each.id) == number_of(options_.id)) continue;
        if (!settled || members.slot_of({each.id}))
            node.transport().set_peer({{each.id}, each.host, each.peer_port});
        else
            node.transport().remove_peer({each.id});
    }
}

void peers::learn(const cluster_layout& answered) {
    if (answered.identity() != identity_.cluster) return;
    for (const auto& each : answered.servers)
        if (each.id != options_.id) identity_.known.put(each);
    seen_.addresses = 0;  // No book has this version.
}

}  // namespace raft_kv
