// SPDX-License-Identifier: BSL-1.0
//
// What a running member of a cluster can be asked for, each an asynchronous operation of Asio.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/async_result.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <raft/battery/asio_replica/options.hpp>
#include <raft/battery/asio_replica/outcome.hpp>
#include <raft/battery/asio_replica/request.hpp>

namespace raft {

/// The operations of a `replica`, and of a group of a `replica_host`. Any thread may call them,
/// also from within a callable of theirs. Handlers run on their associated executor; without one,
/// on the thread of the loop. `Running`: what carries them out.
template <class Running>
class replica_operations {
    template <class Answer>
    using request_for = typename Running::template request<Answer>;
    using state_machine = typename Running::state_machine;

public:
    using command = typename Running::command;
    using result = typename Running::result;
    using executor_type = asio::io_context::executor_type;
    using milliseconds = std::chrono::milliseconds;

    explicit replica_operations(std::shared_ptr<Running> running) : running_{std::move(running)} {}

    [[nodiscard]] executor_type get_executor() const { return running_->context().get_executor(); }

    /// Puts a command into the replicated log, whoever leads, and completes with an
    /// `outcome<result>`: `applied` here with the state machine's result; a `refusal`, if it was in
    /// no log and nobody took it in time; else `unknown`, also when leadership was lost meanwhile.
    template <class Token>
    auto propose(command asked, milliseconds timeout, Token&& token) {
        using answer = outcome<result>;
        return initiate<typename Running::proposal, answer>(
            token, timeout, [](Running& at, auto request) { at.propose(std::move(request)); },
            std::move(asked));
    }
    template <class Token>
    auto propose(command asked, Token&& token) {
        return propose(std::move(asked), running_->terms().request_timeout,
                       std::forward<Token>(token));
    }

    /// Calls `query(const state_machine&)`, on the thread of its loop, once the state machine is
    /// as fresh as `wanted` says: by default it then holds everything that was committed before
    /// this call, whichever server is asked (thesis §6.4). Completes with a `query_outcome` of what
    /// `query` returns. It must not block.
    template <class Query, class Token>
    auto read(const core::read_requested& wanted, Query asked, Token&& token) {
        using value = std::decay_t<std::invoke_result_t<Query&, const state_machine&>>;
        static_assert(!std::is_void_v<value>, "raft: a query returns what it has found");
        using answer = query_outcome<value>;
        using asked_as =
            detail::query_request<state_machine, typename Running::timer, Query, value>;
        return initiate<asked_as, answer>(
            token, running_->terms().request_timeout,
            [](Running& at, auto request) { at.read(std::move(request)); }, wanted,
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
            [wanted = std::move(wanted), check](Running& at, auto request) mutable {
                at.change(std::move(request), std::move(wanted), check);
            });
    }
    template <class Token>
    auto change_members(std::vector<member> wanted, Token&& token) {
        return change_members(std::move(wanted), change_check::live_majority,
                              std::forward<Token>(token));
    }

    /// Hands leadership to `target`, or to who has the most complete log (thesis §3.10), and
    /// completes with a `transfer_outcome`.
    template <class Token>
    auto transfer_leadership(std::optional<member_id> target, Token&& token) {
        return initiate<request_for<transfer_outcome>, transfer_outcome>(
            token, running_->terms().request_timeout,
            [target](Running& at, auto request) { at.transfer(std::move(request), target); });
    }

    /// Saves the state machine's state, so that the log before it can go (§7), and completes with a
    /// `snapshot_outcome` when that is durable.
    template <class Token>
    auto take_snapshot(Token&& token) {
        return initiate<request_for<snapshot_outcome>, snapshot_outcome>(
            token, std::nullopt,
            [](Running& at, auto request) { at.take_snapshot(std::move(request)); });
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
            token, std::nullopt, [](Running& at, auto request) { at.stop(std::move(request)); });
    }

protected:
    [[nodiscard]] const std::shared_ptr<Running>& running() const { return running_; }

private:
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

    std::shared_ptr<Running> running_;
};

}  // namespace raft
