// SPDX-License-Identifier: BSL-1.0
//
// Files with secrets and passwords, for as long as the test lives.
#pragma once

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <unistd.h>

namespace support {

class key_files {
public:
    key_files() {
        auto name = (std::filesystem::temp_directory_path() / "raft-keys-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
        directory_ = name;
    }
    key_files(const key_files&) = delete;
    key_files& operator=(const key_files&) = delete;
    ~key_files() { std::filesystem::remove_all(directory_); }

    [[nodiscard]] std::string path(std::string_view name) const {
        return directory_ + "/" + std::string{name};
    }
    /// Its path.
    std::string put(std::string_view name, std::string_view text) const {
        std::ofstream{path(name)} << text << '\n';
        return path(name);
    }

private:
    std::string directory_;
};

}  // namespace support
