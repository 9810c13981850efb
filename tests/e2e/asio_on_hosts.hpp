// SPDX-License-Identifier: BSL-1.0
//
// The Asio transports on hosts of a network that can be cut: each has a thread that is on its host.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "asio_transport.hpp"
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <demo/wait.hpp>

#include <raft/battery/asio_host_transport.hpp>
#include <support/network_namespaces.hpp>

namespace asio_test {

using raft_kv::outside::eventually;
using support::let_pass;
using support::network_of_hosts;
using on_number = std::function<void(std::uint64_t)>;

/// A number as a message of an asio_transport.
struct as_message {
    using transport = asio_transport<std::string>;
    static asio::error_code start(transport& on, on_number heard) {
        return on.start([heard = std::move(heard)](member_id, const message& body,
                                                   const attachment<std::string>&) {
            heard(std::get<request_vote>(body).term.value);
        });
    }
    static void say(transport& on, member_id, member_id to, std::uint64_t number) {
        on.send({&to, 1}, request_vote{.term = {number}}, {});
    }
};

/// A number as a batch of an asio_host_transport.
struct as_batch {
    using transport = asio_host_transport<std::string>;
    static asio::error_code start(transport& on, on_number heard) {
        return on.start([heard = std::move(heard)](member_id, const batch<std::string>& arrived) {
            arrived.for_each([&](const batch_part<std::string>& part) {
                heard(std::get<request_vote>(part.body).term.value);
            });
        });
    }
    static void say(transport& on, member_id self, member_id to, std::uint64_t number) {
        batch<std::string> said;
        said.add({1}, self, to, request_vote{.term = {number}}, {});
        static_cast<void>(on.send(to, said));
    }
};

inline transport::options options_on(network_of_hosts::host self,
                                     std::vector<network_of_hosts::host> peers) {
    transport::options options;
    options.cluster = ours;
    options.self = {self};
    options.listen = {asio::ip::make_address(network_of_hosts::address(self)), 7000};
    for (const auto each : peers)
        options.peers.push_back({{each}, network_of_hosts::address(each), 7000});
    return options;
}

/// Says larger and larger numbers to one other, if it is to, and remembers the last that it heard.
template <class Carrier>
class speaker {
public:
    speaker(const network_of_hosts& net, transport::options options, network_of_hosts::host partner,
            bool speaks)
        : partner_{partner}, speaks_{speaks}, thread_{[this, &net, options = std::move(options)] {
            const auto there = net.visit(options.self.value);
            run(options);
        }} {}
    speaker(const speaker&) = delete;
    speaker& operator=(const speaker&) = delete;
    ~speaker() {
        asio::post(io_, [this] { io_.stop(); });
        thread_.join();
    }

    void speak(bool speaks) { speaks_ = speaks; }
    [[nodiscard]] std::uint64_t said() const { return said_; }
    [[nodiscard]] std::uint64_t heard() const { return heard_; }
    [[nodiscard]] bool was_told(transport::event_kind kind, std::string_view reason = {}) {
        const std::lock_guard lock{mutex_};
        return any_of(events_, kind, reason);
    }
    [[nodiscard]] std::string events() {
        const std::lock_guard lock{mutex_};
        std::string text;
        for (const auto& each : events_)
            text += std::string{describe(each.kind)} + ", " + each.reason + "; ";
        return text;
    }

private:
    void run(transport::options options) {
        options.on_event = [this](const transport::event& event) {
            const std::lock_guard lock{mutex_};
            events_.push_back({event.kind, event.peer, std::string(event.reason)});
        };
        const auto self = options.self;
        typename Carrier::transport transport{io_, std::move(options)};
        if (Carrier::start(transport, [this](std::uint64_t number) { heard_ = number; })) return;
        asio::steady_timer timer{io_};
        tick(transport, self, timer);
        io_.run();
    }

    void tick(typename Carrier::transport& transport, member_id self, asio::steady_timer& timer) {
        if (speaks_) Carrier::say(transport, self, {partner_}, ++said_);
        timer.expires_after(20ms);
        timer.async_wait([&, this, self](asio::error_code error) {
            if (!error) tick(transport, self, timer);
        });
    }

    network_of_hosts::host partner_;
    std::atomic<bool> speaks_;
    std::atomic<std::uint64_t> said_ = 0;
    std::atomic<std::uint64_t> heard_ = 0;
    std::mutex mutex_{};
    std::vector<told> events_{};
    asio::io_context io_{};
    std::thread thread_;
};

}  // namespace asio_test
