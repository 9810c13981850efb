// SPDX-License-Identifier: BSL-1.0
//
// The directory of a host: which cluster it belongs to, which storages the other hosts have, and
// which directory each of its groups has. It is itself that of a storage, with an empty log: so it
// has a lock, a history and a mark, as that of a replica has.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <raft/battery/asio_replica/directory.hpp>
#include <raft/battery/file_storage.hpp>
#include <raft/battery/file_storage/peer_marks.hpp>
#include <raft/battery/host/batch.hpp>

namespace raft::detail {

class host_directory {
public:
    using storage_type = file_storage<std::uint64_t>;

    [[nodiscard]] static std::optional<std::string> prepare(const std::string& directory,
                                                            history_id history) {
        auto opened = storage_type::open(directory, options());
        if (const auto* wrong = std::get_if<file_storage_error>(&opened)) return wrong->message;
        return detail::prepare(std::get<storage_type>(opened), directory, history);
    }

    /// Says what is wrong, if anything is. Blocks for the disk.
    [[nodiscard]] std::optional<std::string> open(const std::string& directory) {
        directory_ = directory;
        auto opened = storage_type::open(directory, options());
        if (auto* wrong = std::get_if<file_storage_error>(&opened)) return wrong->message;
        storage_.emplace(std::get<storage_type>(std::move(opened)));
        if (!storage_->history()) return not_prepared(directory);
        return hosts_.open(directory);
    }

    /// Another host may have it then.
    void close() { storage_.reset(); }

    [[nodiscard]] const storage_type& storage() const { return *storage_; }
    [[nodiscard]] wal::peer_marks<>& hosts() { return hosts_; }

    [[nodiscard]] std::string path_of(group_id group, std::uint32_t incarnation) const {
        return wal::path_of(
            directory_, "group-" + std::to_string(group.value) +
                            (incarnation == 0 ? std::string{} : "." + std::to_string(incarnation)));
    }

    /// Why the member must not have this storage, if it had another one before, or if it cannot be
    /// noted that it has this one. Any thread; blocks for the disk.
    [[nodiscard]] std::optional<std::string> judge(group_id group, std::uint32_t incarnation,
                                                   storage_mark mark) {
        const std::lock_guard lock{mutex_};
        const auto [known, is_new] =
            groups_.try_emplace(incarnation, "groups-" + std::to_string(incarnation));
        if (is_new)
            if (auto wrong = known->second.open(directory_)) {
                groups_.erase(known);
                return wrong;
            }
        switch (known->second.judge({group.value}, mark)) {
        case wire::handshake_verdict::welcome: return std::nullopt;
        case wire::handshake_verdict::not_noted:
            return "which directory the group has cannot be noted in " + directory_;
        default:
            return path_of(group, incarnation) +
                   " is another one than this member had: what it has promised is lost with that, "
                   "so it must come back as the next incarnation, which joins";
        }
    }

private:
    [[nodiscard]] static file_storage_options options() {
        return {.segment_bytes = 4096, .cache_bytes = 0, .mode = flush_mode::manual};
    }

    std::string directory_{};
    std::optional<storage_type> storage_{};
    wal::peer_marks<> hosts_{};
    std::mutex mutex_{};
    std::map<std::uint32_t, wal::peer_marks<>> groups_{};  ///< Of each incarnation.
};

}  // namespace raft::detail
