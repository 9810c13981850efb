// SPDX-License-Identifier: BSL-1.0
//
// When which group must be polled: a heap in which each group's place is known, so that a deadline
// is moved in logarithmic time, and one that has come is found at once among any number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace raft::detail {

/// Appointments of numbered groups, at most one each. Of those at the same time, whoever was
/// entered first comes first.
template <class TimePoint>
class agenda {
public:
    [[nodiscard]] std::optional<TimePoint> first() const {
        return heap_.empty() ? std::nullopt : std::optional{heap_.front().when};
    }

    /// Moves the group's appointment, or makes it. Where it is at that time already it keeps its
    /// rank.
    void set(std::size_t group, TimePoint when) {
        if (group >= place_of_.size()) place_of_.resize(group + 1, nowhere);
        if (place_of_[group] == nowhere) {
            place_of_[group] = heap_.size();
            heap_.push_back({when, ++entered_, group});
        } else {
            auto& known = heap_[place_of_[group]];
            if (known.when == when) return;
            known.when = when;
            known.order = ++entered_;
        }
        restore(place_of_[group]);
    }

    void cancel(std::size_t group) {
        if (group >= place_of_.size() || place_of_[group] == nowhere) return;
        const auto hole = std::exchange(place_of_[group], nowhere);
        const auto last = heap_.back();
        heap_.pop_back();
        if (hole == heap_.size()) return;
        put(hole, last);
        restore(hole);
    }

    /// The number of the latest entry.
    [[nodiscard]] std::uint64_t entered() const { return entered_; }

    /// Takes out the first group whose time has come, unless it was entered after entry `latest`.
    [[nodiscard]] std::optional<std::size_t> take_due(TimePoint now, std::uint64_t latest) {
        if (heap_.empty() || heap_.front().when > now || heap_.front().order > latest)
            return std::nullopt;
        const auto group = heap_.front().group;
        cancel(group);
        return group;
    }

private:
    struct appointment {
        TimePoint when{};
        std::uint64_t order = 0;
        std::size_t group = 0;

        [[nodiscard]] bool before(const appointment& other) const {
            return when != other.when ? when < other.when : order < other.order;
        }
    };
    static constexpr auto nowhere = static_cast<std::size_t>(-1);

    void put(std::size_t place, const appointment& kept) {
        heap_[place] = kept;
        place_of_[kept.group] = place;
    }

    void swap_places(std::size_t a, std::size_t b) {
        const auto kept = heap_[a];
        put(a, heap_[b]);
        put(b, kept);
    }

    /// What is at `place` is changed: it moves to where it belongs.
    void restore(std::size_t place) {
        while (place > 0 && heap_[place].before(heap_[(place - 1) / 2])) {
            swap_places(place, (place - 1) / 2);
            place = (place - 1) / 2;
        }
        for (;;) {
            auto least = place;
            for (auto child = 2 * place + 1; child <= 2 * place + 2; ++child)
                if (child < heap_.size() && heap_[child].before(heap_[least])) least = child;
            if (least == place) return;
            swap_places(place, least);
            place = least;
        }
    }

    std::vector<appointment> heap_{};
    std::vector<std::size_t> place_of_{};  ///< By group.
    std::uint64_t entered_ = 0;
};

}  // namespace raft::detail
