// SPDX-License-Identifier: BSL-1.0
//
// What a power failure leaves of that which was not synced, part by part: a name, the length of a
// file, a sector (faulty_files.hpp).
#pragma once

#include <cstddef>
#include <cstdint>

#include <raft/testing/simulator/dice.hpp>

namespace raft::testing {

/// What becomes of that which was not synced.
struct survival {
    enum class kind : std::uint8_t {
        lost,    ///< Nothing of it reached the disk.
        kept,    ///< All of it did.
        mixed,   ///< Each part did or did not, as `seed` decides.
        chosen,  ///< Each part did whose bit is set in `seed`, from the lowest on.
    };
    kind which = kind::lost;
    std::uint64_t seed = 0;
};

/// Decides of one part after the other.
class survivors {
public:
    explicit survivors(survival what) : what_{what} {}

    [[nodiscard]] bool next() {
        const auto part = asked_++;
        switch (what_.which) {
        case survival::kind::lost: return false;
        case survival::kind::kept: return true;
        case survival::kind::mixed: return ((luck_.roll() >> 33U) & 1U) != 0;
        case survival::kind::chosen: return part < 64 && ((what_.seed >> part) & 1U) != 0;
        }
        return false;
    }

    /// Of how many parts it has decided.
    [[nodiscard]] std::size_t asked() const { return asked_; }

private:
    survival what_;
    simulation::dice luck_{what_.seed};
    std::size_t asked_ = 0;
};

}  // namespace raft::testing
