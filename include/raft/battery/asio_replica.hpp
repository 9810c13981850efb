// SPDX-License-Identifier: BSL-1.0
//
// A replica: the running thing. It is a node with a storage in files, connections over TCP, a timer
// and, if you like, a thread, so that from a state machine to a server of a cluster there is no
// more to write than who the servers are:
//
//     raft::replica<bank> cluster{{.id = {1},
//                                  .directory = "data-1",
//                                  .members = {{{1}, "10.0.0.1", 7000},
//                                              {{2}, "10.0.0.2", 7000},
//                                              {{3}, "10.0.0.3", 7000}}}};
//     if (const auto wrong = cluster.start()) return complain(*wrong);
//     auto outcome = cluster.propose(deposit{"ann", 10}, asio::use_future).get();
//
// Every request is an asynchronous operation of Asio: its last argument is a completion token
// (`asio::use_future`, `asio::use_awaitable`, a callable, …), and it can be cancelled as such.
//
// **A proposal that is cancelled, or whose time ends, is not undone.** Its outcome is `unknown`: it
// may have been applied, or may be yet; or a `refusal`, if nobody had taken it. To ask again
// without doing it twice, use `raft::sessions`.
//
// Include it only if you use it: it needs Asio (standalone, 1.22 or later) and POSIX. Who brings a
// loop, a storage or a transport of his own uses `raft::node`.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <raft/battery/asio_replica/directory.hpp>
#include <raft/battery/asio_replica/operations.hpp>
#include <raft/battery/asio_replica/options.hpp>
#include <raft/battery/asio_replica/own_thread.hpp>
#include <raft/battery/asio_replica/server.hpp>

namespace raft {

/// A new random history, for a cluster that begins.
[[nodiscard]] inline history_id mint_history() {
    std::random_device random;
    return {std::uint64_t{random()} << 32U | random()};
}

/// A server of a replicated state machine, at work. All its functions but `start` and the
/// destructor may be called from any thread, also within its own callables. Handlers run on their
/// associated executor; without one, on the thread of the replica.
/// `Platform` is the system, or a virtual world of tests (testing/asio_virtual_replica.hpp).
template <policy::checked_state_machine StateMachine, limits Limits = limits{},
          class Platform = system_platform<>>
class replica : public replica_operations<detail::running_replica<StateMachine, Limits, Platform>> {
    using running_type = detail::running_replica<StateMachine, Limits, Platform>;
    using operations = replica_operations<running_type>;
    using files = typename Platform::files;

public:
    /// It has a thread of its own.
    explicit replica(replica_options options, StateMachine machine = StateMachine())
        : replica{std::make_shared<detail::own_thread>(), std::move(options), std::move(machine)} {}

    /// It lives on `io`, which one thread runs, and which outlives it.
    replica(asio::io_context& io, replica_options options, StateMachine machine = StateMachine())
        : operations{std::make_shared<running_type>(nullptr, io, std::move(options),
                                                    std::move(machine))} {}

    replica(const replica&) = delete;
    replica& operator=(const replica&) = delete;

    /// Ends at once, as if the process did: nothing that was acknowledged is lost, and what is open
    /// is `unknown`. `stop` is kinder to the others. With a thread of its own it blocks until that
    /// has ended; so not from within a callable of its own. On a foreign `io_context` it ends, and
    /// answers, when that runs next: until then `log` and `on_change` may be called.
    ~replica() {
        asio::post(running()->context(), [running = running()] { running->finish(); });
        if (own_) own_->end();
    }

    /// Makes the directory of a server that has never run: of each of the first members, with the
    /// same new history (`mint_history`), when the cluster begins; later, with the history that
    /// `status()` gives, of one that is to join. Once: a server that has lost its directory must
    /// not come back under its id, since nobody knows what it had promised. It comes back as
    /// another member, and the old one is removed. Says what is wrong, if anything is. Blocks.
    [[nodiscard]] static std::optional<std::string>
    prepare(const std::string& directory, history_id history, files there = files()) {
        return detail::prepare_directory<typename running_type::storage_type>(directory, history,
                                                                              std::move(there));
    }

    /// Takes up what the directory keeps, and begins to take part. Once, before anything else; on a
    /// foreign `io_context` on its thread, or before it runs. Says what is wrong, if anything is;
    /// then nothing has begun. Blocks for the disk.
    [[nodiscard]] std::optional<std::string> start() {
        auto wrong = running()->start();
        if (wrong) running()->finish();
        if (own_) own_->begin();
        return wrong;
    }

    [[nodiscard]] const replica_options& options() const { return running()->options(); }

    /// Where another server listens, from now on.
    void set_peer(transport::peer peer) {
        asio::post(running()->context(), [running = running(), peer = std::move(peer)]() mutable {
            running->set_peer(std::move(peer));
        });
    }

private:
    using operations::running;

    replica(std::shared_ptr<detail::own_thread> own, replica_options options, StateMachine machine)
        : operations{std::make_shared<running_type>(own, own->io, std::move(options),
                                                    std::move(machine))}
        , own_{own} {}

    std::shared_ptr<detail::own_thread> own_{};
};

}  // namespace raft
