// SPDX-License-Identifier: BSL-1.0
//
// Every view of a server within bounds, reachable or not, of which the types and what `core::state`
// says of itself allow the fields: any role in any term, with any vote, log and commit index, any
// votes counted, any leader followed, anything taken to be replicated.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <proof/induction/bounds.hpp>

namespace raft::proof {

/// The views of one server.
class server_views {
public:
    using id = std::uint32_t;

    server_views(const induction_bounds& bounds, std::size_t i) : bounds_{bounds}, i_{i} {
        for (std::size_t term = 0; term <= bounds.term_max; ++term) {
            begins_.push_back(static_cast<id>(size()));
            for (std::size_t voter = 0; voter <= bounds.servers; ++voter) add_with(term, voter);
        }
        begins_.push_back(static_cast<id>(size()));
    }

    [[nodiscard]] std::size_t size() const { return views_.size(); }
    [[nodiscard]] const server_view& operator[](id which) const { return views_[which]; }

    /// The views with this term: from the first to before the second.
    [[nodiscard]] std::pair<id, id> with_term(std::size_t term) const {
        return {begins_[term], begins_[term + 1]};
    }

    [[nodiscard]] std::optional<id> find(const server_view& view) const {
        const auto known = ids_.find(key_of(view));
        return known == ids_.end() ? std::nullopt : std::optional{known->second};
    }

private:
    using role = server_view::role;

    /// `voted_for`: a place, or, one too high, none.
    void add_with(std::size_t term, std::size_t voted_for) {
        server_view view{.current_term = static_cast<small_number>(term)};
        if (voted_for < bounds_.servers) view.voted_for = static_cast<small_number>(voted_for);
        for (const auto& log : small_logs(term, bounds_.log_max))
            for (std::size_t commit = 0; commit <= log.length; ++commit) {
                view.log = log;
                view.commit_index = static_cast<small_number>(commit);
                add_followers(view);
                add_candidates(view);
                if (term > 0 && log.last_term() == term && view.voted_for == i_)
                    add_leaders(view, 0);
            }
    }

    void add_followers(server_view view) {
        for (std::size_t verified = 0; verified <= view.log.length; ++verified) {
            view.matched_index = static_cast<small_number>(verified);
            view.leader = std::nullopt;
            add_with_holes(view);
            for (std::size_t k = 0; k < bounds_.servers; ++k) {
                view.leader = static_cast<small_number>(k);
                add_with_holes(view);
            }
        }
    }

    /// Every place from which the log may lack commands, and every place at which it may have ended
    /// before entries were lost. `core::invariants` allows that in followers.
    void add_with_holes(server_view view) {
        const std::size_t lacks_max = bounds_.holes ? view.log.length : 0;
        for (std::size_t lacks_from = 0; lacks_from <= lacks_max; ++lacks_from) {
            view.lacks_from = static_cast<small_number>(lacks_from);
            view.lost_index = view.lost_term = 0;
            add(view);
            if (bounds_.holes) add_with_losses(view);
        }
    }

    void add_with_losses(server_view view) {
        for (std::size_t index = 1; index <= bounds_.log_max; ++index)
            for (std::size_t term = 1; term <= view.current_term; ++term) {
                view.lost_index = static_cast<small_number>(index);
                view.lost_term = static_cast<small_number>(term);
                add(view);
            }
    }

    void add_candidates(server_view view) {
        view.is = role::candidate;
        for (std::uint32_t granted = 0; granted < std::uint32_t{1} << bounds_.servers; ++granted) {
            view.granted = static_cast<std::uint8_t>(granted);
            add(view);
        }
    }

    /// A leader knows its own log.
    void add_leaders(server_view view, std::size_t k) {
        view.is = role::leader;
        if (k == bounds_.servers) return add(view);
        for (std::size_t match = k == i_ ? view.log.length : 0; match <= view.log.length; ++match) {
            view.match_index[k] = static_cast<small_number>(match);
            add_leaders(view, k + 1);
        }
    }

    void add(const server_view& view) {
        ids_.try_emplace(key_of(view), static_cast<id>(size()));
        views_.push_back(view);
    }

    using key = std::pair<std::uint64_t, std::uint64_t>;

    [[nodiscard]] static key key_of(const server_view& view) {
        const auto put = [](std::uint64_t& half, std::uint64_t value) { half = half * 16 + value; };
        const auto put_place = [&](std::uint64_t& half, std::optional<small_number> place) {
            put(half, place ? *place + std::uint64_t{1} : 0);
        };
        key result{};
        auto& [first, second] = result;
        put(first, view.current_term);
        put_place(first, view.voted_for);
        put(first, view.log.length);
        for (const auto term : view.log.terms) put(first, term);
        put(first, view.commit_index);
        put(second, static_cast<std::uint64_t>(view.is));
        put_place(second, view.leader);
        put(second, view.matched_index);
        put(second, view.granted);
        for (const auto match : view.match_index) put(second, match);
        put(second, view.lacks_from);
        put(second, view.lost_index);
        put(second, view.lost_term);
        return result;
    }

    induction_bounds bounds_;
    std::size_t i_;
    std::vector<server_view> views_{};
    std::vector<id> begins_{};
    std::map<key, id> ids_{};
};

}  // namespace raft::proof
