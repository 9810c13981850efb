// SPDX-License-Identifier: BSL-1.0
//
// Clients' writes, from where they wait until the clients are told what became of them. Those of a
// turn are proposed together (write_queue.hpp). One that takes too long is given up: the client is
// told, and what becomes of it later is nobody's concern.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "activity.hpp"
#include "running_node.hpp"
#include "write_queue.hpp"

namespace raft_kv {

class writes {
public:
    /// `changed(session)`: it has something to be told. `forwards`: a follower hands writes to its
    /// leader. All outlive it.
    writes(running_node& node, bool forwards, activity& done, std::function<void(session&)> changed)
        : node_{node}, forwards_{forwards}, done_{done}, changed_{std::move(changed)} {}

    // As `service` says.
    [[nodiscard]] std::string* open() { return queue_.open(); }
    void add(session& by, std::uint64_t sequence, std::size_t bytes) {
        queue_.add({by.shared_from_this(), sequence}, bytes, node_.node().commands_permitted());
    }

    /// Proposes what can be proposed, and gives up what took too long. Once a turn.
    void submit();
    [[nodiscard]] bool idle() const { return queue_.idle(); }

private:
    using clock = std::chrono::steady_clock;
    using outcome = raft::outcome<kv::result>;

    /// In the log, and not committed yet.
    struct batch_under_way {
        write_batch* batch = nullptr;
        clock::time_point since{};
    };

    void propose(std::unique_ptr<write_batch> batch);
    [[nodiscard]] bool is_stuck() const;
    void give_up();
    void fail(write_batch& batch, std::string_view text, std::uint64_t& count);
    void take_outcome(std::unique_ptr<write_batch>& batch, const outcome& given);
    void tell(write_batch& batch, const outcome& given);
    [[nodiscard]] std::uint64_t& count_for(const outcome& given);

    running_node& node_;
    bool forwards_;
    activity& done_;
    std::function<void(session&)> changed_;
    write_queue queue_{};
    std::deque<batch_under_way> under_way_{};  ///< In the order of the log.
};

}  // namespace raft_kv
