// SPDX-License-Identifier: BSL-1.0
//
// How large the clusters of an induction are, and which clauses it is about.
#pragma once

#include <algorithm>
#include <vector>

#include <proof/invariants.hpp>

namespace raft::proof {

/// Which clauses are assumed before a step, and required after it.
struct chosen_clauses {
    std::uint32_t of_history = ~0U;  ///< A bit for each of `history_clauses`, …
    std::uint32_t of_servers = ~0U;  ///< … and of `server_clauses`.
    bool of_messages = true;         ///< `says_what_is_true`.
    bool of_requests = true;         ///< `boasts_of_its_log`.
};

struct induction_bounds {
    std::size_t servers = 2;
    std::size_t term_max = 2;  ///< No server goes beyond this term, …
    std::size_t log_max = 2;   ///< … or this index.
    bool transfers = false;    ///< Leadership is handed over and given up.
    bool holes = false;        ///< Commands are withheld from servers, and disks lose entries.
    settings config{};
    chosen_clauses clauses{};
};

/// Every log within bounds: terms never decrease along a log.
[[nodiscard]] inline std::vector<small_log> small_logs(std::size_t term_max, std::size_t log_max) {
    std::vector<small_log> all{small_log{}};
    for (std::size_t done = 0; done < all.size(); ++done) {
        if (all[done].length == log_max) continue;
        const auto first = std::max<std::size_t>(all[done].last_term(), 1);
        for (auto term = first; term <= term_max; ++term) {
            auto longer = all[done];
            longer.terms[longer.length++] = static_cast<small_number>(term);
            all.push_back(longer);
        }
    }
    return all;
}

/// The first of the chosen clauses that does not hold, or null.
template <class Clauses, class... What>
[[nodiscard]] constexpr const char* first_broken(const Clauses& clauses, std::uint32_t chosen,
                                                 const What&... what) {
    for (std::size_t k = 0; k < clauses.size(); ++k)
        if ((chosen >> k & 1U) != 0 && !clauses[k].holds(what...)) return clauses[k].name;
    return nullptr;
}

}  // namespace raft::proof
