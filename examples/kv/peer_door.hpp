// SPDX-License-Identifier: BSL-1.0
//
// RAFT PROVE: how servers, and `raft-kv init`, prove on a client port that they know the secret of
// the servers, and are proved that the other side does. What they ask there (who the cluster is,
// and how it began) is not to be heard from, nor ordered by, who does not belong to it.
//
//     RAFT PROVE            ->
//                           <-   a challenge
//     RAFT PROVE <a proof>  ->
//                           <-   a proof
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "reply.hpp"
#include "request.hpp"

#include <raft/battery/mutual_proof.hpp>

namespace raft_kv {

using peer_secret = std::shared_ptr<const raft::security::authenticator>;

namespace outside {
class connection;
}

/// The proofs on one connection, as the server makes and judges them.
class peer_door {
public:
    /// Answers RAFT PROVE, and says whether a wrong proof was shown. `secret`: null if the server
    /// has none.
    [[nodiscard]] bool answer(const peer_secret& secret, const word_list& words,
                              reply_writer reply);
    /// Who is at the other end has proved that it knows the secret.
    [[nodiscard]] bool is_proven() const { return is_proven_; }

private:
    void challenge(const peer_secret& secret, reply_writer reply);
    [[nodiscard]] bool judge(std::string_view shown, reply_writer reply);

    std::optional<raft::wire::mutual_proof> proofs_{};
    bool is_proven_ = false;
};

/// The same as the client does it: what is wrong, if the server does not take the proof, or does
/// not give one that is right.
[[nodiscard]] std::optional<std::string> prove_mutually(outside::connection& asked,
                                                        const peer_secret& secret);

}  // namespace raft_kv
