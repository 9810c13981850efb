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

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "administration.hpp"
#include "chronicle.hpp"
#include "clients.hpp"
#include "event_log.hpp"
#include "leader_search.hpp"
#include "leader_waits.hpp"
#include "peers.hpp"
#include "reads.hpp"
#include "running_node.hpp"
#include "server_options.hpp"
#include "service.hpp"
#include "signpost.hpp"
#include "snapshots.hpp"
#include "watch_pages.hpp"
#include "writes.hpp"
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

namespace raft_kv {

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
    [[nodiscard]] bool failed() const { return chronicle_.has_failed(); }
    /// Saves what the flight recorder holds in the data directory.
    void save_recording();

    // service
    [[nodiscard]] std::uint64_t identity() const override { return peers_.cluster(); }
    [[nodiscard]] const birth_record& birth() const override { return peers_.birth(); }
    [[nodiscard]] const cluster_layout& layout() const override { return peers_.layout(); }
    [[nodiscard]] const keys& own_keys() const override { return options_.own_keys; }
    [[nodiscard]] const std::string& directory() const override { return options_.directory; }
    void refused(const client_state& client, std::string_view reason) override;
    [[nodiscard]] server_report report() const override;
    [[nodiscard]] const kv& store() const override { return node().state_machine(); }
    [[nodiscard]] raft::log_index applied() const override { return node().status().last_applied; }
    [[nodiscard]] std::optional<raft::refusal> not_leading() const override;
    [[nodiscard]] std::optional<raft::refusal> not_taking_writes() const override;
    [[nodiscard]] std::string client_lines(const client_filter& which) const override {
        return clients_.lines(which);
    }
    [[nodiscard]] std::size_t close_clients(const client_filter& which) override {
        return clients_.close_all(which);
    }
    [[nodiscard]] std::optional<std::string> take_snapshot() override;
    void took_command() override { ++done_.commands; }
    [[nodiscard]] write_times times() const override;
    [[nodiscard]] std::string* batch() override { return writes_.open(); }
    void wrote(session& by, std::uint64_t sequence, std::size_t bytes) override;
    [[nodiscard]] std::uint64_t join_read(session& by,
                                          const raft::core::read_requested& wanted) override;
    void await_leader(session& by, std::uint64_t sequence) override;
    void begin(session& by, std::uint64_t sequence, const cluster_request& asked) override;
    [[nodiscard]] std::optional<std::string> use_lease(bool on) override;

private:
    using clock = std::chrono::steady_clock;
    static constexpr std::chrono::seconds stop_time_max{2};
    using sessions = std::vector<std::shared_ptr<session>>;

    [[nodiscard]] const running_node::node_type& node() const {
        return static_cast<const running_node&>(*node_).node();
    }

    // server_start.cpp
    [[nodiscard]] std::optional<std::string> open_storage();
    [[nodiscard]] std::optional<std::string> begin_with_state(const birth_record& birth);
    [[nodiscard]] std::optional<std::string> listen_for_peers();
    [[nodiscard]] std::optional<std::string> take_part();
    [[nodiscard]] std::string recording_path() const;

    /// The client has something to say, or can be told something, when the turn ends.
    void changed(session& which);
    void end_turn();
    void serve_changed();
    void step_aside();
    void finish();

    asio::io_context& io_;
    const server_options options_;
    event_log log_;
    clock::time_point started_ = clock::now();
    activity done_{};
    std::shared_ptr<flush_times> flushes_ = std::make_shared<flush_times>();

    peers peers_;
    std::shared_ptr<running_node> node_;
    chronicle chronicle_;
    snapshots snapshots_;
    writes writes_;
    reads reads_;
    administration administration_;
    leader_waits leader_waits_;
    leader_search leader_search_;

    clients clients_;
    refusals clients_refused_{};
    sessions changed_;
    sessions served_;

    watch_pages pages_;
    mutable signpost signpost_;  ///< It sends to one after the other.
    bool stopping_ = false;
    asio::steady_timer stop_timer_;
};

}  // namespace raft_kv
