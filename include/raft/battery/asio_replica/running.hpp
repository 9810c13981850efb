// SPDX-License-Identifier: BSL-1.0
//
// A running member of a cluster: what drives its node on an event loop, and the requests that wait.
// In each of its turns what waits is handed to the node, and whoever watches is told.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <raft/battery/asio_replica/options.hpp>
#include <raft/battery/asio_replica/outcome.hpp>
#include <raft/battery/asio_replica/request.hpp>
#include <raft/battery/asio_replica/terms.hpp>
#include <raft/battery/asio_replica/watch.hpp>
#include <raft/node.hpp>

namespace raft::detail {

/// `Driven`: an `asio_node`, or what drives a group of a host (asio_replica_host/hosted_node.hpp)
/// and has those functions of one that are used here.
template <class Driven, limits Limits>
class running_member : public std::enable_shared_from_this<running_member<Driven, Limits>> {
public:
    using timer = typename Driven::timer;
    template <class Answer>
    using request = detail::request<Answer, timer>;

    using state_machine = typename Driven::state_machine;
    using command = typename Driven::command;
    using result = typename Driven::result;

    using proposal = proposal_request<state_machine, timer>;
    using query = any_query<state_machine>;

    /// `loop`: what `io` belongs to, if that is not the program's.
    running_member(std::shared_ptr<void> loop, asio::io_context& io, member_terms terms)
        : loop_{std::move(loop)}
        , io_{io}
        , terms_{std::move(terms)}
        , watch_{terms_}
        , retry_timer_{io}
        , stop_timer_{io} {}
    running_member(const running_member&) = delete;
    running_member& operator=(const running_member&) = delete;
    ~running_member() = default;

    [[nodiscard]] const member_terms& terms() const { return terms_; }
    [[nodiscard]] asio::io_context& context() { return io_; }
    [[nodiscard]] open_requests& all() { return open_; }

    // -------------------------------------------------------------------------------- requests

    void propose(std::shared_ptr<proposal> asked) {
        if (refuse_if_stopped(*asked)) return;
        asked->hold({refusal_reason::not_leader, std::nullopt});
        proposals_.push_back(std::move(asked));
        schedule_turn();
    }

    void read(std::shared_ptr<query> asked) {
        if (!is_taking()) return asked->refuse({refusal_reason::not_leader, std::nullopt});
        asked->hold_back({refusal_reason::not_leader, std::nullopt});
        queries_.push_back(std::move(asked));
        schedule_turn();
    }

    void change(std::shared_ptr<request<change_outcome>> asked, std::vector<member> wanted,
                change_check check) {
        if (refuse_if_stopped(*asked)) return;
        driven_->use([&](auto& node) {
            node.change_members(
                node.status().configuration, std::move(wanted),
                [asked](const change_outcome& given) { asked->answer(given); }, check);
        });
    }

    void transfer(std::shared_ptr<request<transfer_outcome>> asked,
                  std::optional<member_id> target) {
        if (refuse_if_stopped(*asked)) return;
        driven_->use([&](auto& node) {
            if (const auto refused = node.transfer_leadership(target)) asked->answer(*refused);
        });
        if (asked->is_open()) transfers_.push_back(std::move(asked));
    }

    void take_snapshot(std::shared_ptr<request<snapshot_outcome>> asked) {
        if (refuse_if_stopped(*asked)) return;
        if constexpr (snapshotting_state_machine<state_machine>) {
            const auto index = node().status().last_applied;
            driven_->use([&](auto& node) {
                if (const auto refused = node.take_snapshot()) asked->answer(*refused);
            });
            if (asked->is_open()) snapshots_.push_back({index, std::move(asked)});
        } else {
            asked->answer(refusal{refusal_reason::nothing_to_do, std::nullopt});
        }
    }

    [[nodiscard]] replica_status status() const {
        if (!is_running()) return {node_status{.id = terms_.id}, {}, {}};
        const auto& driven = std::as_const(*driven_);
        return {node().status(), driven.members(), driven.compared()};
    }

    /// Something has happened. To be called by what drives the node, on the loop's thread.
    void turn() {
        if (is_over_) return;
        submit_proposals();
        submit_queries();
        answer_transfers();
        answer_snapshots();
        watch_.look_at(node(), driven_->storage());
        for (const auto& each : driven_->take_news()) watch_.tell(each);
        if (stopping_ && may_finish()) finish();
    }

    // ----------------------------------------------------------------------------------- ending

    /// Nothing new is taken. What is open gets its answer, and another server the leadership; what
    /// takes too long is cut short.
    void stop(std::shared_ptr<request<stopped>> asked) {
        if (is_over_ || !is_running()) {
            finish();
            return asked->answer({});
        }
        stops_.push_back(std::move(asked));
        wind_down();
    }

    /// It goes on to its end, as `stop` says. Only while it runs.
    void wind_down() {
        if (std::exchange(stopping_, true)) return;
        stop_timer_.expires_after(terms_.stop_timeout);
        stop_timer_.async_wait([weak = this->weak_from_this()](const asio::error_code& cancelled) {
            if (const auto self = weak.lock(); self && !cancelled) self->finish();
        });
        schedule_turn();
    }

    /// Ends at once. Whatever is open is given up.
    void finish() {
        if (std::exchange(is_over_, true)) return;
        for (auto* each : {&retry_timer_, &stop_timer_}) each->cancel();
        if (driven_) driven_->stop();
        for (const auto& each : std::exchange(stops_, {})) each->answer({});
        while (!open_.empty()) {
            const auto first = open_.front();
            first->give_up();
        }
    }

protected:
    /// Before it starts.
    void drive(std::shared_ptr<Driven> driven) { driven_ = std::move(driven); }
    [[nodiscard]] Driven& driven() { return *driven_; }
    [[nodiscard]] const member_watch& watch() const { return watch_; }

    [[nodiscard]] bool is_running() const { return driven_ && driven_->is_running(); }
    [[nodiscard]] bool is_taking() const { return is_running() && !stopping_ && !is_over_; }

private:
    static constexpr std::size_t batch_max = 64;
    static constexpr std::chrono::milliseconds retry_pause{20};

    struct awaited_snapshot {
        log_index index{};
        std::shared_ptr<request<snapshot_outcome>> asked{};
    };

    [[nodiscard]] auto& node() { return driven_->node(); }
    [[nodiscard]] const auto& node() const { return std::as_const(*driven_).node(); }

    void schedule_turn() { driven_->schedule_turn(); }

    /// What was refused may be taken in a moment.
    void schedule_retry() {
        if (std::exchange(retries_, true)) return;
        retry_timer_.expires_after(retry_pause);
        retry_timer_.async_wait([weak = this->weak_from_this()](const asio::error_code& cancelled) {
            const auto self = weak.lock();
            if (!self || cancelled) return;
            self->retries_ = false;
            self->schedule_turn();
        });
    }

    // ------------------------------------------------------------------------------- proposals

    template <class Request>
    [[nodiscard]] bool refuse_if_stopped(Request& asked) const {
        if (is_taking()) return false;
        asked.answer(refusal{refusal_reason::not_leader, std::nullopt});
        return true;
    }

    void submit_proposals() {
        if (retries_) return;
        auto waiting = std::exchange(proposals_, {});
        std::erase_if(waiting, [](const auto& each) { return !each->is_open(); });
        while (!waiting.empty()) {
            if (!node().protocol_state().is_leader()) {
                forward(std::move(waiting.front()));
                waiting.pop_front();
                continue;
            }
            std::vector<std::shared_ptr<proposal>> batch;
            std::size_t bytes = 0;
            while (!waiting.empty() && batch.size() < batch_max && bytes < Limits.message_bytes) {
                bytes += driven_->storage().size_of(waiting.front()->asked());
                if (bytes > Limits.message_bytes && !batch.empty()) break;
                batch.push_back(std::move(waiting.front()));
                waiting.pop_front();
            }
            propose_all(std::move(batch));
        }
    }

    /// Each gets an entry of its own; they go to the others, and to the disk, together.
    void propose_all(std::vector<std::shared_ptr<proposal>> batch) {
        std::vector<command> commands;
        for (const auto& each : batch) {
            each->let_go();
            commands.push_back(each->asked());
            driven_->stamp(commands.back());
        }
        node().propose(std::span<const command>{commands},
                       [this, all = std::move(batch)](std::size_t i, const outcome<result>& given) {
                           hear(all[i], given);
                       });
    }

    void forward(std::shared_ptr<proposal> asked) {
        if (!terms_.forwards)
            return asked->answer(
                refusal{refusal_reason::not_leader, node().protocol_state().current_leader()});
        asked->let_go();
        auto one = asked->asked();
        driven_->stamp(one);
        node().forward(std::move(one), [this, asked = std::move(asked)](
                                           const outcome<result>& given) { hear(asked, given); });
    }

    /// A refusal says that the command was in no log: to try it again is safe.
    void hear(const std::shared_ptr<proposal>& asked, const outcome<result>& given) {
        if (!asked->is_open()) return;
        const auto* refused = std::get_if<refusal>(&given);
        if (refused == nullptr || !passes_by_itself(refused->reason)) return asked->answer(given);
        asked->hold(*refused);
        if (is_over_) return;
        proposals_.push_back(asked);
        schedule_retry();
    }

    // --------------------------------------------------------------------------------- queries

    /// Those that want the same share one round of heartbeats (thesis §6.4).
    void submit_queries() {
        if (retries_) return;
        auto waiting = std::exchange(queries_, {});
        std::erase_if(waiting, [](const auto& each) { return !each->is_wanted(); });
        while (!waiting.empty()) {
            const auto wanted = waiting.front()->wanted();
            const auto rest =
                std::stable_partition(waiting.begin(), waiting.end(),
                                      [&](const auto& each) { return each->wanted() == wanted; });
            auto group = std::make_shared<std::vector<std::shared_ptr<query>>>(
                std::move_iterator{waiting.begin()}, std::move_iterator{rest});
            waiting.erase(waiting.begin(), rest);
            for (const auto& each : *group) each->begin();
            node().read(wanted, [this, group](const read_outcome& given) { hear(*group, given); });
        }
    }

    void hear(const std::vector<std::shared_ptr<query>>& group, const read_outcome& given) {
        if (const auto* ready = std::get_if<read_ready>(&given)) {
            for (const auto& each : group) each->look_at(node().state_machine(), ready->index);
            return;
        }
        const auto& why = std::get<refusal>(given);
        for (const auto& each : group) {
            if (!passes_by_itself(why.reason) || is_over_) {
                each->refuse(why);
                continue;
            }
            each->hold_back(why);
            queries_.push_back(each);
            schedule_retry();
        }
    }

    // ------------------------------------------------------------------------ what takes a while

    /// A transfer is over when another server leads, or when this one has given it up.
    void answer_transfers() {
        if (transfers_.empty()) return;
        const auto& s = node().protocol_state();
        const auto leader = s.current_leader();
        const bool goes_on = !leader || (s.is_leader() && s.tasks->transfer);
        if (goes_on && !s.is_halted()) return;
        for (const auto& each : std::exchange(transfers_, {})) {
            if (leader)
                each->answer(*leader);
            else
                each->answer(refusal{refusal_reason::storage_failed, std::nullopt});
        }
    }

    void answer_snapshots() {
        const auto& s = node().protocol_state();
        const auto newest = s.snapshot.last_included.index;
        std::erase_if(snapshots_, [&](const auto& each) {
            if (each.index <= newest)
                each.asked->answer(newest);
            else if (s.is_halted())
                each.asked->answer(refusal{refusal_reason::storage_failed, std::nullopt});
            return !each.asked->is_open();
        });
    }

    /// It goes once nobody waits for it, and another server leads if one can.
    [[nodiscard]] bool may_finish() {
        std::erase_if(stops_, [](const auto& each) { return !each->is_open(); });
        if (open_.size() > stops_.size()) return false;
        return driven_->has_handed_over();
    }

    std::shared_ptr<void> loop_;
    asio::io_context& io_;
    member_terms terms_;
    member_watch watch_;
    std::shared_ptr<Driven> driven_{};

    open_requests open_{};
    std::deque<std::shared_ptr<proposal>> proposals_{};  ///< Those that nobody has taken yet.
    std::deque<std::shared_ptr<query>> queries_{};
    std::vector<std::shared_ptr<request<transfer_outcome>>> transfers_{};
    std::vector<awaited_snapshot> snapshots_{};
    std::vector<std::shared_ptr<request<stopped>>> stops_{};

    timer retry_timer_;
    bool retries_ = false;

    timer stop_timer_;
    bool stopping_ = false;
    bool is_over_ = false;
};

}  // namespace raft::detail
