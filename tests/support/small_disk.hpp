// SPDX-License-Identifier: BSL-1.0
//
// A small disk of its own, which can be filled. Where none can be mounted it says why.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include <sys/mount.h>

namespace support {

/// Mounted at `path`, which is made, while the object lives.
class small_disk {
public:
    small_disk(std::string path, std::size_t mebibytes) : path_{std::move(path)} {
        std::filesystem::create_directory(path_);
        const auto options = "size=" + std::to_string(mebibytes) + "m";
        mounted_ = ::mount("raft-kv-test", path_.c_str(), "tmpfs", 0, options.c_str()) == 0;
        if (!mounted_) error_ = std::strerror(errno);
    }
    small_disk(const small_disk&) = delete;
    small_disk& operator=(const small_disk&) = delete;
    ~small_disk() {
        if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
    }

    [[nodiscard]] bool is_there() const { return mounted_; }
    [[nodiscard]] const std::string& error() const { return error_; }

    /// Takes all that is free; `release` gives it back.
    void fill() {
        std::ofstream file{path_ + "/filler", std::ios::binary};
        const std::string zeros(4096, '\0');
        while (file.write(zeros.data(), static_cast<std::streamsize>(zeros.size()))) {
        }
    }
    void release() { std::filesystem::remove(path_ + "/filler"); }

private:
    std::string path_;
    bool mounted_ = false;
    std::string error_;
};

}  // namespace support
