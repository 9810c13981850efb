// SPDX-License-Identifier: BSL-1.0
//
// Every history of a small cluster that the invariant admits. It is built part by part, each with
// every value of its type; a part at which a clause is broken already is not gone on with.
#pragma once

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <proof/induction/bounds.hpp>

namespace raft::proof {

/// Visits histories. Of those that differ in the names of the servers, one: the step knows servers
/// by nothing but equality, and so does the invariant.
template <class Visit>
class admitted_histories {
public:
    admitted_histories(const induction_bounds& bounds, Visit visit)
        : bounds_{bounds}
        , logs_{small_logs(bounds.term_max, bounds.log_max)}
        , visit_{std::move(visit)} {}

    void run() {
        h_ = {};
        h_.servers = static_cast<small_number>(bounds_.servers);
        choose_current_term(0, 0);
    }

private:
    void choose_current_term(std::size_t i, std::size_t least) {
        if (i == bounds_.servers) return choose_leader(1);
        for (auto term = least; term <= bounds_.term_max; ++term) {
            h_.current_term[i] = static_cast<small_number>(term);
            choose_current_term(i + 1, term);
        }
    }

    void choose_leader(std::size_t term) {
        if (term > bounds_.term_max) {
            if (is_representative()) visit_(h_);
            return;
        }
        choose_votes(term, 0);
        for (std::size_t i = 0; i < bounds_.servers; ++i) {
            h_.terms[term].leader = static_cast<small_number>(i);
            choose_votes(term, 0);
        }
        h_.terms[term] = {};
    }

    void choose_votes(std::size_t term, std::size_t v) {
        if (v == bounds_.servers) {
            if (is_admitted(term, elections)) choose_log(term);
            return;
        }
        auto& vote = h_.terms[term].vote[v];
        vote = std::nullopt;
        choose_votes(term, v + 1);
        for (std::size_t i = 0; i < bounds_.servers; ++i) {
            vote = static_cast<small_number>(i);
            choose_votes(term, v + 1);
        }
        vote = std::nullopt;
    }

    /// Who does not lead has nothing to say of a log.
    void choose_log(std::size_t term) {
        if (!h_.terms[term].leader) return choose_acknowledged(term, bounds_.servers);
        for (const auto& log : logs_) {
            h_.terms[term].log = log;
            if (is_admitted(term, logs)) choose_acknowledged(term, 0);
        }
        h_.terms[term].log = {};
    }

    void choose_acknowledged(std::size_t term, std::size_t v) {
        if (v == bounds_.servers) {
            if (is_admitted(term, acknowledgements)) choose_leader(term + 1);
            return;
        }
        for (std::size_t index = 0; index <= bounds_.log_max; ++index) {
            h_.terms[term].acknowledged[v] = static_cast<small_number>(index);
            choose_acknowledged(term, v + 1);
        }
        h_.terms[term].acknowledged[v] = 0;
    }

    // The clauses that can be judged when so much is chosen, a bit for each.
    static constexpr std::uint32_t elections = 0b00011, logs = 0b00100, acknowledgements = 0b11000;

    [[nodiscard]] bool is_admitted(std::size_t term, std::uint32_t clauses) const {
        return first_broken(history_clauses, bounds_.clauses.of_history & clauses, h_, term) ==
               nullptr;
    }

    /// The servers stand in the order of their terms; other names for those of one term must not
    /// give what comes before it.
    [[nodiscard]] bool is_representative() const {
        std::array<std::size_t, small_cluster_max> order{};
        for (std::size_t i = 0; i < bounds_.servers; ++i) order[i] = i;
        const auto end = order.begin() + static_cast<std::ptrdiff_t>(bounds_.servers);
        while (std::next_permutation(order.begin(), end)) {
            const auto other = renamed(order);
            if (other.current_term == h_.current_term && other < h_) return false;
        }
        return true;
    }

    /// Server `order[i]` is called `i`.
    [[nodiscard]] cluster_history
    renamed(const std::array<std::size_t, small_cluster_max>& order) const {
        std::array<small_number, small_cluster_max> name{};
        for (std::size_t i = 0; i < bounds_.servers; ++i)
            name[order[i]] = static_cast<small_number>(i);
        const auto rename = [&](std::optional<small_number> server) {
            if (server) server = name[*server];
            return server;
        };
        auto result = h_;
        for (std::size_t term = 1; term <= bounds_.term_max; ++term)
            result.terms[term].leader = rename(h_.terms[term].leader);
        for (std::size_t i = 0; i < bounds_.servers; ++i) {
            result.current_term[i] = h_.current_term[order[i]];
            for (std::size_t term = 1; term <= bounds_.term_max; ++term) {
                auto& in = result.terms[term];
                in.vote[i] = rename(h_.terms[term].vote[order[i]]);
                in.acknowledged[i] = h_.terms[term].acknowledged[order[i]];
            }
        }
        return result;
    }

    induction_bounds bounds_;
    std::vector<small_log> logs_;
    Visit visit_;
    cluster_history h_{};
};

}  // namespace raft::proof
