// SPDX-License-Identifier: BSL-1.0
//
// The network of a virtual world. Links are made as servers speak, after the same judgement as over
// TCP: both servers are of one history, and have the storages that they had before. A link keeps
// the order of its messages; each takes a random time. A link that is cut loses what is under way,
// and neither end is told.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <asio/error.hpp>
#include <asio/io_context.hpp>

#include <raft/battery/asio_transport/options.hpp>
#include <raft/battery/comparison/report_frame.hpp>
#include <raft/codec.hpp>
#include <raft/policy.hpp>
#include <raft/testing/asio_virtual_replica/time.hpp>
#include <raft/testing/simulator/dice.hpp>

namespace raft::testing {

namespace detail {

/// Carries frames between the servers of an io_context.
class virtual_network : public asio::execution_context::service {
public:
    using key_type = virtual_network;
    using time = virtual_agenda::time;
    using frame = std::vector<std::byte>;

    static inline asio::execution_context::id id{};

    /// A server, as the network knows it.
    struct end {
        transport::options options{};
        std::function<void(member_id from, const frame&)> receive{};
    };

    explicit virtual_network(asio::execution_context& owner)
        : service{owner}, agenda_{asio::use_service<virtual_agenda>(owner)} {}

    void settle(std::uint64_t seed) { luck_ = simulation::dice{seed}; }
    void set_delay(time least, time most) { least_ = least, most_ = most; }

    /// Whether the server was not there already.
    [[nodiscard]] bool add(const std::shared_ptr<end>& server) {
        return ends_.emplace(server->options.self, server).second;
    }
    void remove(member_id server) {
        ends_.erase(server);
        std::erase_if(links_, [&](const auto& each) {
            return each.first.first == server || each.first.second == server;
        });
    }

    void cut(member_id a, member_id b) { cuts_.insert(std::minmax(a, b)); }
    void heal(member_id a, member_id b) { cuts_.erase(std::minmax(a, b)); }
    void heal() { cuts_.clear(); }
    [[nodiscard]] bool is_cut(member_id a, member_id b) const {
        return cuts_.contains(std::minmax(a, b));
    }

    /// Whether there is a link, or can be now. Over one that is cut messages are still sent.
    [[nodiscard]] bool is_open(member_id from, member_id to) {
        return links_.contains({from, to}) || connect(from, to);
    }
    /// Whether it has called, or is called.
    [[nodiscard]] bool has_link(member_id from, member_id to) const {
        return links_.contains({from, to});
    }

    void send(member_id from, member_id to, frame bytes) {
        const auto found = links_.find({from, to});
        if (found == links_.end() || is_cut(from, to)) return;
        auto& used = found->second;
        const auto takes = time{luck_.between(least_.count(), most_.count())};
        used.last_arrival = std::max(used.last_arrival, agenda_.now() + takes);
        const auto carried = [this, from, to, number = used.number,
                              bytes = std::move(bytes)](bool comes) {
            if (comes) arrive(from, to, number, bytes);
        };
        static_cast<void>(agenda_.plan(used.last_arrival, carried));
    }

private:
    struct link {
        std::uint64_t number = 0;
        time last_arrival{};
    };

    void shutdown() override {
        ends_.clear();
        links_.clear();
    }

    void arrive(member_id from, member_id to, std::uint64_t number, const frame& bytes) {
        const auto over = links_.find({from, to});
        if (over == links_.end() || over->second.number != number || is_cut(from, to)) return;
        const auto there = ends_.find(to);
        if (there != ends_.end()) there->second->receive(from, bytes);
    }

    [[nodiscard]] bool connect(member_id from, member_id to) {
        if (is_cut(from, to)) return false;
        const auto caller = ends_.find(from);
        const auto called = ends_.find(to);
        if (caller == ends_.end() || called == ends_.end()) return false;
        auto& near = *caller->second;
        auto& far = *called->second;
        if (const auto verdict = judge(near.options, far.options);
            verdict != wire::handshake_verdict::welcome) {
            tell(near, {transport::event_kind::refused_by_peer, to, {}, describe(verdict)});
            tell(far, {transport::event_kind::refused, from, {}, describe(verdict)});
            return false;
        }
        links_[{from, to}] = {++links_made_, {}};
        tell(near, {.kind = transport::event_kind::connected, .peer = to});
        tell(far, {.kind = transport::event_kind::accepted, .peer = from});
        return true;
    }

    [[nodiscard]] static wire::handshake_verdict judge(const transport::options& caller,
                                                       const transport::options& called) {
        if (caller.cluster != called.cluster) return wire::handshake_verdict::other_cluster;
        if (caller.history != called.history) return wire::handshake_verdict::other_history;
        if (!called.judge_storage) return wire::handshake_verdict::welcome;
        return called.judge_storage(caller.self, caller.mark);
    }

    static void tell(const end& server, const transport::event& what) {
        if (server.options.on_event) server.options.on_event(what);
    }

    virtual_agenda& agenda_;
    simulation::dice luck_{};
    time least_ = std::chrono::microseconds{100};
    time most_ = std::chrono::milliseconds{2};
    std::map<member_id, std::shared_ptr<end>> ends_{};
    std::map<std::pair<member_id, member_id>, link> links_{};
    std::uint64_t links_made_ = 0;
    std::set<std::pair<member_id, member_id>> cuts_{};
};

}  // namespace detail

/// As `asio_transport`, over the network of a virtual world.
template <policy::checked_encodable Command>
class virtual_transport {
public:
    virtual_transport(asio::io_context& io, transport::options options)
        : network_{asio::use_service<detail::virtual_network>(io)}
        , end_{std::make_shared<detail::virtual_network::end>()} {
        end_->options = std::move(options);
    }
    virtual_transport(const virtual_transport&) = delete;
    virtual_transport& operator=(const virtual_transport&) = delete;
    ~virtual_transport() { stop(); }

    template <class OnReceive>
    [[nodiscard]] asio::error_code start(OnReceive on_receive) {
        end_->receive = [this, on_receive](member_id from, const frame& bytes) {
            receive(from, bytes, on_receive);
        };
        is_there_ = network_.add(end_);
        return is_there_ ? asio::error_code{} : asio::error_code{asio::error::address_in_use};
    }

    void stop() {
        if (std::exchange(is_there_, false)) network_.remove(self());
    }

    void send(std::span<const member_id> to, const core::message& body,
              const attachment<Command>& beside) {
        frame bytes;
        if (wire::append_frame(bytes, body, beside, end_->options.limits)) return;
        send(to, bytes);
    }
    void send(std::span<const member_id> to, const digests::peer_report& said) {
        frame bytes;
        wire::append_report(bytes, said);
        send(to, bytes);
    }

    [[nodiscard]] std::size_t room(member_id member) const {
        const std::size_t frame_max = end_->options.limits.frame_bytes_max;
        return reaches(member) ? frame_max - frame_max / 8 : 0;
    }

    void set_peer(transport::peer peer) {
        remove_peer(peer.id);
        end_->options.peers.push_back(std::move(peer));
    }
    void remove_peer(member_id member) {
        std::erase_if(end_->options.peers, [&](const auto& each) { return each.id == member; });
    }

private:
    using frame = detail::virtual_network::frame;

    [[nodiscard]] member_id self() const { return end_->options.self; }

    /// Peers, and those that have called.
    [[nodiscard]] bool reaches(member_id member) const {
        const auto& peers = end_->options.peers;
        const bool is_peer = std::ranges::find(peers, member, &transport::peer::id) != peers.end();
        if (member == self() || (!is_peer && !network_.has_link(member, self()))) return false;
        return network_.is_open(self(), member);
    }

    void send(std::span<const member_id> to, const frame& bytes) {
        for (const auto member : to)
            if (is_there_ && reaches(member)) network_.send(self(), member, bytes);
    }

    template <class OnReceive>
    void receive(member_id from, const frame& bytes, const OnReceive& on_receive) {
        if (wire::is_beside_protocol(bytes)) {
            std::optional<digests::peer_report> said;
            if (!wire::decode_report(bytes, said) && said) on_receive(from, std::as_const(*said));
            return;
        }
        wire::decoded<Command> received;
        if (!wire::decode_frame(bytes, received, end_->options.limits))
            on_receive(from, std::as_const(received.body), received.beside());
    }

    detail::virtual_network& network_;
    std::shared_ptr<detail::virtual_network::end> end_;
    bool is_there_ = false;
};

}  // namespace raft::testing
