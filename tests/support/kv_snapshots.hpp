// SPDX-License-Identifier: BSL-1.0
//
// Snapshots of raft-kv's state machine in memory.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "../../examples/kv/kv.hpp"

namespace raft::testing {

struct saved_bytes {
    std::string bytes{};
    void write(std::span<const std::byte> more) {
        bytes.append(reinterpret_cast<const char*>(more.data()), more.size());
    }
};

struct read_bytes {
    std::string_view rest{};
    bool read(std::span<std::byte> into) {
        if (into.size() > rest.size()) return false;
        if (!into.empty()) std::memcpy(into.data(), rest.data(), into.size());
        rest.remove_prefix(into.size());
        return true;
    }
};

[[nodiscard]] inline std::string saved(const raft_kv::kv& store) {
    saved_bytes sink;
    store.save(sink);
    return sink.bytes;
}

/// The store of a sound snapshot.
[[nodiscard]] inline raft_kv::kv restored(std::string_view bytes) {
    raft_kv::kv store;
    read_bytes source{bytes};
    if (!store.restore(source)) throw std::invalid_argument("no sound snapshot");
    return store;
}

}  // namespace raft::testing
