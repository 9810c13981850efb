// SPDX-License-Identifier: BSL-1.0
//
// Every message within bounds. Those of which the invariant says the same are one fact: it holds of
// all of them or of none.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include <proof/induction/bounds.hpp>

namespace raft::proof {

/// The messages, by the fact that they state.
class message_facts {
public:
    using fact = std::uint16_t;

    explicit message_facts(const induction_bounds& bounds) : bounds_{bounds} {
        for (std::uint64_t term = 1; term <= bounds_.term_max; ++term) {
            elections({term});
            appends({term});
            answers({term});
        }
        pre_votes();
    }

    [[nodiscard]] std::size_t size() const { return messages_.size(); }
    [[nodiscard]] const std::vector<core::message>& messages(std::size_t which) const {
        return messages_[which];
    }
    [[nodiscard]] const core::message& example(std::size_t which) const {
        return messages_[which].front();
    }

    /// None if the message is of a kind, or out of bounds, that no server should use.
    [[nodiscard]] std::optional<fact> find(const core::message& body) const {
        const auto known = facts_.find(key_of(body));
        return known == facts_.end() ? std::nullopt : std::optional{known->second};
    }

private:
    void elections(term_number term) {
        for (const auto last_log : positions())
            for (const bool transfer : {false, true})
                add(core::request_vote{term, last_log, transfer});
        for (const bool granted : {false, true}) add(core::request_vote_reply{term, granted});
    }

    void appends(term_number term) {
        core::append_entries m{.term = term};
        for (const auto prev : positions())
            for (auto last = prev.index; last.value <= bounds_.log_max; last = next(last))
                for (std::uint64_t entries_term = 0; entries_term <= term.value; ++entries_term)
                    for (std::uint64_t commit = 0; commit <= bounds_.log_max; ++commit) {
                        m.prev = prev;
                        m.last_index = last;
                        m.entries_term = {entries_term};
                        m.commit_index = {commit};
                        if (raft::core::is_well_formed(m)) add(m);
                    }
    }

    void answers(term_number term) {
        for (std::uint64_t index = 0; index <= bounds_.log_max; ++index) {
            add(core::append_entries_reply{.term = term, .match_index = {index}});
            add(core::timeout_now{term, {index}});
            for (const auto hint : positions())
                for (const bool lost : {false, true})
                    if (!lost || bounds_.holes)
                        add(core::append_entries_rejection{
                            .term = term, .prev_index = {index}, .hint = hint, .lost = lost});
        }
    }

    void pre_votes() {
        for (std::uint64_t term = 0; term <= bounds_.term_max + 1; ++term) {
            for (const auto last_log : positions())
                if (term > 0) add(core::request_pre_vote{{term}, last_log});
            for (const bool granted : {false, true}) add(core::pre_vote_reply{{term}, granted});
        }
    }

    /// Every place of an entry, and that before the first.
    [[nodiscard]] std::vector<core::log_position> positions() const {
        std::vector<core::log_position> all{core::log_position{}};
        for (std::uint64_t index = 1; index <= bounds_.log_max; ++index)
            for (std::uint64_t term = 1; term <= bounds_.term_max; ++term)
                all.push_back({{index}, {term}});
        return all;
    }

    void add(const auto& m) {
        const core::message body{m};
        const auto [place, is_new] =
            facts_.try_emplace(key_of(body), static_cast<fact>(messages_.size()));
        if (is_new) messages_.emplace_back();
        messages_[place->second].push_back(body);
    }

    // ----------------------------------------------------------------------- what the clauses read

    [[nodiscard]] static std::uint64_t key_of(const core::message& body) {
        std::uint64_t key = body.index();
        const auto put = [&key](std::uint64_t value) { key = key * 16 + value; };
        std::visit(
            [&](const auto& m) {
                put(m.term.value);
                read(m, put);
            },
            body);
        return key;
    }

    static void read(const core::request_vote& m, auto put) {
        put(m.last_log.index.value);
        put(m.last_log.term.value);
    }
    static void read(const core::request_vote_reply& m, auto put) { put(m.granted); }
    static void read(const core::pre_vote_reply& m, auto put) { put(m.granted); }
    /// Without entries, their term says nothing.
    static void read(const core::append_entries& m, auto put) {
        put(m.prev.index.value);
        put(m.prev.term.value);
        put(m.last_index.value);
        put(m.last_index > m.prev.index ? m.entries_term.value : 0);
        put(m.commit_index.value);
    }
    static void read(const core::append_entries_reply& m, auto put) { put(m.match_index.value); }
    static void read(const auto&, auto) {}

    induction_bounds bounds_;
    std::vector<std::vector<core::message>> messages_{};
    std::unordered_map<std::uint64_t, fact> facts_{};
};

}  // namespace raft::proof
