// SPDX-License-Identifier: BSL-1.0
//
// The rules that every state and every step of an explored cluster must keep: the properties of
// Figure 3, that no promise rests on what a crash could take, that reads are linearizable, and that
// nothing is lost with a disk, or for want of a command, without being missed (holes.hpp).
#pragma once

#include <algorithm>
#include <variant>

#include <proof/cluster_model/explored_cluster.hpp>
#include <proof/cluster_model/holes.hpp>

namespace raft::proof {

/// One step of one server, to be judged. Each function gives the rule that is broken, or null.
class step_judge {
public:
    step_judge(const model_bounds& bounds, explored_cluster& after, std::size_t server)
        : bounds_{bounds}, cluster_{after}, i_{server}, now_{after.at(server).now} {}

    /// What must hold after any step, a restart among them. Notes in the past what happened.
    [[nodiscard]] const char* judge_state() {
        if (!invariants(now_)) return "a state breaks its invariants";
        if (!note_leader()) return "Election Safety: two leaders in one term";
        if (!note_committed()) return "State Machine Safety: two entries committed at one index";
        if (!is_complete()) return "Leader Completeness: a leader lacks a committed entry";
        if (const auto* wrong = broken_by_holes(bounds_, cluster_, i_)) return wrong;
        for (std::size_t j = 0; j < bounds_.servers; ++j)
            if (j != i_ && !logs_match(now_.log, cluster_.at(j).now.log))
                return "Log Matching: logs agree on an entry, and not on all before it";
        return nullptr;
    }

    /// What must hold of a step that is no restart.
    [[nodiscard]] const char* judge_step(const core::state& before, const core::effects& out) {
        // Where the log goes for want of its commands, what is known of it goes, too.
        if (now_.commit_index < before.commit_index && !out.rare->cut)
            return "the commit index went back";
        if (now_.is_leader() && before.is_leader() && now_.current_term == before.current_term &&
            now_.log.last_index() < before.log.last_index())
            return "Leader Append-Only: a leader cut its own log";
        if (now_.is_leader() && now_.commit_index > before.commit_index && !is_on_a_quorum(before))
            return "committed, and not on a quorum of disks";
        if (now_.is_leader() && !before.is_leader() && !was_elected())
            return "a leader has not the votes of a quorum";
        if (!changes_one_at_a_time()) return "two changes of membership at once";
        for (const auto& each : out.messages)
            if (!is_durable(each)) return "a promise was made that a crash could break";
        for (const auto& each : out.messages)
            if (!withholds_rightly(before, each))
                return "a witness is sent commands, or another member is sent none";
        return judge_reads(out);
    }

private:
    /// A step may send to a member that it removes, or that it adds.
    [[nodiscard]] bool withholds_rightly(const core::state& before,
                                         const core::outgoing& each) const {
        const auto* to = std::get_if<core::member_set>(&each.to);
        if (to == nullptr) return true;
        for (const auto member : *to) {
            const auto id = now_.identity_of(member);
            const auto& known = before.members().slot_of(id) ? before.members() : now_.members();
            if (withholds_commands(now_, id) != known.is_witness(id)) return false;
        }
        return true;
    }

    [[nodiscard]] bool note_leader() {
        if (!now_.is_leader()) return true;
        auto& known = cluster_.past.leaders[now_.current_term.value];
        if (known == 0) known = static_cast<std::uint8_t>(i_ + 1);
        return known == i_ + 1;
    }

    [[nodiscard]] bool note_committed() {
        auto& past = cluster_.past;
        for (auto i = next(now_.log.base().index); i <= now_.commit_index; i = next(i)) {
            const auto term = static_cast<std::uint8_t>(now_.log.known_term_at(i).value);
            auto& entry = past.committed[i.value - 1];
            if (entry.term == 0)
                entry = {term, static_cast<std::uint8_t>(now_.current_term.value)};
            else if (entry.term != term)
                return false;
        }
        past.committed_count = static_cast<std::uint8_t>(
            std::max<std::uint64_t>(past.committed_count, now_.commit_index.value));
        return true;
    }

    [[nodiscard]] bool is_complete() const {
        if (!now_.is_leader()) return true;
        for (auto i = next(now_.log.base().index); i.value <= cluster_.past.committed_count;
             i = next(i)) {
            const auto& entry = cluster_.past.committed[i.value - 1];
            if (entry.term != 0 && entry.in_term < now_.current_term.value &&
                now_.log.term_at(i) != term_number{entry.term})
                return false;
        }
        return true;
    }

    /// At most one configuration of a leader's log is not committed, whether it knows that or not.
    [[nodiscard]] bool changes_one_at_a_time() const {
        const auto& all = now_.configurations;
        return !now_.is_leader() || all.size() < 2 ||
               all[all.size() - 2].index.value <= cluster_.past.committed_count;
    }

    [[nodiscard]] static bool logs_match(const core::log_terms& a, const core::log_terms& b) {
        const auto base = std::max(a.base().index, b.base().index);
        bool agree = false;
        for (auto i = std::min(a.last_index(), b.last_index()); i > base; i = previous(i)) {
            const bool same = a.known_term_at(i) == b.known_term_at(i);
            if (agree && !same) return false;
            agree = same;
        }
        return true;
    }

    [[nodiscard]] const core::recovered_state& on_disk(std::size_t i) const {
        return cluster_.at(i).disk.inside().durable;
    }

    /// Whether the disk of a server holds this server's log up to `index`, or the server is silent
    /// for ever, or has lost it, and must vote as if it had it still.
    [[nodiscard]] bool holds(std::size_t server, log_index index) const {
        return index <= now_.log.base().index ||
               promises(cluster_.at(server), {index, now_.log.known_term_at(index)});
    }

    /// The same, and the commands, of one that is there to hold them.
    [[nodiscard]] bool counts(std::size_t server, const configuration& members) const {
        return holds(server, now_.commit_index) &&
               (members.is_witness({server + 1}) ||
                !lacks_on_disk(on_disk(server), now_.commit_index));
    }

    /// By the members before or after the step: a step can commit, and then change them.
    [[nodiscard]] bool is_on_a_quorum(const core::state& before) const {
        const auto have = [this](const configuration& members) {
            return quorum_of(members, [&](std::size_t i) { return counts(i, members); });
        };
        return have(now_.members()) || have(before.members());
    }

    /// Whether a quorum has this server's name on disk for its term, or may have had it and been
    /// asked for a later term, or lost its disk, since.
    [[nodiscard]] bool was_elected() const {
        return quorum_of(now_.members(), [&](std::size_t server) {
            const auto& vote = on_disk(server).vote;
            return cluster_.at(server).now.is_halted() || vote.current_term > now_.current_term ||
                   vote == core::hard_state{now_.current_term, now_.self};
        });
    }

    /// Term and vote as a restart would find them. What is in the log or a snapshot proves its
    /// term.
    [[nodiscard]] core::hard_state durable_vote() const {
        const auto& kept = on_disk(i_);
        const auto proven = std::max(kept.log.last_term(), kept.snapshot.last_included.term);
        return proven > kept.vote.current_term ? core::hard_state{proven, std::nullopt} : kept.vote;
    }

    /// Figure 2: "updated on stable storage before responding to RPCs".
    [[nodiscard]] bool is_durable(const core::outgoing& sent) const {
        const auto kept = durable_vote();
        return std::visit(
            [&](const auto& m) {
                using type = std::remove_cvref_t<decltype(m)>;
                constexpr bool promises_nothing = std::same_as<type, core::request_pre_vote> ||
                                                  std::same_as<type, core::pre_vote_reply>;
                if constexpr (promises_nothing)
                    return true;
                else if constexpr (std::same_as<type, core::request_vote>)
                    return kept == core::hard_state{m.term, now_.self};
                else if constexpr (std::same_as<type, core::request_vote_reply>)
                    return kept.current_term == m.term &&
                           (!m.granted || kept.voted_for == std::get<member_id>(sent.to));
                else if constexpr (std::same_as<type, core::append_entries_reply>)
                    return kept.current_term == m.term && holds(i_, m.match_index);
                else
                    return kept.current_term == m.term;
            },
            sent.body);
    }

    /// A read must see all that was committed when it was asked for.
    [[nodiscard]] const char* judge_reads(const core::effects& out) {
        auto& waiting = cluster_.past.reads[i_];
        if (out.rare->leadership_lost || out.rare->reads_lost) waiting = {};
        const auto safe = out.rare->confirmed.value_or(core::confirmed_reads{});
        for (auto& each : waiting) {
            if (each.round == 0 || each.round > safe.round.value) continue;
            if (std::max<std::uint64_t>(each.index, safe.index.value) < each.committed)
                return "a read does not see what was committed before it";
            each = {};
        }
        if (!out.rare->read) return nullptr;
        const auto index = static_cast<std::uint8_t>(out.rare->read->index.value);
        const auto round = static_cast<std::uint8_t>(out.rare->read->round.value);
        const auto committed = cluster_.past.committed_count;
        if (round <= safe.round.value)
            return index < committed ? "a read does not see what was committed before it" : nullptr;
        for (auto& each : waiting)
            if (each.round == 0 || each == explored_past::awaited_read{round, index, committed}) {
                each = {round, index, committed};
                break;
            }
        return nullptr;
    }

    const model_bounds& bounds_;
    explored_cluster& cluster_;
    std::size_t i_;
    const core::state& now_;
};

}  // namespace raft::proof
