// SPDX-License-Identifier: BSL-1.0
//
// The time of an io_context whose owner says when it passes: a clock, and timers that follow it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/error.hpp>
#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

namespace raft::testing {

namespace detail {

/// What is to happen, in the order of its time; what has the same time, in the order in which it
/// was planned. One for each io_context (`asio::use_service`).
class virtual_agenda : public asio::execution_context::service {
public:
    using key_type = virtual_agenda;
    using time = std::chrono::nanoseconds;  ///< Since the world began.
    /// Null: it will not happen any more.
    using happening = std::function<void(bool comes)>;
    using place = std::pair<time, std::uint64_t>;

    static inline asio::execution_context::id id{};

    explicit virtual_agenda(asio::execution_context& owner) : service{owner} {}

    [[nodiscard]] time now() const { return now_; }

    place plan(time at, happening what) {
        const place where{std::max(at, now_), ++planned_};
        planned_for_.emplace(where, std::move(what));
        return where;
    }

    /// Tells it that it does not come, if it has not come.
    void cancel(const place& where) {
        const auto found = planned_for_.find(where);
        if (found == planned_for_.end()) return;
        const auto what = std::move(found->second);
        planned_for_.erase(found);
        what(false);
    }

    /// When something happens next; none if nothing is planned.
    [[nodiscard]] std::optional<time> next() const {
        if (planned_for_.empty()) return std::nullopt;
        return planned_for_.begin()->first.first;
    }

    /// Time passes until this happens, which is planned.
    void take_next() {
        const auto first = planned_for_.begin();
        now_ = first->first.first;
        const auto what = std::move(first->second);
        planned_for_.erase(first);
        what(true);
    }

    /// Time passes, and nothing happens: not beyond `next`.
    void pass_until(time at) { now_ = std::max(now_, at); }

private:
    void shutdown() override { std::exchange(planned_for_, {}).clear(); }

    time now_{};
    std::uint64_t planned_ = 0;
    std::map<place, happening> planned_for_{};
};

[[nodiscard]] inline virtual_agenda& agenda_of(asio::io_context& io) {
    return asio::use_service<virtual_agenda>(io);
}

}  // namespace detail

/// The clock of a virtual world: steady, and begins at zero. As a clock of `raft::node`.
class virtual_clock {
public:
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<virtual_clock>;
    static constexpr bool is_steady = true;

    explicit virtual_clock(asio::io_context& io) : agenda_{&detail::agenda_of(io)} {}
    [[nodiscard]] time_point now() const { return time_point{agenda_->now()}; }

private:
    const detail::virtual_agenda* agenda_;
};

/// A timer of a virtual world, used as `asio::steady_timer` is, with one wait at a time.
class virtual_timer {
public:
    using clock_type = virtual_clock;
    using duration = clock_type::duration;
    using time_point = clock_type::time_point;
    using executor_type = asio::io_context::executor_type;

    explicit virtual_timer(asio::io_context& io) : io_{io}, agenda_{detail::agenda_of(io)} {}
    virtual_timer(asio::io_context& io, duration wait) : virtual_timer{io} { expires_after(wait); }
    virtual_timer(const virtual_timer&) = delete;
    virtual_timer& operator=(const virtual_timer&) = delete;
    ~virtual_timer() { cancel(); }

    [[nodiscard]] executor_type get_executor() const { return io_.get_executor(); }
    [[nodiscard]] time_point expiry() const { return expiry_; }

    /// Whoever waits is told that it is cancelled.
    void expires_at(time_point when) {
        cancel();
        expiry_ = when;
    }
    void expires_after(duration wait) { expires_at(time_point{agenda_.now() + wait}); }
    void cancel() {
        if (const auto place = std::exchange(*waits_, std::nullopt)) agenda_.cancel(*place);
    }

    /// Completes with `void(asio::error_code)`: none when the time has come, or
    /// `asio::error::operation_aborted`.
    template <class Token>
    auto async_wait(Token&& token) {
        return asio::async_initiate<Token, void(asio::error_code)>(
            [this](auto handler) { begin_wait(std::move(handler)); }, token);
    }

private:
    template <class Handler>
    void begin_wait(Handler handler) {
        auto executor = asio::get_associated_executor(handler, io_.get_executor());
        auto kept = std::make_shared<Handler>(std::move(handler));
        auto work = asio::make_work_guard(executor);
        *waits_ =
            agenda_.plan(expiry_.time_since_epoch(), [waits = waits_, kept, work](bool comes) {
                const auto error =
                    comes ? asio::error_code{} : asio::error_code{asio::error::operation_aborted};
                if (comes) waits->reset();
                asio::post(work.get_executor(), [kept, error] { std::move (*kept)(error); });
            });
    }

    asio::io_context& io_;
    detail::virtual_agenda& agenda_;
    time_point expiry_{};
    /// Outlives the timer as long as it is planned.
    std::shared_ptr<std::optional<detail::virtual_agenda::place>> waits_ =
        std::make_shared<std::optional<detail::virtual_agenda::place>>();
};

}  // namespace raft::testing
