// SPDX-License-Identifier: BSL-1.0
//
// Writes on their way to the log. Those of all clients that come while the event loop makes one
// turn share a batch, which becomes one entry; so do those that come while enough entries are on
// their way already. The more there is to do, the fuller the entries.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "limits.hpp"
#include "operations.hpp"
#include "session.hpp"

namespace raft_kv {

struct write_batch {
    struct writer {
        std::shared_ptr<session> by{};
        std::uint64_t sequence = 0;
    };
    std::string bytes{};
    std::vector<writer> writers{};  ///< One for each write, in their order; empty once told.
    std::size_t values = 0;         ///< What it answers has so many values of keys at most.
    std::uint32_t version = 0;      ///< Of the program that its writes need.
    bool apart = false;             ///< It takes no more writes.
};

class write_queue {
public:
    /// Where the next write goes; null if too much waits already.
    [[nodiscard]] std::string* open() {
        if (waiting_bytes_ >= limits::waiting_bytes_max) return nullptr;
        if (waiting_.empty() || is_full(*waiting_.back())) waiting_.push_back(fresh());
        return &waiting_.back()->bytes;
    }

    /// A write of so many bytes was added there. One that needs a newer program than all servers
    /// are known to have is in an entry of its own: if that is refused, nobody else's is.
    void add(write_batch::writer writer, std::size_t bytes, std::uint32_t version_known) {
        const auto needed = version_needed(last(bytes));
        if (needed > version_known) set_apart(bytes);
        auto& batch = *waiting_.back();
        batch.writers.push_back(std::move(writer));
        batch.values += values_answered(last(bytes));
        batch.version = std::max(batch.version, needed);
        batch.apart = needed > version_known;
        waiting_bytes_ += bytes;
    }

    [[nodiscard]] bool may_propose() const {
        return waiting_bytes_ > 0 && in_flight_ < limits::batches_in_flight_max;
    }

    [[nodiscard]] bool idle() const { return waiting_bytes_ == 0 && in_flight_ == 0; }

    /// The next batch to propose; only if one may be.
    [[nodiscard]] const write_batch& next() const { return *waiting_.front(); }
    [[nodiscard]] std::unique_ptr<write_batch> take() {
        auto batch = std::move(waiting_.front());
        waiting_.pop_front();
        waiting_bytes_ -= batch->bytes.size();
        put_version(batch->bytes, batch->version);
        ++in_flight_;
        return batch;
    }

    /// What becomes of a batch that was taken is known, or is nobody's concern any more.
    void told() { --in_flight_; }

    /// All that was not taken yet: it never will be.
    [[nodiscard]] std::deque<std::unique_ptr<write_batch>> give_up() {
        waiting_bytes_ = 0;
        return std::exchange(waiting_, {});
    }

    void recycle(std::unique_ptr<write_batch> batch) {
        if (spare_.size() >= limits::batches_in_flight_max) return;
        batch->bytes.clear();
        batch->writers.clear();
        batch->values = 0;
        batch->version = 0;
        batch->apart = false;
        spare_.push_back(std::move(batch));
    }

private:
    [[nodiscard]] std::string_view last(std::size_t bytes) const {
        const auto& all = waiting_.back()->bytes;
        return std::string_view{all}.substr(all.size() - bytes);
    }

    void set_apart(std::size_t bytes) {
        auto& shared = *waiting_.back();
        if (shared.bytes.size() == bytes) return;
        auto own = fresh();
        own->bytes = last(bytes);
        shared.bytes.resize(shared.bytes.size() - bytes);
        waiting_.push_back(std::move(own));
    }

    [[nodiscard]] static bool is_full(const write_batch& batch) {
        return batch.apart || batch.bytes.size() >= limits::batch_bytes ||
               batch.values >= limits::batch_values_max;
    }

    [[nodiscard]] std::unique_ptr<write_batch> fresh() {
        if (spare_.empty()) return std::make_unique<write_batch>();
        auto batch = std::move(spare_.back());
        spare_.pop_back();
        return batch;
    }

    std::deque<std::unique_ptr<write_batch>> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::size_t in_flight_ = 0;
    std::vector<std::unique_ptr<write_batch>> spare_;
};

}  // namespace raft_kv
