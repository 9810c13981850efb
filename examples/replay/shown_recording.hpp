// SPDX-License-Identifier: BSL-1.0
//
// What a server did, step by step, as a run that can be shown. The others are only spoken to: when
// they sent what it received, and whether they received what it sent, it does not know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <page/observed.hpp>
#include <page/run.hpp>

#include <raft/testing/replay.hpp>

namespace raft_replay {

class shown_recording {
public:
    explicit shown_recording(std::uint64_t self) : self_{self} {}

    void add(const raft::testing::replayed_step& step);
    /// All steps are added; `file`: where they come from.
    [[nodiscard]] raft_page::run finish(const std::string& file);

private:
    void show_input(std::int64_t at, const raft::core::input& in);
    void show_message(std::int64_t at, std::uint64_t to, const raft::core::message& body);

    std::uint64_t self_;
    raft_page::run run_{};
    raft_page::observed_servers servers_{run_};
    std::optional<raft::instant> origin_{};
};

}  // namespace raft_replay
