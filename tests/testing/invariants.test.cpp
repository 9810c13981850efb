// SPDX-License-Identifier: BSL-1.0
//
// Goal: the inductive invariant is true. Method: the explorer keeps the history of each cluster
// with it, and every clause is held against every state that can be reached within small bounds.
#include <algorithm>
#include <optional>
#include <span>
#include <string>

#include <doctest/doctest.h>

#include <proof/cluster_model.hpp>
#include <proof/cluster_model/story.hpp>
#include <proof/invariants.hpp>

using namespace raft::proof;

namespace {

/// Visits a place as a number.
void as_number(std::optional<small_number>& place, auto visit) {
    auto code = static_cast<small_number>(place ? *place + 1 : 0);
    visit(code);
    place = code > 0 ? std::optional{static_cast<small_number>(code - 1)} : std::nullopt;
}

/// Visits all that a history is, but for how many servers there are.
void for_each_number(cluster_history& h, auto visit) {
    for (std::size_t i = 0; i < h.servers; ++i) visit(h.current_term[i]);
    for (auto& in : h.terms) {
        as_number(in.leader, visit);
        visit(in.log.length);
        for (auto& term : in.log.terms) visit(term);
        for (std::size_t i = 0; i < h.servers; ++i) {
            as_number(in.vote[i], visit);
            visit(in.acknowledged[i]);
        }
    }
}

struct remembered_cluster {
    explored_cluster now{};
    cluster_history past{};
};

/// Clusters of production states, each with its history. A message that is given up was as good as
/// never sent.
class remembering_model {
public:
    using state = remembered_cluster;

    explicit remembering_model(const model_bounds& bounds) : model_{bounds} {}

    void initial_states(auto visit) {
        model_.initial_states([&](const explored_cluster& first, const char* wrong) {
            next_.now = first;
            next_.past.servers = static_cast<small_number>(model_.bounds().servers);
            visit(next_, wrong);
        });
    }

    void successors(const remembered_cluster& before, auto visit) {
        model_.successors(before.now, [&](const explored_cluster& next, const char* wrong) {
            next_ = {next, before.past};
            const auto* rule = observe_step(before.now);
            visit(next_, wrong != nullptr ? wrong : rule);
        });
    }

    [[nodiscard]] const char* violation(const remembered_cluster& c) const {
        const auto& h = c.past;
        for (const auto& clause : history_clauses)
            for (std::size_t term = 1; term <= model_.bounds().term_max; ++term)
                if (!clause.holds(h, term)) return clause.name;
        for (const auto& clause : server_clauses)
            for (std::size_t i = 0; i < h.servers; ++i)
                if (!clause.holds(h, i, view_of(c.now.at(i).now))) return clause.name;
        for (const auto& each : c.now.network) {
            const auto from = place_of(each.from);
            if (!says_what_is_true(h, {from, place_of(each.to), &each.what.body}))
                return "a message says what is not true";
            if (!boasts_of_its_log(view_of(c.now.at(from).now), each.what.body))
                return "a candidate boasts of a log that is not its own";
        }
        return nullptr;
    }

    void encode(const remembered_cluster& c, encoding& out) {
        auto past = c.past;
        for_each_number(past, [&](small_number& each) { out.put(each); });
        model_.encode(c.now, out);
    }
    void decode(std::span<const std::uint8_t> bytes, remembered_cluster& c) const {
        std::size_t count = 0;
        c.past.servers = static_cast<small_number>(model_.bounds().servers);
        for_each_number(c.past, [&](small_number& each) { each = bytes[count++]; });
        model_.decode(bytes.subspan(count), c.now);
    }

private:
    [[nodiscard]] const char* observe_step(const explored_cluster& before) {
        const auto i = model_.last_event().server;
        const auto* rule = observe(next_.past, i, view_of(next_.now.at(i).now));
        for (const auto& each : next_.now.network) {
            const auto* reply = std::get_if<raft::core::append_entries_reply>(&each.what.body);
            if (reply == nullptr || place_of(each.from) != i ||
                std::ranges::find(before.network, each) != before.network.end())
                continue;
            observe_acknowledgement(next_.past, i, reply->term.value,
                                    static_cast<small_number>(reply->match_index.value));
        }
        return rule;
    }

    cluster_model model_;
    remembered_cluster next_{};
};

/// History takes servers by their names.
model_bounds without_symmetry(model_bounds bounds) {
    bounds.symmetry = false;
    bounds.config.durable_at_once = true;
    return bounds;
}

void must_hold(const model_bounds& bounds) {
    const remembering_model model{without_symmetry(bounds)};
    const auto found = explorer<remembering_model>{model}.run();
    CHECK(found.complete);
    CHECK(std::string{found.first ? found.first->rule : ""} == "");
    CHECK(found.states > 1000);
}

}  // namespace

TEST_CASE("invariants: every clause holds of every state that can be reached within small bounds") {
    raft::settings plain;
    plain.pre_vote = false;
    plain.check_quorum = false;
    plain.entries_per_message = 1;
    plain.messages_in_flight = 1;
    must_hold({.servers = 2, .messages_max = 1, .config = plain});
    must_hold({.servers = 3, .log_max = 1, .messages_max = 1, .crashes = 0, .config = plain});
    must_hold({.servers = 2, .messages_max = 1, .crashes = 0, .transfers = 1});
}
