// SPDX-License-Identifier: BSL-1.0
//
// Finding the leader, and telling what surely did not happen from what may have.
#include "leader_client.hpp"

#include <algorithm>
#include <array>

namespace raft_kv::outside {

namespace {

/// What another server may do, though this one cannot: it knows no leader, its disk has failed, its
/// state is not that of the others, or lacks too much, or its program is too old.
constexpr std::array<std::string_view, 6> of_this_server{"CLUSTERDOWN", "IOERR", "DIFFERS",
                                                         "NODATA",      "STALE", "TOOOLD"};
/// What may be done when it is asked for again.
constexpr std::array<std::string_view, 5> of_this_moment{"MOVED", "TRYAGAIN", "LOST", "NOSPACE",
                                                         "NOTYET"};

bool is_one_of(std::string_view kind, std::span<const std::string_view> kinds) {
    return std::ranges::find(kinds, kind) != kinds.end();
}

/// The first word of an error: what it is, for programs.
std::string_view kind_of(const answer& error) {
    return std::string_view{error.text}.substr(0, error.text.find(' '));
}

}  // namespace

fate fate_of(const answer& said) {
    if (!said.is_error()) return fate::answered;
    const auto kind = kind_of(said);
    if (kind == "UNKNOWN") return fate::unknown;
    const auto is_refused = is_one_of(kind, of_this_server) || is_one_of(kind, of_this_moment);
    return is_refused ? fate::not_done : fate::rejected;
}

std::optional<std::size_t> moved_to(std::string_view text, const cluster_layout& layout) {
    if (!text.starts_with("MOVED ")) return std::nullopt;
    const auto address = text.substr(text.rfind(' ') + 1);
    for (std::size_t i = 0; i < layout.servers.size(); ++i) {
        const auto& server = layout.servers[i];
        if (address == server.host + ":" + std::to_string(server.client_port)) return i;
    }
    return std::nullopt;
}

std::span<const outcome> leader_client::exchange(std::span<const words> commands) {
    outcomes_.assign(commands.size(), outcome{});
    turn_to_.reset();
    is_sent_on_ = false;
    if (!connection_) connection_.emplace(server(), patience_);
    const auto connected = connection_->usable();
    std::vector<std::string_view> views;
    for (const auto& command : commands) {
        views.assign(command.begin(), command.end());
        connection_->send(views);
    }
    for (auto& each : outcomes_) {
        auto said = connection_->receive();
        each.at = steady::now();
        if (said) {
            each.what = fate_of(*said);
            if (said->is_error()) learn_from(*said);
            each.said = std::move(*said);
        } else {
            each.what = connected ? fate::unknown : fate::not_done;
        }
    }
    if (!connection_->usable()) {
        last_error_ =
            host_and_port(server().host, server().client_port) + ": " + connection_->error();
        ask_next_server();
    }
    // Servers that were removed may send a client from one to the other for ever.
    sent_on_ = is_sent_on_ ? sent_on_ + 1 : 0;
    if (sent_on_ > layout_.servers.size()) {
        sent_on_ = 0;
        turn_to_ = next_server();
    }
    if (turn_to_ && *turn_to_ != server_) {
        server_ = *turn_to_;
        connection_.reset();
    }
    return outcomes_;
}

std::optional<answer> leader_client::persist(const words& command,
                                             std::chrono::milliseconds limit) {
    std::optional<answer> result;
    const auto in_time = eventually(limit, [&] {
        const auto& only = exchange({&command, 1}).front();
        if (only.what == fate::answered || only.what == fate::rejected) result = only.said;
        return result.has_value();
    });
    return in_time ? result : std::nullopt;
}

void leader_client::ask_next_server() {
    connection_.reset();
    if (!turn_to_) turn_to_ = next_server();
}

void leader_client::learn_from(const answer& error) {
    last_error_ = error.text;
    const auto kind = kind_of(error);
    if (const auto leader = moved_to(error.text, layout_)) {
        turn_to_ = leader;
        is_sent_on_ = true;
    }
    if (is_one_of(kind, of_this_server) && !turn_to_) turn_to_ = next_server();
}

}  // namespace raft_kv::outside
