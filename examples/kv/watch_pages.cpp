// SPDX-License-Identifier: BSL-1.0
#include "watch_pages.hpp"

#include <chrono>
#include <variant>

#include "endpoints.hpp"
#include "metrics.hpp"

namespace raft_kv {

namespace {

raft::instant protocol_now() {
    const auto since_origin = std::chrono::steady_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(since_origin).count()};
}

/// `wrong`: what is, if anything.
http_page page_of(const std::optional<std::string>& wrong) {
    http_page page{.status = "200 OK", .type = "text/plain; charset=utf-8", .body = "ok\n"};
    if (!wrong) return page;
    page.status = "503 Service Unavailable";
    page.body = *wrong + "\n";
    return page;
}

}  // namespace

watch_pages::watch_pages(asio::io_context& io, const service& server, running_node& node,
                         const event_log& log)
    : io_{io}, server_{server}, node_{node}, log_{log}, pages_{io, [this](std::string_view path) {
                                                                   return page(path);
                                                               }} {}

std::optional<std::string> watch_pages::listen(const listen_address& flag) {
    if (flag.port == 0) return std::nullopt;
    auto at = flag;
    if (at.host.empty()) at.host = "127.0.0.1";
    const auto found = endpoint_of(io_, at);
    if (const auto* wrong = std::get_if<std::string>(&found)) return *wrong;
    const auto& endpoint = std::get<asio::ip::tcp::endpoint>(found);
    if (const auto wrong = pages_.listen(endpoint))
        return "cannot listen for HTTP on " + address_text(endpoint) + ": " + *wrong;
    log_("GET /metrics, /healthz and /ready on " + address_text(endpoint));
    return std::nullopt;
}

/// Once a turn at most: whoever is refused asks again in a later one.
void watch_pages::look_after() {
    if (!health_.wants_read(node_.node().protocol_state())) return;
    health_.read_asked();
    node_.node().read({}, [this](const raft::read_outcome& outcome) {
        health_.read_answered(!std::holds_alternative<raft::refusal>(outcome));
    });
}

std::optional<http_page> watch_pages::page(std::string_view path) const {
    if (path == "/metrics")
        return http_page{.status = "200 OK",
                         .type = "text/plain; version=0.0.4; charset=utf-8",
                         .body = metrics_text(server_)};
    if (path == "/healthz") return page_of(health::ailment(node_.node().protocol_state()));
    if (path == "/ready") return page_of(obstacle());
    return std::nullopt;
}

std::optional<std::string> watch_pages::obstacle() const {
    if (stopping_) return "it is stopping";
    return health_.obstacle(node_.node().protocol_state(), protocol_now());
}

}  // namespace raft_kv
