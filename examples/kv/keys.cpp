// SPDX-License-Identifier: BSL-1.0
#include "keys.hpp"

#include <utility>

#include "demo/connection.hpp"

#include <raft/battery/openssl_secret.hpp>

namespace raft_kv {

std::variant<keys, std::string> read_keys(const key_files& files) {
    keys all;
    if (!files.peer_secret.empty()) {
        auto read = raft::openssl_secret::from_file(files.peer_secret);
        if (auto* wrong = std::get_if<std::string>(&read)) return std::move(*wrong);
        all.secret = std::get<peer_secret>(std::move(read));
    }
    return all;
}

std::optional<std::string> enter(outside::connection& asked, const keys& own) {
    if (own.secret) return prove_mutually(asked, own.secret);
    return std::nullopt;
}

}  // namespace raft_kv
