// SPDX-License-Identifier: BSL-1.0
//
// Decides when a connection is given up, by what is seen of it at one look after the other; who
// looks, and at what, is not known here. Two things can be wrong, and are told apart:
//
// The peer's system acknowledges what reaches it within a fraction of a second, also while its
// process does nothing. So if something is due and nothing comes, it or the network is gone. TCP
// itself would go on for a quarter of an hour, with pauses that double up to two minutes, and so
// stay silent for long after the way is free again: such a connection is replaced.
//
// If the system acknowledges but takes no more, the peer's process stands still, which may be a
// slow disk or a debugger. That connection is sound, and has much more time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace raft::detail {

/// What a system tells of the bytes that it has sent on a connection.
struct tcp_delivery {
    bool is_due = false;      ///< Some were sent, or probes, that are not acknowledged.
    bool is_overdue = false;  ///< Not even after they were sent again.
    std::chrono::milliseconds since_answer{};  ///< The time since an acknowledgement came, of any.
};

class delivery_watch {
public:
    struct limits {
        std::chrono::milliseconds unacknowledged{};  ///< How long nothing may come while it is due.
        std::chrono::milliseconds stalled{};  ///< How long nothing may be taken of what waits.
    };

    /// One look at a connection.
    struct sight {
        bool waits = false;                  ///< Frames wait that the system has not taken.
        std::uint64_t taken = 0;             ///< How many bytes it has taken so far.
        std::optional<tcp_delivery> sent{};  ///< None: the system does not tell.
    };

    enum class verdict : std::uint8_t {
        at_rest,         ///< Nothing waits and nothing is due. No more looks are needed.
        busy,            ///< As it should be.
        unacknowledged,  ///< The peer or the way to it is gone.
        stalled,         ///< The peer takes nothing.
    };

    explicit delivery_watch(const limits& chosen) : limits_{chosen} {}

    /// The time between two looks.
    [[nodiscard]] std::chrono::milliseconds interval() const {
        const auto shorter = std::min(limits_.unacknowledged, limits_.stalled);
        return std::max(shorter / 4, std::chrono::milliseconds{1});
    }

    /// Forgets what was seen: there is something to look at anew.
    void begin(std::uint64_t taken) {
        unanswered_ = untaken_ = {};
        taken_ = taken;
    }

    /// To be called after each `interval()`. A look counts for that time even if it comes later:
    /// then it was this process that stood still, and it knows nothing of the peer.
    [[nodiscard]] verdict look(const sight& seen) {
        const bool is_due = seen.sent && seen.sent->is_due;
        const bool is_answered = !is_due || seen.sent->since_answer < interval();
        const bool is_taken = !seen.waits || seen.taken != taken_;
        taken_ = seen.taken;
        unanswered_ = is_answered ? std::chrono::milliseconds{} : unanswered_ + interval();
        untaken_ = is_taken ? std::chrono::milliseconds{} : untaken_ + interval();
        if (!is_answered && unanswered_ >= limits_.unacknowledged) return verdict::unacknowledged;
        if (!is_taken && untaken_ >= limits_.stalled) return verdict::stalled;
        return seen.waits || is_due ? verdict::busy : verdict::at_rest;
    }

private:
    limits limits_;
    std::uint64_t taken_ = 0;
    std::chrono::milliseconds unanswered_{};
    std::chrono::milliseconds untaken_{};
};

}  // namespace raft::detail
