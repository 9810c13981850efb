// SPDX-License-Identifier: BSL-1.0
#include "clients.hpp"

#include <algorithm>
#include <utility>

#include <asio/error.hpp>

namespace raft_kv {

namespace {
constexpr std::chrono::milliseconds accept_pause{200};
constexpr std::chrono::seconds idle_pause{1};
/// The same trouble is told no more often than this.
constexpr std::chrono::minutes tell_again_after{1};
}  // namespace

clients::clients(asio::io_context& io, service& server, client_limits most, event_log log,
                 std::function<void(session&)> changed)
    : server_{server}
    , most_{most}
    , log_{log}
    , changed_{std::move(changed)}
    , replies_{limits::replies_bytes_max}
    , acceptor_{io}
    , accept_again_{io}
    , idle_timer_{io} {}

/// What is under way on a connection may outlive this, but asks for nothing of it any more.
clients::~clients() {
    reserve_.clear();
    for (const auto& [id, each] : std::exchange(connections_, {})) each->close();
}

std::string clients::lines() const {
    std::vector<const connection*> all;
    for (const auto& each : connections_) all.push_back(each.second.get());
    std::ranges::sort(all, {}, &connection::id);
    std::string text;
    for (const auto* each : all) text += line_of(each->client());
    return text;
}

client_report clients::report() const {
    return {.connected = connections_.size(),
            .most = most_.clients_max,
            .in_reserve = reserve_.size(),
            .turned_away = turned_away_,
            .reply_bytes = replies_.total()};
}

// ------------------------------------------------------------------------------------ coming in

std::optional<std::string> clients::listen(const tcp::endpoint& endpoint) {
    asio::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address{true}, error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (error) return error.message();
    return std::nullopt;
}

void clients::open() {
    accept();
    if (most_.idle.count() > 0) watch_for_idle();
}

void clients::accept() {
    acceptor_.async_accept([this](const asio::error_code& error, tcp::socket socket) {
        if (error == asio::error::operation_aborted || closing_) return;
        if (error) return wait_for_descriptors(error);
        was_accepted(std::move(socket));
        accept();
    });
}

/// No descriptors left, for example: clients wait in the queue of the system meanwhile.
void clients::wait_for_descriptors(const asio::error_code& error) {
    const auto now = clock::now();
    if (!told_full_ || now - *told_full_ >= tell_again_after) {
        told_full_ = now;
        log_("cannot accept a client: " + error.message() + "; clients wait");
    }
    accept_again_.expires_after(accept_pause);
    accept_again_.async_wait([this](const asio::error_code& cancelled) {
        if (!cancelled) accept();
    });
}

void clients::was_accepted(tcp::socket socket) {
    asio::error_code ignored;
    socket.set_option(tcp::no_delay{true}, ignored);
    const auto full = all_places_taken();
    const auto id = ++last_id_;
    auto added = std::make_shared<connection>(server_, *this, std::move(socket), id);
    if (full) take_into_reserve(*added);
    connections_.emplace(id, added);
    changed(*added);
}

bool clients::all_places_taken() const {
    return connections_.size() - reserve_.size() >= most_.clients_max;
}

void clients::take_into_reserve(connection& added) {
    ++turned_away_;
    added.limit_to_operators();
    if (reserve_.size() >= most_.operators_max) {
        const auto silent_since = [this](std::uint64_t id) {
            return connections_.at(id)->active_at();
        };
        const auto longest = std::ranges::min_element(reserve_, {}, silent_since);
        connections_.at(*longest)->close();
    }
    reserve_.push_back(added.id());
}

void clients::give_place_to_the_first_in_reserve() {
    if (reserve_.empty() || all_places_taken()) return;
    connections_.at(reserve_.front())->take_as_client();
    reserve_.erase(reserve_.begin());
}

// ------------------------------------------------------------------------------------ going

void clients::closed(connection& which) {
    std::erase(reserve_, which.id());
    connections_.erase(which.id());
    give_place_to_the_first_in_reserve();
}

void clients::goes(connection& which, std::string_view why) {
    log_("client " + std::to_string(which.id()) + " closed: " + std::string{why});
}

/// The slowest go first: those who have fetched the least of what they asked for.
void clients::make_room_for_replies() {
    while (replies_.is_exceeded() && !connections_.empty()) {
        const auto held = [](const auto& each) { return each.second->reply_share(); };
        const auto slowest = std::ranges::max_element(connections_, {}, held);
        const auto kept = slowest->second;
        goes(*kept, "of all clients it leaves the most replies unfetched, " +
                        std::to_string(kept->reply_share()) +
                        " bytes, and together they are over " + std::to_string(replies_.most()));
        kept->close();
    }
}

void clients::watch_for_idle() {
    idle_timer_.expires_after(idle_pause);
    idle_timer_.async_wait([this](const asio::error_code& cancelled) {
        if (cancelled) return;
        let_idle_go();
        watch_for_idle();
    });
}

void clients::let_idle_go() {
    const auto before = clock::now() - most_.idle;
    std::vector<std::shared_ptr<connection>> idle;
    for (const auto& [id, each] : connections_)
        if (!each->awaits_answer() && each->active_at() <= before) idle.push_back(each);
    for (const auto& each : idle) each->close();
}

void clients::close() {
    closing_ = true;
    asio::error_code ignored;
    acceptor_.close(ignored);
    cancel_timers();
    for (const auto& [id, each] : connections_) {
        each->end_of_input();
        changed(*each);
    }
}

void clients::cancel_timers() {
    accept_again_.cancel();
    idle_timer_.cancel();
}

}  // namespace raft_kv
