// SPDX-License-Identifier: BSL-1.0
//
// Who was refused, counted by the reason; and whether the log is to be told, which whoever comes
// again and again must not fill.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace raft_kv {

/// How often, by reason.
using refusal_counts = std::map<std::string, std::uint64_t, std::less<>>;

class refusals {
public:
    using clock = std::chrono::steady_clock;

    /// Counts one; true if the log is to be told: the same was not, of late, of the same address.
    [[nodiscard]] bool note(std::string_view reason, const std::string& from,
                            clock::time_point now = clock::now()) {
        auto found = counts_.find(reason);
        if (found == counts_.end()) found = counts_.emplace(reason, 0).first;
        ++found->second;
        if (told_.size() >= told_max)
            std::erase_if(told_, [&](const auto& each) { return is_old(each.second, now); });
        auto key = std::pair{found->first, from};
        const auto told = told_.find(key);
        if (told != told_.end() && !is_old(told->second, now)) return false;
        if (told == told_.end() && told_.size() >= told_max) return false;
        told_.insert_or_assign(std::move(key), now);
        return true;
    }

    [[nodiscard]] const refusal_counts& counts() const { return counts_; }

private:
    static constexpr std::chrono::minutes tell_again_after{1};
    static constexpr std::size_t told_max = 256;

    [[nodiscard]] static bool is_old(clock::time_point told, clock::time_point now) {
        return now - told >= tell_again_after;
    }

    refusal_counts counts_{};
    std::map<std::pair<std::string, std::string>, clock::time_point> told_{};
};

}  // namespace raft_kv
