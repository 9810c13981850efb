// SPDX-License-Identifier: BSL-1.0
//
// The digests that a leader has of the members' states, by the entry after which they were taken,
// and what comparing them says.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include <raft/battery/comparison/report.hpp>

namespace raft::detail {

class digest_table {
public:
    void clear() { rows_.clear(); }

    /// True if it is news, and there is another to compare it with.
    bool note(member_id member, const state_digest& digest) {
        if (rows_.size() == rows_max && digest.index < rows_.begin()->first) return false;
        auto& found = rows_[digest.index];
        auto& of = found.compared;
        const auto place =
            std::find_if(of.begin(), of.end(),
                         [&](const digests::member_digest& each) { return each.member >= member; });
        if (place != of.end() && place->member == member) return false;
        of.insert(place, {member, digest.value});
        found.is_judged = false;
        const bool compares = of.size() > 1;
        if (rows_.size() > rows_max) rows_.erase(rows_.begin());
        return compares;
    }

    /// The differences that have not been told, oldest first. `expected`: how many servers have
    /// digests to compare. Nothing is said before all of them were heard, unless a majority agrees
    /// already, or later digests of all are here.
    [[nodiscard]] std::vector<digests::state_difference> judge(std::size_t expected) {
        std::vector<digests::state_difference> found;
        bool is_settled = false;
        for (auto at = rows_.rbegin(); at != rows_.rend(); ++at) {
            auto& [index, seen] = *at;
            is_settled = is_settled || seen.compared.size() >= expected;
            const auto agreed = majority(seen.compared, expected);
            if (seen.is_judged || (!agreed && !is_settled)) continue;
            seen.is_judged = true;
            if (are_equal(seen.compared)) continue;
            digests::state_difference told{index, seen.compared, agreed};
            if (seen.told && seen.told->agreed == agreed &&
                seen.told->differing() == told.differing())
                continue;
            seen.told = told;
            found.insert(found.begin(), std::move(told));
        }
        return found;
    }

private:
    static constexpr std::size_t rows_max = 16;

    struct row {
        std::vector<digests::member_digest> compared{};  ///< In the order of the members.
        std::optional<digests::state_difference> told{};
        bool is_judged = false;
    };

    [[nodiscard]] static bool are_equal(const std::vector<digests::member_digest>& all) {
        return std::all_of(all.begin(), all.end(), [&](const digests::member_digest& each) {
            return each.value == all.front().value;
        });
    }

    /// What more than half of `expected` have.
    [[nodiscard]] static std::optional<std::uint64_t>
    majority(const std::vector<digests::member_digest>& all, std::size_t expected) {
        for (const auto& one : all) {
            const auto equal =
                std::count_if(all.begin(), all.end(), [&](const digests::member_digest& each) {
                    return each.value == one.value;
                });
            if (2 * static_cast<std::size_t>(equal) > std::max(expected, all.size()))
                return one.value;
        }
        return std::nullopt;
    }

    std::map<log_index, row> rows_{};
};

}  // namespace raft::detail
