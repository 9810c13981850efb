// SPDX-License-Identifier: BSL-1.0
//
// Requests out of bytes: whole, in pieces, one behind the other, and hostile.
#include "request.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "limits.hpp"
#include <doctest/doctest.h>

using namespace raft_kv;
using namespace std::string_literals;
using outcome = request_parser::outcome;

namespace {

using request = std::vector<std::string>;

struct taken {
    std::vector<request> requests{};
    std::string error{};
};

void take(request_parser& parser, taken& all) {
    for (auto found = parser.next(); found != outcome::incomplete; found = parser.next()) {
        if (found == outcome::error) {
            all.error = parser.error();
            return;
        }
        all.requests.emplace_back(parser.words().begin(), parser.words().end());
    }
}

taken taken_from(std::string_view bytes, std::size_t piece = std::string_view::npos) {
    request_parser parser;
    taken all;
    while (!bytes.empty() && all.error.empty()) {
        parser.feed(bytes.substr(0, piece));
        bytes.remove_prefix(std::min(piece, bytes.size()));
        take(parser, all);
    }
    return all;
}

std::string fault_of_request(std::string_view bytes) {
    const auto whole = taken_from(bytes).error;
    if (bytes.size() < 1000) CHECK(taken_from(bytes, 1).error == whole);
    return whole;
}

}  // namespace

TEST_CASE("request: arrays and inline commands in any order, in pieces of any size") {
    const auto bytes = "*2\r\n$3\r\nGET\r\n$3\r\na\r\n\r\n"
                       "PING\r\n"
                       "*0\r\n*-1\r\n\r\n\n"
                       "*1\r\n$0\r\n\r\n"
                       "SET \"a b\\n\\x41\\\"\" 'c d' \n"
                       "  ECHO\t'it\\'s \\n' \r\n"
                       "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\n\0\xff*\r\n\r\n"s;
    const std::vector<request> expected{{"GET", "a\r\n"},
                                        {"PING"},
                                        {""},
                                        {"SET", "a b\nA\"", "c d"},
                                        {"ECHO", "it's \\n"},
                                        {"SET", "k", "\0\xff*\r\n"s}};
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        const auto all = taken_from(bytes, piece);
        REQUIRE(all.error.empty());
        REQUIRE(all.requests == expected);
    }
}

TEST_CASE("request: thousands at once, larger than the reader's buffers") {
    std::string bytes;
    for (int i = 0; i < 5000; ++i) {
        bytes += "*3\r\n$3\r\nSET\r\n$5\r\n" + std::to_string(10000 + i) + "\r\n$100\r\n";
        bytes += std::string(100, static_cast<char>('a' + i % 26)) + "\r\n";
    }
    for (const std::size_t piece : {std::size_t{16384}, std::size_t{777}, bytes.size()}) {
        const auto all = taken_from(bytes, piece);
        REQUIRE(all.requests.size() == 5000);
        CHECK(all.requests[4321] == request{"SET", "14321", std::string(100, 'f')});
    }
}

TEST_CASE("request: what is no request is named") {
    CHECK(fault_of_request("*1\r\n:5\r\n") == "expected '$', got ':'");
    CHECK(fault_of_request("*1\r\n+OK\r\n") == "expected '$', got '+'");
    CHECK(fault_of_request("*1\r\n-no\r\n") == "expected '$', got '-'");
    CHECK(fault_of_request("*2\r\n*1\r\n$1\r\na\r\n") == "expected '$', got '*'");
    CHECK(fault_of_request("*1\r\n$-1\r\n") == "invalid bulk length");
    CHECK(fault_of_request("*1\r\n$3000000\r\n") == "invalid bulk length");
    CHECK(fault_of_request("*1\r\n$-2\r\n") == "invalid bulk length");
    CHECK(fault_of_request("*1\r\n$\r\n") == "invalid bulk length");
    CHECK(fault_of_request("*1\r\n$99999999999999999999999\r\n") == "invalid bulk length");
    CHECK(fault_of_request("*1\r\n$abc\r\n") == "invalid bulk length");
    CHECK(fault_of_request("*abc\r\n") == "invalid multibulk length");
    CHECK(fault_of_request("*1\r\n$4\r\nPING\r\n*abc\r\n") == "invalid multibulk length");
    CHECK(fault_of_request("*1000000\r\n") == "invalid multibulk length");
    CHECK(fault_of_request("*2147483647\r\n") == "invalid multibulk length");
    CHECK(fault_of_request("*99999999999999999999\r\n") == "invalid multibulk length");
    // Whether its end has come or not.
    for (const auto* end : {"", "\r\n"}) {
        const auto long_count = std::string(100, '1') + end;
        CHECK(fault_of_request("*" + long_count) == "invalid multibulk length");
        CHECK(fault_of_request("*1\r\n$" + long_count) == "invalid bulk length");
    }
    CHECK(fault_of_request("GET \"abc\r\n") == "unbalanced quotes in request");
    CHECK(fault_of_request("GET 'abc'd\r\n") == "unbalanced quotes in request");
    CHECK(fault_of_request("*1\r\n?x\r\n") == "expected '$', got '?'");
}

TEST_CASE("request: what was whole before an error is still taken") {
    const auto all = taken_from("PING\r\n*1\r\n$4\r\nPING\r\n*1\r\n:1\r\n");
    CHECK(all.requests.size() == 2);
    CHECK(all.error == "expected '$', got ':'");
}

TEST_CASE("request: its bytes, its words and its lines have limits") {
    const auto longest = std::string(limits::request_bytes_max - 3, 'x');
    const auto bulk = "$" + std::to_string(longest.size()) + "\r\n" + longest + "\r\n";
    CHECK(taken_from("*2\r\n$3\r\nGET\r\n" + bulk, 16384).requests.size() == 1);
    CHECK(taken_from("*3\r\n$3\r\nGET\r\n" + bulk + "$1\r\nx\r\n", 16384).error ==
          "request is larger than 2097152 bytes");

    const auto line = std::string(limits::inline_bytes_max, 'x');
    CHECK(taken_from(line + "\n", 5000).requests.size() == 1);
    CHECK(taken_from(line + "x", 5000).error == "too big inline request");
    CHECK(taken_from(line + "x\n").error == "too big inline request");
}

TEST_CASE("request: random bytes end in requests or in an error, and nothing else") {
    std::mt19937 random{1};
    const std::string alphabet = "*$:+-0123456789\r\n\r\n\"' abPING\\x\0"s;
    for (int round = 0; round < 20000; ++round) {
        std::string bytes;
        for (auto i = random() % 60; i > 0; --i) bytes += alphabet[random() % alphabet.size()];
        const auto whole = taken_from(bytes);
        const auto pieces = taken_from(bytes, 1 + random() % 7);
        REQUIRE(whole.requests == pieces.requests);
        REQUIRE(whole.error.empty() == pieces.error.empty());
    }
}

TEST_CASE("request: a count below zero is a request of nothing as with Redis") {
    const auto bytes = "*-5\r\nPING\r\n*-1\r\n*-2147483649\r\n*1\r\n$4\r\nPING\r\n*-7\r\n";
    for (const std::size_t piece : {1U, 2U, 3U, 1000U}) {
        const auto all = taken_from(bytes, piece);
        CHECK(all.error.empty());
        CHECK(all.requests == std::vector<request>{{"PING"}, {"PING"}});
    }
    for (const auto* wrong : {"*-05\r\n", "*-\r\n", "*-x\r\n", "*-0\r\n", "*-5x\r\n", "*--5\r\n",
                              "*-99999999999999999999\r\n"})
        CHECK(fault_of_request(wrong) == "invalid multibulk length");
    CHECK(fault_of_request("*-" + std::string(100, '1')) == "invalid multibulk length");
    CHECK(taken_from("*-5").requests.empty());
}

TEST_CASE("request: a parser tells what memory it takes, and gives back what a large one took") {
    request_parser parser;
    CHECK(parser.bytes() < 4096);
    const std::string half(limits::value_bytes_max, 'x');
    parser.feed("*2\r\n$3\r\nGET\r\n$1048576\r\n" + half);
    CHECK(parser.next() == outcome::incomplete);
    CHECK(parser.bytes() > half.size());
    parser.feed("\r\n");
    CHECK(parser.next() == outcome::request);
    CHECK(parser.words()[1] == half);
    CHECK(parser.next() == outcome::incomplete);
    CHECK(parser.bytes() < half.size() / 2);
    parser.feed("*2\r\n$3\r\nGET\r\n$1048576\r\n" + half);
    CHECK(parser.next() == outcome::incomplete);
    parser.forget();
    CHECK(parser.bytes() < 4096);
}
