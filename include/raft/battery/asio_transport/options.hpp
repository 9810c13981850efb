// SPDX-License-Identifier: BSL-1.0
//
// What a transport over TCP is told when it is made, and what it tells of its connections: the same
// for asio_transport and for asio_host_transport, whose peers are hosts.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <asio/error_code.hpp>
#include <asio/ip/tcp.hpp>

#include <raft/battery/asio_transport/secure_stream.hpp>
#include <raft/battery/authenticator.hpp>
#include <raft/codec/frame.hpp>
#include <raft/codec/handshake.hpp>

namespace raft::transport {

/// Where another server of the cluster listens. `host` is an address or a name; a name is resolved
/// anew for each attempt to connect.
struct peer {
    member_id id{};
    std::string host{};
    std::uint16_t port = 0;
    friend bool operator==(const peer&, const peer&) = default;
};

/// What became of a connection.
enum class event_kind : std::uint8_t {
    connected,        ///< Messages to the peer flow from now on.
    disconnected,     ///< They do not; it is being tried again. Told once until that changes.
    refused_by_peer,  ///< The peer does not want us; the reason is what it says. As above.
    accepted,         ///< Messages from the peer flow from now on.
    closed,           ///< The connection on which they came has ended.
    refused,          ///< A caller was sent away, or a peer that sent what is no frame.
    not_sent,         ///< A message was dropped, because it cannot be (in) a frame.
    accept_failed,    ///< No connection can be accepted now; it is being tried again.
};

/// One line for a log. Views: valid during the call that tells it.
struct event {
    event_kind kind{};
    std::optional<member_id> peer{};   ///< None as long as a caller has not said who it is.
    asio::ip::tcp::endpoint remote{};  ///< The other end, if known.
    std::string_view reason{};         ///< In plain English; may be empty.
    asio::error_code error{};          ///< What the system says, if it says anything.
};

/// The kind in plain English, for a log.
[[nodiscard]] constexpr std::string_view describe(event_kind kind) {
    switch (kind) {
    case event_kind::connected: return "connected";
    case event_kind::disconnected: return "disconnected";
    case event_kind::refused_by_peer: return "refused by the peer";
    case event_kind::accepted: return "accepted";
    case event_kind::closed: return "closed";
    case event_kind::refused: return "refused";
    case event_kind::not_sent: return "not sent";
    case event_kind::accept_failed: return "accept failed";
    }
    return "unknown event";
}

/// Everything that a transport can be told, with its limits.
struct options {
    wire::cluster_id cluster{};        ///< The same on all servers of the cluster.
    member_id self{};                  ///< Who this server is.
    asio::ip::tcp::endpoint listen{};  ///< Port 0: any; ask `local_endpoint()`.
    std::vector<peer> peers{};         ///< The others. `self` among them is passed over.
    history_id history{};              ///< Which history the cluster has; 0: not said.
    storage_mark mark{};               ///< Which storage this server has; 0: not said.
    /// What is said to a server that has this storage: `welcome`; `other_storage`, if it had
    /// another one before, as it has lost what it had promised; `not_noted`, if its first one
    /// cannot be remembered for good, which is done before it is welcome. None: any is. It must not
    /// call the transport.
    std::function<wire::handshake_verdict(member_id, storage_mark)> judge_storage{};
    /// What the servers prove to each other that they know, whoever calls (battery/proof.hpp): the
    /// same on all of them. Who cannot prove it is neither peer nor guest, and is refused by name.
    /// None: whoever reaches the port is believed. It guards the handshake: frames behind it can
    /// still be read and forged by who is on the wire.
    std::shared_ptr<const security::authenticator> secret{};
    /// What encrypts each connection, and knows each member by its certificate (asio_tls.hpp): all
    /// servers have one, or none has. None: connections are as they are.
    std::shared_ptr<security::stream_security> security{};
    wire::frame_limits limits{};  ///< Of messages. The same on all servers of the cluster.

    /// The bytes that wait for one peer. Frames with entries or with a chunk are taken below this
    /// mark (so one may reach above it), others below `queue_bytes_max + reserve_bytes`.
    std::size_t queue_bytes_max = 16U << 20U;
    std::size_t reserve_bytes = 64U << 10U;
    /// Accepted connections that have not yet said who they are; more are closed at once.
    std::size_t strangers_max = 64;
    /// Callers of this cluster that are no peers, and are heard and answered all the same (§6):
    /// whoever was away while the members changed does not know who calls. More are refused. Each
    /// costs what a peer does. 0: only peers are heard, and answered over connections to them.
    std::size_t guests_max = 16;
    /// Which of them are taken; none: any. It must not call the transport.
    std::function<bool(member_id)> takes_guest{};

    /// The wait between two attempts to connect: doubled from the first to the second, and each
    /// time a random part of up to half of it left out, so that not all come at once. A peer that
    /// calls is called back without a wait.
    std::chrono::milliseconds reconnect_min{25};
    std::chrono::milliseconds reconnect_max{500};
    /// How long to find the addresses of a host's name may take. If it was found before, those of
    /// then are tried after a quarter of a second.
    std::chrono::milliseconds resolve_timeout{3000};
    /// How long to connect to each of its addresses may take. More than a second is of little use:
    /// TCP asks again after one, three and seven seconds, a new attempt asks at once.
    std::chrono::milliseconds connect_timeout{1000};
    /// How long the other side of a new connection may take to say who it is, whoever called.
    std::chrono::milliseconds handshake_timeout{3000};

    /// How long the peer's system may acknowledge nothing while something is due, before the
    /// connection is given up: its host is gone, or the way to it. To be well above a round trip.
    /// Only where the system tells (Linux): elsewhere `write_timeout` finds it, once its buffers
    /// are full, and TCP's own patience, a quarter of an hour.
    std::chrono::milliseconds unacknowledged_timeout{1000};
    /// How long a peer whose system answers may take no byte of what waits for it: its process
    /// stands still.
    std::chrono::milliseconds write_timeout{10000};
    /// How long nothing may come on a connection on which nothing is sent, before the peer's system
    /// is asked for a sign of life; the connection is given up when three in a row, so far apart,
    /// are not answered. Systems count whole seconds.
    std::chrono::milliseconds keepalive_interval{1000};

    /// Told of each event, on the thread of the io_context. It must not call the transport.
    std::function<void(const event&)> on_event{};
};

}  // namespace raft::transport
