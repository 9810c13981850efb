// SPDX-License-Identifier: BSL-1.0
//
// Goal: who cannot prove that it knows the secret of the servers is neither peer nor guest,
// whatever it says, and each reason is told by its name. Method: transports over sockets of this
// machine, with real HMACs; callers and listeners made by hand, which lie; a wire that records.
#include <filesystem>
#include <fstream>

#include "asio_relay.hpp"
#include <unistd.h>

#include <raft/battery/asio_host_transport.hpp>
#include <raft/battery/mutual_proof.hpp>
#include <raft/battery/openssl_secret.hpp>

using namespace asio_test;

namespace {

std::shared_ptr<const security::authenticator> secret_of(std::string text) {
    return std::make_shared<const security::openssl_secret>(std::move(text));
}

const auto right = secret_of("the secret of all our servers");
const auto wrong = secret_of("what somebody else would guess");

transport::options with_secret(std::uint64_t id,
                               std::shared_ptr<const security::authenticator> secret = right) {
    auto options = options_for(id);
    options.secret = std::move(secret);
    return options;
}

/// Two servers that call each other, and may not be let in.
struct two_servers {
    asio::io_context io{};
    server a;
    server b;

    two_servers(transport::options for_a, transport::options for_b)
        : a{io, std::move(for_a)}, b{io, std::move(for_b)} {
        a.start();
        b.start();
        a.knows(b);
        b.knows(a);
    }

    /// `a` refuses `b`, and both say why; nothing that `b` sends is heard.
    void check_refused(handshake_verdict verdict) {
        const auto reason = describe(verdict);
        CHECK(run_until(io, [&] {
            return a.heard(transport::event_kind::refused, reason) &&
                   b.heard(transport::event_kind::refused_by_peer, reason);
        }));
        b.send({{1}}, any_message);
        CHECK(b.transport.room({1}) == 0);
        CHECK(a.transport.room({2}) == 0);
        CHECK_FALSE(a.heard(transport::event_kind::accepted));
        CHECK(a.inbox.empty());
    }
};

const handshake good_question{.proves = true, .cluster = ours, .from = {2}, .to = {1}};

/// Says the question, and waits for the challenge.
void ask(asio::io_context& io, plain_client& caller) {
    caller.say(encode_handshake(good_question));
    REQUIRE(run_until(io, [&] {
        return caller.heard.size() == handshake_bytes + proof_frame_bytes || caller.gone;
    }));
    REQUIRE(caller.verdict() == handshake_verdict::welcome);
}

template <class Bytes>
void put(std::vector<std::byte>& to, const Bytes& bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

/// Listens as server 1, and answers whatever it is told to.
struct impostor {
    tcp::acceptor acceptor;
    tcp::socket socket;
    std::vector<std::byte> answer{};
    std::array<std::byte, handshake_bytes> question{};

    explicit impostor(asio::io_context& io) : acceptor{io, loopback()}, socket{io} {
        acceptor.async_accept(socket, [this](asio::error_code error) {
            if (error) return;
            asio::async_read(socket, asio::buffer(question), [this](auto failed, std::size_t) {
                if (failed) return;
                asio::async_write(socket, asio::buffer(answer), [](auto, std::size_t) {});
            });
        });
    }

    /// What `caller` makes of it.
    [[nodiscard]] bool is_refused(asio::io_context& io, server& caller, handshake_verdict why) {
        caller.transport.set_peer({{1}, "127.0.0.1", acceptor.local_endpoint().port()});
        return run_until(io, [&] {
            return caller.heard(transport::event_kind::refused_by_peer, describe(why));
        });
    }
};

}  // namespace

TEST_CASE("asio secret: servers that know the same secret are connected and heard") {
    auto for_a = with_secret(1);
    auto for_b = with_secret(2);
    for_a.history = for_b.history = {7};
    pair_of_servers s{for_a, for_b};
    s.b.send({{1}}, any_message);
    CHECK(run_until(s.io, [&] { return !s.a.inbox.empty(); }));
    CHECK(s.a.inbox[0].from == member_id{2});
}

TEST_CASE("asio secret: a server with another secret is refused by name on both sides") {
    two_servers{with_secret(1), with_secret(2, wrong)}.check_refused(
        handshake_verdict::wrong_proof);
}

TEST_CASE("asio secret: a server without the secret is refused by name on both sides") {
    two_servers{with_secret(1), options_for(2)}.check_refused(handshake_verdict::proof_wanted);
}

TEST_CASE("asio secret: a server with a secret trusts none that has no secret") {
    two_servers{options_for(1), with_secret(2)}.check_refused(handshake_verdict::no_secret);
}

TEST_CASE("asio secret: a stranger with the secret is a guest, and without it is not") {
    asio::io_context io;
    server a{io, with_secret(1)};
    server guest{io, with_secret(2)};
    server stranger{io, with_secret(3, wrong)};
    for (auto* each : {&a, &guest, &stranger}) each->start();
    guest.knows(a);
    stranger.knows(a);
    CHECK(run_until(io, [&] {
        return a.heard(transport::event_kind::accepted) &&
               a.heard(transport::event_kind::refused, describe(handshake_verdict::wrong_proof));
    }));
    CHECK(a.transport.room({2}) > 0);
    CHECK(a.transport.room({3}) == 0);
}

TEST_CASE("asio secret: a handshake that was recorded is worth nothing when it is said again") {
    asio::io_context io;
    server a{io, with_secret(1)};
    server b{io, with_secret(2)};
    a.start();
    b.start();
    relay wire{io, a.transport.local_endpoint()};
    b.transport.set_peer({{1}, "127.0.0.1", wire.port()});
    REQUIRE(run_until(io, [&] { return connected(b, a); }));
    b.send({{1}}, any_message);
    REQUIRE(run_until(io, [&] { return a.inbox.size() == 1; }));

    const auto recorded = wire.heard_of_callers();
    plain_client thief{io, a};
    thief.say(recorded);
    CHECK(run_until(io, [&] { return thief.gone; }));
    CHECK(a.heard(transport::event_kind::refused, describe(handshake_verdict::wrong_proof)));
    CHECK(a.inbox.size() == 1);
    CHECK_FALSE(a.heard(transport::event_kind::closed));
}

TEST_CASE("asio secret: a forged frame is not heard, with whichever words before it") {
    asio::io_context io;
    server a{io, with_secret(1)};
    a.start();
    a.transport.set_peer({{2}, "127.0.0.1", 1});
    const auto forged = frame_of(any_message);
    const auto refuses = [&](std::string_view why, std::span<const std::byte> behind_question) {
        a.events.clear();
        plain_client caller{io, a};
        ask(io, caller);
        caller.say(behind_question);
        const auto is_refused =
            run_until(io, [&] { return a.heard(transport::event_kind::refused, why); });
        return is_refused && a.inbox.empty();
    };
    std::vector<std::byte> words;
    put(words, encode_introduction({}));
    put(words, encode_proof({}));
    put(words, forged);
    CHECK(refuses(describe(handshake_verdict::wrong_proof), words));

    // The frame in the place of the introduction.
    words = forged;
    words.resize(introduction_bytes + proof_frame_bytes);
    CHECK(refuses(describe(frame_error::not_a_handshake), words));

    // A proof of nothing, by who has the secret of another place.
    words.clear();
    mutual_proof proofs{wrong};
    put(words, encode_introduction({}));
    put(words, proofs.prove(transcript::caller).value());
    put(words, forged);
    CHECK(refuses(describe(handshake_verdict::wrong_proof), words));
}

TEST_CASE("asio secret: half a handshake ends in time, and does not crowd others out") {
    asio::io_context io;
    auto options = with_secret(1);
    options.handshake_timeout = 50ms;
    options.strangers_max = 2;
    server a{io, options};
    a.start();
    plain_client silent{io, a};
    ask(io, silent);
    CHECK(run_until(io, [&] { return silent.gone; }));
    CHECK(a.heard(transport::event_kind::refused, "the caller does not prove who it is"));

    plain_client first{io, a};
    plain_client second{io, a};
    ask(io, first);
    ask(io, second);
    plain_client third{io, a};
    CHECK(run_until(io, [&] { return third.gone; }));
    CHECK(a.heard(transport::event_kind::refused, "too many callers have not said who they are"));
}

TEST_CASE("asio secret: a server that only says that it is the right one is not believed") {
    asio::io_context io;
    server b{io, with_secret(2)};
    b.start();
    const handshake welcome{.verdict = handshake_verdict::welcome,
                            .version_oldest = frame_version_newest,
                            .proves = false,
                            .cluster = ours,
                            .from = {1},
                            .to = {2}};
    impostor forgetful{io};
    put(forgetful.answer, encode_handshake(welcome));
    CHECK(forgetful.is_refused(io, b, handshake_verdict::no_secret));

    auto pretended = welcome;
    pretended.proves = true;
    impostor liar{io};
    put(liar.answer, encode_handshake(pretended));
    put(liar.answer, encode_proof({}));
    put(liar.answer, encode_introduction({.verdict = handshake_verdict::welcome}));
    put(liar.answer, encode_proof({}));
    CHECK(liar.is_refused(io, b, handshake_verdict::wrong_proof));
    CHECK_FALSE(b.heard(transport::event_kind::connected));
}

TEST_CASE("asio secret: servers that share a secret still refuse another history") {
    auto for_a = with_secret(1);
    auto for_b = with_secret(2);
    for_a.history = {7};
    for_b.history = {8};
    two_servers s{for_a, for_b};
    const auto reason = describe(handshake_verdict::other_history);
    CHECK(
        run_until(s.io, [&] { return s.b.heard(transport::event_kind::refused_by_peer, reason); }));
    CHECK(s.a.transport.room({2}) == 0);
}

TEST_CASE("asio secret: hosts of groups prove it too") {
    using hosts = asio_host_transport<std::string>;
    asio::io_context io;
    hosts a{io, with_secret(1)};
    hosts b{io, with_secret(2)};
    const auto hears_nothing = [](member_id, const batch<std::string>&) {};
    REQUIRE_FALSE(a.start(hears_nothing));
    REQUIRE_FALSE(b.start(hears_nothing));
    a.set_peer({{2}, "127.0.0.1", b.local_endpoint().port()});
    b.set_peer({{1}, "127.0.0.1", a.local_endpoint().port()});
    CHECK(run_until(io, [&] { return a.is_connected({2}); }));

    plain_client caller{io, a.local_endpoint()};
    auto question = good_question;
    question.content = frame_content::batches;
    question.proves = false;
    caller.say(encode_handshake(question));
    CHECK(run_until(io, [&] { return caller.gone; }));
    CHECK(caller.verdict() == handshake_verdict::proof_wanted);
}

TEST_CASE("asio secret: HMAC-SHA256 is that of RFC 4231, and a file of a secret is checked") {
    const security::openssl_secret jefe{"Jefe"};
    const std::string_view said = "what do ya want for nothing?";
    const auto code = jefe.prove(std::as_bytes(std::span{said}));
    REQUIRE(code.has_value());
    CHECK(code->front() == std::byte{0x5b});
    CHECK((*code)[1] == std::byte{0xdc});
    CHECK(code->back() == std::byte{0x43});

    const auto path =
        (std::filesystem::temp_directory_path() / ("raft-secret-" + std::to_string(::getpid())))
            .string();
    const auto said_of = [&](std::string_view text) {
        std::ofstream{path} << text;
        const auto read = security::openssl_secret::from_file(path);
        const auto* problem = std::get_if<std::string>(&read);
        return problem == nullptr ? std::string{} : problem->substr(path.size());
    };
    CHECK(said_of("0123456789abcdef\n").empty());
    CHECK(said_of("0123456789abcdef\n0123456789ABCDEF\n").empty());
    CHECK(said_of("").starts_with(" has a line of 0 bytes: a secret has 16 to 4096"));
    CHECK(said_of("0123456789abcdef\nshort\n").starts_with(" has a line of 5 bytes"));
    CHECK(said_of("0123456789abcdef\n\n").starts_with(" has a line of 0 bytes"));
    CHECK(said_of("0123456789abcdef\n0123456789ABCDEF\n0123456789ABCDEF\n") ==
          " has more than two lines");
    std::filesystem::remove(path);
    const auto absent = security::openssl_secret::from_file(path);
    CHECK(std::get<std::string>(absent) == path + " cannot be read");
}

TEST_CASE("asio secret: a file proves its first line and accepts both and is read anew") {
    const auto path =
        (std::filesystem::temp_directory_path() / ("raft-secret-" + std::to_string(::getpid())))
            .string();
    const std::string_view said = "what do ya want for nothing?";
    const auto bytes = std::as_bytes(std::span{said});
    const std::string older = "the older of two secrets";
    const std::string newer = "the newer of two secrets";
    const auto proof_of = [&](const std::string& secret) {
        return *security::openssl_secret{secret}.prove(bytes);
    };
    std::ofstream{path} << older << '\n';
    std::vector<std::string> told;
    const auto read = security::openssl_secret::from_file(
        path, [&](std::string_view line) { told.emplace_back(line); });
    const auto secret = std::get<security::openssl_secret::shared>(read);
    CHECK(*secret->prove(bytes) == proof_of(older));
    CHECK(secret->accepts(bytes, proof_of(older)));
    CHECK_FALSE(secret->accepts(bytes, proof_of(newer)));

    std::ofstream{path} << newer << '\n' << older << "\r\n";
    CHECK(*secret->prove(bytes) == proof_of(newer));
    CHECK(secret->accepts(bytes, proof_of(older)));
    CHECK(secret->accepts(bytes, proof_of(newer)));

    std::ofstream{path} << "half";
    CHECK(*secret->prove(bytes) == proof_of(newer));
    std::ofstream{path} << newer << '\n';
    CHECK_FALSE(secret->accepts(bytes, proof_of(older)));
    REQUIRE(told.size() == 3);
    CHECK(told[0] == path + " was read anew");
    CHECK(told[1].ends_with(": not used"));
    CHECK(told[2] == path + " was read anew");
    std::filesystem::remove(path);
}
