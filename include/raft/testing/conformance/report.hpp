// SPDX-License-Identifier: BSL-1.0
//
// What a conformance suite found: the clauses of a contract that are broken, each with what was
// seen, and which clauses were looked at. It is a value, for whatever framework a test uses.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace raft::testing {

/// `Clause` is an enumeration with a `describe`, which says in a sentence how the clause is broken.
///
/// Of each clause only the first finding is kept: those that follow seldom say more. A clause that
/// depends on a broken one, or on what the type does not offer, is not checked.
template <class Clause>
class conformance_report {
public:
    struct finding {
        Clause clause{};
        std::string details{};  ///< Where it was seen; may be empty.
    };

    /// Whether nothing is broken.
    [[nodiscard]] bool holds() const { return broken_.empty(); }
    /// What is broken, in the order in which it was found.
    [[nodiscard]] const std::vector<finding>& broken() const { return broken_; }
    [[nodiscard]] bool is_broken(Clause which) const {
        return std::any_of(broken_.begin(), broken_.end(),
                           [&](const auto& each) { return each.clause == which; });
    }
    /// Whether the clause was looked at.
    [[nodiscard]] bool was_checked(Clause which) const {
        return std::find(checked_.begin(), checked_.end(), which) != checked_.end();
    }
    [[nodiscard]] const std::vector<Clause>& checked() const { return checked_; }

    /// A line for each broken clause: `§ ` with the sentence, and the details. Empty if all holds.
    [[nodiscard]] std::string text() const {
        std::string all;
        for (const auto& each : broken_) {
            all += "§ " + std::string{describe(each.clause)};
            all += each.details.empty() ? "\n" : ": " + each.details + "\n";
        }
        return all;
    }

    /// For a suite: the clause was looked at, and holds or does not. Gives `holds`.
    bool check(Clause which, bool holds, std::string_view details = {}) {
        if (!was_checked(which)) checked_.push_back(which);
        if (!holds && !is_broken(which)) broken_.push_back({which, std::string{details}});
        return holds;
    }

private:
    std::vector<finding> broken_{};
    std::vector<Clause> checked_{};
};

}  // namespace raft::testing
