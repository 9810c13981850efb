// SPDX-License-Identifier: BSL-1.0
//
// The directory of a member, which is prepared once before anybody takes part with it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <raft/battery/file_storage.hpp>
#include <raft/core/types.hpp>

namespace raft::detail {

/// Gives the history to a storage that is new, or does nothing if it has it and nothing else yet.
/// Says what is wrong, if anything is. Blocks for the disk.
template <class Storage>
[[nodiscard]] std::optional<std::string> prepare(Storage& storage, const std::string& directory,
                                                 history_id history) {
    if (storage.history() == history && storage.was_empty()) return std::nullopt;
    if (storage.history() || !storage.was_empty())
        return directory + " is in use: a server has run there, or it was prepared before";
    if (!storage.keep_history(history)) return storage.error();
    return std::nullopt;
}

template <class Storage, class Files>
[[nodiscard]] std::optional<std::string> prepare_directory(const std::string& directory,
                                                           history_id history, Files there) {
    auto opened = Storage::open(directory, {.mode = flush_mode::manual}, std::move(there));
    if (const auto* wrong = std::get_if<file_storage_error>(&opened)) return wrong->message;
    return prepare(std::get<Storage>(opened), directory, history);
}

[[nodiscard]] inline std::string not_prepared(const std::string& directory) {
    return directory +
           " is not prepared: that is done once, when the cluster begins, or when this server is "
           "to join it. If it has lost its data it must come back as another member, with another "
           "id";
}

}  // namespace raft::detail
