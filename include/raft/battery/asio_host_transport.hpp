// SPDX-License-Identifier: BSL-1.0
//
// What carries the batches of a `host` over TCP, with standalone Asio. Include it only if you use
// it: nothing else in this library needs Asio.
//
// All groups of a host share its connections, which are those of an `asio_transport`: one each way
// between two hosts, made again when they break, told apart by a handshake, in which hosts prove
// that they know a secret if they are given one. The id of a peer is that of its host.
//
//     raft::asio_host_transport<command> links{io, options};
//     links.start([&](raft::member_id from, const auto& arrived) { here.deliver(from, arrived); });
//     …                                                                  // and to end each turn:
//     here.send_all([&](raft::member_id to, const auto& said) { return links.send(to, said); });
//
// Threads: everything happens on the one thread that runs the io_context, and every member function
// is to be called there (or before it runs).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include <raft/battery/asio_transport/links.hpp>
#include <raft/battery/asio_transport/options.hpp>
#include <raft/battery/host/batch.hpp>
#include <raft/battery/host/batch_frame.hpp>
#include <raft/battery/host/group_report.hpp>

namespace raft::detail {
struct ignored_reports {
    void operator()(member_id, const digests::group_report&) const {}
};
}  // namespace raft::detail

namespace raft {

/// Sends batches to other hosts, and receives theirs. What waits for one host is at most
/// `transport::options::queue_bytes_max`, a reserve, and a batch.
///
/// It stays where it was made, and must not be destroyed from within a call of its own.
template <policy::checked_encodable Command>
class asio_host_transport {
public:
    /// `io` must outlive it. Nothing happens before `start`. `options.limits` are those of each
    /// message, and `frame_bytes_max` that of the frames that batches go in, as many as they need:
    /// above the former, and the same on all hosts. There are no guests among hosts.
    asio_host_transport(asio::io_context& io, transport::options options,
                        std::uint32_t frame_bytes_max = 16U << 20U)
        : limits_{.batch_bytes_max = frame_bytes_max, .each = options.limits}
        , links_{io,
                 {wire::frame_content::batches, detail::batch_lengths(limits_)},
                 among_peers(std::move(options))} {}
    asio_host_transport(const asio_host_transport&) = delete;
    asio_host_transport& operator=(const asio_host_transport&) = delete;
    ~asio_host_transport() = default;

    /// Begins to listen and to connect; to be called once. Every batch that comes, whole and
    /// checked, is given to `on_receive(member_id host, const batch<Command>&)`, a copyable
    /// callable; the batch is valid during the call, from which the transport may be used. What
    /// groups tell each other beside the protocol is given to `on_report(member_id host, const
    /// digests::group_report&)`, another (battery/host/comparisons.hpp). An error is that of
    /// listening: the address is in use, for example. Then nothing has begun.
    template <class OnReceive, class OnReport = detail::ignored_reports>
    [[nodiscard]] asio::error_code start(OnReceive on_receive, OnReport on_report = {}) {
        return links_.start(
            [this, receive = std::move(on_receive), report = std::move(on_report)](
                member_id from,
                std::span<const std::byte> frame) mutable -> std::optional<wire::frame_error> {
                if (wire::is_beside_protocol(frame)) return take_report(from, frame, report);
                const auto fault = decoder_.decode(frame, arrived_);
                if (!fault) receive(from, std::as_const(arrived_));
                return fault;
            });
    }

    /// Closes everything. Nothing is received any more, and what was waiting is lost. Final.
    void stop() { links_.stop(); }

    /// Says whether the batch needs to be kept no longer. One to a host that is not connected is
    /// lost, as the protocol allows. False if too much waits for that host already: its next turn
    /// comes with the answers to that. Messages that cannot be in a frame are told and left out.
    [[nodiscard]] bool send(member_id to, const wire::batch<Command>& said) {
        auto* const way = links_.way_to(to);
        if (way == nullptr) return true;
        if (!way->takes(said.bytes() != 0)) return false;
        write(to, *way, said);
        return true;
    }

    /// Sends a report (battery/host/comparisons.hpp), if the host's version has them and too much
    /// does not wait for it already.
    void send(member_id to, const digests::group_report& said) {
        auto* const way = links_.way_to(to);
        if (way == nullptr || way->version() < wire::group_reports_from || !way->takes(false))
            return;
        auto frame = links_.shared().frames.take();
        wire::append_report(frame.bytes(), said, way->version());
        way->write(frame);
    }

    /// Whether batches to the host flow.
    [[nodiscard]] bool is_connected(member_id to) const { return links_.way_to(to) != nullptr; }

    /// Adds a host, or changes its address. Takes effect at once.
    void set_peer(transport::peer peer) { links_.set_peer(std::move(peer)); }

    /// Sends nothing more to it and takes nothing more from it.
    void remove_peer(member_id peer) { links_.remove_peer(peer); }

    /// Where it listens, once started.
    [[nodiscard]] asio::ip::tcp::endpoint local_endpoint() const { return links_.local_endpoint(); }

private:
    /// Where hosts are is not in any group's log, so that none can be behind in that.
    [[nodiscard]] static transport::options among_peers(transport::options options) {
        options.guests_max = 0;
        return options;
    }

    template <class OnReport>
    static std::optional<wire::frame_error>
    take_report(member_id from, std::span<const std::byte> frame, OnReport& on_report) {
        std::optional<digests::group_report> said;
        const auto error = wire::decode_report(frame, said);
        if (said) on_report(from, std::as_const(*said));
        return error;
    }

    /// One group's message that cannot be sent must cost no other group anything.
    void write(member_id to, detail::frame_connection& way, const wire::batch<Command>& said) {
        auto frame = links_.shared().frames.take();
        wire::batch_writer<Command> writer{frame.bytes(), limits_, way.version()};
        const auto finish = [&] {
            writer.finish();
            way.write(frame);
        };
        said.for_each([&](const wire::batch_part<Command>& part) {
            auto fault = writer.add(part);
            if (fault == wire::frame_error::too_large && writer.count() != 0) {
                finish();
                frame = links_.shared().frames.take();
                writer = {frame.bytes(), limits_, way.version()};
                fault = writer.add(part);
            }
            if (fault)
                links_.shared().report({.kind = transport::event_kind::not_sent,
                                        .peer = to,
                                        .reason = describe(*fault)});
        });
        if (writer.count() != 0) finish();
    }

    wire::batch_frame_limits limits_;
    wire::batch_decoder<Command> decoder_{limits_};
    wire::batch<Command> arrived_{};
    detail::asio_links links_;
};

}  // namespace raft
