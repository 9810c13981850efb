// SPDX-License-Identifier: BSL-1.0
//
// A client of raft-kv that sends any bytes, in pieces of any size, to a server that carries out its
// writes and reads. Every answer is RESP, whatever was sent; the pieces make no difference; and
// what the session keeps is in proportion to what came.
#define DOCTEST_CONFIG_IMPLEMENT
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <string>
#include <string_view>

#include <fuzz/choices.hpp>
#include <fuzz/target.hpp>

#include <support/fake_server.hpp>

namespace raft::fuzz {
namespace {

/// Assertions of the fake server end the process, as everything does that an input breaks.
void take_over_assertions() {
    static doctest::Context context;
    context.setAsDefaultForAssertsOutOfTestCases();
    context.setAssertHandler(
        [](const doctest::AssertData& failed) { expect(!failed.m_failed, failed.m_expr); });
}

/// Gives the length of the first reply in `text`, which is whole.
std::size_t reply_length(std::string_view text) {
    std::size_t at = 0;
    for (std::uint64_t left = 1; left > 0; --left) {
        const auto line = text.substr(at, text.find("\r\n", at) - at);
        expect(!line.empty() && text.size() >= at + line.size() + 2, "a reply has whole lines");
        at += line.size() + 2;
        const auto count = std::strtoll(std::string{line.substr(1)}.c_str(), nullptr, 10);
        const auto all = static_cast<std::uint64_t>(std::max(count, 0LL));
        switch (line.front()) {
        case '+':
        case '-':
        case ':':
        case '_':
        case ',':
        case '#': break;
        case '$':
        case '=':
            if (count < 0) break;
            expect(text.size() >= at + all + 2 && text.substr(at + all, 2) == "\r\n",
                   "a string is as long as it says");
            at += all + 2;
            break;
        case '*':
        case '~':
        case '>': left += all; break;
        case '%': left += 2 * all; break;
        default: expect(false, "a reply is RESP");
        }
    }
    return at;
}

void expect_resp(std::string_view replies) {
    while (!replies.empty()) replies.remove_prefix(reply_length(replies));
}

class conversation {
public:
    explicit conversation(std::uint8_t manner) {
        client_.comes_from("10.0.0.9:5555", (manner & 1U) != 0);
        if ((manner & 2U) != 0) server_.leader_ = 2;
        if ((manner & 4U) != 0) server_.leader_.reset();
        if ((manner & 8U) != 0) server_.overloaded_ = true;
        if ((manner & 16U) != 0) client_.limit_to_operators();
    }

    void say(std::string_view piece) { waiting_.emplace_back(piece); }

    /// Carries out what was asked for, until there is nothing left to do.
    [[nodiscard]] std::string answers() {
        for (;;) {
            send_waiting();
            const auto fetched = client_.fetched();
            replies_ += fetched;
            if (!server_.writers_.empty())
                server_.apply();
            else if (!server_.readers_.empty())
                server_.confirm();
            else if (!server_.awaiting_leader_.empty())
                server_.end_wait_for_leader();
            else if (!server_.requests_.empty())
                end_requests();
            else if (fetched.empty() && (waiting_.empty() || !client_.wants_input()))
                return replies_;
        }
    }

private:
    /// As a connection does: whoever wants no input is not read from.
    void send_waiting() {
        while (!waiting_.empty() && client_.wants_input()) {
            client_.receive(waiting_.front());
            client_.pump();
            heard_ += waiting_.front().size();
            waiting_.pop_front();
            expect(client_.request_bytes() <= 64 * 1024 + 64 * heard_,
                   "memory is taken in proportion to what came");
        }
    }

    void end_requests() {
        for (const auto& [sequence, asked] : std::exchange(server_.requests_, {}))
            client_.request_done(sequence, "");
        client_.pump();
    }

    raft_kv::fake_server server_{};
    raft_kv::fake_client client_{server_};
    std::deque<std::string_view> waiting_{};
    std::string replies_{};
    std::size_t heard_ = 0;
};

std::string answers_to(std::string_view bytes, std::uint8_t manner) {
    conversation whole{manner};
    whole.say(bytes);
    return whole.answers();
}

std::string answers_in_pieces(std::string_view bytes, std::uint8_t manner, std::uint8_t seed) {
    conversation pieces{manner};
    for (std::uint32_t size = seed; !bytes.empty(); size = size * 5 + 3) {
        const auto piece = bytes.substr(0, size % 11 + 1);
        pieces.say(piece);
        bytes.remove_prefix(piece.size());
    }
    return pieces.answers();
}

}  // namespace

void try_input(std::span<const std::byte> input) {
    take_over_assertions();
    choices chosen{input};
    const auto manner = chosen.byte();
    const auto seed = chosen.byte();
    const auto rest = chosen.take_rest();
    const std::string_view bytes{reinterpret_cast<const char*>(rest.data()), rest.size()};
    const auto whole = answers_to(bytes, manner);
    expect_resp(whole);
    if (answers_in_pieces(bytes, manner, seed) == whole) return;
    if (whole.find("used_memory:") != std::string::npos) return;  // Of the process, as it is then.
    // What tells of clocks differs also between two that are equal.
    expect(answers_to(bytes, manner) != whole, "pieces of any size get the same answers");
}

}  // namespace raft::fuzz
