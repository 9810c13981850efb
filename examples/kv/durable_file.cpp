// SPDX-License-Identifier: BSL-1.0
#include "durable_file.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <span>

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <raft/crc32c.hpp>

namespace raft_kv {

namespace {

constexpr std::size_t file_bytes_max = 64 * 1024;
constexpr mode_t owner_only = 0600;
constexpr char checksum_mark[] = "# checksum ";

std::string failure(std::string_view what, const std::string& path) {
    return "cannot " + std::string{what} + " " + path + ": " + std::strerror(errno);
}

class open_file {
public:
    open_file(const std::string& path, int flags)
        : descriptor_{::open(path.c_str(), flags | O_CLOEXEC, owner_only)} {}
    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;
    ~open_file() {
        if (is_open()) ::close(descriptor_);
    }

    [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
    [[nodiscard]] bool write(std::string_view text) const {
        return ::write(descriptor_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    }
    [[nodiscard]] bool sync() const { return ::fsync(descriptor_) == 0; }

    [[nodiscard]] std::optional<std::string> read() const {
        std::string text(file_bytes_max, '\0');
        const auto count = ::read(descriptor_, text.data(), text.size());
        if (count < 0) return std::nullopt;
        text.resize(static_cast<std::size_t>(count));
        return text;
    }

private:
    int descriptor_;
};

std::string with_checksum(std::string_view text) {
    return std::string{text} + checksum_line(text) + "\n";
}

/// For whoever finds one of the files damaged that say who a server is.
constexpr std::string_view way_on =
    "; put a copy of it back, or let the server come back as its next incarnation, with an empty "
    "directory: RAFT REMOVE, then --join";

/// All lines but the last one, if that is for the checksum.
std::string without_checksum(std::string text) {
    if (!text.empty() && text.back() != '\n') text.push_back('\n');
    const auto before = text.size() < 2 ? text.npos : text.rfind('\n', text.size() - 2);
    const auto last = before == text.npos ? 0 : before + 1;
    if (std::string_view{text}.substr(last).starts_with(checksum_mark)) text.resize(last);
    return text;
}

}  // namespace

std::string checksum_line(std::string_view text) {
    const auto checksum = raft::wire::crc32c(std::as_bytes(std::span{text}));
    char line[32];
    std::snprintf(line, sizeof(line), "%s%08x", checksum_mark, static_cast<unsigned>(checksum));
    return line;
}

std::variant<file_text, std::string> read_small_file(const std::string& path) {
    const open_file file{path, O_RDONLY};
    if (!file.is_open()) {
        if (errno != ENOENT) return failure("open", path);
        return file_text{};
    }
    const auto found = file.read();
    if (!found) return failure("read", path);
    auto text = without_checksum(*found);
    if (text.empty()) return path + " is damaged: it holds nothing" + std::string{way_on};
    if (*found == with_checksum(text)) return file_text{std::move(text)};
    if (text.find('\0') != text.npos)
        return path + " is damaged: it is no text" + std::string{way_on};
    return path +
           " is damaged, or an earlier version wrote it: its checksum is not there, or not "
           "that of what it holds. If that is right nevertheless, make this its last line: " +
           checksum_line(text);
}

std::optional<std::string> write_durably(const std::string& directory, const std::string& name,
                                         std::string_view text) {
    const auto path = directory + "/" + name;
    const auto temporary = path + ".new";
    const open_file file{temporary, O_WRONLY | O_CREAT | O_TRUNC};
    if (!file.is_open() || !file.write(with_checksum(text)) || !file.sync())
        return failure("write", temporary);
    if (::rename(temporary.c_str(), path.c_str()) != 0) return failure("rename", temporary);
    const open_file entries{directory, O_RDONLY | O_DIRECTORY};
    if (!entries.is_open() || !entries.sync()) return failure("sync", directory);
    return std::nullopt;
}

}  // namespace raft_kv
