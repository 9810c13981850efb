// SPDX-License-Identifier: BSL-1.0
//
// A snapshot in memory: where a state machine saves, and whence it restores.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace raft::testing {

/// Keeps what `save` writes.
struct bytes_sink {
    std::vector<std::byte>& bytes;
    void write(std::span<const std::byte> more) {
        bytes.insert(bytes.end(), more.begin(), more.end());
    }
};

/// Gives `restore` these bytes, and no more.
class bytes_source {
public:
    explicit bytes_source(std::span<const std::byte> bytes) : rest_{bytes} {}

    [[nodiscard]] bool read(std::span<std::byte> wanted) {
        if (wanted.size() > rest_.size()) return false;
        std::copy_n(rest_.begin(), wanted.size(), wanted.begin());
        rest_ = rest_.subspan(wanted.size());
        return true;
    }

private:
    std::span<const std::byte> rest_;
};

/// What it saves.
template <class Saved>
[[nodiscard]] std::vector<std::byte> bytes_of(const Saved& saved) {
    std::vector<std::byte> bytes;
    bytes_sink sink{bytes};
    saved.save(sink);
    return bytes;
}

}  // namespace raft::testing
