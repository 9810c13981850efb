// SPDX-License-Identifier: BSL-1.0
#include "clients.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "endpoints.hpp"
#include <asio/error.hpp>

namespace raft_kv {

namespace {
constexpr std::chrono::seconds idle_pause{1};
}  // namespace

clients::clients(asio::io_context& io, service& server, client_limits most, event_log log,
                 std::function<void(session&)> changed)
    : server_{server}
    , most_{most}
    , log_{log}
    , changed_{std::move(changed)}
    , replies_{limits::replies_bytes_max}
    , requests_{most.request_bytes}
    , plain_{io, log, [this](tcp::socket socket) { was_accepted(std::move(socket), nullptr); }}
    , by_tls_{io, log,
              [this](tcp::socket socket) { was_accepted(std::move(socket), &tls_->context()); }}
    , idle_timer_{io} {}

/// What is under way on a connection may outlive this, but asks for nothing of it any more.
clients::~clients() {
    reserve_.clear();
    for (const auto& [id, each] : std::exchange(connections_, {})) each->close();
}

std::string clients::lines(const client_filter& which) const {
    std::vector<const connection*> found;
    for (const auto& [id, each] : connections_)
        if (fits(which, each->client())) found.push_back(each.get());
    std::ranges::sort(found, {}, &connection::id);
    std::string text;
    for (const auto* each : found) text += line_of(each->client());
    return text;
}

std::size_t clients::close_all(const client_filter& which) {
    std::vector<std::shared_ptr<connection>> found;
    for (const auto& [id, each] : connections_)
        if (fits(which, each->client())) found.push_back(each);
    for (const auto& each : found) each->close();
    return found.size();
}

client_report clients::report() const {
    return {.connected = connections_.size(),
            .most = most_.clients_max,
            .in_reserve = reserve_.size(),
            .came = last_id_,
            .turned_away = turned_away_,
            .reply_bytes = replies_.total(),
            .request_bytes = requests_.total(),
            .most_request_bytes = requests_.most(),
            .closed_for_memory = closed_for_memory_};
}

// ------------------------------------------------------------------------------------ coming in

std::optional<std::string> clients::listen(asio::io_context& io, const server_options& options) {
    const auto& self = options.self();
    const auto found = endpoint_of(io, listening(options.listen, self.host, self.client_port));
    if (const auto* wrong = std::get_if<std::string>(&found)) return *wrong;
    const auto& endpoint = std::get<tcp::endpoint>(found);
    if (const auto wrong = plain_.listen(endpoint))
        return "cannot listen for clients on " + address_text(endpoint) + ": " + *wrong +
               where_else(options.listen, "--listen");
    return listen_for_tls(options.tls, self);
}

std::optional<std::string> clients::listen_for_tls(const client_tls_settings& settings,
                                                   const server_address& self) {
    if (settings.files.certificate.empty()) return std::nullopt;
    auto made = client_tls::make(settings, self.host, log_);
    if (auto* wrong = std::get_if<std::string>(&made)) return std::move(*wrong);
    tls_ = std::get<client_tls>(std::move(made));
    const auto port = settings.port != 0 ? settings.port : self.tls_port;
    const auto host = listens_on().address();
    const auto at = host_and_port(host.to_string(), port);
    if (const auto wrong = by_tls_.listen({host, port}))
        return "cannot listen for clients by TLS on " + at + ": " + *wrong;
    log_("serving clients by TLS on " + at);
    return std::nullopt;
}

void clients::open() {
    plain_.open();
    by_tls_.open();
    if (most_.idle.count() > 0) watch_for_idle();
}

void clients::was_accepted(tcp::socket socket, asio::ssl::context* tls) {
    asio::error_code ignored;
    socket.set_option(tcp::no_delay{true}, ignored);
    const auto full = all_places_taken();
    const auto id = ++last_id_;
    auto added = std::make_shared<connection>(server_, *this, std::move(socket), tls, id);
    if (full) take_into_reserve(*added);
    connections_.emplace(id, added);
    added->start();
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
        const auto slowest = std::ranges::max_element(connections_, {}, held)->second;
        goes(*slowest, "of all clients it leaves the most replies unfetched, " +
                           std::to_string(slowest->reply_share()) +
                           " bytes, and together they are over " + std::to_string(replies_.most()));
        slowest->close();
    }
}

/// Whoever holds little stays, whatever others do.
void clients::make_room_for_requests() {
    while (requests_.is_exceeded()) {
        const auto held = [](const auto& each) { return each.second->request_share(); };
        const auto largest = std::ranges::max_element(connections_, {}, held)->second;
        goes(*largest, "of all clients it has said the most in part, " +
                           std::to_string(largest->request_share()) +
                           " bytes, and together they are over " +
                           std::to_string(requests_.most()));
        ++closed_for_memory_;
        largest->refuse_for_memory();
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
    plain_.close();
    by_tls_.close();
    cancel_timers();
    for (const auto& [id, each] : connections_) {
        each->take_no_more();
        changed(*each);
    }
}

void clients::cancel_timers() {
    plain_.cancel_timers();
    by_tls_.cancel_timers();
    idle_timer_.cancel();
}

}  // namespace raft_kv
