// SPDX-License-Identifier: BSL-1.0
//
// The mark of a server whose state was found not to be that of the others. Its snapshot may hold
// that state, so it takes part in nothing after a restart either: it comes back as its next
// incarnation, with an empty directory.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <raft/battery/file_storage/file.hpp>

namespace raft::wal {

inline constexpr std::string_view differs_name = "state-differs";
inline constexpr std::string_view differs_draft_name = "state-differs.tmp";
inline constexpr std::string_view differs_text =
    "The state of this server was not that of the others. It is to come back as its next "
    "incarnation, with an empty directory.\n";

/// Durable when this returns without an error.
template <class Files>
[[nodiscard]] failure put_differs_mark(Files& files, const std::string& directory) {
    return put_whole(files, directory, differs_draft_name, path_of(directory, differs_name),
                     std::as_bytes(std::span{differs_text}));
}

/// Whether the directory has that mark.
template <class Files>
[[nodiscard]] failure read_differs_mark(Files& files, const std::string& directory, bool& found) {
    std::vector<std::string> names;
    auto failed = check(files.list(directory, names), "list", directory);
    found = !failed && has_name(names, differs_name);
    return failed;
}

}  // namespace raft::wal
