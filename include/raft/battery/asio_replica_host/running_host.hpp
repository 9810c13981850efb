// SPDX-License-Identifier: BSL-1.0
//
// The running host: the groups, the connections that they share, the threads that write for them,
// and one timer for all.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <asio/error_code.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>

#include <raft/battery/asio_host_transport.hpp>
#include <raft/battery/asio_node/platform.hpp>
#include <raft/battery/asio_replica/connections.hpp>
#include <raft/battery/asio_replica/watch.hpp>
#include <raft/battery/asio_replica_host/host_directory.hpp>
#include <raft/battery/asio_replica_host/options.hpp>
#include <raft/battery/asio_replica_host/running_group.hpp>
#include <raft/battery/host.hpp>
#include <raft/battery/host/comparisons.hpp>

namespace raft::detail {

/// Used on the loop's thread, but for `find`.
template <class StateMachine, limits Limits>
class running_host : public std::enable_shared_from_this<running_host<StateMachine, Limits>> {
public:
    using group_type = running_group<StateMachine, Limits>;
    using group_pointer = std::shared_ptr<group_type>;
    using command = typename StateMachine::command;
    /// A group that has begun, or what is wrong.
    using added = std::variant<group_pointer, std::string>;

    /// `loop`: what `io` belongs to, if that is not the program's.
    running_host(std::shared_ptr<void> loop, asio::io_context& io, replica_host_options options)
        : loop_{std::move(loop)}
        , io_{io}
        , options_{std::move(options)}
        , disks_{std::max<std::size_t>(options_.disk_threads, 1)}
        , nodes_{options_.id}
        , shared_{io_,
                  disks_,
                  nodes_,
                  compared_,
                  [this](group_id group) { schedule_turn_of(group); },
                  [this](group_id group) { forget(group); }}
        , timer_{io} {}
    running_host(const running_host&) = delete;
    running_host& operator=(const running_host&) = delete;

    [[nodiscard]] asio::io_context& context() { return io_; }

    // ----------------------------------------------------------------------------------- beginning

    /// Says what is wrong, if anything is; then nothing has begun. Blocks for the disk.
    [[nodiscard]] std::optional<std::string> start() {
        if (auto wrong = directory_.open(options_.directory)) return wrong;
        auto connections = connections_of<system_platform<>>(
            io_, options_, options_.hosts, directory_.storage(), directory_.hosts(),
            [this](const transport::event& event) {
                if (options_.log) options_.log(line_of(event));
            });
        if (auto* wrong = std::get_if<std::string>(&connections)) return std::move(*wrong);
        links_.emplace(io_, std::get<transport::options>(std::move(connections)));
        const auto failed = links_->start(
            [this](member_id from, const wire::batch<command>& arrived) {
                nodes_.deliver(from, arrived);
                schedule_turn();
            },
            [this](member_id from, const digests::group_report& said) {
                compared_.receive(nodes_, from, said, instant_of(clock::now()), reports());
                schedule_turn();
            });
        if (!failed) return std::nullopt;
        links_.reset();
        return "cannot listen for the other hosts: " + failed.message();
    }

    /// Opens the group's directory on a disk thread, begins, and calls `answer`.
    void add(group_id group, replica_group_options options, StateMachine machine,
             std::function<void(added)> answer) {
        if (!links_ || is_ending_) return answer(std::string{"the host does not run"});
        if (find(group) || !coming_.insert(group.value).second)
            return answer("group " + std::to_string(group.value) + " is here already");
        const auto self = member_on(options_.id, options.incarnation);
        auto made = std::make_shared<group_type>(loop_, shared_, group, self, std::move(options),
                                                 std::move(machine));
        asio::post(disks_, [host = this->shared_from_this(), group, made = std::move(made),
                            answer = std::move(answer)]() mutable {
            auto wrong = made->open(host->directory_);
            asio::post(host->io_, [host, group, made = std::move(made), wrong = std::move(wrong),
                                   answer = std::move(answer)]() mutable {
                host->enter(group, std::move(made), std::move(wrong), answer);
            });
        });
    }

    // --------------------------------------------------------------------------------- what it has

    /// Any thread.
    [[nodiscard]] group_pointer find(group_id group) const {
        const std::lock_guard lock{mutex_};
        const auto found = groups_.find(group.value);
        return found == groups_.end() ? nullptr : found->second;
    }

    void set_host(transport::peer peer) {
        if (links_) links_->set_peer(std::move(peer));
    }

    // ----------------------------------------------------------------------------------- ending

    /// Every group ends as its `stop` says, then the host.
    void stop(std::function<void()> answer) {
        if (is_over_ || !links_) {
            finish();
            return answer();
        }
        stops_.push_back(std::move(answer));
        is_ending_ = true;
        for (const auto& each : all_groups()) each->wind_down();
        schedule_turn();
    }

    /// Ends at once. Blocks while the disks end what they have begun.
    void finish() {
        if (std::exchange(is_over_, true)) return;
        is_ending_ = true;
        timer_.cancel();
        for (const auto& each : all_groups()) each->finish();
        if (links_) links_->stop();
        disks_.join();
        directory_.close();
        for (const auto& answer : std::exchange(stops_, {})) answer();
    }

private:
    using clock = std::chrono::steady_clock;
    using node_type = typename group_type::node_type::node_type;

    /// A timer that comes so late was held up, and so was what the others had to say.
    static constexpr std::chrono::milliseconds noticeable_delay{20};

    [[nodiscard]] static instant instant_of(clock::time_point when) {
        const auto since_origin = when.time_since_epoch();
        return {std::chrono::duration_cast<std::chrono::nanoseconds>(since_origin).count()};
    }

    [[nodiscard]] std::vector<group_pointer> all_groups() const {
        const std::lock_guard lock{mutex_};
        std::vector<group_pointer> all;
        for (const auto& [group, each] : groups_) all.push_back(each);
        return all;
    }

    void enter(group_id group, group_pointer made, std::optional<std::string> wrong,
               const std::function<void(added)>& answer) {
        coming_.erase(group.value);
        if (!wrong && is_ending_) wrong = "the host ends";
        if (!wrong) wrong = made->start();
        if (wrong) return answer(std::move(*wrong));
        {
            const std::lock_guard lock{mutex_};
            groups_.emplace(group.value, made);
        }
        answer(std::move(made));
    }

    void forget(group_id group) {
        const std::lock_guard lock{mutex_};
        groups_.erase(group.value);
    }

    // -------------------------------------------------------------------------------- the turn

    void schedule_turn_of(group_id group) {
        waiting_.push_back(group);
        schedule_turn();
    }

    void schedule_turn() {
        if (is_over_ || std::exchange(turn_scheduled_, true)) return;
        asio::post(io_, [weak = this->weak_from_this()] {
            if (const auto self = weak.lock()) self->turn();
        });
    }

    /// All that has happened is worked off together, and what the groups say to a host leaves as
    /// one batch.
    void turn() {
        turn_scheduled_ = false;
        if (is_over_) return;
        nodes_.poll(clock::now());
        for (const auto group : take_used())
            if (const auto found = find(group)) turn_of(group, *found);
        for (const auto group : take_used())
            if (const auto found = find(group)) found->node().flush_soon();
        nodes_.send_all([this](member_id to, const wire::batch<command>& said) {
            return links_->send(to, said);
        });
        if (!stops_.empty() && all_groups().empty()) return finish();
        arm_timer();
    }

    /// The groups that did anything since the last call, or asked for a turn.
    [[nodiscard]] std::vector<group_id> take_used() {
        auto all = std::exchange(waiting_, {});
        nodes_.each_used([&](group_id group, const node_type&) { all.push_back(group); });
        std::sort(all.begin(), all.end());
        all.erase(std::unique(all.begin(), all.end()), all.end());
        return all;
    }

    void turn_of(group_id group, group_type& running) {
        nodes_.use(group, [&](node_type&) {
            running.node().begin_turn(reports());
            for (auto& [about, news] : compared_.take_news())
                if (const auto told = find(about)) told->node().hear(std::move(news));
            running.turn();
        });
    }

    [[nodiscard]] auto reports() {
        return [this](member_id to, const digests::group_report& said) { links_->send(to, said); };
    }

    void arm_timer() {
        const auto deadline = nodes_.deadline();
        if (deadline == armed_) return;
        armed_ = deadline;
        if (!deadline) return static_cast<void>(timer_.cancel());
        timer_.expires_at(*deadline);
        timer_.async_wait(
            [weak = this->weak_from_this(), due = *deadline](const asio::error_code& cancelled) {
                if (const auto self = weak.lock(); self && !cancelled) self->wake_up(due);
            });
    }

    /// A host that was itself held up has not heard the leaders because it did not listen. Before
    /// its groups stand for election it reads what came: what is posted by a posted handler runs
    /// after the loop has looked for what has arrived.
    void wake_up(clock::time_point due) {
        armed_.reset();
        if (clock::now() - due < noticeable_delay) return schedule_turn();
        asio::post(io_, [weak = this->weak_from_this()] {
            if (const auto self = weak.lock()) self->schedule_turn();
        });
    }

    std::shared_ptr<void> loop_;
    asio::io_context& io_;
    replica_host_options options_;
    host_directory directory_{};
    std::optional<asio_host_transport<command>> links_{};

    asio::thread_pool disks_;
    host<node_type> nodes_;
    digests::group_comparisons compared_{};
    typename group_type::shared shared_;

    mutable std::mutex mutex_{};
    std::map<std::uint64_t, group_pointer> groups_{};
    std::set<std::uint64_t> coming_{};  ///< Those that are being opened.
    std::vector<group_id> waiting_{};   ///< They want a turn.
    bool turn_scheduled_ = false;

    asio::steady_timer timer_;
    std::optional<clock::time_point> armed_{};

    std::vector<std::function<void()>> stops_{};
    bool is_ending_ = false;
    bool is_over_ = false;
};

}  // namespace raft::detail
