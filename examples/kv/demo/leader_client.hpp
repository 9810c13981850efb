// SPDX-License-Identifier: BSL-1.0
//
// A client of the whole cluster: it finds the leader by what the servers answer, and says of each
// command what became of it. It never sends a command twice by itself: whether that is safe is
// known to its caller.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../cluster_file.hpp"
#include "connection.hpp"
#include "wait.hpp"

namespace raft_kv::outside {

enum class fate : std::uint8_t {
    answered,  ///< Carried out, with this answer.
    rejected,  ///< The command itself is wrong, and will be whenever it is sent.
    not_done,  ///< It was not carried out, and may be when sent again.
    unknown,   ///< It may have been carried out, or may yet.
};

struct outcome {
    fate what = fate::unknown;
    answer said{};
    steady::time_point at{};  ///< When it was known.
};

/// What an answer of a server means for the command.
[[nodiscard]] fate fate_of(const answer& said);

/// The server that "MOVED <slot> <host>:<port>" names, by its place in the layout.
[[nodiscard]] std::optional<std::size_t> moved_to(std::string_view text,
                                                  const cluster_layout& layout);

class leader_client {
public:
    using words = std::vector<std::string>;

    leader_client(const cluster_layout& layout, std::chrono::milliseconds patience,
                  std::size_t first_server = 0)
        : layout_{layout}, patience_{patience}, server_{first_server % layout.servers.size()} {}

    /// Sends all at once to the server that seems to lead, and waits for their outcomes, which are
    /// in the same order. What was answered decides which server is asked next time.
    [[nodiscard]] std::span<const outcome> exchange(std::span<const words> commands);

    /// One command, sent again until it was surely carried out or is rejected: only for what may be
    /// carried out twice. Nothing if that takes longer than `limit`.
    [[nodiscard]] std::optional<answer> persist(const words& command,
                                                std::chrono::milliseconds limit);

    /// The one that is asked next.
    [[nodiscard]] const server_address& server() const { return layout_.servers[server_]; }
    /// The last error that was answered, or why the last connection was lost.
    [[nodiscard]] const std::string& last_error() const { return last_error_; }

private:
    [[nodiscard]] std::size_t next_server() const { return (server_ + 1) % layout_.servers.size(); }
    void ask_next_server();
    void learn_from(const answer& error);

    const cluster_layout& layout_;
    std::chrono::milliseconds patience_;
    std::size_t server_;
    std::optional<connection> connection_{};
    std::optional<std::size_t> turn_to_{};  ///< Another server should be asked next time.
    bool is_sent_on_ = false;               ///< By an answer of this time.
    std::size_t sent_on_ = 0;               ///< So many times in a row.
    std::vector<outcome> outcomes_{};
    std::string last_error_{};
};

}  // namespace raft_kv::outside
