// SPDX-License-Identifier: BSL-1.0
#include "durable_file.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace raft_kv {

namespace {

constexpr std::size_t file_bytes_max = 64 * 1024;

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

}  // namespace

std::variant<file_text, std::string> read_small_file(const std::string& path) {
    const open_file file{path, O_RDONLY};
    if (!file.is_open()) {
        if (errno != ENOENT) return failure("open", path);
        return file_text{};
    }
    auto text = file.read();
    if (!text) return failure("read", path);
    return file_text{std::move(text)};
}

std::optional<std::string> write_durably(const std::string& directory, const std::string& name,
                                         std::string_view text) {
    const auto path = directory + "/" + name;
    const auto temporary = path + ".new";
    const open_file file{temporary, O_WRONLY | O_CREAT | O_TRUNC};
    if (!file.is_open() || !file.write(text) || !file.sync()) return failure("write", temporary);
    if (::rename(temporary.c_str(), path.c_str()) != 0) return failure("rename", temporary);
    const open_file entries{directory, O_RDONLY | O_DIRECTORY};
    if (!entries.is_open() || !entries.sync()) return failure("sync", directory);
    return std::nullopt;
}

}  // namespace raft_kv
