// SPDX-License-Identifier: BSL-1.0
//
// Which storage each other server had when it was met first, kept beside the log. A server that
// comes with another one has lost what it had promised, and is not taken
// (`transport::options::judge_storage`).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <raft/battery/file_storage/file.hpp>
#include <raft/battery/file_storage/posix_files.hpp>
#include <raft/battery/file_storage/record.hpp>
#include <raft/codec/handshake.hpp>
#include <raft/core/types.hpp>
#include <raft/policy/identity.hpp>

namespace raft::wal {

inline constexpr std::string_view peers_name = "peers";
inline constexpr std::uint64_t peers_magic = 0x7372656570746672;  // "rftpeers"
inline constexpr std::size_t peers_header_bytes = 24;
inline constexpr std::size_t peer_bytes = 16;

/// Used from one thread at a time.
template <wal::storage_files Files = wal::posix_files>
class peer_marks {
public:
    explicit peer_marks(Files files = Files{}) : files_{std::move(files)} {}
    /// `name`: of its file in the directory.
    explicit peer_marks(std::string name, Files files = Files{})
        : files_{std::move(files)}, name_{std::move(name)} {}

    /// Takes up what `directory` keeps. Says what is wrong, if anything is.
    [[nodiscard]] std::optional<std::string> open(std::string directory) {
        directory_ = std::move(directory);
        std::vector<std::string> names;
        if (auto failed = wal::check(files_.list(directory_, names), "read", directory_))
            return failed->message;
        if (std::find(names.begin(), names.end(), name_) == names.end()) return std::nullopt;
        std::vector<std::byte> bytes;
        const auto path = wal::path_of(directory_, name_);
        if (auto failed = wal::read_whole(files_, path, bytes)) return failed->message;
        if (!decode(bytes)) return path + ": it does not match its checksum";
        return std::nullopt;
    }

    /// What is said to a server that has this storage: `welcome`, `other_storage`, or `not_noted`.
    /// The first one is remembered, and durable when this returns; if it cannot be, the server is
    /// not taken, and may come again. Blocks for the disk.
    [[nodiscard]] wire::handshake_verdict judge(member_id peer, storage_mark mark) {
        using verdict = wire::handshake_verdict;
        const auto [place, is_new] = known_.emplace(peer.value, mark);
        if (!is_new) return place->second == mark ? verdict::welcome : verdict::other_storage;
        const auto path = wal::path_of(directory_, name_);
        if (!wal::put_whole(files_, directory_, name_ + ".tmp", path, encoded()))
            return verdict::welcome;
        known_.erase(place);
        return verdict::not_noted;
    }

private:
    [[nodiscard]] std::vector<std::byte> encoded() const {
        std::vector<std::byte> bytes(wal::peers_header_bytes + known_.size() * wal::peer_bytes);
        wal::put(bytes, 0, wal::peers_magic);
        wal::put(bytes, 8, std::uint64_t{known_.size()});
        auto at = wal::peers_header_bytes;
        for (const auto& [peer, mark] : known_) {
            wal::put(bytes, at, peer);
            wal::put(bytes, at + 8, mark.value);
            at += wal::peer_bytes;
        }
        wal::put(bytes, 16, std::uint64_t{checksum(bytes)});
        return bytes;
    }

    [[nodiscard]] bool decode(std::span<const std::byte> bytes) {
        if (bytes.size() < wal::peers_header_bytes ||
            (bytes.size() - wal::peers_header_bytes) % wal::peer_bytes != 0 ||
            wal::get<std::uint64_t>(bytes, 0) != wal::peers_magic ||
            wal::get<std::uint64_t>(bytes, 16) != checksum(bytes))
            return false;
        for (auto at = wal::peers_header_bytes; at < bytes.size(); at += wal::peer_bytes)
            known_.emplace(wal::get<std::uint64_t>(bytes, at),
                           storage_mark{wal::get<std::uint64_t>(bytes, at + 8)});
        return true;
    }

    [[nodiscard]] static std::uint32_t checksum(std::span<const std::byte> bytes) {
        return wire::crc32c(bytes.subspan(wal::peers_header_bytes), wire::crc32c(bytes.first(16)));
    }

    Files files_;
    std::string name_{peers_name};
    std::string directory_{};
    std::map<std::uint64_t, storage_mark> known_{};
};

}  // namespace raft::wal
