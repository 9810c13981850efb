// SPDX-License-Identifier: BSL-1.0
//
// One history at a time: every server and message that goes with it, every step that they can take,
// and whether the invariant holds afterwards.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <proof/induction/companions.hpp>
#include <proof/induction/outcomes.hpp>
#include <proof/induction/story.hpp>

namespace raft::proof {

struct induction_result {
    std::uint64_t histories = 0;
    std::uint64_t clusters = 0;    ///< Histories with a server of each place.
    std::uint64_t steps = 0;       ///< Of a history with one server and one input.
    std::uint64_t advances = 0;    ///< Calls of the step for them: each outcome is found once.
    std::uint64_t violations = 0;  ///< Of the histories looked at until there was one.
    std::string first{};           ///< The story of the first.

    void add(const induction_result& other) {
        histories += other.histories;
        clusters += other.clusters;
        steps += other.steps;
        advances += other.advances;
        violations += other.violations;
        if (first.empty()) first = other.first;
    }
};

template <class Step>
class induction_worker {
public:
    induction_worker(const induction_bounds& bounds, const message_facts& facts, Step step)
        : bounds_{bounds}
        , facts_{&facts}
        , clauses_{bounds.clauses, facts}
        , present_{bounds.servers, facts} {
        for (std::size_t i = 0; i < bounds.servers; ++i) {
            tables_.emplace_back(bounds, facts, i, step);
            present_.add_place(tables_[i].views());
        }
    }

    /// The base of the induction: no server has ever run, and nothing was said.
    void judge_beginning() {
        now_ = {};
        now_.servers = static_cast<small_number>(bounds_.servers);
        for (std::size_t term = 1; term <= bounds_.term_max; ++term)
            note(broken_history(now_, term), nullptr);
        for (std::size_t i = 0; i < bounds_.servers; ++i)
            note(clauses_.broken(now_, i, server_view{}), nullptr);
    }

    void take(const cluster_history& h) {
        now_ = h;
        for (std::size_t i = 0; i < bounds_.servers; ++i)
            present_.find_views(h, i, tables_[i].views(), clauses_);
        if (present_.clusters() == 0) return;
        present_.find_messages(h, *facts_, clauses_);
        ++result_.histories;
        result_.clusters += present_.clusters();
        judge_figure_3();
        for (std::size_t i = 0; i < bounds_.servers; ++i) take_steps(i);
    }

    [[nodiscard]] induction_result result() const {
        auto sum = result_;
        for (const auto& each : tables_) sum.advances += each.advances();
        return sum;
    }

private:
    /// What a server does.
    struct step_taken {
        std::size_t i = 0;
        server_views::id before{};
        induction_input in{};
        const step_outcome* out = nullptr;
    };

    /// A history that a step leads to. If the step was to grant a vote, who asked for it looked so
    /// that it could have sent the request.
    struct later_history {
        cluster_history h{};
        std::size_t candidate = 0;
        const core::message* request = nullptr;
        friend bool operator==(const later_history&, const later_history&) = default;
    };

    [[nodiscard]] const server_view& view(std::size_t i, server_views::id which) const {
        return tables_[i].views()[which];
    }
    [[nodiscard]] const char* broken_history(const cluster_history& h, std::size_t term) const {
        return first_broken(history_clauses, bounds_.clauses.of_history, h, term);
    }

    void judge_figure_3() {
        for (std::size_t i = 0; i < bounds_.servers; ++i)
            for (std::size_t j = 0; j < bounds_.servers; ++j)
                for (const auto a : present_.views(i).members())
                    for (const auto b : present_.views(j).members())
                        if (i != j && !figure_3_holds(view(i, a), view(j, b)))
                            note("Figure 3 does not follow", nullptr);
    }

    // --------------------------------------------------------------------------------------- steps

    void take_steps(std::size_t i) {
        later_.clear();
        for (const auto before : present_.views(i).members()) {
            for (const auto& request : tables_[i].requests()) take_step(i, before, request);
            for (std::size_t from = 0; from < bounds_.servers; ++from)
                for (const auto fact : present_.messages(from, i).members())
                    take_step(i, before,
                              {induction_input::kind::deliver, from,
                               static_cast<message_facts::fact>(fact)});
        }
    }

    void take_step(std::size_t i, server_views::id before, const induction_input& in) {
        ++result_.steps;
        for (const auto& each : tables_[i].of(before, in)) judge({i, before, in, &each});
        if (tables_[i].broken() != nullptr && result_.violations == 0) {
            const step_taken taken{i, before, in, nullptr};
            note(tables_[i].broken(), &taken);
        }
    }

    void judge(const step_taken& taken) {
        const auto& s = view(taken.i, taken.out->view);
        if (adds_nothing(taken.i, s, taken.out->acknowledged))
            judge_in_present(taken, s);
        else
            judge_later(taken, s);
        judge_boasts(taken, s);
        const auto& before = view(taken.i, taken.before);
        if (s.commit_index < before.commit_index && !may_forget_commits(taken.in, before, s))
            note("the commit index goes back", &taken);
    }

    /// A server that begins anew knows of no commits, and one that removes a part of its log
    /// without commands of none there: it had applied nothing of it.
    [[nodiscard]] static bool may_forget_commits(const induction_input& in,
                                                 const server_view& before, const server_view& s) {
        if (in.what == induction_input::kind::crash || in.what == induction_input::kind::lose)
            return true;
        return before.lacks_from > 0 && s.lacks_from == 0 &&
               s.commit_index + 1 >= before.lacks_from;
    }

    /// Whether the history knows all this already.
    [[nodiscard]] bool adds_nothing(std::size_t i, const server_view& s,
                                    small_number acknowledged) const {
        const auto& in = now_.terms[s.current_term];
        if (s.current_term != now_.current_term[i] || s.voted_for != in.vote[i] ||
            acknowledged > in.acknowledged[i])
            return false;
        return s.is != server_view::role::leader ||
               (in.leader == i && in.log == s.log && in.acknowledged[i] == s.log.length);
    }

    /// Then what else there is stays admitted.
    void judge_in_present(const step_taken& taken, const server_view& s) {
        if (!present_.views(taken.i).contains(taken.out->view))
            note(clauses_.broken(now_, taken.i, s), &taken);
        for (const auto& [to, fact] : taken.out->sent)
            if (!present_.messages(taken.i, to).contains(fact))
                note(clauses_.broken(now_, taken.i, to, fact), &taken);
    }

    void judge_later(const step_taken& taken, const server_view& s) {
        next_.h = now_;
        if (const auto* rule = observe(next_.h, taken.i, s)) return note(rule, &taken);
        observe_acknowledgement(next_.h, taken.i, s.current_term, taken.out->acknowledged);
        next_.request = request_for_vote(taken.in);
        next_.candidate = next_.request != nullptr ? taken.in.peer : 0;
        if (std::ranges::find(later_, next_) == later_.end()) {
            later_.push_back(next_);
            judge_history(taken);
        }
        note(clauses_.broken(next_.h, taken.i, s), &taken);
        for (const auto& [to, fact] : taken.out->sent)
            note(clauses_.broken(next_.h, taken.i, to, fact), &taken);
    }

    [[nodiscard]] const core::message* request_for_vote(const induction_input& in) const {
        if (in.what != induction_input::kind::deliver) return nullptr;
        const auto& body = facts_->example(in.fact);
        return std::holds_alternative<core::request_vote>(body) ? &body : nullptr;
    }

    /// Whether `next_` is admitted, and all that may be beside the server that led to it.
    void judge_history(const step_taken& taken) {
        for (std::size_t term = 1; term <= bounds_.term_max; ++term)
            note(broken_history(next_.h, term), &taken);
        for (std::size_t i = 0; i < bounds_.servers; ++i)
            if (i != taken.i) judge_other(taken, i);
        for (std::size_t from = 0; from < bounds_.servers; ++from)
            for (std::size_t to = 0; to < bounds_.servers; ++to)
                for (const auto fact : present_.messages(from, to).members())
                    note(clauses_.broken(next_.h, from, to, fact), &taken);
    }

    void judge_other(const step_taken& taken, std::size_t i) {
        const bool asked = next_.request != nullptr && next_.candidate == i;
        for (const auto each : present_.views(i).members()) {
            const auto& s = view(i, each);
            if (!asked || clauses_.may_have_sent(s, *next_.request))
                note(clauses_.broken(next_.h, i, s), &taken);
        }
    }

    /// What a candidate has sent, and what it sends, is as it is now.
    void judge_boasts(const step_taken& taken, const server_view& s) {
        if (s.is != server_view::role::candidate) return;
        constexpr auto rule = "a candidate boasts of a log that is not its own";
        const auto& before = view(taken.i, taken.before);
        for (std::size_t to = 0; to < bounds_.servers; ++to)
            for (const auto fact : present_.messages(taken.i, to).members()) {
                const auto& body = facts_->example(fact);
                if (clauses_.may_have_sent(before, body) && !clauses_.may_have_sent(s, body))
                    note(rule, &taken);
            }
        for (const auto& [to, fact] : taken.out->sent)
            if (!clauses_.may_have_sent(s, facts_->example(fact))) note(rule, &taken);
    }

    // ---------------------------------------------------------------------------------- violations

    /// `rule` is broken, if there is one.
    void note(const char* rule, const step_taken* taken) {
        if (rule == nullptr || result_.violations++ > 0) return;
        induction_story story;
        story.tell(now_, rule);
        if (taken != nullptr) {
            story.tell(taken->i, view(taken->i, taken->before));
            story.tell(taken->in, *facts_);
        }
        if (taken != nullptr && taken->out != nullptr) {
            story.tell(taken->i, view(taken->i, taken->out->view));
            for (const auto& [to, fact] : taken->out->sent)
                story.tell(taken->i, to, facts_->example(fact));
        }
        result_.first = story.text();
    }

    induction_bounds bounds_;
    const message_facts* facts_;
    companion_clauses clauses_;
    std::vector<outcome_table<Step>> tables_{};
    induction_result result_{};

    cluster_history now_{};
    companions present_;                  ///< What goes with it.
    std::vector<later_history> later_{};  ///< What the steps of one server lead to.
    later_history next_{};
};

}  // namespace raft::proof
