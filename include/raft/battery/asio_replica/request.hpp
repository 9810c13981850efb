// SPDX-License-Identifier: BSL-1.0
//
// What somebody asked a replica for and has not been answered yet: an asynchronous operation in the
// way of Asio. It is answered once: by its outcome, when its time is over, or when it is cancelled.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <raft/battery/asio_replica/outcome.hpp>
#include <raft/core/step.hpp>
#include <raft/node/outcome.hpp>

namespace raft::detail {

class any_request {
public:
    any_request() = default;
    any_request(const any_request&) = delete;
    any_request& operator=(const any_request&) = delete;
    virtual ~any_request() = default;

    /// It is waited for no longer.
    virtual void give_up() = 0;

    /// `owner`, with the loop, lives as long as this does.
    void keep(std::shared_ptr<void> owner) { owner_ = std::move(owner); }

private:
    std::shared_ptr<void> owner_{};
};

/// All that are open, so that none is left without an answer.
using open_requests = std::list<std::shared_ptr<any_request>>;

/// One that is answered with an `Answer`: `stopped`, or a variant of which `refusal` and `unknown`
/// are alternatives. Used on the thread of the io_context.
template <class Answer, class Timer>
class request : public any_request, public std::enable_shared_from_this<request<Answer, Timer>> {
public:
    explicit request(asio::io_context& io) : timer_{io} {}

    /// It is open from now on.
    void open(open_requests& all) {
        all_ = &all;
        place_ = all.insert(all.end(), this->shared_from_this());
    }

    void expire_after(std::chrono::milliseconds time) {
        timer_.expires_after(std::min<std::chrono::milliseconds>(time, std::chrono::hours{9000}));
        timer_.async_wait([weak = this->weak_from_this()](const asio::error_code& cancelled) {
            if (const auto self = weak.lock(); self && !cancelled) self->give_up();
        });
    }

    [[nodiscard]] bool is_open() const { return all_ != nullptr; }

    /// Nobody has taken it so far, and why: it can be tried again, and if it is given up that is
    /// what became of it.
    void hold(const refusal& why) { held_by_ = why; }
    /// It is under way: what becomes of it is not known.
    void let_go() { held_by_.reset(); }

    void answer(Answer given) {
        if (!is_open()) return;
        timer_.cancel();
        const auto self = this->shared_from_this();
        std::exchange(all_, nullptr)->erase(place_);
        complete(std::move(given));
    }

    void give_up() override {
        if constexpr (std::is_same_v<Answer, stopped>)
            answer({});
        else if (held_by_)
            answer(*held_by_);
        else
            answer(unknown{});
    }

protected:
    virtual void complete(Answer given) = 0;

private:
    Timer timer_;
    std::optional<refusal> held_by_{};
    open_requests* all_ = nullptr;
    open_requests::iterator place_{};
};

/// `Base`, a kind of request, completed by a handler on the handler's own executor.
template <class Base, class Answer, class Handler>
class request_by final : public Base {
public:
    template <class... Arguments>
    request_by(asio::io_context& io, Handler handler, Arguments&&... arguments)
        : Base{io, std::forward<Arguments>(arguments)...}
        , io_{io}
        , work_{asio::get_associated_executor(handler, io.get_executor())}
        , handler_{std::move(handler)} {}

    /// From now on it can be cancelled; then it is given up.
    void listen_to_cancellation() {
        auto slot = asio::get_associated_cancellation_slot(*handler_);
        if (!slot.is_connected()) return;
        slot.assign([weak = this->weak_from_this(), &io = io_](asio::cancellation_type) {
            if (auto self = weak.lock())
                asio::post(io, [self = std::move(self)] { self->give_up(); });
        });
    }

private:
    void complete(Answer given) override {
        const auto executor = work_.get_executor();
        asio::post(executor, [handler = std::move(*handler_), given = std::move(given),
                              work = std::move(work_)]() mutable {
            if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected())
                slot.clear();
            if constexpr (std::is_same_v<Answer, stopped>)
                std::move(handler)();
            else
                std::move(handler)(std::move(given));
        });
        handler_.reset();
    }

    using executor_type = asio::associated_executor_t<Handler, asio::io_context::executor_type>;

    asio::io_context& io_;
    asio::executor_work_guard<executor_type> work_;
    std::optional<Handler> handler_;
};

/// A command that is to be put into the log; kept, since a refusal allows to try again.
template <class StateMachine, class Timer>
class proposal_request : public request<outcome<typename StateMachine::result>, Timer> {
public:
    using command = typename StateMachine::command;

    proposal_request(asio::io_context& io, command asked)
        : request<outcome<typename StateMachine::result>, Timer>{io}, asked_{std::move(asked)} {}

    [[nodiscard]] const command& asked() const { return asked_; }

private:
    command asked_;
};

/// A query of the state machine, whatever it finds.
template <class StateMachine>
class any_query {
public:
    explicit any_query(const read_requested& wanted) : wanted_{wanted} {}
    any_query(const any_query&) = delete;
    any_query& operator=(const any_query&) = delete;
    virtual ~any_query() = default;

    [[nodiscard]] const read_requested& wanted() const { return wanted_; }

    virtual void look_at(const StateMachine& machine, log_index index) = 0;
    virtual void refuse(const refusal& why) = 0;
    /// As `request`'s.
    virtual void hold_back(const refusal& why) = 0;
    virtual void begin() = 0;
    [[nodiscard]] virtual bool is_wanted() const = 0;

private:
    read_requested wanted_;
};

template <class StateMachine, class Timer, class Query, class Value>
class query_request : public request<query_outcome<Value>, Timer>, public any_query<StateMachine> {
public:
    query_request(asio::io_context& io, const read_requested& wanted, Query asked)
        : request<query_outcome<Value>, Timer>{io}
        , any_query<StateMachine>{wanted}
        , asked_{std::move(asked)} {}

    void look_at(const StateMachine& machine, log_index index) override {
        if (this->is_open()) this->answer(query_answer<Value>{index, std::invoke(asked_, machine)});
    }
    void refuse(const refusal& why) override { this->answer(why); }
    void hold_back(const refusal& why) override { this->hold(why); }
    void begin() override { this->let_go(); }
    [[nodiscard]] bool is_wanted() const override { return this->is_open(); }

private:
    Query asked_;
};

}  // namespace raft::detail
