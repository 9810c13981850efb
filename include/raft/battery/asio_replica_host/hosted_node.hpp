// SPDX-License-Identifier: BSL-1.0
//
// What drives the node of one group of a host: its storage, for which the host's disk threads
// write, and its log's time. The host gives it its turns.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <asio/error_code.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>

#include <raft/battery/asio_node/difference.hpp>
#include <raft/battery/asio_node/members.hpp>
#include <raft/battery/asio_node/stamps.hpp>
#include <raft/battery/file_storage.hpp>
#include <raft/battery/host.hpp>
#include <raft/battery/host/comparisons.hpp>
#include <raft/node.hpp>

namespace raft::detail {

/// What the groups of a host share. It outlives their nodes.
template <class Node>
struct shared_by_groups {
    asio::io_context& io;
    asio::thread_pool& disks;
    host<Node>& nodes;
    digests::group_comparisons& compared;
    std::function<void(group_id)> schedule_turn;
    std::function<void(group_id)> has_stopped;
};

/// Used on the loop's thread, but for `open`.
template <class StateMachine, limits Limits>
class hosted_node : public std::enable_shared_from_this<hosted_node<StateMachine, Limits>> {
public:
    using state_machine = StateMachine;
    using command = typename StateMachine::command;
    using result = typename StateMachine::result;
    using clock = std::chrono::steady_clock;
    using timer = asio::steady_timer;
    using storage_type = file_storage<command>;
    using node_type = raft::node<StateMachine, typename wire::outbox<command>::port, storage_type&,
                                 clock, Limits>;
    using shared = shared_by_groups<node_type>;

    hosted_node(shared& around, group_id group)
        : around_{around}
        , group_{group}
        , stamps_{std::chrono::system_clock::now(), now()}
        , stamps_timer_{around.io}
        , room_timer_{around.io} {}
    hosted_node(const hosted_node&) = delete;
    hosted_node& operator=(const hosted_node&) = delete;

    // ----------------------------------------------------------------------------------- beginning

    /// Says what is wrong, if anything is. Blocks while it reads the log; before anything else, on
    /// a disk thread.
    [[nodiscard]] std::optional<std::string> open(std::string directory,
                                                  std::uint64_t segment_bytes) {
        auto opened = storage_type::open(
            directory, {.segment_bytes = segment_bytes,
                        .cache_bytes = segment_bytes,
                        .mode = flush_mode::manual,
                        .wake = [this, weak = this->weak_from_this()] { storage_woke(weak); }});
        if (auto* wrong = std::get_if<file_storage_error>(&opened)) return wrong->message;
        storage_.emplace(std::get<storage_type>(std::move(opened)));
        return difference_.open({}, std::move(directory));
    }

    /// Begins to take part; not if the storage keeps what makes no sense.
    [[nodiscard]] bool start(node_options options, StateMachine machine) {
        if (!around_.nodes.add(group_, std::move(options), std::move(machine), *storage_, clock{}))
            return false;
        around_.nodes.use(group_, [this](node_type& made) { node_ = &made; });
        difference_.take_up(*node_);
        schedule_turn();
        return true;
    }

    // --------------------------------------------------------------------------------- what it has

    [[nodiscard]] bool is_running() const { return node_ != nullptr; }
    /// Not after `stop`.
    [[nodiscard]] node_type& node() { return *node_; }
    [[nodiscard]] const node_type& node() const { return *node_; }
    [[nodiscard]] storage_type& storage() { return *storage_; }
    [[nodiscard]] const storage_type& storage() const { return *storage_; }

    [[nodiscard]] digests::comparison_status compared() const {
        const auto* told = around_.compared.status(group_);
        return told == nullptr ? digests::comparison_status{} : *told;
    }
    void hear(digests::comparison_news news) { news_.push_back(std::move(news)); }
    [[nodiscard]] std::vector<digests::comparison_news> take_news() {
        return std::exchange(news_, {});
    }
    [[nodiscard]] std::vector<member_progress> members() const {
        return progress_of(node_->protocol_state(), *storage_, compared(), now());
    }

    // ---------------------------------------------------------------------------------------- work

    /// Calls `function(node_type&)`, to request anything of the node; a turn follows.
    template <class Function>
    void use(Function function) {
        around_.nodes.use(group_, function);
        schedule_turn();
    }

    void schedule_turn() { around_.schedule_turn(group_); }
    void stamp(command& proposed) const { stamps_.stamp(proposed, now()); }

    /// In each turn that the host gives it, before its requests are looked at.
    template <class Send>
    void begin_turn(Send send) {
        keep_time();
        around_.compared.look(group_, *node_, now(), send);
        if (const auto again = difference_.keep(*node_, clock::now())) wait(room_timer_, *again);
    }

    /// At the end of one: has what the node wrote made durable.
    void flush_soon() {
        if (!is_running() || is_flushing_ || clock::now() < flush_due_ || !storage_->awaits_flush())
            return;
        is_flushing_ = true;
        asio::post(around_.disks, [self = this->shared_from_this()] {
            self->storage_->flush();
            const bool has_more = self->storage_->awaits_flush();
            self->is_flushing_ = false;
            self->is_flushing_.notify_all();
            asio::post(self->around_.io, [self, has_more] { self->flushed(has_more); });
        });
    }

    /// As `asio_node`'s.
    [[nodiscard]] bool has_handed_over() {
        const auto& s = node_->protocol_state();
        if (!s.is_leader()) return true;
        if (std::exchange(hands_over_, true)) return !s.tasks->transfer;
        const bool none = node_->transfer_leadership().has_value();
        schedule_turn();
        return none;
    }

    /// Ends at once. Blocks while the storage ends what it has begun.
    void stop() {
        if (!is_running()) return;
        node_ = nullptr;
        for (auto* each : {&stamps_timer_, &room_timer_}) each->cancel();
        around_.nodes.remove(group_);
        around_.compared.forget(group_);
        is_flushing_.wait(true);
        storage_.reset();
        around_.has_stopped(group_);
    }

private:
    /// How long what has met no room is left alone before the next attempt.
    static constexpr std::chrono::seconds pause_without_room{1};

    [[nodiscard]] static instant now() {
        const auto since_origin = clock::now().time_since_epoch();
        return {std::chrono::duration_cast<std::chrono::nanoseconds>(since_origin).count()};
    }

    void keep_time() {
        stamps_.keep(*node_, now());
        const auto due = stamps_.due();
        if (!due || due == stamps_due_) return;
        stamps_due_ = due;
        wait(stamps_timer_, clock::time_point{std::chrono::nanoseconds{due->nanoseconds}});
    }

    /// What is still to be done has met no room, or has come meanwhile.
    void flushed(bool has_more) {
        if (!is_running()) return;
        const bool is_idle = node_->protocol_state().disk.is_idle();
        if (has_more && (is_idle || storage_->waits_for_room())) {
            flush_due_ = clock::now() + pause_without_room;
            wait(room_timer_, flush_due_);
        }
        make_progress();
    }

    void make_progress() {
        around_.nodes.made_progress(group_);
        schedule_turn();
    }

    /// From a disk thread, which must not be who has this last.
    void storage_woke(const std::weak_ptr<hosted_node>& weak) {
        if (storage_wakes_.exchange(true)) return;
        asio::post(around_.io, [weak] {
            const auto self = weak.lock();
            if (!self) return;
            self->storage_wakes_ = false;
            if (self->is_running()) self->make_progress();
        });
    }

    /// A turn comes then.
    void wait(timer& which, clock::time_point until) {
        which.expires_at(until);
        which.async_wait([weak = this->weak_from_this()](const asio::error_code& cancelled) {
            if (const auto self = weak.lock(); self && !cancelled && self->is_running())
                self->schedule_turn();
        });
    }

    shared& around_;
    group_id group_;
    difference_keeper<wal::posix_files, clock> difference_{};
    std::atomic<bool> storage_wakes_ = false;
    std::atomic<bool> is_flushing_ = false;
    std::optional<storage_type> storage_{};
    node_stamps<StateMachine> stamps_;
    node_type* node_ = nullptr;  ///< The host has it.
    std::vector<digests::comparison_news> news_{};
    bool hands_over_ = false;

    timer stamps_timer_;
    std::optional<instant> stamps_due_{};
    timer room_timer_;
    clock::time_point flush_due_{};
};

}  // namespace raft::detail
