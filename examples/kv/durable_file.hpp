// SPDX-License-Identifier: BSL-1.0
//
// Small files beside the log that appear under their name whole, and durable, or not at all. The
// last line of each is a checksum of the others, so that a file that was changed, or is not all
// there, is never taken for what it was.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace raft_kv {

/// The text of a file; none if there is no such file.
using file_text = std::optional<std::string>;

/// The last line of a file that holds `text`.
[[nodiscard]] std::string checksum_line(std::string_view text);

/// What the file holds but for its checksum, or what is wrong. A file beyond 64 KiB is no such
/// file.
[[nodiscard]] std::variant<file_text, std::string> read_small_file(const std::string& path);

/// Replaces `directory`/`name` by `text`, whole lines, and their checksum: durable when this
/// returns. Otherwise says what went wrong. Blocks for the disk.
[[nodiscard]] std::optional<std::string>
write_durably(const std::string& directory, const std::string& name, std::string_view text);

}  // namespace raft_kv
