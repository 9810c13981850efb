// SPDX-License-Identifier: BSL-1.0
//
// Certificates by which servers know each other, and the flags that say where they are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <support/certificates.hpp>
#include <support/key_files.hpp>

namespace support {

/// An authority, and certificates of it for servers 1 to 3, as files.
struct member_certificates {
    key_files files{};
    authority ours{"the authority of this test"};

    member_certificates() {
        ours.write(files.path("ca.crt"));
        for (std::uint64_t id = 1; id <= 3; ++id) issue(id, id);
    }
    /// To server `id`, with the name of server `named`.
    void issue(std::uint64_t id, std::uint64_t named, long seconds = 86'400) const {
        ours.issue("raft-" + std::to_string(named), files.path(std::to_string(id) + ".crt"),
                   files.path(std::to_string(id) + ".key"), seconds);
    }
    [[nodiscard]] std::vector<std::string> flags() const {
        return {"--peer-tls-cert",    files.path("%i.crt"), "--peer-tls-key",
                files.path("%i.key"), "--peer-tls-ca",      files.path("ca.crt")};
    }
};

}  // namespace support
