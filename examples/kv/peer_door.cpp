// SPDX-License-Identifier: BSL-1.0
#include "peer_door.hpp"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "demo/connection.hpp"

namespace raft_kv {

namespace {

constexpr std::string_view wrong_proof =
    "WRONGPASS the proof is wrong: of another secret, or of an earlier connection";
/// So that a proof of here is none for the port of the peers, nor the other way round.
constexpr std::string_view place = "raft-kv: RAFT PROVE";

raft::wire::mutual_proof begin_proofs(const peer_secret& secret) {
    raft::wire::mutual_proof proofs{secret};
    proofs.add(std::as_bytes(std::span{place}));
    return proofs;
}

std::optional<raft::wire::proof_content> proof_in(std::string_view text) {
    raft::wire::proof_frame frame{};
    raft::wire::proof_content said;
    if (text.size() != frame.size()) return std::nullopt;
    std::ranges::copy(std::as_bytes(std::span{text}), frame.begin());
    if (raft::wire::decode_proof(frame, said)) return std::nullopt;
    return said;
}

std::string_view text_of(const raft::wire::proof_frame& frame) {
    return {reinterpret_cast<const char*>(frame.data()), frame.size()};
}

}  // namespace

bool peer_door::answer(const peer_secret& secret, const word_list& words, reply_writer reply) {
    if (secret && words.size() == 3) return judge(words[2], reply);
    if (secret == nullptr)
        reply.error("NOSECRET this server has no secret: start it with --peer-secret-file");
    else if (words.size() == 2)
        challenge(secret, reply);
    else
        reply.error("ERR RAFT PROVE takes a proof, or nothing");
    return false;
}

void peer_door::challenge(const peer_secret& secret, reply_writer reply) {
    is_proven_ = false;
    proofs_ = begin_proofs(secret);
    const auto drawn = proofs_->challenge();
    if (!drawn) return reply.error("IOERR no challenge can be drawn");
    reply.bulk(text_of(*drawn));
}

bool peer_door::judge(std::string_view shown, reply_writer reply) {
    auto proofs = std::exchange(proofs_, std::nullopt);
    const auto said = proof_in(shown);
    if (!proofs || !said || !proofs->accepts(raft::wire::transcript::caller, *said)) {
        reply.error(wrong_proof);
        return true;
    }
    const auto own = proofs->prove(raft::wire::transcript::called);
    is_proven_ = own.has_value();
    own ? reply.bulk(text_of(*own)) : reply.error("IOERR no proof can be made");
    return false;
}

std::optional<std::string> prove_mutually(outside::connection& asked, const peer_secret& secret) {
    auto proofs = begin_proofs(secret);
    const auto challenge = asked.call({"RAFT", "PROVE"});
    if (!challenge) return asked.error();
    if (challenge->is_error()) return "it said " + challenge->text;
    const auto drawn = proof_in(challenge->text);
    if (!drawn) return "what it said is no challenge";
    proofs.add_challenge(*drawn);
    const auto own = proofs.prove(raft::wire::transcript::caller);
    if (!own) return "no proof can be made";
    const auto answer = asked.call({"RAFT", "PROVE", text_of(*own)});
    if (!answer) return asked.error();
    if (answer->is_error()) return "it said " + answer->text;
    const auto shown = proof_in(answer->text);
    if (shown && proofs.accepts(raft::wire::transcript::called, *shown)) return std::nullopt;
    return "it does not prove that it knows the secret";
}

}  // namespace raft_kv
