// SPDX-License-Identifier: BSL-1.0
#include "data_identity.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace raft_kv {

namespace {

/// One line that two directories share only if they may be exchanged for each other.
std::string claim_of(const cluster_layout& layout, std::uint64_t id) {
    std::vector<std::uint64_t> members;
    for (const auto& each : layout.servers) members.push_back(each.id);
    std::ranges::sort(members);
    auto text = "server " + std::to_string(id) + " of cluster " +
                std::to_string(layout.identity()) + " of servers";
    for (const auto member : members) text += " " + std::to_string(member);
    return text + "\n";
}

std::string failure(std::string_view what, const std::string& path) {
    return "cannot " + std::string{what} + " " + path + ": " + std::strerror(errno);
}

class open_file {
public:
    open_file(const std::string& path, int flags)
        : descriptor_{::open(path.c_str(), flags | O_CLOEXEC, 0644)} {}
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

    /// What the file holds, up to the length of any claim.
    [[nodiscard]] std::optional<std::string> read() const {
        std::string text(4096, '\0');
        const auto count = ::read(descriptor_, text.data(), text.size());
        if (count < 0) return std::nullopt;
        text.resize(static_cast<std::size_t>(count));
        return text;
    }

private:
    int descriptor_;
};

std::string without_line_end(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

/// The claim appears under its name whole, or not at all.
std::optional<std::string> write_claim(const std::string& directory, const std::string& path,
                                       const std::string& claim) {
    const auto temporary = path + ".new";
    const open_file file{temporary, O_WRONLY | O_CREAT | O_TRUNC};
    if (!file.is_open() || !file.write(claim) || !file.sync()) return failure("write", temporary);
    if (::rename(temporary.c_str(), path.c_str()) != 0) return failure("rename", temporary);
    const open_file entries{directory, O_RDONLY | O_DIRECTORY};
    if (!entries.is_open() || !entries.sync()) return failure("sync", directory);
    return std::nullopt;
}

}  // namespace

std::optional<std::string> claim_directory(const std::string& directory,
                                           const cluster_layout& layout, std::uint64_t id) {
    const auto path = directory + "/identity";
    const auto claim = claim_of(layout, id);
    const open_file file{path, O_RDONLY};
    if (!file.is_open()) {
        if (errno != ENOENT) return failure("open", path);
        return write_claim(directory, path, claim);
    }
    const auto found = file.read();
    if (!found) return failure("read", path);
    if (*found == claim) return std::nullopt;
    return directory + " holds the data of " + without_line_end(*found) + ", but this is " +
           without_line_end(claim);
}

}  // namespace raft_kv
