// SPDX-License-Identifier: BSL-1.0
//
// A host of many replicated groups, at work: each group has a log, a leader and members of its own,
// and all share the host's connections, its loop, and the threads that write for them. So a program
// can have a thousand small logs (shards, tenants, topics) instead of one large one:
//
//     raft::replica_host<bank> here{{.id = {1}, .directory = "data-1", .hosts = where_they_are}};
//     if (const auto wrong = here.start()) return complain(*wrong);
//     auto added = here.add({7}, {.hosts = {{1}, {2}, {3}}, .history = of_7}, bank{},
//                           asio::use_future).get();
//     if (const auto* wrong = std::get_if<std::string>(&added)) return complain(*wrong);
//     auto branch = std::get<0>(added);
//     auto outcome = branch.propose(deposit{"ann", 10}, asio::use_future).get();
//
// What can be asked of a group is what can be asked of a `raft::replica`, and means the same.
//
// Include it only if you use it: it needs Asio (standalone, 1.22 or later) and POSIX. Who brings a
// loop, storages or a transport of his own uses `raft::host`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <raft/battery/asio_replica.hpp>
#include <raft/battery/asio_replica_host/options.hpp>
#include <raft/battery/asio_replica_host/running_host.hpp>

namespace raft {

/// A group of a `replica_host`: what it can be asked for. Copies are the same group, which lives
/// until it is stopped, or its host ends; from then on it refuses.
template <policy::checked_state_machine StateMachine, limits Limits = limits{}>
class replica_group : public replica_operations<detail::running_group<StateMachine, Limits>> {
public:
    using replica_operations<detail::running_group<StateMachine, Limits>>::replica_operations;
};

/// Groups of one kind of state machine, on this host. All its functions but `start` and the
/// destructor may be called from any thread. Handlers run on their associated executor; without
/// one, on the thread of the host.
template <policy::checked_state_machine StateMachine, limits Limits = limits{}>
class replica_host {
    using running = detail::running_host<StateMachine, Limits>;

public:
    using group_type = replica_group<StateMachine, Limits>;
    using executor_type = asio::io_context::executor_type;
    /// The group, or what is wrong.
    using added = std::variant<group_type, std::string>;

    /// It has a thread of its own for all groups, besides those that write.
    explicit replica_host(replica_host_options options)
        : own_{std::make_shared<detail::own_thread>()}
        , running_{std::make_shared<running>(own_, own_->io, std::move(options))} {}

    /// It lives on `io`, which one thread runs, and which outlives it.
    replica_host(asio::io_context& io, replica_host_options options)
        : running_{std::make_shared<running>(nullptr, io, std::move(options))} {}

    replica_host(const replica_host&) = delete;
    replica_host& operator=(const replica_host&) = delete;

    /// Ends at once, as that of `replica`.
    ~replica_host() {
        asio::post(running_->context(), [ending = running_] { ending->finish(); });
        if (own_) own_->end();
    }

    /// Makes the directory of a host that has never run, as `replica::prepare` does that of a
    /// server: with the same history on each of the hosts that know each other.
    [[nodiscard]] static std::optional<std::string> prepare(const std::string& directory,
                                                            history_id history) {
        return detail::host_directory::prepare(directory, history);
    }

    /// Begins to listen, without a group. Once, before anything else; on a foreign `io_context` on
    /// its thread, or before it runs. Says what is wrong, if anything is. Blocks for the disk.
    [[nodiscard]] std::optional<std::string> start() {
        auto wrong = running_->start();
        if (wrong) running_->finish();
        if (own_) own_->begin();
        return wrong;
    }

    [[nodiscard]] executor_type get_executor() const { return running_->context().get_executor(); }

    /// Takes up the group's directory, which it makes if the group is new here, and begins to take
    /// part. To be called for each group at each start. Completes with `added`.
    template <class Token>
    auto add(group_id group, replica_group_options options, StateMachine machine, Token&& token) {
        return asio::async_initiate<Token, void(added)>(
            [host = running_, group](auto handler, replica_group_options given,
                                     StateMachine begun) {
                auto answer = [tell = answer_by(*host, std::move(handler))](
                                  typename running::added made) { tell(told(std::move(made))); };
                asio::post(host->context(), [host, group, given = std::move(given),
                                             begun = std::move(begun),
                                             answer = std::move(answer)]() mutable {
                    host->add(group, std::move(given), std::move(begun), std::move(answer));
                });
            },
            token, std::move(options), std::move(machine));
    }

    /// A group that was added and has not stopped.
    [[nodiscard]] std::optional<group_type> find(group_id group) const {
        auto found = running_->find(group);
        return found ? std::optional{group_type{std::move(found)}} : std::nullopt;
    }

    /// Where another host listens, from now on.
    void set_host(transport::peer peer) {
        asio::post(running_->context(), [host = running_, peer = std::move(peer)]() mutable {
            host->set_host(std::move(peer));
        });
    }

    /// Stops every group, as `replica::stop` does, and ends.
    template <class Token>
    auto stop(Token&& token) {
        return asio::async_initiate<Token, void()>(
            [host = running_](auto handler) {
                asio::post(host->context(),
                           [host, answer = answer_by(*host, std::move(handler))]() mutable {
                               host->stop(std::move(answer));
                           });
            },
            token);
    }

private:
    /// A copyable callable that completes the handler, once, on its executor.
    template <class Handler>
    [[nodiscard]] static auto answer_by(running& host, Handler handler) {
        const auto executor = asio::get_associated_executor(handler, host.context().get_executor());
        return [work = asio::make_work_guard(executor),
                waiting = std::make_shared<Handler>(std::move(handler))](auto... given) {
            auto complete = [waiting, ... given = std::move(given)]() mutable {
                std::move (*waiting)(std::move(given)...);
            };
            asio::post(work.get_executor(), std::move(complete));
        };
    }

    [[nodiscard]] static added told(typename running::added made) {
        if (auto* wrong = std::get_if<std::string>(&made)) return std::move(*wrong);
        return group_type{std::get<0>(std::move(made))};
    }

    std::shared_ptr<detail::own_thread> own_{};
    std::shared_ptr<running> running_;
};

}  // namespace raft
