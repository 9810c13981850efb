// SPDX-License-Identifier: BSL-1.0
//
// One server: a node of the cluster, and the clients that talk to it. Everything happens on the
// thread that runs the io_context, but for the storage's own thread, which only asks to be looked
// at.
//
// What happens while the event loop makes one turn is gathered, and dealt with at its end: the
// clients that sent something are served, their writes are proposed and their reads asked for
// together, and then the replies are sent. The node's answers come within those calls, or within
// those for messages, timers and the disk; they only mark the clients, whose turn comes at the end.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "client_limits.hpp"
#include "clients.hpp"
#include "event_log.hpp"
#include "flush_times.hpp"
#include "health.hpp"
#include "http_server.hpp"
#include "keys.hpp"
#include "known_storages.hpp"
#include "listen_address.hpp"
#include "refusals.hpp"
#include "service.hpp"
#include "standing.hpp"
#include "write_queue.hpp"
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <raft/battery/asio_transport.hpp>
#include <raft/battery/file_storage.hpp>
#include <raft/battery/flight_recorder.hpp>
#include <raft/battery/log_time.hpp>
#include <raft/node.hpp>

namespace raft_kv {

struct server_options {
    cluster_layout layout{};
    std::uint64_t id = 0;
    std::string directory{};
    listen_address listen{};        ///< What it does not say is said by `layout`.
    listen_address listen_peers{};  ///< What it does not say is said by `layout`.
    /// The cluster exists, and this server comes to it: `layout` names some of the others.
    bool joins = false;
    /// Damage in the middle of the log is made good from the others where that is safe.
    bool recovers_damaged_log = false;
    /// It takes writes while another leads, and hands them to the leader.
    bool forwards = false;
    raft::settings config{};
    /// A snapshot is taken when so many entries were applied since the last one.
    std::uint64_t snapshot_entries = 0;
    client_limits clients{};
    /// It lives on when its storage has failed for good, to be looked at.
    bool stays_when_failed = false;
    listen_address metrics{};  ///< Without a port: none; without a host: on loopback alone.
    /// The room for the protocol's last inputs.
    std::size_t recorder_bytes = 0;
    keys own_keys{};
    key_files key_paths{};  ///< Where certificates are read anew.
};

class server final : public service {
public:
    server(asio::io_context& io, server_options options);
    server(const server&) = delete;
    server& operator=(const server&) = delete;
    ~server() override;

    /// What is wrong, if it could not start.
    [[nodiscard]] std::optional<std::string> start();
    /// Takes no more requests, answers those it has, lets another server lead, and stops the
    /// io_context.
    void stop();
    /// Its storage has failed for good: it takes part in nothing any more.
    [[nodiscard]] bool failed() const { return seen_failure_; }
    /// Saves what the flight recorder holds in the data directory.
    void save_recording();

    // service
    [[nodiscard]] std::uint64_t identity() const override { return cluster_; }
    [[nodiscard]] const birth_record& birth() const override { return birth_; }
    [[nodiscard]] const cluster_layout& layout() const override { return layout_; }
    [[nodiscard]] const keys& own_keys() const override { return options_.own_keys; }
    void refused(const client_state& client, std::string_view reason) override;
    [[nodiscard]] server_report report() const override;
    [[nodiscard]] const kv& store() const override { return node_->state_machine(); }
    [[nodiscard]] raft::log_index applied() const override { return node_->status().last_applied; }
    [[nodiscard]] std::optional<raft::refusal> not_leading() const override;
    [[nodiscard]] std::optional<raft::refusal> not_taking_writes() const override;
    [[nodiscard]] std::string client_lines() const override { return clients_.lines(); }
    [[nodiscard]] std::optional<std::string> take_snapshot() override;
    [[nodiscard]] write_times times() const override;
    [[nodiscard]] std::string* batch() override { return writes_.open(); }
    void wrote(session& by, std::uint64_t sequence, std::size_t bytes) override;
    [[nodiscard]] std::uint64_t join_read(session& by,
                                          const raft::core::read_requested& wanted) override;
    void await_leader(session& by, std::uint64_t sequence) override;
    void begin(session& by, std::uint64_t sequence, const cluster_request& asked) override;
    [[nodiscard]] std::optional<std::string> use_lease(bool on) override;

private:
    using storage_type = raft::file_storage<kv::command, timed_files>;
    using transport_type = raft::asio_transport<kv::command>;
    using clock = std::chrono::steady_clock;
    using node_type =
        raft::node<kv, transport_type&, storage_type&, clock,
                   raft::limits{.message_bytes = limits::entry_bytes_max}, raft::flight_recorder<>>;

    /// Writes in the log that are not committed yet.
    struct batch_under_way {
        write_batch* batch = nullptr;
        clock::time_point since{};
    };
    using readers = std::vector<std::shared_ptr<session>>;

    /// Reads that want the same, asked for together.
    struct read_group {
        raft::core::read_requested wanted{};
        std::uint64_t round = 0;
        readers all{};
    };

    /// Whom to tell what became of a request.
    struct asker {
        std::shared_ptr<session> by{};
        std::uint64_t sequence = 0;
    };

    struct awaited_transfer {
        asker who{};
        std::optional<raft::member_id> target{};
        clock::time_point since{};
    };

    /// Who asks for the cluster as clients see it, which nobody can tell without a leader.
    struct awaited_leader {
        asker who{};
        clock::time_point until{};
    };

    /// What decides who is a peer, and where.
    struct membership_seen {
        std::uint64_t addresses = 0;
        raft::log_index configuration{};
        bool settled = false;
        friend bool operator==(const membership_seen&, const membership_seen&) = default;
    };

    [[nodiscard]] std::optional<std::string> open_storage();
    [[nodiscard]] raft::asio_transport_options
    transport_options(const asio::ip::tcp::endpoint& listen_on,
                      std::shared_ptr<raft::stream_security> security);
    [[nodiscard]] std::variant<std::shared_ptr<raft::stream_security>, std::string>
    peer_security() const;
    void tell_who_is_believed() const;
    void tell_recovery(const raft::node_status& status, clock::duration restoring) const;
    [[nodiscard]] std::optional<std::string> take_identity();
    [[nodiscard]] std::optional<std::string> ask_to_join(cluster_layout& known);
    [[nodiscard]] std::optional<std::string> settle_birth();
    [[nodiscard]] std::optional<std::string> await_own_birth();
    [[nodiscard]] std::string recording_path() const;
    [[nodiscard]] std::optional<std::string> listen();
    [[nodiscard]] std::optional<std::string> listen_for_pages();
    void storage_woke();

    /// The client has something to say, or can be told something, when the turn ends.
    void changed(session& which);
    void schedule_turn();
    void end_turn();
    void propose();
    [[nodiscard]] bool is_stuck() const;
    void give_up_waiting();
    [[nodiscard]] bool has_room(const write_batch& batch);
    void read();
    [[nodiscard]] std::uint64_t& count_for(const raft::outcome<kv::result>& outcome);
    void tell_outcome(std::unique_ptr<write_batch>& batch,
                      const raft::outcome<kv::result>& outcome);
    void tell_readers(std::uint64_t round, const readers& all, const raft::read_outcome& outcome);
    void snapshot_if_due();
    [[nodiscard]] std::optional<raft::member_id>
    next_remaining_member(const raft::core::state& state) const;
    void observe();
    void observe_snapshots();
    void observe_failure();
    void arm_timer();
    void poll();
    void step_aside();
    void finish();
    void log_peer(const raft::asio_event& event);

    // server_health.cpp
    [[nodiscard]] std::optional<http_page> page(std::string_view path) const;
    void look_after_health();
    [[nodiscard]] static raft::instant protocol_now();

    // server_peers.cpp
    void follow_membership();
    void connect_peers(bool settled);
    [[nodiscard]] bool takes_guest(raft::member_id caller) const;
    void keep_layout();
    void look_for_leader();
    void take_answer(const cluster_layout& answered);

    // server_requests.cpp
    void begin_one(const asker& who, const add_server& asked);
    void begin_one(const asker& who, const remove_server& asked);
    void begin_one(const asker& who, const assign_part& asked);
    void begin_one(const asker& who, const change_members& asked);
    void begin_one(const asker& who, const announce_server& asked);
    void begin_one(const asker& who, const forget_server& asked);
    void begin_one(const asker& who, const transfer_leadership& asked);
    void begin_one(const asker& who, const step_down& asked);
    void change(const asker& who, std::vector<raft::member> wanted, raft::change_check check);
    void tell_changed(const asker& who, const raft::change_outcome& outcome);
    void announce(const asker& who, const std::vector<server_address>& servers,
                  std::function<void()> then);
    void tell(const asker& who, std::string_view error);
    void tell_refused(const asker& who, const raft::refusal& refused);
    void tell_transfers();
    void tell_of_leader();

    asio::io_context& io_;
    server_options options_;
    std::uint64_t cluster_ = 0;  ///< Its identity.
    birth_record birth_{};
    known_storages storages_{};
    cluster_layout base_{};      ///< What is known of servers' addresses besides the log.
    cluster_layout layout_{};    ///< That, with what the log says.
    std::string kept_layout_{};  ///< As it is on the disk.
    membership_seen seen_membership_{};
    std::vector<awaited_transfer> transfers_;
    std::deque<awaited_leader> await_leader_;  ///< In the order of their ends.
    asio::steady_timer leader_timer_;
    bool lease_reads_ = false;
    event_log log_;
    clock::time_point started_ = clock::now();

    std::shared_ptr<flush_times> flushes_ = std::make_shared<flush_times>();
    std::unique_ptr<storage_type> storage_;
    std::unique_ptr<transport_type> transport_;
    /// A log begins with what the wall clock shows, as logs of before did.
    raft::log_timekeeper timekeeper_{
        raft::log_clock{raft::log_time_of(std::chrono::system_clock::now()), protocol_now()}};
    std::optional<raft::instant> stamp_due_;
    std::unique_ptr<node_type> node_;
    asio::steady_timer timer_;
    std::optional<clock::time_point> armed_;
    std::optional<clock::time_point> patient_until_;
    std::atomic<bool> storage_wakes_ = false;

    clients clients_;

    bool turn_scheduled_ = false;
    readers changed_;
    readers served_;
    write_queue writes_;
    std::optional<clock::time_point> no_room_since_;
    std::deque<batch_under_way> under_way_;  ///< In the order of the log.
    asio::steady_timer room_timer_;
    std::vector<read_group> read_groups_;
    std::uint64_t read_round_ = 1;

    // What the log was told last.
    standing seen_standing_;
    raft::log_index seen_snapshot_;
    std::string seen_snapshot_error_;
    bool seen_failure_ = false;
    activity done_{};
    refusals peers_refused_{};
    refusals clients_refused_{};
    http_server pages_;
    health health_;

    bool saving_ = false;  ///< A snapshot that was begun here is not durable yet.
    std::uint64_t bytes_at_snapshot_ = 0;

    mutable std::size_t sent_on_ = 0;  ///< Clients, since this server was removed.
    bool stopping_ = false;
    bool asked_to_lead_ = false;
    asio::steady_timer stop_timer_;

    asio::steady_timer inquiry_timer_;
    std::thread inquiry_;  ///< Waits for other servers' answers.
    bool inquires_ = false;
};

}  // namespace raft_kv
