// SPDX-License-Identifier: BSL-1.0
//
// What goes with a history: the servers of each place, and the messages, of which the invariant
// holds.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include <proof/induction/facts.hpp>
#include <proof/induction/views.hpp>

namespace raft::proof {

/// Some of so many: to be listed, asked for one of them, and emptied at once.
class small_subset {
public:
    explicit small_subset(std::size_t of) : marks_(of) {}

    void clear() {
        members_.clear();
        ++present_;
    }
    void insert(std::size_t one) {
        members_.push_back(static_cast<std::uint32_t>(one));
        marks_[one] = present_;
    }
    [[nodiscard]] bool contains(std::size_t one) const { return marks_[one] == present_; }
    [[nodiscard]] const std::vector<std::uint32_t>& members() const { return members_; }

private:
    std::vector<std::uint32_t> members_{};
    std::vector<std::uint64_t> marks_;
    std::uint64_t present_ = 1;
};

/// The clauses of servers and messages that are chosen.
class companion_clauses {
public:
    companion_clauses(const chosen_clauses& chosen, const message_facts& facts)
        : chosen_{chosen}, facts_{&facts} {}

    /// The clause that does not hold of server `i`, or null.
    [[nodiscard]] const char* broken(const cluster_history& h, std::size_t i,
                                     const server_view& s) const {
        return first_broken(server_clauses, chosen_.of_servers, h, i, s);
    }

    /// The same of a message.
    [[nodiscard]] const char* broken(const cluster_history& h, std::size_t from, std::size_t to,
                                     std::size_t fact) const {
        const bool holds =
            !chosen_.of_messages || says_what_is_true(h, {from, to, &facts_->example(fact)});
        return holds ? nullptr : "a message says what is not true";
    }

    /// Whether `sender` may have sent this, as far as `boasts_of_its_log` goes.
    [[nodiscard]] bool may_have_sent(const server_view& sender, const core::message& body) const {
        return !chosen_.of_requests || boasts_of_its_log(sender, body);
    }

private:
    chosen_clauses chosen_;
    const message_facts* facts_;
};

class companions {
public:
    companions(std::size_t servers, const message_facts& facts) : servers_{servers} {
        for (std::size_t from = 0; from < servers; ++from)
            for (std::size_t to = 0; to < servers; ++to) messages_[from].emplace_back(facts.size());
    }

    void add_place(const server_views& views) { views_.emplace_back(views.size()); }

    /// The views of server `i`.
    [[nodiscard]] const small_subset& views(std::size_t i) const { return views_[i]; }
    /// The messages, by the facts that they state. Of those that speak of their sender as it is
    /// now, all that it may have sent if it looked right.
    [[nodiscard]] const small_subset& messages(std::size_t from, std::size_t to) const {
        return messages_[from][to];
    }

    /// How many clusters there are with this history, messages not counted.
    [[nodiscard]] std::uint64_t clusters() const {
        std::uint64_t count = 1;
        for (const auto& each : views_) count *= each.members().size();
        return count;
    }

    void find_views(const cluster_history& h, std::size_t i, const server_views& all,
                    const companion_clauses& clauses) {
        views_[i].clear();
        const auto [begin, end] = all.with_term(h.current_term[i]);
        for (auto each = begin; each != end; ++each)
            if (clauses.broken(h, i, all[each]) == nullptr) views_[i].insert(each);
    }

    void find_messages(const cluster_history& h, const message_facts& facts,
                       const companion_clauses& clauses) {
        for (std::size_t from = 0; from < servers_; ++from)
            for (std::size_t to = 0; to < servers_; ++to) {
                auto& found = messages_[from][to];
                found.clear();
                for (std::size_t fact = 0; from != to && fact < facts.size(); ++fact)
                    if (clauses.broken(h, from, to, fact) == nullptr) found.insert(fact);
            }
    }

private:
    std::size_t servers_;
    std::vector<small_subset> views_{};
    std::array<std::vector<small_subset>, small_cluster_max> messages_{};
};

}  // namespace raft::proof
