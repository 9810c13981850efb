// SPDX-License-Identifier: BSL-1.0
//
// A server whose state was found not to be that of the others stays out, after a restart too: the
// mark that says so is put into its directory as soon as there is room for it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <raft/battery/file_storage/differs_mark.hpp>
#include <raft/core/state.hpp>
#include <raft/node.hpp>

namespace raft::detail {

/// Used from one thread at a time. `Clock`: tells when to try again.
template <class Files, class Clock>
class difference_keeper {
public:
    using time_point = typename Clock::time_point;

    /// Looks whether `directory` has the mark. Says what is wrong, if anything is.
    [[nodiscard]] std::optional<std::string> open(Files files, std::string directory) {
        files_.emplace(std::move(files));
        directory_ = std::move(directory);
        auto failed = wal::read_differs_mark(*files_, directory_, is_kept_);
        return failed ? std::optional{failed->message} : std::nullopt;
    }

    /// The node has started. It takes part in nothing if the directory is marked.
    template <class Node>
    void take_up(Node& node) const {
        if (is_kept_) node.halt_as_different();
    }

    /// To be called in each turn. Without room it is tried again, but not in every turn: at the
    /// time that is given.
    template <class Node>
    [[nodiscard]] std::optional<time_point> keep(const Node& node, time_point now) {
        if (is_kept_ || now < due_ ||
            !is_halted_by(node.protocol_state(), core::halt_reason::state_differs))
            return std::nullopt;
        is_kept_ = !wal::put_differs_mark(*files_, directory_);
        due_ = now + pause;
        return is_kept_ ? std::nullopt : std::optional{due_};
    }

private:
    static constexpr std::chrono::seconds pause{1};

    std::optional<Files> files_{};
    std::string directory_{};
    bool is_kept_ = false;
    time_point due_{};  ///< Before that it is not tried again.
};

}  // namespace raft::detail
