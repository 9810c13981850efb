// SPDX-License-Identifier: BSL-1.0
//
// Tells whoever operates a replica what has changed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <raft/battery/asio_replica/terms.hpp>
#include <raft/battery/asio_transport/options.hpp>
#include <raft/battery/comparison.hpp>
#include <raft/core/state.hpp>
#include <raft/describe.hpp>

namespace raft::detail {

/// A line for a log.
[[nodiscard]] inline std::string line_of(const transport::event& event) {
    std::string text = "peer ";
    text += event.peer ? std::to_string(event.peer->value) : "unknown";
    text.append(": ").append(describe(event.kind));
    if (!event.reason.empty()) text.append(", ").append(event.reason);
    if (event.error) text.append(", ").append(event.error.message());
    return text;
}

/// Compares what is with what was told last.
class member_watch {
public:
    /// `terms` outlives it.
    explicit member_watch(const member_terms& terms) : terms_{terms} {}

    void tell(std::string_view line) const {
        if (terms_.log) terms_.log(line);
    }

    void tell(const digests::comparison_news& news) const {
        const auto name = [](member_id id) { return std::to_string(id.value); };
        tell(std::visit([&](const auto& found) { return text_of(found, name); }, news));
    }

    template <class Node, class Storage>
    void look_at(const Node& node, const Storage& storage) {
        const auto& s = node.protocol_state();
        const standing now{s.role.index(),      s.current_term,
                           s.current_leader(),  s.configurations.back().index,
                           s.tasks->removed_at, s.tasks->found_loss};
        if (now == seen_) return;
        const bool has_halted = s.is_halted() && seen_.role != now.role;
        seen_ = now;
        const auto status = node.status();
        tell(line_of(status));
        if (has_halted) tell("takes part in nothing any more: " + cause_of(status, storage));
        if (terms_.on_change) terms_.on_change(status);
    }

private:
    struct standing {
        std::size_t role = std::variant_npos;
        term_number term{};
        std::optional<member_id> leader{};
        log_index configuration{};
        std::optional<log_index> removed_at{};
        std::optional<core::found_loss> found_loss{};
        friend bool operator==(const standing&, const standing&) = default;
    };

    [[nodiscard]] static std::string line_of(const node_status& status) {
        auto text =
            std::string{status.role} + " in term " + std::to_string(status.current_term.value);
        if (status.leader) text += ", server " + std::to_string(status.leader->value) + " leads";
        if (status.removed_at)
            text += ", no member of the cluster since the configuration at entry " +
                    std::to_string(status.removed_at->value);
        if (status.found_loss)
            text += "; server " + std::to_string(status.found_loss->member.value) +
                    " lacks what it had acknowledged, up to entry " +
                    std::to_string(status.found_loss->through.index.value) + ": its disk went back";
        return text;
    }

    template <class Storage>
    [[nodiscard]] static std::string cause_of(const node_status& status, const Storage& storage) {
        if (!status.state_differs) return storage.error();
        return std::string{describe(core::halt_reason::state_differs)};
    }

    const member_terms& terms_;
    standing seen_{};
};

}  // namespace raft::detail
