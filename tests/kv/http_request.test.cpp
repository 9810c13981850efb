// SPDX-License-Identifier: BSL-1.0
//
// What is taken for a request for a page, and what is not.
#include "http_request.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace raft_kv;

namespace {

http_verdict verdict(std::string_view bytes) { return judge_http_request(bytes).verdict; }

/// What is asked for.
std::string_view path(std::string_view bytes) {
    const auto request = judge_http_request(bytes);
    CHECK(request.verdict == http_verdict::get);
    return request.path;
}

}  // namespace

TEST_CASE("http request: GET of a page, with and without header fields") {
    CHECK(path("GET /metrics HTTP/1.1\r\n\r\n") == "/metrics");
    CHECK(path("GET /metrics HTTP/1.0\r\nHost: a:1\r\nX-Empty:\r\n\r\n") == "/metrics");
    CHECK(path("GET /metrics?name=x HTTP/1.1\r\n\r\n") == "/metrics");
    CHECK(path("GET / HTTP/1.1\r\n\r\n") == "/");
    CHECK(path("GET /ready HTTP/1.1\r\n\r\n") == "/ready");
}

TEST_CASE("http request: a head is not judged before it is whole") {
    const std::string head = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    for (std::size_t length = 0; length < head.size(); ++length)
        CHECK(verdict(std::string_view{head}.substr(0, length)) == http_verdict::incomplete);
}

TEST_CASE("http request: everything else is bad") {
    for (const auto* bytes : {
             "POST /metrics HTTP/1.1\r\n\r\n",
             "get /metrics HTTP/1.1\r\n\r\n",
             "GET  /metrics HTTP/1.1\r\n\r\n",
             "GET /metrics HTTP/2\r\n\r\n",
             "GET /metrics\r\n\r\n",
             "GET http://x/metrics HTTP/1.1\r\n\r\n",
             "GET /\x01 HTTP/1.1\r\n\r\n",
             "\r\n\r\n",
             "GET /metrics HTTP/1.1\r\nno field\r\n\r\n",
             "GET /metrics HTTP/1.1\r\n Folded: x\r\n\r\n",
             "GET /metrics HTTP/1.1\r\nA : x\r\n\r\n",
             "GET /metrics HTTP/1.1\r\nA: \x7f\r\n\r\n",
             "GET /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\n",
             "GET /metrics HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n",
             "GET /metrics HTTP/1.1\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n",
         })
        CHECK(verdict(bytes) == http_verdict::bad);
}
