// SPDX-License-Identifier: BSL-1.0
//
// What a server answers over HTTP.
#include "http_server.hpp"
#include "metrics.hpp"
#include "server.hpp"

namespace raft_kv {

namespace {

/// `wrong`: what is, if anything.
http_page page_of(const std::optional<std::string>& wrong) {
    http_page page{.status = "200 OK", .type = "text/plain; charset=utf-8", .body = "ok\n"};
    if (!wrong) return page;
    page.status = "503 Service Unavailable";
    page.body = *wrong + "\n";
    return page;
}

}  // namespace

std::optional<http_page> server::page(std::string_view path) const {
    if (path == "/metrics")
        return http_page{.status = "200 OK",
                         .type = "text/plain; version=0.0.4; charset=utf-8",
                         .body = metrics_text(*this)};
    const auto& state = node_->protocol_state();
    if (path == "/healthz") return page_of(health::ailment(state));
    if (path == "/ready")
        return page_of(stopping_ ? std::optional<std::string>{"it is stopping"}
                                 : health_.obstacle(state, protocol_now()));
    return std::nullopt;
}

/// Once a turn at most: whoever is refused asks again in a later one.
void server::look_after_health() {
    if (!health_.wants_read(node_->protocol_state())) return;
    health_.read_asked();
    node_->read({}, [this](const raft::read_outcome& outcome) {
        health_.read_answered(!std::holds_alternative<raft::refusal>(outcome));
    });
}

raft::instant server::protocol_now() {
    const auto since_origin = clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(since_origin).count()};
}

}  // namespace raft_kv
