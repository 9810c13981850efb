// SPDX-License-Identifier: BSL-1.0
//
// A snapshot of this server's own, from the state machine that writes it to the file in which it is
// saved. It goes there in pieces, as it is written: no more than a piece of it is in memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <raft/core/configuration.hpp>
#include <raft/core/types.hpp>

namespace raft::wal {

/// Where a state machine writes its snapshot to.
class own_snapshot_sink {
public:
    /// How much is written and synced at once.
    static constexpr std::size_t piece_bytes = 1024 * 1024;

    using taker = std::function<void(std::span<const std::byte> piece)>;
    /// `take` is called with each piece, in turn; each but the last has `piece_bytes`.
    explicit own_snapshot_sink(taker take) : take_{std::move(take)} { piece_.reserve(piece_bytes); }

    void write(std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            const auto part = bytes.first(std::min(bytes.size(), piece_bytes - piece_.size()));
            piece_.insert(piece_.end(), part.begin(), part.end());
            bytes = bytes.subspan(part.size());
            if (piece_.size() == piece_bytes) end();
        }
    }
    /// What is left is a piece, too.
    void end() {
        if (!piece_.empty()) take_(piece_);
        piece_.clear();
    }

private:
    taker take_;
    std::vector<std::byte> piece_{};
};

/// What is to be saved.
struct own_snapshot {
    core::log_position last_included{};
    configuration members{};
    bool withheld = false;  ///< There is no state to it.
    /// Writes the state, the same each time: it is called again where there was no room.
    std::function<void(own_snapshot_sink&)> fill{};
};

/// Keeps a callable of the state machine's, which may be one that can only be moved.
template <class Fill>
[[nodiscard]] std::function<void(own_snapshot_sink&)> kept_fill(Fill fill) {
    return [kept = std::make_shared<Fill>(std::move(fill))](own_snapshot_sink& sink) {
        (*kept)(sink);
    };
}

/// Calls `fill` now, and keeps what it writes.
[[nodiscard]] std::function<void(own_snapshot_sink&)> filled_now(auto&& fill) {
    std::vector<std::vector<std::byte>> pieces;
    own_snapshot_sink sink{
        [&](std::span<const std::byte> piece) { pieces.emplace_back(piece.begin(), piece.end()); }};
    fill(sink);
    sink.end();
    return [kept = std::make_shared<const std::vector<std::vector<std::byte>>>(std::move(pieces))](
               own_snapshot_sink& into) {
        for (const auto& piece : *kept) into.write(piece);
    };
}

}  // namespace raft::wal
