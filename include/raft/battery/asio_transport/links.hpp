// SPDX-License-Identifier: BSL-1.0
//
// All connections of one transport: the ways to its peers, and the callers it has accepted. It
// knows frames as bytes only; what is in them is the business of asio_transport.hpp, where they are
// the messages of a node, and of asio_host_transport.hpp, where they are the batches of a host.
//
// A server takes requests without asking whether its configuration names the caller (§6): one that
// was away while the members changed learns of the new ones from nobody but them. So a caller that
// is no peer is heard as a guest, and is answered over the connection that it has opened, since
// nothing else is known of where it is.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <raft/battery/asio_transport/incoming.hpp>
#include <raft/battery/asio_transport/listener.hpp>
#include <raft/battery/asio_transport/peer_link.hpp>

namespace raft::detail {

class asio_links final : public incoming_owner {
public:
    using on_frame = decltype(asio_shared_state::deliver);

    asio_links(asio::io_context& io, const asio_framing& framing, transport::options options)
        : shared_{std::make_shared<asio_shared_state>(io, framing, std::move(options))}
        , listener_{std::make_shared<listener>(
              shared_, [this](asio::ip::tcp::socket socket) { take_in(std::move(socket)); })} {
        for (const auto& peer : shared_->options.peers) set_peer(peer);
    }
    asio_links(const asio_links&) = delete;
    asio_links& operator=(const asio_links&) = delete;
    ~asio_links() { stop(); }

    [[nodiscard]] asio::error_code start(on_frame deliver) {
        shared_->deliver = std::move(deliver);
        if (const auto error = listener_->open()) return error;
        running_ = true;
        for (const auto& link : links_) link->connect();
        return {};
    }

    void stop() {
        running_ = false;
        listener_->close();
        for (const auto& link : links_) link->close();
        links_.clear();
        for (const auto& caller : callers_) caller->close();
        callers_.clear();
    }

    void set_peer(transport::peer peer) {
        if (peer.id == shared_->options.self) return;
        for (auto& link : links_) {
            if (link->peer().id != peer.id) continue;
            if (link->peer() == peer) return;
            link->close();
            link = std::make_shared<peer_link>(shared_, std::move(peer));
            if (running_) link->connect();
            return;
        }
        links_.push_back(std::make_shared<peer_link>(shared_, std::move(peer)));
        if (running_) links_.back()->connect();
    }

    void remove_peer(member_id id) {
        std::erase_if(links_, [&](const auto& link) {
            if (link->peer().id != id) return false;
            link->close();
            return true;
        });
        if (!is_welcome(id)) close_callers(id, "the peer was removed", nullptr);
    }

    /// The connection on which frames to a server flow; null if there is none. It is our own to a
    /// peer. To a guest, and to a peer that is not where it is said to be, it is the server's.
    [[nodiscard]] frame_connection* way_to(member_id id) const {
        const auto* const link = find(id);
        if (link != nullptr && !link->is_failing()) return link->connection();
        if (shared_->options.guests_max == 0) return nullptr;
        for (const auto& caller : callers_)
            if (caller->from() == id && caller->ready()) return caller.get();
        return nullptr;
    }

    [[nodiscard]] std::size_t room(member_id id) const {
        const auto* const way = way_to(id);
        return way == nullptr ? 0 : way->room();
    }

    [[nodiscard]] bool anyone_takes(std::span<const member_id> to, bool loaded) const {
        for (const auto id : to) {
            const auto* const way = way_to(id);
            if (way != nullptr && way->takes(loaded)) return true;
        }
        return false;
    }

    /// `frame_in(version)`: the frame as a shared_frame, in the version of whoever gets it; null if
    /// there is none in that.
    template <class FrameIn>
    void send(std::span<const member_id> to, bool loaded, FrameIn frame_in) {
        for (const auto id : to) {
            auto* const way = way_to(id);
            if (way == nullptr || !way->takes(loaded)) continue;
            if (const shared_frame* frame = frame_in(way->version())) way->write(*frame);
        }
    }

    [[nodiscard]] asio_shared_state& shared() { return *shared_; }
    [[nodiscard]] const asio_shared_state& shared() const { return *shared_; }
    [[nodiscard]] asio::ip::tcp::endpoint local_endpoint() const {
        return listener_->local_endpoint();
    }

    [[nodiscard]] handshake judge(const handshake& question) override {
        const auto& options = shared_->options;
        return answer(
            question, options.cluster, options.self,
            [this](member_id id) { return is_welcome(id); }, shared_->framing.content,
            options.secret != nullptr);
    }

    // A peer that calls again has lost its old connection, even if this side has not noticed yet;
    // and it is alive, so the way back to it is worth trying at once.
    void caller_welcomed(incoming_connection& connection) override {
        const auto id = *connection.from();
        close_callers(id, "the peer has connected again", &connection);
        shared_->report(
            {.kind = transport::event_kind::accepted, .peer = id, .remote = connection.remote()});
        if (auto* const link = find(id)) link->peer_called();
    }

    void caller_gone(incoming_connection& connection, bool refused, std::string_view reason,
                     asio::error_code error) override {
        std::erase_if(callers_, [&](const auto& caller) { return caller.get() == &connection; });
        shared_->report(
            {.kind = refused ? transport::event_kind::refused : transport::event_kind::closed,
             .peer = connection.from(),
             .remote = connection.remote(),
             .reason = reason,
             .error = error});
    }

private:
    /// There are at most a few dozen.
    [[nodiscard]] peer_link* find(member_id id) const {
        for (const auto& link : links_)
            if (link->peer().id == id) return link.get();
        return nullptr;
    }

    [[nodiscard]] bool is_welcome(member_id id) const {
        const auto& options = shared_->options;
        if (find(id) != nullptr) return true;
        if (options.takes_guest && !options.takes_guest(id)) return false;
        std::size_t others = 0;
        for (const auto& caller : callers_) {
            const auto from = caller->from();
            others += from && *from != id && find(*from) == nullptr ? 1U : 0U;
        }
        return others < options.guests_max;
    }

    void take_in(asio::ip::tcp::socket socket) {
        std::size_t strangers = 0;
        for (const auto& caller : callers_) strangers += caller->from() ? 0U : 1U;
        auto caller = std::make_shared<incoming_connection>(shared_, std::move(socket), *this);
        if (strangers >= shared_->options.strangers_max) {
            caller->close();
            shared_->report({.kind = transport::event_kind::refused,
                             .remote = caller->remote(),
                             .reason = "too many callers have not said who they are"});
            return;
        }
        callers_.push_back(caller);
        caller->start();
    }

    void close_callers(member_id id, std::string_view reason, const incoming_connection* but) {
        std::erase_if(callers_, [&](const auto& caller) {
            if (caller->from() != id || caller.get() == but) return false;
            caller->close();
            shared_->report({.kind = transport::event_kind::closed,
                             .peer = id,
                             .remote = caller->remote(),
                             .reason = reason});
            return true;
        });
    }

    std::shared_ptr<asio_shared_state> shared_;
    std::shared_ptr<listener> listener_;
    std::vector<std::shared_ptr<peer_link>> links_{};
    std::vector<std::shared_ptr<incoming_connection>> callers_{};
    bool running_ = false;
};

}  // namespace raft::detail
