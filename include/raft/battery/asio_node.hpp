// SPDX-License-Identifier: BSL-1.0
//
// A node at work on an event loop: its storage in files, its connections over TCP, and its timer.
// It does what the loop of every such server has to, and leaves the requests to its owner:
//
//     auto server = raft::asio_node<bank>::make(io, [&] { look_around(); });
//     if (const auto wrong = server->open("data-1")) return complain(*wrong);
//     if (const auto failed = server->listen(bank{}, who_it_is, where_the_others_are))
//         return complain(failed.message());
//     if (!server->start()) return complain("what data-1 keeps makes no sense");
//     server->node().propose(deposit{"ann", 10}, [](const auto& outcome) { … });
//     server->schedule_turn();
//
// `raft::replica` is one of these with asynchronous operations that any thread may call. Take this
// where requests come on the loop's own thread and share their entries, as with `raft-kv`; and
// `raft::node` with a loop, a storage or a transport of your own.
//
// Include it only if you use it: it needs Asio (standalone, 1.22 or later) and POSIX.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <asio/error_code.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <raft/battery/asio_node/difference.hpp>
#include <raft/battery/asio_node/members.hpp>
#include <raft/battery/asio_node/platform.hpp>
#include <raft/battery/asio_node/stamps.hpp>
#include <raft/battery/asio_transport/options.hpp>
#include <raft/battery/comparison.hpp>
#include <raft/battery/file_storage.hpp>
#include <raft/node.hpp>

namespace raft {

/// A server's node with all that drives it. Used on the thread that runs the io_context, which
/// outlives it; only the storage's own thread is another.
///
/// It stands on `Platform` (asio_node/platform.hpp): the system, or a virtual world of tests.
///
/// Whatever happens (a message, the timer, the disk, `schedule_turn`) ends in a turn: the owner's
/// `on_turn` is called once for all that has happened, the log's time is kept (log_time.hpp), and
/// the timer is set.
template <raft::state_machine StateMachine, limits Limits = limits{},
          class Platform = system_platform<>, class Observer = policy::no_observer>
class asio_node
    : public std::enable_shared_from_this<asio_node<StateMachine, Limits, Platform, Observer>> {
    struct made {};
    using files = typename Platform::files;

public:
    using state_machine = StateMachine;
    using timer = typename Platform::timer;
    using command = typename StateMachine::command;
    using result = typename StateMachine::result;
    using clock = typename Platform::clock;
    using storage_type = file_storage<command, files>;
    using transport_type = typename Platform::template transport<command>;
    using node_type =
        raft::node<StateMachine, transport_type&, storage_type&, clock, Limits, Observer>;

    /// `on_turn()` is called at the end of each turn, on the loop's thread. It may request anything
    /// of the node, and may call `stop`.
    [[nodiscard]] static std::shared_ptr<asio_node> make(asio::io_context& io,
                                                         std::function<void()> on_turn) {
        return std::make_shared<asio_node>(made{}, io, std::move(on_turn));
    }

    asio_node(made, asio::io_context& io, std::function<void()> on_turn)
        : io_{io}
        , clock_{Platform::clock_of(io)}
        , on_turn_{std::move(on_turn)}
        , stamps_{Platform::wall_clock(io), clock_now()}
        , timer_{io}
        , room_timer_{io}
        , flush_timer_{io} {}
    asio_node(const asio_node&) = delete;
    asio_node& operator=(const asio_node&) = delete;

    // ----------------------------------------------------------------------------------- beginning

    /// Opens the storage, as `file_storage::open` does. Says what is wrong, if anything is. Blocks
    /// while it reads the log.
    [[nodiscard]] std::optional<std::string> open(std::string directory,
                                                  file_storage_options options = {}) {
        auto there = Platform::files_at(io_, directory);
        return open(std::move(directory), std::move(options), std::move(there));
    }
    [[nodiscard]] std::optional<std::string> open(std::string directory,
                                                  file_storage_options options, files there) {
        options.mode = Platform::flushes;
        options.wake = [this, weak = this->weak_from_this()] { storage_woke(weak); };
        auto opened = storage_type::open(directory, std::move(options), there);
        if (auto* wrong = std::get_if<file_storage_error>(&opened)) return wrong->message;
        storage_.emplace(std::get<storage_type>(std::move(opened)));
        return difference_.open(std::move(there), std::move(directory));
    }

    /// Lets go of the storage, before `listen`: another may have its directory then.
    void close() { storage_.reset(); }

    /// Makes the node, and listens for the other servers. After `open`.
    [[nodiscard]] asio::error_code listen(StateMachine machine, node_options options,
                                          transport::options connections,
                                          Observer observer = Observer{}) {
        patience_ = std::chrono::nanoseconds{options.config.heartbeat_interval.nanoseconds};
        transport_.emplace(io_, std::move(connections));
        node_.emplace(std::move(options), std::move(machine), *transport_, *storage_, clock_,
                      std::move(observer));
        return transport_->start([this](member_id from, const auto&... what) {
            receive(from, what...);
            schedule_turn();
        });
    }

    /// Takes up what the storage keeps, and begins to take part, as `node::start` does; not if this
    /// server's state was found before not to be that of the others. After `listen`.
    [[nodiscard]] bool start() {
        const bool sound = node_->start();
        difference_.take_up(*node_);
        schedule_turn();
        return sound;
    }

    // --------------------------------------------------------------------------------- what it has

    /// Not after `stop`.
    [[nodiscard]] node_type& node() { return *node_; }
    [[nodiscard]] const node_type& node() const { return *node_; }
    [[nodiscard]] transport_type& transport() { return *transport_; }
    [[nodiscard]] const transport_type& transport() const { return *transport_; }
    /// From `open` on.
    [[nodiscard]] storage_type& storage() { return *storage_; }
    [[nodiscard]] const storage_type& storage() const { return *storage_; }

    /// What comparing the servers' states has shown (battery/comparison.hpp).
    [[nodiscard]] const digests::comparison_status& compared() const {
        return comparison_.status();
    }
    /// What there is to tell operators of that, since the last call.
    [[nodiscard]] std::vector<digests::comparison_news> take_news() {
        return comparison_.take_news();
    }

    /// How far the members are, and since when they were not heard.
    [[nodiscard]] std::vector<member_progress> members() const {
        return detail::progress_of(node_->protocol_state(), *storage_, comparison_.status(),
                                   clock_now());
    }

    /// Whether there is a node: it was made, and is not stopped.
    [[nodiscard]] bool is_running() const { return node_.has_value(); }

    /// The time that commands proposed now are stamped with.
    [[nodiscard]] timing::log_time log_now() const requires timing::keeps_log_time<StateMachine> {
        return stamps_.now(clock_now());
    }
    /// Puts it into a command that has a place for it.
    void stamp(command& proposed) const { stamps_.stamp(proposed, clock_now()); }

    // ---------------------------------------------------------------------------------------- work

    /// Calls `function(node_type&)`, to request anything of the node; a turn follows.
    template <class Function>
    void use(Function function) {
        function(*node_);
        schedule_turn();
    }

    /// There is a turn soon, not from within.
    void schedule_turn() {
        if (std::exchange(turn_scheduled_, true)) return;
        asio::post(io_, [weak = this->weak_from_this()] {
            if (const auto self = weak.lock()) self->turn();
        });
    }

    /// Whether a leader's log has room for this command now, or has had none for so long that the
    /// disk must be full: then a proposal is refused (`no_space`). If not, it is to be proposed in
    /// a later turn: the storage prepares its place while it works, and can be late with it.
    [[nodiscard]] bool has_room_for(const command& proposed) {
        const auto now = clock_.now();
        if (!node_->protocol_state().is_leader() ||
            storage_->size_of(proposed) <= storage_->room()) {
            no_room_since_.reset();
            return true;
        }
        if (!no_room_since_) {
            no_room_since_ = now;
            wait(room_timer_, now + room_wait_max, [](asio_node& self) { self.schedule_turn(); });
        }
        return now - *no_room_since_ >= room_wait_max;
    }

    /// Hands leadership to the best of the others (thesis §3.10), and says whether this server may
    /// go: another one leads, or none can. To be asked in every turn until then.
    [[nodiscard]] bool has_handed_over() {
        const auto& s = node_->protocol_state();
        if (!s.is_leader()) return true;
        if (std::exchange(hands_over_, true)) return !s.tasks->transfer;
        const bool none = node_->transfer_leadership().has_value();
        schedule_turn();
        return none;
    }

    /// Ends at once, as if the process did: nothing that was acknowledged is lost. What was
    /// requested of the node is answered no more. Blocks while the storage ends what it has begun.
    void stop() {
        for (auto* each : {&timer_, &room_timer_, &flush_timer_}) each->cancel();
        if (transport_) transport_->stop();
        node_.reset();
        transport_.reset();
        storage_.reset();
    }

private:
    using time_point = typename clock::time_point;
    /// A deadline that is missed by so much was not for want of messages: nobody read them.
    static constexpr std::chrono::milliseconds noticeable_delay{20};
    static constexpr std::chrono::milliseconds room_wait_max{500};

    void turn() {
        turn_scheduled_ = false;
        if (!node_) return;
        stamps_.keep(*node_, clock_now());
        comparison_.look(*node_, clock_now(), reports_to_others());
        keep_difference();
        on_turn_();
        if (!node_) return;
        arm_timer();
        if constexpr (Platform::flushes == flush_mode::manual) flush_later();
    }

    void flush_later() {
        if (flush_is_due_ || !storage_->awaits_flush()) return;
        flush_is_due_ = true;
        const auto until = clock_.now() + Platform::flush_time(io_);
        wait(flush_timer_, until, [](asio_node& self) {
            self.flush_is_due_ = false;
            self.storage_->flush();
            self.schedule_turn();
        });
    }

    [[nodiscard]] instant clock_now() const {
        const auto since_origin = clock_.now().time_since_epoch();
        return {std::chrono::duration_cast<std::chrono::nanoseconds>(since_origin).count()};
    }
    /// When the log's time is to be kept at the latest.
    [[nodiscard]] std::optional<time_point> stamps_due() const {
        const auto due = stamps_.due();
        if (!due) return std::nullopt;
        return time_point{std::chrono::duration_cast<typename clock::duration>(
            std::chrono::nanoseconds{due->nanoseconds})};
    }

    void keep_difference() {
        if (const auto again = difference_.keep(*node_, clock_.now()))
            wait(room_timer_, *again, [](asio_node& self) { self.schedule_turn(); });
    }

    void receive(member_id from, const core::message& body, const attachment<command>& beside) {
        node_->receive(from, body, beside);
    }
    void receive(member_id from, const digests::peer_report& said) {
        comparison_.receive(*node_, from, said, clock_now(), reports_to_others());
    }
    [[nodiscard]] auto reports_to_others() {
        return [this](std::span<const member_id> to, const digests::peer_report& said) {
            transport_->send(to, said);
        };
    }

    void arm_timer() {
        auto deadline = node_->deadline();
        if (deadline && patient_until_) deadline = std::max(*deadline, *patient_until_);
        if (const auto due = stamps_due()) deadline = std::min(deadline.value_or(*due), *due);
        if (deadline == armed_) return;
        // A later deadline can wait until the timer comes: most are put off again before that.
        if (deadline && armed_ && *armed_ < *deadline) return;
        armed_ = deadline;
        if (!deadline) return static_cast<void>(timer_.cancel());
        wait(timer_, *deadline, [](asio_node& self) {
            self.armed_.reset();
            self.poll();
        });
    }

    /// A server that was itself held up (by a snapshot, or for want of a processor) has not heard
    /// its leader because it did not listen. Before it stands for election it reads what came.
    void poll() {
        if (!node_) return;
        const auto now = clock_.now();
        const auto deadline = node_->deadline();
        // `time_point{}`: more is to be applied, which has nothing to do with elections.
        const bool is_due = deadline && *deadline != time_point{} && *deadline <= now &&
                            !node_->protocol_state().is_leader();
        if (is_due && !patient_until_ && now - *deadline > noticeable_delay)
            patient_until_ = now + patience_;
        if (!is_due || now >= patient_until_.value_or(now)) {
            patient_until_.reset();
            node_->poll();
        }
        schedule_turn();
    }

    /// From the storage's thread, which must not be who has this last.
    void storage_woke(const std::weak_ptr<asio_node>& weak) {
        if (storage_wakes_.exchange(true)) return;
        asio::post(io_, [weak] {
            const auto self = weak.lock();
            if (!self) return;
            self->storage_wakes_ = false;
            self->poll();
        });
    }

    template <class Then>
    void wait(timer& which, time_point until, Then then) {
        which.expires_at(until);
        which.async_wait([weak = this->weak_from_this(), then](const asio::error_code& cancelled) {
            if (const auto self = weak.lock(); self && !cancelled) then(*self);
        });
    }

    asio::io_context& io_;
    [[no_unique_address]] clock clock_;
    std::function<void()> on_turn_;

    detail::difference_keeper<files, clock> difference_{};
    std::atomic<bool> storage_wakes_ = false;
    std::optional<storage_type> storage_{};
    std::optional<transport_type> transport_{};
    detail::node_stamps<StateMachine> stamps_;
    digests::comparison comparison_{};
    std::optional<node_type> node_{};
    bool turn_scheduled_ = false;
    bool hands_over_ = false;

    timer timer_;
    std::optional<time_point> armed_{};
    std::chrono::nanoseconds patience_{};  ///< How long a server that was held up reads first.
    std::optional<time_point> patient_until_{};
    timer room_timer_;
    std::optional<time_point> no_room_since_{};
    timer flush_timer_;
    bool flush_is_due_ = false;
};

}  // namespace raft
