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

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <asio/async_result.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <raft/battery/asio_replica/options.hpp>
#include <raft/battery/asio_replica/running.hpp>

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
class replica {
    using running = detail::running_replica<StateMachine, Limits, Platform>;
    using files = typename Platform::files;
    template <class Answer>
    using request_for = typename running::template request<Answer>;

public:
    using command = typename running::command;
    using result = typename running::result;
    using executor_type = asio::io_context::executor_type;
    using milliseconds = std::chrono::milliseconds;

    /// It has a thread of its own.
    explicit replica(replica_options options, StateMachine machine = StateMachine())
        : own_{std::make_shared<own_thread>()}
        , running_{
              std::make_shared<running>(own_, own_->io, std::move(options), std::move(machine))} {}

    /// It lives on `io`, which one thread runs, and which outlives it.
    replica(asio::io_context& io, replica_options options, StateMachine machine = StateMachine())
        : running_{std::make_shared<running>(nullptr, io, std::move(options), std::move(machine))} {
    }

    replica(const replica&) = delete;
    replica& operator=(const replica&) = delete;

    /// Ends at once, as if the process did: nothing that was acknowledged is lost, and what is open
    /// is `unknown`. `stop` is kinder to the others. With a thread of its own it blocks until that
    /// has ended; so not from within a callable of its own. On a foreign `io_context` it ends, and
    /// answers, when that runs next: until then `log` and `on_change` may be called.
    ~replica() {
        asio::post(running_->context(), [running = running_] { running->finish(); });
        if (own_) own_->end();
    }

    /// Makes the directory of a server that has never run: of each of the first members, with the
    /// same new history (`mint_history`), when the cluster begins; later, with the history that
    /// `status()` gives, of one that is to join. Once: a server that has lost its directory must
    /// not come back under its id, since nobody knows what it had promised. It comes back as
    /// another member, and the old one is removed. Says what is wrong, if anything is. Blocks.
    [[nodiscard]] static std::optional<std::string>
    prepare(const std::string& directory, history_id history, files there = files()) {
        auto opened =
            running::storage_type::open(directory, {.mode = flush_mode::manual}, std::move(there));
        if (const auto* wrong = std::get_if<file_storage_error>(&opened)) return wrong->message;
        auto& storage = std::get<typename running::storage_type>(opened);
        if (storage.history() == history && storage.was_empty()) return std::nullopt;
        if (storage.history() || !storage.was_empty())
            return directory + " is in use: a server has run there, or it was prepared before";
        if (!storage.keep_history(history)) return storage.error();
        return std::nullopt;
    }

    /// Takes up what the directory keeps, and begins to take part. Once, before anything else; on a
    /// foreign `io_context` on its thread, or before it runs. Says what is wrong, if anything is;
    /// then nothing has begun. Blocks for the disk.
    [[nodiscard]] std::optional<std::string> start() {
        auto wrong = running_->start();
        if (wrong) running_->finish();
        if (own_) own_->begin();
        return wrong;
    }

    [[nodiscard]] executor_type get_executor() const { return running_->context().get_executor(); }
    [[nodiscard]] const replica_options& options() const { return running_->options(); }

    /// Puts a command into the replicated log, whoever leads, and completes with an
    /// `outcome<result>`: `applied` here with the state machine's result; a `refusal`, if it was in
    /// no log and nobody took it in time; else `unknown`, also when leadership was lost meanwhile.
    template <class Token>
    auto propose(command asked, milliseconds timeout, Token&& token) {
        using answer = outcome<result>;
        return initiate<typename running::proposal, answer>(
            token, timeout, [](running& at, auto request) { at.propose(std::move(request)); },
            std::move(asked));
    }
    template <class Token>
    auto propose(command asked, Token&& token) {
        return propose(std::move(asked), options().request_timeout, std::forward<Token>(token));
    }

    /// Calls `query(const StateMachine&)`, on the thread of the replica, once the state machine is
    /// as fresh as `wanted` says: by default it then holds everything that was committed before
    /// this call, whichever server is asked (thesis §6.4). Completes with a `query_outcome` of what
    /// `query` returns. It must not block.
    template <class Query, class Token>
    auto read(const core::read_requested& wanted, Query asked, Token&& token) {
        using value = std::decay_t<std::invoke_result_t<Query&, const StateMachine&>>;
        static_assert(!std::is_void_v<value>, "raft: a query returns what it has found");
        using answer = query_outcome<value>;
        using asked_as =
            detail::query_request<StateMachine, typename Platform::timer, Query, value>;
        return initiate<asked_as, answer>(
            token, options().request_timeout,
            [](running& at, auto request) { at.read(std::move(request)); }, wanted,
            std::move(asked));
    }
    template <class Query, class Token>
    auto read(Query asked, Token&& token) {
        return read(core::read_requested{}, std::move(asked), std::forward<Token>(token));
    }

    /// Makes these the members, in as many steps as it takes (§6), and completes with a
    /// `change_outcome`. Only where the leader is: another server refuses, and names it. Servers
    /// that come in must run, with `joins`, and be known to the others by `set_peer` first.
    template <class Token>
    auto change_members(std::vector<member> wanted, change_check check, Token&& token) {
        return initiate<request_for<change_outcome>, change_outcome>(
            token, std::nullopt,
            [wanted = std::move(wanted), check](running& at, auto request) mutable {
                at.change(std::move(request), std::move(wanted), check);
            });
    }
    template <class Token>
    auto change_members(std::vector<member> wanted, Token&& token) {
        return change_members(std::move(wanted), change_check::live_majority,
                              std::forward<Token>(token));
    }

    /// Where another server listens, from now on.
    void set_peer(transport::peer peer) {
        asio::post(running_->context(), [running = running_, peer = std::move(peer)]() mutable {
            running->set_peer(std::move(peer));
        });
    }

    /// Hands leadership to `target`, or to who has the most complete log (thesis §3.10), and
    /// completes with a `transfer_outcome`.
    template <class Token>
    auto transfer_leadership(std::optional<member_id> target, Token&& token) {
        return initiate<request_for<transfer_outcome>, transfer_outcome>(
            token, options().request_timeout,
            [target](running& at, auto request) { at.transfer(std::move(request), target); });
    }

    /// Saves the state machine's state, so that the log before it can go (§7), and completes with a
    /// `snapshot_outcome` when that is durable.
    template <class Token>
    auto take_snapshot(Token&& token) {
        return initiate<request_for<snapshot_outcome>, snapshot_outcome>(
            token, std::nullopt,
            [](running& at, auto request) { at.take_snapshot(std::move(request)); });
    }

    /// Completes with a `replica_status`.
    template <class Token>
    auto status(Token&& token) {
        return asio::async_initiate<Token, void(replica_status)>(
            [running = running_](auto handler) {
                auto work = asio::make_work_guard(handler, running->context());
                asio::post(running->context(), [running, work = std::move(work),
                                                handler = std::move(handler)]() mutable {
                    const auto executor = work.get_executor();
                    asio::post(executor, [handler = std::move(handler), work = std::move(work),
                                          status = running->status()]() mutable {
                        std::move(handler)(std::move(status));
                    });
                });
            },
            token);
    }

    /// Takes nothing new, lets what is open get its answer, hands leadership on if it leads, and
    /// ends: no longer than `replica_options::stop_timeout`. What is open then is `unknown`.
    template <class Token>
    auto stop(Token&& token) {
        return initiate<request_for<detail::stopped>, detail::stopped>(
            token, std::nullopt, [](running& at, auto request) { at.stop(std::move(request)); });
    }

private:
    /// The loop, on a thread.
    struct own_thread {
        asio::io_context io{1};
        asio::executor_work_guard<executor_type> work{io.get_executor()};
        std::thread thread{};

        void begin() {
            thread = std::thread{[this] { io.run(); }};
        }
        void end() {
            work.reset();
            if (thread.joinable())
                thread.join();
            else
                io.run();
        }
    };

    /// Opens a request of kind `Base`, made of `arguments`, and has `begin` called with it on the
    /// thread of the replica.
    template <class Base, class Answer, class Token, class Begin, class... Arguments>
    auto initiate(Token& token, std::optional<milliseconds> timeout, Begin begin,
                  Arguments... arguments) {
        return asio::async_initiate<Token, typename detail::signature_of<Answer>::type>(
            [running = running_, timeout](auto handler, Begin begins, Arguments... given) {
                using handler_type = decltype(handler);
                using request_type = detail::request_by<Base, Answer, handler_type>;
                auto request = std::make_shared<request_type>(
                    running->context(), std::move(handler), std::move(given)...);
                request->keep(running);
                request->listen_to_cancellation();
                asio::post(running->context(),
                           [running, timeout, request, begin = std::move(begins)]() mutable {
                               request->open(running->all());
                               if (timeout) request->expire_after(*timeout);
                               begin(*running, std::move(request));
                           });
            },
            token, std::move(begin), std::move(arguments)...);
    }

    std::shared_ptr<own_thread> own_{};
    std::shared_ptr<running> running_;
};

}  // namespace raft
