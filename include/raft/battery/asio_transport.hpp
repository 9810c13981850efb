// SPDX-License-Identifier: BSL-1.0
//
// A transport over TCP, with standalone Asio. Include it only if you use it: nothing else in this
// library needs Asio.
//
// Connections go one way: a server sends on those that it has opened, and receives on those that it
// has accepted. So there are two between each pair of servers, and never a question which of two to
// keep when both call at once; who sends is who connects again, and who sees how much is waiting.
// Only where a server has no connection of its own (the caller is no peer, or not where it is said
// to be) does it answer over the one that the caller opened: that is how a server hears and is
// heard by members of whom its log does not know yet.
//
// A handshake tells apart clusters, members and versions, so that a mistake in a configuration is
// told and does no harm; but who can reach the port can lie. Against that there is a secret
// (`transport::options::secret`), which both ends of a connection prove to know. Nothing is
// encrypted.
//
// Threads: everything happens on the one thread that runs the io_context, and every member function
// is to be called there (or before it runs). Resolving a host's name, which is not needed for an
// address, is left by Asio to a thread of its own.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include <raft/battery/asio_transport/links.hpp>
#include <raft/battery/asio_transport/options.hpp>
#include <raft/battery/comparison/report_frame.hpp>
#include <raft/codec.hpp>
#include <raft/policy.hpp>

namespace raft {

/// Sends messages to the other servers of a cluster, and receives theirs.
///
/// What cannot be sent now is dropped, as the protocol allows: to a server that is not connected,
/// everything; to one whose queue is full, first what carries entries or a snapshot's bytes, and
/// beyond a reserve everything. `room` says beforehand. Lost connections are made again.
///
/// It stays where it was made, and must not be destroyed from within a call of its own.
template <policy::checked_encodable Command>
class asio_transport {
public:
    /// `io` must outlive it. Nothing happens before `start`.
    asio_transport(asio::io_context& io, transport::options options)
        : links_{io,
                 {wire::frame_content::messages, detail::message_lengths(options.limits)},
                 std::move(options)} {}
    asio_transport(const asio_transport&) = delete;
    asio_transport& operator=(const asio_transport&) = delete;
    ~asio_transport() = default;

    /// Begins to listen and to connect; to be called once. Every message that comes is given to
    /// `on_receive(member_id from, const message&, const attachment<Command>&)`, a copyable
    /// callable; the views are valid during the call, from which the transport may be used. What
    /// servers tell each other beside the protocol is given to `on_receive(member_id from, const
    /// digests::peer_report&)`, if it takes that. An error is that of listening: the address is in
    /// use, for example. Then nothing has begun.
    template <class OnReceive>
    [[nodiscard]] asio::error_code start(OnReceive on_receive) {
        return links_.start(
            [this, receive = std::move(on_receive)](
                member_id from,
                std::span<const std::byte> frame) mutable -> std::optional<wire::frame_error> {
                if (wire::is_beside_protocol(frame)) return take_report(from, frame, receive);
                const auto error = decode_frame(frame, received_, links_.shared().options.limits);
                if (!error) receive(from, std::as_const(received_.body), received_.beside());
                return error;
            });
    }

    /// Closes everything. Nothing is received any more, and what was waiting is lost. Final.
    void stop() { links_.stop(); }

    /// Sends the same message to each of `to`. Those that are neither peers nor guests are passed
    /// over.
    void send(std::span<const member_id> to, const core::message& body,
              const attachment<Command>& beside) {
        const bool loaded = !beside.entries.empty() || !beside.chunk.empty();
        if (!links_.anyone_takes(to, loaded)) return;
        std::array<std::optional<detail::shared_frame>, wire::frame_version_newest + 1> frames;
        links_.send(to, loaded, [&](std::uint8_t version) -> const detail::shared_frame* {
            auto& frame = frames[version];
            if (!frame) frame = encoded(body, beside, version);
            return frame->is_empty() ? nullptr : &*frame;
        });
    }

    /// Sends a report to each of `to` whose version has them.
    void send(std::span<const member_id> to, const digests::peer_report& said) {
        std::array<std::optional<detail::shared_frame>, wire::frame_version_newest + 1> frames;
        links_.send(to, false, [&](std::uint8_t version) -> const detail::shared_frame* {
            if (version < wire::reports_from) return nullptr;
            auto& frame = frames[version];
            if (!frame)
                wire::append_report(frame.emplace(links_.shared().frames.take()).bytes(), said,
                                    version);
            return &*frame;
        });
    }

    /// How many bytes of entries are taken for a peer now: none if it is not connected, and never
    /// so many that they would not fit in one frame.
    [[nodiscard]] std::size_t room(member_id member) const {
        const std::size_t frame_max = links_.shared().options.limits.frame_bytes_max;
        return std::min(links_.room(member), frame_max - frame_max / 8);
    }

    /// Adds a peer, or changes its address. Takes effect at once.
    void set_peer(transport::peer peer) { links_.set_peer(std::move(peer)); }

    /// Calls it no more. As long as it calls, it is a guest (`transport::options::guests_max`).
    void remove_peer(member_id member) { links_.remove_peer(member); }

    /// Where it listens, once started.
    [[nodiscard]] asio::ip::tcp::endpoint local_endpoint() const { return links_.local_endpoint(); }

private:
    template <class Receive>
    static std::optional<wire::frame_error>
    take_report(member_id from, std::span<const std::byte> frame, Receive& receive) {
        std::optional<digests::peer_report> said;
        const auto error = wire::decode_report(frame, said);
        if constexpr (std::invocable<Receive&, member_id, const digests::peer_report&>)
            if (said) receive(from, std::as_const(*said));
        return error;
    }

    /// The message as a frame; an empty one if it cannot be one. What an older version does not
    /// know, its servers do not miss.
    [[nodiscard]] detail::shared_frame
    encoded(const core::message& body, const attachment<Command>& beside, std::uint8_t version) {
        auto& shared = links_.shared();
        auto frame = shared.frames.take();
        const auto error =
            append_frame(frame.bytes(), body, beside, shared.options.limits, version);
        if (error && *error != wire::frame_error::unknown_kind)
            shared.report({.kind = transport::event_kind::not_sent, .reason = describe(*error)});
        return frame;
    }

    wire::decoded<Command> received_{};
    detail::asio_links links_;
};

}  // namespace raft
