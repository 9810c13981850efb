// SPDX-License-Identifier: BSL-1.0
//
// Whether a received snapshot matches its description (§7). This must be known before the protocol
// has it installed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <raft/core/snapshot.hpp>
#include <raft/crc32c.hpp>
#include <raft/policy/storage.hpp>

namespace raft::detail {

/// The checksum of the received part of a snapshot.
class incoming_check {
public:
    void resume(const std::optional<received_part>& part) { checksum_ = part ? part->checksum : 0; }

    /// The protocol has accepted this chunk.
    void write(const chunk_write& taken, std::span<const std::byte> chunk, auto& storage) {
        checksum_ = checksum_with(taken.offset, chunk);
        storage.write_chunk(taken, chunk);
    }

    /// Whether this is the last chunk, and the whole snapshot would not match its description.
    [[nodiscard]] bool finds_damage(const state& s, const install_snapshot& m,
                                    std::span<const std::byte> chunk) const {
        if (m.offset > m.size || m.size - m.offset != chunk.size()) return false;
        const auto& incoming = s.tasks->incoming;
        const bool goes_on = incoming && incoming->description == description_of(m);
        if (m.offset != (goes_on ? incoming->received : 0)) return false;
        return checksum_with(m.offset, chunk) != m.checksum;
    }

private:
    [[nodiscard]] std::uint32_t checksum_with(std::uint64_t offset,
                                              std::span<const std::byte> chunk) const {
        return wire::crc32c(chunk, offset == 0 ? 0 : checksum_);
    }

    std::uint32_t checksum_ = 0;
};

}  // namespace raft::detail
