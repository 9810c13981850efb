// SPDX-License-Identifier: BSL-1.0
//
// Frames that several queues hold at once and whose memory is used again: a message is encoded once
// for all its destinations, and in steady state without allocating. For one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace raft::detail {

class frame_pool;

struct pooled_frame {
    std::vector<std::byte> bytes{};
    std::uint32_t holders = 0;
    frame_pool* home = nullptr;
};

/// One hold on a frame. When the last one is gone, the frame goes back to its pool, which must live
/// until then.
class shared_frame {
public:
    shared_frame() = default;
    explicit shared_frame(pooled_frame* frame) : frame_{frame} { ++frame_->holders; }
    shared_frame(const shared_frame& other) : frame_{other.frame_} {
        if (frame_ != nullptr) ++frame_->holders;
    }
    shared_frame(shared_frame&& other) noexcept : frame_{std::exchange(other.frame_, nullptr)} {}
    shared_frame& operator=(shared_frame other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    inline ~shared_frame();

    [[nodiscard]] bool is_empty() const { return frame_->bytes.empty(); }
    [[nodiscard]] std::vector<std::byte>& bytes() { return frame_->bytes; }
    [[nodiscard]] const std::vector<std::byte>& bytes() const { return frame_->bytes; }

private:
    pooled_frame* frame_ = nullptr;
};

/// Keeps frames that nobody holds, up to `bytes_max` of memory.
class frame_pool {
public:
    explicit frame_pool(std::size_t bytes_max) : bytes_max_{bytes_max} {}
    frame_pool(const frame_pool&) = delete;
    frame_pool& operator=(const frame_pool&) = delete;
    ~frame_pool() = default;

    /// An empty frame.
    [[nodiscard]] shared_frame take() {
        std::unique_ptr<pooled_frame> frame;
        if (idle_.empty()) {
            frame = std::make_unique<pooled_frame>();
            frame->home = this;
        } else {
            frame = std::move(idle_.back());
            idle_.pop_back();
            idle_bytes_ -= frame->bytes.capacity();
            frame->bytes.clear();
        }
        return shared_frame{frame.release()};
    }

    void give_back(pooled_frame* frame) {
        std::unique_ptr<pooled_frame> owned{frame};
        const auto size = owned->bytes.capacity();
        if (size > bytes_max_ - idle_bytes_) return;
        idle_bytes_ += size;
        idle_.push_back(std::move(owned));
    }

private:
    std::size_t bytes_max_;
    std::size_t idle_bytes_ = 0;
    std::vector<std::unique_ptr<pooled_frame>> idle_{};
};

shared_frame::~shared_frame() {
    if (frame_ != nullptr && --frame_->holders == 0) frame_->home->give_back(frame_);
}

}  // namespace raft::detail
