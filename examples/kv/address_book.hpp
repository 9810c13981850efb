// SPDX-License-Identifier: BSL-1.0
//
// The addresses of servers as they are agreed upon: a part of the replicated state, so that every
// server knows where each member is, and whoever is to become one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cluster_file.hpp"
#include "operations.hpp"

namespace raft_kv {

class address_book {
public:
    [[nodiscard]] const std::vector<server_address>& servers() const { return layout_.servers; }
    /// Another one whenever the addresses may have changed.
    [[nodiscard]] std::uint64_t version() const { return version_; }

    [[nodiscard]] write_result put(operation_code code, byte_reader& reader) {
        server_address server{.id = reader.integer<std::uint64_t>()};
        server.host = reader.string();
        server.peer_port = reader.integer<std::uint16_t>();
        server.client_port = reader.integer<std::uint16_t>();
        if (code == operation_code::put_tls_address)
            server.tls_port = reader.integer<std::uint16_t>();
        // A peer may have put anything into the log, and every snapshot has to be readable.
        if (reader.failed() || !is_address(server)) return {.what = write_result::kind::malformed};
        const auto is_new = layout_.find(server.id) == nullptr;
        if (is_new && layout_.servers.size() >= known_servers_max)
            return {.what = write_result::kind::too_many_servers};
        layout_.put(std::move(server));
        ++version_;
        return {};
    }

    /// How many there were: 1 or 0.
    [[nodiscard]] write_result remove(byte_reader& reader) {
        const auto id = reader.integer<std::uint64_t>();
        if (reader.failed()) return {.what = write_result::kind::malformed};
        const auto count = std::erase_if(layout_.servers,
                                         [&](const server_address& each) { return each.id == id; });
        if (count != 0) ++version_;
        return {.what = write_result::kind::number, .number = static_cast<std::int64_t>(count)};
    }

    /// The same as what `restore` takes.
    [[nodiscard]] std::string saved() const {
        return servers().empty() ? std::string{} : cluster_text(0, servers());
    }

    [[nodiscard]] bool restore(std::string_view saved) {
        cluster_layout restored;
        if (!saved.empty()) {
            auto parsed = parse_cluster(saved, known_servers_max);
            if (std::holds_alternative<layout_error>(parsed)) return false;
            restored.servers = std::move(std::get<cluster_layout>(parsed).servers);
        }
        layout_ = std::move(restored);
        ++version_;
        return true;
    }

private:
    cluster_layout layout_;
    std::uint64_t version_ = 1;
};

}  // namespace raft_kv
