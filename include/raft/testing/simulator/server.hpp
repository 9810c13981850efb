// SPDX-License-Identifier: BSL-1.0
//
// One simulated server: the node and the file storage that ship, on a disk, a clock and a network
// that do not. It can be stopped at any moment, and comes back with what its disk has kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <raft/battery/file_storage.hpp>
#include <raft/battery/file_storage/peer_marks.hpp>
#include <raft/codec/message.hpp>
#include <raft/node.hpp>
#include <raft/testing/simulator/disk.hpp>
#include <raft/testing/simulator/drifting_clock.hpp>
#include <raft/testing/simulator/ledger.hpp>
#include <raft/testing/simulator/network.hpp>
#include <raft/testing/simulator/watched_machine.hpp>

namespace raft::testing::simulation {

/// Where the messages of a node leave it. Its server can stop in the middle of sending them.
template <class Command>
class port {
public:
    port(network& carrier, disk& effects, std::uint16_t self, const std::uint32_t& stream_breaks)
        : network_{&carrier}, effects_{&effects}, self_{self}, stream_breaks_{&stream_breaks} {}

    void send(std::span<const member_id> to, const core::message& body,
              const attachment<Command>& beside) {
        std::uint8_t encoded = 0;
        for (const auto id : to) {
            const auto place = static_cast<std::uint16_t>(id.value - 1);
            if (place >= network::servers_max || !network_->is_open(self_, place)) continue;
            if (!effects_->spend()) return;
            const auto version = network_->version(self_, place);
            if (encoded != version) {
                encoded = version;
                frame_.clear();
                if (wire::append_frame(frame_, body, beside, {}, version)) encoded = 0;
            }
            if (encoded != 0 && !breaks(body, place)) network_->send(self_, place, frame_);
        }
    }
    [[nodiscard]] std::size_t room(member_id to) const {
        const auto place = static_cast<std::uint16_t>(to.value - 1);
        return place < network::servers_max ? network_->room(self_, place) : 0;
    }

private:
    [[nodiscard]] bool breaks(const core::message& body, std::uint16_t place) {
        if (*stream_breaks_ == 0 || !std::holds_alternative<core::install_snapshot>(body) ||
            !effects_->fails(fault::broken_snapshot_stream, *stream_breaks_))
            return false;
        network_->reset(self_, place);
        return true;
    }

    network* network_;
    disk* effects_;
    std::uint16_t self_;
    const std::uint32_t* stream_breaks_;
    std::vector<std::byte> frame_{};
};

/// How a process ends.
enum class ending : std::uint8_t {
    killed,      ///< Its system goes on, and keeps what was written.
    power_loss,  ///< What was not synced reaches the disk or does not, part by part.
};

/// What became of an attempt to start.
enum class starting : std::uint8_t {
    running,
    stopped,   ///< It has stopped again, in the middle of it.
    failed,    ///< Its disk has failed, this time.
    refused,   ///< It does not open what is on its disk.
    not_born,  ///< Its disk is empty, and nobody says that it has never run.
};

template <class StateMachine, class Told>
class server {
public:
    using command = typename StateMachine::command;
    using machine_type = watched_machine<StateMachine, Told>;
    using storage_type = file_storage<command, simulated_files>;
    /// Messages are so short that a log of few entries takes many.
    static constexpr limits sizes{.message_bytes = 1024};
    using node_type = raft::node<machine_type, port<command>, storage_type&, drifting_clock, sizes>;

    server(world& around, ledger& all, Told& told, network& carrier, std::uint16_t place)
        : around_{around}
        , ledger_{all}
        , told_{told}
        , network_{carrier}
        , place_{place}
        , disk_{around, place} {}
    server(const server&) = delete;  // Its node refers to it.
    server& operator=(const server&) = delete;

    [[nodiscard]] member_id id() const { return {place_ + std::uint64_t{1}}; }
    [[nodiscard]] std::uint16_t place() const { return place_; }
    [[nodiscard]] bool is_up() const { return node_.has_value(); }
    [[nodiscard]] node_type& node() { return *node_; }
    [[nodiscard]] const node_type& node() const { return *node_; }
    [[nodiscard]] const core::state& state() const { return node_->protocol_state(); }
    [[nodiscard]] storage_type& storage() { return *storage_; }
    [[nodiscard]] disk& device() { return disk_; }
    [[nodiscard]] server_time& time() { return time_; }
    [[nodiscard]] std::uint32_t life() const { return life_; }
    [[nodiscard]] const std::string& refused_because() const { return refused_because_; }

    /// Starts with what the disk has. `options.birth` is for a server that never ran.
    [[nodiscard]] starting start(const node_options& options, file_storage_options files) {
        ++life_;
        const auto faults_before = around_.faults.all();
        files.mode = flush_mode::manual;
        auto opened =
            storage_type::open(std::string{directory}, std::move(files), simulated_files{disk_});
        if (auto* wrong = std::get_if<file_storage_error>(&opened)) {
            refused_because_ = wrong->message;
            return wrong->no_room ? starting::failed : cannot_start(faults_before);
        }
        storage_.emplace(std::get<storage_type>(std::move(opened)));
        marks_.emplace(simulated_files{disk_});
        if (const auto wrong = marks_->open(std::string{directory})) {
            refused_because_ = *wrong;
            const bool is_damaged = wrong->ends_with("does not match its checksum");
            return is_damaged ? starting::refused : starting::failed;
        }
        node_.emplace(options, machine_type{ledger_, told_},
                      port<command>{network_, disk_, place_, stream_breaks}, *storage_,
                      drifting_clock{time_, around_.now});
        static_cast<void>(node_->start());  // What it says is not believed: its state shows it.
        if (disk_.stopped) return starting::stopped;
        if (!state().is_halted()) {
            expect_kept_promises();
            return starting::running;
        }
        if (node_->status().not_born) return starting::not_born;
        if (storage_->progress().failed) return starting::failed;
        refused_because_ = "the node does not start with what the storage kept";
        return cannot_start(faults_before);
    }

    /// The process ends here and now.
    void end(ending how) {
        if (node_) note_promises();
        ledger_.forget(place_);
        ++life_;
        node_.reset();
        marks_.reset();
        storage_.reset();
        if (how == ending::killed) {
            disk_.files = disk_.files.after_kill();
        } else {
            if (disk_.files.has_unsynced()) around_.go_wrong(fault::torn_writes, place_);
            disk_.files =
                disk_.files.after_power_loss({survival::kind::mixed, around_.luck.roll()});
        }
        disk_.stopped = false;
        disk_.effects_left = disk::no_limit;
        network_.ended(place_, how == ending::killed);
    }

    /// What is on its disk is gone.
    void wipe() {
        disk_.files = faulty_files{};
        promise_ = {};
    }

    /// As the handshake asks: whether this may be that server's storage.
    [[nodiscard]] bool takes_storage(member_id peer, storage_mark mark) {
        return marks_->judge(peer, mark) == wire::handshake_verdict::welcome;
    }

    /// Whether its disk has something to do, or to try again.
    [[nodiscard]] bool has_to_flush() const { return storage_->awaits_flush() || lacks_room(); }
    [[nodiscard]] bool lacks_room() const {
        return state().disk.full || storage_->waits_for_room();
    }

    std::uint32_t stream_breaks = 0;  ///< So many of a million chunks.
    moment paused_until = 0;
    moment timer_at = never;  ///< When the earliest timer event for it comes.
    bool is_flushing = false;
    moment flushed_at = 0;  ///< When what its disk has begun is done.
    static constexpr moment never = std::numeric_limits<moment>::max();
    static constexpr std::string_view directory = "d";

private:
    /// What the server has said that it keeps.
    struct promise {
        term_number term{};
        std::optional<member_id> vote{};
        core::log_position durable{};
    };

    [[nodiscard]] starting cannot_start(std::uint64_t faults_before) {
        if (disk_.stopped) return starting::stopped;
        return around_.faults.all() != faults_before ? starting::failed : starting::refused;
    }

    /// A storage may have more than it said; what it said, it has.
    void note_promises() {
        const auto& now = state();
        const auto index = now.disk.durable_index;
        const auto term = now.log.term_at(index);
        promise_.durable = term ? core::log_position{index, *term} : core::log_position{};
        if (now.disk.vote > now.disk.durable) return;
        promise_.term = now.current_term;
        promise_.vote = now.voted_for;
    }

    void expect_kept_promises() const {
        const auto& now = state();
        expect(now.current_term >= promise_.term, "a term");
        if (now.current_term == promise_.term && promise_.vote)
            expect(now.voted_for == promise_.vote, "a vote");
        const auto& lost = now.tasks->lost_through;
        const bool holds = now.log.base().index >= promise_.durable.index ||
                           now.log.matches(promise_.durable) ||
                           (lost && at_least_as_up_to_date(*lost, promise_.durable));
        expect(holds, "entry " + std::to_string(promise_.durable.index.value));
    }
    void expect(bool is_kept, const std::string& what) const {
        if (!is_kept)
            around_.violate("the disk of server " + std::to_string(id().value) + " has forgotten " +
                            what + ", which it had said was durable");
    }

    world& around_;
    ledger& ledger_;
    Told& told_;
    network& network_;
    std::uint16_t place_;
    disk disk_;
    server_time time_{};
    std::uint32_t life_ = 0;
    promise promise_{};
    std::string refused_because_{};
    std::optional<storage_type> storage_{};
    std::optional<wal::peer_marks<simulated_files>> marks_{};
    std::optional<node_type> node_{};
};

}  // namespace raft::testing::simulation
