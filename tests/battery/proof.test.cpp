// SPDX-License-Identifier: BSL-1.0
//
// Proofs on a connection: they come back as they were, damage is seen, and what they are codes of
// differs in whose they are and in all that was said.
#include <doctest/doctest.h>

#include <raft/battery/proof.hpp>

namespace {

using namespace raft;
using namespace raft::wire;

proof_content some() {
    proof_content said;
    for (std::size_t i = 0; i < said.drawn.size(); ++i) {
        said.drawn[i] = static_cast<std::byte>(i);
        said.code[i] = static_cast<std::byte>(255 - i);
    }
    return said;
}

}  // namespace

TEST_CASE("proof: it comes back as it was") {
    proof_content heard;
    REQUIRE_FALSE(decode_proof(encode_proof(some()), heard).has_value());
    CHECK(heard == some());
}

TEST_CASE("proof: flipped anywhere, it is an error") {
    auto frame = encode_proof(some());
    proof_content heard;
    for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
        const auto mask = static_cast<std::byte>(1U << (bit % 8));
        frame[bit / 8] ^= mask;
        CHECK(decode_proof(frame, heard).has_value());
        frame[bit / 8] ^= mask;
    }
}

TEST_CASE("proof: what it is a code of says whose it is and all that was said") {
    const handshake question{.proves = true, .cluster = {1}, .from = {2}, .to = {3}};
    transcript one;
    one.add(encode_handshake(question));
    auto other_question = question;
    other_question.from = {4};
    transcript other;
    other.add(encode_handshake(other_question));
    CHECK(one.labelled(transcript::caller) != one.labelled(transcript::called));
    CHECK(one.labelled(transcript::caller) != other.labelled(transcript::caller));
    CHECK(transcript::caller.size() == transcript::called.size());
}

TEST_CASE("proof: a server with a secret and one without refuse each other by name") {
    const auto anyone = [](member_id) { return true; };
    const auto verdict = [&](bool caller, bool called, std::uint8_t newest = 2) {
        const handshake question{
            .version_newest = newest, .proves = caller, .cluster = {1}, .from = {2}, .to = {3}};
        return answer(question, {1}, {3}, anyone, frame_content::messages, called).verdict;
    };
    CHECK(verdict(true, true) == handshake_verdict::welcome);
    CHECK(verdict(false, false) == handshake_verdict::welcome);
    CHECK(verdict(false, true) == handshake_verdict::proof_wanted);
    CHECK(verdict(true, false) == handshake_verdict::no_secret);
    CHECK(verdict(true, true, 1) == handshake_verdict::unknown_version);
}

TEST_CASE("proof: the wish for one is a bit that older servers take for an unknown content") {
    const handshake question{.proves = true, .cluster = {1}, .from = {2}, .to = {3}};
    auto plain = question;
    plain.proves = false;
    const auto bytes = encode_handshake(question);
    CHECK(bytes[11] == std::byte{0x80});
    CHECK(encode_handshake(plain)[11] == std::byte{0});
    handshake heard;
    REQUIRE_FALSE(decode_handshake(bytes, heard).has_value());
    CHECK(heard == question);
}
