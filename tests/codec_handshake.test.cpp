// SPDX-License-Identifier: BSL-1.0
//
// The first words on a connection: they come back as they were, damage is seen, and every reason to
// refuse a caller is told.
#include <vector>

#include <doctest/doctest.h>

#include <raft/codec/handshake.hpp>

namespace {

using namespace raft;
using namespace raft::wire;
using namespace raft::core;

constexpr cluster_id ours{0xC1};
constexpr member_id self{2};

handshake question() { return {.cluster = ours, .from = {1}, .to = self}; }

handshake_verdict verdict_on(const handshake& asked) {
    return answer(asked, ours, self, [](member_id id) { return id == member_id{1}; }).verdict;
}

}  // namespace

TEST_CASE("handshake: it comes back as it was") {
    const handshake sent{.verdict = handshake_verdict::not_me,
                         .version_oldest = 3,
                         .version_newest = 200,
                         .content = frame_content::batches,
                         .cluster = {0x0102030405060708},
                         .from = {9},
                         .to = {10}};
    const auto bytes = encode_handshake(sent);
    handshake received;
    REQUIRE(decode_handshake(bytes, received) == std::nullopt);
    CHECK(received == sent);
}

TEST_CASE("handshake: cut or flipped anywhere, it is an error") {
    auto bytes = encode_handshake(question());
    handshake received;
    for (std::size_t size = 0; size < bytes.size(); ++size)
        CHECK(decode_handshake(std::span{bytes}.first(size), received).has_value());
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        const auto mask = static_cast<std::byte>(1U << (bit % 8));
        bytes[bit / 8] ^= mask;
        CHECK(decode_handshake(bytes, received).has_value());
        bytes[bit / 8] ^= mask;
    }
}

TEST_CASE("handshake: another protocol is told from damage") {
    const std::string_view http = "GET / HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n";
    std::vector<std::byte> bytes(http.size());
    detail::copy_bytes(bytes.data(), http.data(), http.size());
    handshake received;
    CHECK(decode_handshake(bytes, received) == frame_error::not_a_handshake);
    auto damaged = encode_handshake(question());
    damaged[20] ^= std::byte{1};
    CHECK(decode_handshake(damaged, received) == frame_error::wrong_checksum);
}

TEST_CASE("handshake: whoever does not belong here is told why") {
    CHECK(verdict_on(question()) == handshake_verdict::welcome);
    auto asked = question();
    asked.cluster = {0xC2};
    CHECK(verdict_on(asked) == handshake_verdict::other_cluster);
    asked = question();
    asked.from = {3};
    CHECK(verdict_on(asked) == handshake_verdict::unknown_member);
    asked = question();
    asked.from = self;
    CHECK(verdict_on(asked) == handshake_verdict::same_identity);
    asked = question();
    asked.to = {4};
    CHECK(verdict_on(asked) == handshake_verdict::not_me);
    asked = question();
    asked.version_oldest = frame_version_newest + 1;
    asked.version_newest = frame_version_newest + 5;
    CHECK(verdict_on(asked) == handshake_verdict::unknown_version);
    asked.version_oldest = 0;
    CHECK(verdict_on(asked) == handshake_verdict::welcome);
    for (const auto other : {frame_content::batches, static_cast<frame_content>(200)}) {
        asked.content = other;
        CHECK(verdict_on(asked) == handshake_verdict::other_content);
    }
}

TEST_CASE("handshake: a welcome settles the version") {
    auto asked = question();
    asked.version_newest = 99;
    const auto reply = answer(asked, ours, self, [](member_id) { return true; });
    CHECK(reply.verdict == handshake_verdict::welcome);
    CHECK(reply.version_oldest == frame_version_newest);
    CHECK(reply.version_newest == frame_version_newest);
    CHECK(reply.cluster == ours);
    CHECK(reply.from == self);
    CHECK(reply.to == asked.from);
    CHECK(reply.content == frame_content::messages);
}

TEST_CASE("handshake: every verdict has words") {
    for (int i = 0; i <= static_cast<int>(handshake_verdict::other_name); ++i)
        CHECK(describe(static_cast<handshake_verdict>(i)) != "unknown verdict");
}
