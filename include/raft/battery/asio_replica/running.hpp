// SPDX-License-Identifier: BSL-1.0
//
// The running replica: a node at work on an event loop (asio_node.hpp), and the requests that wait.
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

#include <raft/battery/asio_node.hpp>
#include <raft/battery/asio_replica/address.hpp>
#include <raft/battery/asio_replica/node_settings.hpp>
#include <raft/battery/asio_replica/options.hpp>
#include <raft/battery/asio_replica/outcome.hpp>
#include <raft/battery/asio_replica/request.hpp>
#include <raft/battery/asio_replica/watch.hpp>
#include <raft/battery/file_storage/peer_marks.hpp>

namespace raft::detail {

template <class StateMachine, limits Limits, class Platform>
class running_replica
    : public std::enable_shared_from_this<running_replica<StateMachine, Limits, Platform>> {
public:
    using timer = typename Platform::timer;
    template <class Answer>
    using request = detail::request<Answer, timer>;

    using command = typename StateMachine::command;
    using result = typename StateMachine::result;
    using driven_node = asio_node<StateMachine, Limits, Platform>;
    using storage_type = typename driven_node::storage_type;

    using proposal = proposal_request<StateMachine, timer>;
    using query = any_query<StateMachine>;

    /// `loop`: what `io` belongs to, if that is not the program's.
    running_replica(std::shared_ptr<void> loop, asio::io_context& io, replica_options options,
                    StateMachine machine)
        : loop_{std::move(loop)}
        , io_{io}
        , options_{std::move(options)}
        , machine_{std::move(machine)}
        , watch_{options_}
        , marks_{Platform::files_at(io, options_.directory)}
        , retry_timer_{io}
        , stop_timer_{io} {}

    [[nodiscard]] const replica_options& options() const { return options_; }
    [[nodiscard]] asio::io_context& context() { return io_; }
    [[nodiscard]] open_requests& all() { return open_; }

    // ------------------------------------------------------------------------------- beginning

    /// Says what is wrong, if anything is; then nothing has begun.
    [[nodiscard]] std::optional<std::string> start() {
        driven_ = driven_node::make(io_, [weak = this->weak_from_this()] {
            if (const auto self = weak.lock()) self->turn();
        });
        if (auto wrong = open_storage()) return wrong;
        auto connections = transport_options();
        if (auto* wrong = std::get_if<std::string>(&connections)) return std::move(*wrong);
        const auto failed = driven_->listen(
            std::move(machine_),
            settings_of_node<StateMachine>(options_, *storage().history(), Platform::seed(io_)),
            std::get<transport::options>(std::move(connections)));
        if (failed) return "cannot listen for the other servers: " + failed.message();
        if (!driven_->start()) return "what " + options_.directory + " keeps makes no sense";
        return std::nullopt;
    }

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
        node().change_members(
            node().status().configuration, std::move(wanted),
            [asked](const change_outcome& given) { asked->answer(given); }, check);
        schedule_turn();
    }

    void transfer(std::shared_ptr<request<transfer_outcome>> asked,
                  std::optional<member_id> target) {
        if (refuse_if_stopped(*asked)) return;
        if (const auto refused = node().transfer_leadership(target)) asked->answer(*refused);
        if (asked->is_open()) transfers_.push_back(std::move(asked));
        schedule_turn();
    }

    void take_snapshot(std::shared_ptr<request<snapshot_outcome>> asked) {
        if (refuse_if_stopped(*asked)) return;
        if constexpr (snapshotting_state_machine<StateMachine>) {
            const auto index = node().status().last_applied;
            const auto refused = node().take_snapshot();
            if (refused) asked->answer(*refused);
            if (asked->is_open()) snapshots_.push_back({index, std::move(asked)});
            schedule_turn();
        } else {
            asked->answer(refusal{refusal_reason::nothing_to_do, std::nullopt});
        }
    }

    [[nodiscard]] replica_status status() const {
        if (!is_running()) return {node_status{.id = options_.id}, {}, {}};
        const auto& driven = std::as_const(*driven_);
        return {node().status(), driven.members(), driven.compared()};
    }

    void set_peer(transport::peer peer) {
        if (is_taking()) driven_->transport().set_peer(std::move(peer));
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
        if (std::exchange(stopping_, true)) return;
        stop_timer_.expires_after(options_.stop_timeout);
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

private:
    static constexpr std::size_t batch_max = 64;
    static constexpr std::chrono::milliseconds retry_pause{20};

    struct awaited_snapshot {
        log_index index{};
        std::shared_ptr<request<snapshot_outcome>> asked{};
    };

    // ------------------------------------------------------------------------------- beginning

    [[nodiscard]] std::optional<std::string> open_storage() {
        if (auto wrong = driven_->open(options_.directory)) return wrong;
        for (const auto& line : storage().report()) watch_.tell(line);
        if (!storage().history())
            return options_.directory +
                   " is not prepared: that is done once, when the cluster begins, or when this "
                   "server is to join it. If it has lost its data it must come back as another "
                   "member, with another id";
        return marks_.open(options_.directory);
    }

    [[nodiscard]] std::variant<transport::options, std::string> transport_options() {
        const auto at = listening_endpoint<Platform>(io_, options_);
        if (const auto* wrong = std::get_if<std::string>(&at)) return *wrong;
        transport::options all{
            .cluster = {storage().history()->value},
            .self = options_.id,
            .listen = std::get<asio::ip::tcp::endpoint>(at),
            .peers = options_.members,
            .history = *storage().history(),
            .mark = storage().mark(),
            .judge_storage = [this](member_id peer,
                                    storage_mark mark) { return marks_.judge(peer, mark); },
            .secret = options_.secret,
            .security = options_.security,
            .on_event = [this](const transport::event& event) { watch_.tell(event); },
        };
        return all;
    }

    // -------------------------------------------------------------------------------- the turn

    [[nodiscard]] bool is_running() const { return driven_ && driven_->is_running(); }
    [[nodiscard]] auto& node() { return driven_->node(); }
    [[nodiscard]] const auto& node() const { return std::as_const(*driven_).node(); }
    [[nodiscard]] storage_type& storage() { return driven_->storage(); }

    void schedule_turn() { driven_->schedule_turn(); }

    void turn() {
        if (is_over_) return;
        submit_proposals();
        submit_queries();
        answer_transfers();
        answer_snapshots();
        watch_.look_at(node(), storage());
        for (const auto& each : driven_->take_news()) watch_.tell(each);
        if (stopping_ && may_finish()) finish();
    }

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

    [[nodiscard]] bool is_taking() const { return is_running() && !stopping_ && !is_over_; }

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
                bytes += storage().size_of(waiting.front()->asked());
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
        if (!options_.forwards)
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
    replica_options options_;
    StateMachine machine_;  ///< Until it starts; then the node has it.

    replica_watch watch_;
    wal::peer_marks<typename Platform::files> marks_;
    std::shared_ptr<driven_node> driven_{};

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
