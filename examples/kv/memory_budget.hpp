// SPDX-License-Identifier: BSL-1.0
//
// The memory that something of all clients takes together: replies that they have not fetched, or
// requests that are not whole. Each client holds a share, which it gives back when it goes.
#pragma once

#include <cstddef>
#include <utility>

namespace raft_kv {

class memory_budget {
public:
    explicit memory_budget(std::size_t most) : most_{most} {}

    [[nodiscard]] std::size_t most() const { return most_; }
    [[nodiscard]] std::size_t total() const { return total_; }
    [[nodiscard]] bool is_exceeded() const { return total_ > most_; }

    class share {
    public:
        explicit share(memory_budget& of) : of_{&of} {}
        share(const share&) = delete;
        share& operator=(const share&) = delete;
        ~share() { give_back(); }

        [[nodiscard]] std::size_t bytes() const { return bytes_; }
        void set(std::size_t bytes) {
            if (of_ == nullptr) return;
            of_->total_ -= std::exchange(bytes_, bytes);
            of_->total_ += bytes;
        }
        /// For good: the budget is not looked at again, and may be gone.
        void give_back() {
            set(0);
            of_ = nullptr;
        }

    private:
        memory_budget* of_;
        std::size_t bytes_ = 0;
    };

private:
    std::size_t most_;
    std::size_t total_ = 0;
};

}  // namespace raft_kv
