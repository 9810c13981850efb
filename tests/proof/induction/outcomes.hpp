// SPDX-License-Identifier: BSL-1.0
//
// What a server that looks like this may come to look like, and say, when it gets that input: the
// step of production, taken from every state behind the view and with every message behind the
// fact. Found when first asked for.
#pragma once

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <proof/induction/facts.hpp>
#include <proof/induction/production_states.hpp>
#include <proof/induction/views.hpp>

namespace raft::proof {

/// The step as it is. A test may hand in another one, to see that it is found out.
struct production_step {
    void operator()(core::state& s, const core::input& in, instant now, core::effects& out) const {
        advance(s, in, now, out);
    }
};

/// What happens to a server.
struct induction_input {
    enum class kind : std::uint8_t {
        election_timer,
        heartbeat_timer,
        propose,
        crash,  ///< It begins anew with what it had written.
        resign,
        transfer,  ///< `peer` is to lead.
        lose,      ///< It begins anew, and the disk has lost the end of its log.
        deliver,   ///< `peer` has sent this, with commands or without.
    };
    kind what{};
    std::size_t peer = 0;
    message_facts::fact fact{};
};

/// How a server looks then, and what it has said.
struct step_outcome {
    struct said {
        std::size_t to = 0;
        message_facts::fact fact{};
        friend auto operator<=>(const said&, const said&) = default;
    };
    server_views::id view{};
    small_number acknowledged = 0;  ///< How much of the log, to the leader of its term.
    std::vector<said> sent{};
};

/// The outcomes of one server's steps.
template <class Step>
class outcome_table {
public:
    outcome_table(const induction_bounds& bounds, const message_facts& facts, std::size_t i,
                  Step step)
        : bounds_{bounds}
        , facts_{&facts}
        , i_{i}
        , step_{step}
        , states_{bounds}
        , views_{bounds, i}
        , known_(views_.size()) {
        list_requests();
    }

    [[nodiscard]] const server_views& views() const { return views_; }
    /// What may happen to it besides messages.
    [[nodiscard]] const std::vector<induction_input>& requests() const { return requests_; }
    /// So many production states have taken so many inputs.
    [[nodiscard]] std::uint64_t advances() const { return advances_; }
    /// What a step did that could not be understood, or null: it leads to a state that is not among
    /// `production_states`, or says something that is not among `message_facts`.
    [[nodiscard]] const char* broken() const { return broken_; }

    /// But for the one that the server looks as before and has said nothing.
    [[nodiscard]] const std::vector<step_outcome>& of(server_views::id view,
                                                      const induction_input& in) {
        auto& of_view = known_[view];
        if (of_view.empty())
            of_view.assign(requests_.size() + bounds_.servers * facts_->size(), unknown);
        auto& list = of_view[place_of(in)];
        if (list == unknown) list = find_out(view, in);
        return lists_[list];
    }

private:
    using kind = induction_input::kind;
    static constexpr std::uint32_t unknown = ~std::uint32_t{0};

    // -------------------------------------------------------------------------------------- inputs

    void list_requests() {
        requests_ = {
            {kind::election_timer}, {kind::heartbeat_timer}, {kind::propose}, {kind::crash}};
        if (bounds_.transfers) requests_.push_back({kind::resign});
        for (std::size_t k = 0; bounds_.transfers && k < bounds_.servers; ++k)
            requests_.push_back({kind::transfer, k});
        if (bounds_.holes) requests_.push_back({kind::lose});
    }

    [[nodiscard]] std::size_t place_of(const induction_input& in) const {
        switch (in.what) {
        case kind::transfer: return static_cast<std::size_t>(kind::transfer) + in.peer;
        case kind::lose: return requests_.size() - 1;
        case kind::deliver: return requests_.size() + in.peer * facts_->size() + in.fact;
        default: return static_cast<std::size_t>(in.what);
        }
    }

    // --------------------------------------------------------------------------------------- steps

    [[nodiscard]] std::uint32_t find_out(server_views::id view, const induction_input& in) {
        found_.clear();
        states_.for_each(i_, views_[view], [&](const core::state& before) { take(before, in); });
        std::vector<step_outcome> list;
        for (auto& [after, sent] : found_) {
            std::ranges::sort(sent);
            sent.erase(std::unique(sent.begin(), sent.end()), sent.end());
            const auto [looks, acknowledged] = after;
            if (looks != view || acknowledged > 0 || !sent.empty())
                list.push_back({looks, acknowledged, std::move(sent)});
        }
        if (list.empty()) return 0;
        lists_.push_back(std::move(list));
        return static_cast<std::uint32_t>(lists_.size() - 1);
    }

    void take(const core::state& before, const induction_input& in) {
        const member_id peer{in.peer + 1};
        switch (in.what) {
        case kind::election_timer:
            return advance_from(before, core::timer_fired{core::timer::election});
        case kind::heartbeat_timer:
            return advance_from(before, core::timer_fired{core::timer::heartbeat});
        case kind::propose: return advance_from(before, core::proposed{});
        case kind::resign: return advance_from(before, core::step_down_requested{});
        case kind::transfer: return advance_from(before, core::transfer_requested{peer});
        case kind::deliver:
            for (const auto& each : facts_->messages(in.fact)) deliver(before, peer, each);
            return;
        case kind::crash: out_.clear(); return note(states_.restarted(before));
        case kind::lose:
            out_.clear();
            for (std::size_t kept = 0; kept < before.log.last_index().value; ++kept)
                note(states_.restarted_with(before, kept));
            return;
        }
    }

    void deliver(const core::state& before, member_id from, const core::message& body) {
        advance_from(before, core::received{from, body, {}});
        if (bounds_.holes && std::holds_alternative<core::append_entries>(body))
            advance_from(before, core::received{from, body, {}, true});
    }

    void advance_from(const core::state& before, const core::input& in) {
        out_.clear();
        next_ = before;
        step_(next_, in, induction_now, out_);
        ++advances_;
        if (out_.messages.empty() && next_ == before) return;
        if (next_.current_term.value <= bounds_.term_max &&
            next_.log.last_index().value <= bounds_.log_max)
            note(next_);
    }

    void note(const core::state& after) {
        if (!states_.covers(after)) return complain("a step leads to a state of no known type");
        const auto view = views_.find(view_of(after));
        if (!view) return complain("a step leads to a view of no known type");
        auto& sent = found_[{*view, acknowledged_by(after)}];
        for (const auto& each : out_.messages) note_sent(after, each, sent);
    }

    [[nodiscard]] small_number acknowledged_by(const core::state& after) {
        log_index most{};
        for (const auto& each : out_.messages) {
            const auto* reply = std::get_if<core::append_entries_reply>(&each.body);
            if (reply == nullptr) continue;
            if (reply->term != after.current_term)
                complain("entries are acknowledged in a past term");
            most = std::max(most, reply->match_index);
        }
        return static_cast<small_number>(most.value);
    }

    void note_sent(const core::state& after, const core::outgoing& each,
                   std::vector<step_outcome::said>& sent) {
        const auto fact = facts_->find(each.body);
        if (!fact) return complain("a message of no known type is sent");
        if (const auto* one = std::get_if<member_id>(&each.to))
            return sent.push_back({proof::place_of(*one), *fact});
        for (const auto member : *std::get_if<core::member_set>(&each.to))
            sent.push_back({proof::place_of(after.identity_of(member)), *fact});
    }

    void complain(const char* what) {
        if (broken_ == nullptr) broken_ = what;
    }

    using looks_and_acknowledged = std::pair<server_views::id, small_number>;

    induction_bounds bounds_;
    const message_facts* facts_;
    std::size_t i_;
    Step step_;
    production_states states_;
    server_views views_;
    std::vector<induction_input> requests_{};
    std::vector<std::vector<std::uint32_t>> known_;  ///< By view and input, a place in `lists_`.
    std::vector<std::vector<step_outcome>> lists_{{}};
    std::map<looks_and_acknowledged, std::vector<step_outcome::said>> found_{};
    core::state next_{};
    core::effects out_{};
    std::uint64_t advances_ = 0;
    const char* broken_ = nullptr;
};

}  // namespace raft::proof
