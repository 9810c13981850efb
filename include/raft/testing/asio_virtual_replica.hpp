// SPDX-License-Identifier: BSL-1.0
//
// Programs over `raft::replica` on virtual time: the replicas that ship, with clock, network and
// disks in memory. Seconds pass in no time, and the same seed makes the same run, on every machine.
//
//     raft::testing::virtual_world world{{.seed = 7}};
//     using server = raft::testing::virtual_replica<bank>;
//     server one{world.io(), {.id = {1}, .directory = "1", .members = members}};
//     …
//     one.propose(deposit{"ann", 10}, [&](auto outcome) { … });
//     world.run_for(5s);
//
// A server is killed when its replica is destroyed: what its disk had not been given is lost. What
// a program waits for itself, it waits for with `virtual_timer`, in the place of
// `asio::steady_timer`; its other asynchronous operations go on `world.io()` as ever. One thread.
//
// For a state machine alone, with more going wrong, there is testing/simulator.hpp. Needs Asio.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <raft/battery/asio_replica.hpp>
#include <raft/testing/asio_virtual_replica/disks.hpp>
#include <raft/testing/asio_virtual_replica/network.hpp>
#include <raft/testing/asio_virtual_replica/time.hpp>

namespace raft::testing {

/// What a replica in a virtual world stands on (battery/asio_node/platform.hpp).
struct virtual_platform {
    using files = virtual_files;
    using clock = virtual_clock;
    using timer = virtual_timer;
    template <class Command>
    using transport = virtual_transport<Command>;

    static constexpr flush_mode flushes = flush_mode::manual;

    [[nodiscard]] static files files_at(asio::io_context& io, const std::string& directory) {
        return {disks(io).at(directory), disks(io)};
    }
    [[nodiscard]] static clock clock_of(asio::io_context& io) { return virtual_clock{io}; }
    /// The world begins at noon of the first day of 2000.
    [[nodiscard]] static std::chrono::system_clock::time_point wall_clock(asio::io_context& io) {
        constexpr std::chrono::seconds beginning{946'728'000};
        return std::chrono::system_clock::time_point{
            std::chrono::duration_cast<std::chrono::system_clock::duration>(
                beginning + detail::agenda_of(io).now())};
    }
    [[nodiscard]] static std::uint64_t seed(asio::io_context& io) { return disks(io).roll(); }
    [[nodiscard]] static std::chrono::nanoseconds flush_time(asio::io_context& io) {
        return disks(io).flush_time();
    }
    /// No name is resolved: servers are found by their ids.
    [[nodiscard]] static std::variant<asio::ip::tcp::endpoint, std::string>
    endpoint_of(asio::io_context&, const raft::transport::peer&) {
        return asio::ip::tcp::endpoint{};
    }

private:
    [[nodiscard]] static detail::virtual_disks& disks(asio::io_context& io) {
        return asio::use_service<detail::virtual_disks>(io);
    }
};

/// A replica of a virtual world, made on its `io()`. Its members' hosts and ports say nothing.
template <policy::checked_state_machine StateMachine, limits Limits = limits{}>
using virtual_replica = replica<StateMachine, Limits, virtual_platform>;

struct virtual_world_options {
    std::uint64_t seed = 1;
    /// How long a message takes, and how long a disk takes for what was begun. At random between.
    std::chrono::nanoseconds delay_min = std::chrono::microseconds{100};
    std::chrono::nanoseconds delay_max = std::chrono::milliseconds{2};
    std::chrono::nanoseconds flush_min = std::chrono::microseconds{200};
    std::chrono::nanoseconds flush_max = std::chrono::milliseconds{3};
};

/// Where servers run on virtual time. Outlives them.
class virtual_world {
public:
    explicit virtual_world(const virtual_world_options& options = {}) {
        simulation::dice luck{options.seed};
        network_.settle(luck.roll());
        network_.set_delay(options.delay_min, options.delay_max);
        disks_.settle(luck.roll());
        disks_.set_flush_time(options.flush_min, options.flush_max);
    }
    virtual_world(const virtual_world&) = delete;
    virtual_world& operator=(const virtual_world&) = delete;

    /// The world runs it: the program does not.
    [[nodiscard]] asio::io_context& io() { return io_; }
    /// Since the world began.
    [[nodiscard]] std::chrono::nanoseconds now() const { return agenda_.now(); }

    // ------------------------------------------------------------------------------- time passes

    void run_for(std::chrono::nanoseconds time) {
        run_until([] { return false; }, time);
    }

    /// Until `done()`, which is asked after each event; false if it was not within this time.
    template <class Done>
    bool run_until(Done done, std::chrono::nanoseconds at_most) {
        const auto end = now() + at_most;
        for (;;) {
            io_.restart();
            while (io_.poll() != 0) {
            }
            if (done()) return true;
            const auto next = agenda_.next();
            if (!next || *next > end) break;
            agenda_.take_next();
        }
        agenda_.pass_until(end);
        return false;
    }

    // ----------------------------------------------------------------------- what happens to them

    /// Messages between the two are lost from now on, both ways, and neither is told.
    void cut(member_id a, member_id b) { network_.cut(a, b); }
    void heal(member_id a, member_id b) { network_.heal(a, b); }
    /// Nothing is cut any more.
    void heal() { network_.heal(); }

    /// A directory's disk: to be filled, to fail (`faulty_files`). Also while a server uses it.
    [[nodiscard]] faulty_files& disk(const std::string& directory) { return disks_.at(directory); }
    /// What was not synced is lost. No server uses it meanwhile.
    void lose_power(const std::string& directory) {
        disk(directory) = disk(directory).after_power_loss(survival{survival::kind::lost});
    }
    /// All is lost. No server uses it meanwhile.
    void wipe(const std::string& directory) { disk(directory) = faulty_files{}; }

private:
    asio::io_context io_{1};
    detail::virtual_agenda& agenda_ = detail::agenda_of(io_);
    detail::virtual_network& network_ = asio::use_service<detail::virtual_network>(io_);
    detail::virtual_disks& disks_ = asio::use_service<detail::virtual_disks>(io_);
};

/// As `replica::prepare`, on a disk of this world.
template <class StateMachine, limits Limits = limits{}>
[[nodiscard]] std::optional<std::string> prepare(virtual_world& world, const std::string& directory,
                                                 history_id history) {
    return virtual_replica<StateMachine, Limits>::prepare(
        directory, history, virtual_platform::files_at(world.io(), directory));
}

}  // namespace raft::testing
