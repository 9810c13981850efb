// SPDX-License-Identifier: BSL-1.0
//
// Why Raft is safe: an invariant that holds in the beginning, that every step keeps, and from which
// the properties of Figure 3 follow. It is the proof of the paper's §5.4.3 made into clauses, each
// with its argument; induction.hpp has every step of small clusters checked against it.
//
// The clauses are of three kinds: of the history, of one server and the history, and of one message
// and the history, or its sender. None speaks of two servers, so what one server does can harm
// another only by what it adds to the history. Nothing of that is ever taken back, and no message
// is: one that is lost may yet be on its way.
//
// Of each entry that a leader made in its term, two things may come to be true, but never both:
//
// * it is committed (§5.4.2): a quorum has acknowledged it to that leader;
// * it is ruled out: a quorum has gone on to later terms without having acknowledged it. They will
//   not any more, and every quorum shares a server with theirs.
//
// The heart of it is the clause "Leader Completeness": an election asks a quorum, and so finds out
// what was committed, or rules it out.
//
// For clusters of a few voters, without changes of membership and snapshots, whose storage is
// durable at once. Their logs may have holes: commands that a server was not sent, as it was a
// witness, and entries that a disk has lost.
#pragma once

#include <algorithm>
#include <array>
#include <variant>

#include <proof/invariants/history.hpp>

namespace raft::proof {

// ---------------------------------------------------------------------------------- of the history

/// Whether the servers of which `agrees` holds are a majority.
[[nodiscard]] constexpr bool quorum(const cluster_history& h, auto agrees) {
    std::size_t agreeing = 0;
    for (std::size_t v = 0; v < h.servers; ++v) agreeing += agrees(v);
    return agreeing * 2 > h.servers;
}

/// §5.4.2: whether an entry that the leader of `term` made is committed, and all before it.
[[nodiscard]] constexpr bool is_committed(const cluster_history& h, std::size_t term,
                                          std::size_t index) {
    const auto& in = h.terms[term];
    return in.log.term_at(index) == term &&
           quorum(h, [&](std::size_t v) { return in.acknowledged[v] >= index; });
}

/// Whether an entry that the leader of `term` made can never be committed by that leader.
[[nodiscard]] constexpr bool is_ruled_out(const cluster_history& h, std::size_t term,
                                          std::size_t index) {
    return quorum(h, [&](std::size_t v) {
        return h.current_term[v] > term && h.terms[term].acknowledged[v] < index;
    });
}

/// How far the leader of `term` has committed its log, whether it knows that or not.
[[nodiscard]] constexpr std::size_t committed_through(const cluster_history& h, std::size_t term) {
    std::size_t index = h.terms[term].log.length;
    while (index > 0 && !is_committed(h, term, index)) --index;
    return index;
}

/// How much of what server `v` acknowledged to the leader of `term` may be committed, or become so.
[[nodiscard]] constexpr std::size_t binds_through(const cluster_history& h, std::size_t term,
                                                  std::size_t v) {
    const auto& in = h.terms[term];
    std::size_t index = in.acknowledged[v];
    while (index > 0 && in.log.term_at(index) == term && is_ruled_out(h, term, index)) --index;
    return in.log.term_at(index) == term ? index : 0;
}

/// §5.2: who votes is in that term or has been, and who has a vote stood: candidates vote for
/// themselves first. So who never was in a term has no vote there.
[[nodiscard]] constexpr bool votes_are_for_candidates(const cluster_history& h, std::size_t term) {
    const auto& vote = h.terms[term].vote;
    for (std::size_t v = 0; v < h.servers; ++v) {
        if (!vote[v]) continue;
        if (h.current_term[v] < term || vote[*vote[v]] != vote[v]) return false;
    }
    return true;
}

/// Election Safety (§5.2): a leader has the votes of a quorum, its own among them. A server votes
/// once in a term, and any two quorums share a server, so there is no other leader in that term.
[[nodiscard]] constexpr bool leader_is_elected(const cluster_history& h, std::size_t term) {
    const auto& in = h.terms[term];
    return !in.leader || (in.vote[*in.leader] == in.leader &&
                          quorum(h, [&](std::size_t v) { return in.vote[v] == in.leader; }));
}

/// Log Matching (§5.3) of leaders: a leader's log ends in entries of its own term, and before those
/// it is the beginning of the log of the leader that made the entry there. By and by, two logs with
/// the same entry have everything before it from the same leader.
[[nodiscard]] constexpr bool leader_log_matches(const cluster_history& h, std::size_t term) {
    const auto& in = h.terms[term];
    if (!in.leader) return true;
    if (in.log.last_term() != term) return false;
    std::size_t before = in.log.length;
    while (before > 0 && in.log.term_at(before) == term) --before;
    const auto& earlier = h.terms[in.log.term_at(before)].log;
    return before == 0 || (in.log.term_at(before) < term && in.log.agrees(earlier, before));
}

/// §5.3: what is acknowledged to a leader is in its log, and said by servers that came to its term.
/// The leader has acknowledged its own log: it counts itself.
[[nodiscard]] constexpr bool acknowledgements_are_of_the_log(const cluster_history& h,
                                                             std::size_t term) {
    const auto& in = h.terms[term];
    for (std::size_t v = 0; v < h.servers; ++v) {
        if (in.acknowledged[v] > in.log.length) return false;
        if (in.acknowledged[v] > 0 && h.current_term[v] < term) return false;
    }
    return !in.leader || in.acknowledged[*in.leader] == in.log.length;
}

/// Leader Completeness (§5.4): a leader has every entry of every leader before it, but for those
/// that can never be committed. Its voters are a quorum that has left the earlier terms: if none of
/// them acknowledged the entry, it is ruled out; if one did, it still had the entry when it voted,
/// and votes only for logs that are at least as up to date (§5.4.1), which have it, too.
[[nodiscard]] constexpr bool leader_is_complete(const cluster_history& h, std::size_t term) {
    const auto& in = h.terms[term];
    if (!in.leader) return true;
    for (std::size_t earlier = 1; earlier < term; ++earlier) {
        const auto& log = h.terms[earlier].log;
        std::size_t index = log.length;
        while (index > 0 && log.term_at(index) == earlier && is_ruled_out(h, earlier, index))
            --index;
        if (log.term_at(index) == earlier && !in.log.agrees(log, index)) return false;
    }
    return true;
}

struct history_clause {
    const char* name = nullptr;
    bool (*holds)(const cluster_history&, std::size_t term) = nullptr;
};

/// What holds of the history of every term. Each speaks of that term and of earlier ones.
inline constexpr std::array history_clauses{
    history_clause{"votes are for candidates", votes_are_for_candidates},
    history_clause{"Election Safety: leaders are elected", leader_is_elected},
    history_clause{"Log Matching of leaders", leader_log_matches},
    history_clause{"acknowledgements are of the leader's log", acknowledgements_are_of_the_log},
    history_clause{"Leader Completeness", leader_is_complete},
};

// ------------------------------------------------------------------------------------- of a server

/// Term and vote are never forgotten (Figure 2, persistent state).
[[nodiscard]] constexpr bool remembers_vote(const cluster_history& h, std::size_t i,
                                            const server_view& s) {
    return s.current_term == h.current_term[i] && s.voted_for == h.terms[s.current_term].vote[i];
}

/// Whether the first position is as far as the second, by the comparison of §5.4.1.
[[nodiscard]] constexpr bool is_as_far(std::size_t term, std::size_t index, std::size_t other_term,
                                       std::size_t other_index) {
    return term != other_term ? term > other_term : index >= other_index;
}

/// The log by which a server votes and for which it stands in: its own, or the one that it had
/// before entries of it were lost, which was the beginning of a leader's.
[[nodiscard]] constexpr small_log promised_log(const cluster_history& h, const server_view& s) {
    if (is_as_far(s.log.last_term(), s.log.length, s.lost_term, s.lost_index)) return s.log;
    auto promised = h.terms[s.lost_term].log;
    promised.length = std::min(promised.length, s.lost_index);
    return promised;
}

/// Log Matching (§5.3): every log is the beginning of the log of the leader that made its last
/// entry. Followers take entries only where the entry before them is the same (the consistency
/// check), and cut off only from the end.
[[nodiscard]] constexpr bool log_matches(const cluster_history& h, std::size_t,
                                         const server_view& s) {
    return s.log.last_term() <= s.current_term &&
           h.terms[s.log.last_term()].log.agrees(s.log, s.log.length);
}

/// What a server has acknowledged it keeps, or still votes by, if it has lost it: to the leader of
/// its term all of it, as that leader never takes anything back; to earlier ones what may be
/// committed, since every leader after them has that (Leader Completeness), and so sends nothing
/// that conflicts with it.
[[nodiscard]] constexpr bool keeps_acknowledged(const cluster_history& h, std::size_t i,
                                                const server_view& s) {
    const auto promised = promised_log(h, s);
    for (std::size_t term = 1; term < s.current_term; ++term)
        if (!promised.agrees(h.terms[term].log, binds_through(h, term, i))) return false;
    const auto& in = h.terms[s.current_term];
    const auto last = in.acknowledged[i];
    return s.log.agrees(in.log, last) ||
           is_as_far(s.lost_term, s.lost_index, in.log.term_at(last), last);
}

/// Whether a log is committed up to `index`, in `term` or before.
[[nodiscard]] constexpr bool is_committed_part(const cluster_history& h, const small_log& log,
                                               std::size_t index, std::size_t term) {
    if (index == 0) return true;
    for (std::size_t in = 1; in <= term; ++in)
        if (index <= committed_through(h, in) && log.agrees(h.terms[in].log, index)) return true;
    return false;
}

/// A server takes for committed only what is (§5.3): a leader counts acknowledgements, and those of
/// entries of its own term only (§5.4.2); a follower is told by a leader with whose log its own
/// agrees so far.
[[nodiscard]] constexpr bool commits_what_is_committed(const cluster_history& h, std::size_t,
                                                       const server_view& s) {
    return is_committed_part(h, s.log, s.commit_index, s.current_term);
}

/// A follower follows the leader of its term, and its log is that leader's as far as it says so.
/// Before it hears of one it says so only of what is committed, which every leader will have.
[[nodiscard]] constexpr bool follows_the_leader(const cluster_history& h, std::size_t i,
                                                const server_view& s) {
    if (s.is != server_view::role::follower) return true;
    const auto& in = h.terms[s.current_term];
    if (s.leader && (s.leader != in.leader || s.leader == i)) return false;
    return in.leader ? s.log.agrees(in.log, s.matched_index) : s.matched_index <= s.commit_index;
}

/// §5.2: a candidate counts votes that were given to it, stands once in a term, and has not won.
[[nodiscard]] constexpr bool counts_its_votes(const cluster_history& h, std::size_t i,
                                              const server_view& s) {
    if (s.is != server_view::role::candidate) return true;
    const auto& in = h.terms[s.current_term];
    if (in.leader == i || s.voted_for != i) return false;
    for (std::size_t v = 0; v < h.servers; ++v)
        if ((s.granted >> v & 1U) != 0 && in.vote[v] != i) return false;
    return true;
}

/// §5.4.1: a candidate has whatever may be committed of what those who gave it their votes have
/// acknowledged to earlier leaders. They compared their logs with its own when they gave them, and
/// acknowledge nothing in an earlier term any more.
[[nodiscard]] constexpr bool is_as_up_to_date(const cluster_history& h, std::size_t i,
                                              const server_view& s) {
    if (s.is != server_view::role::candidate) return true;
    for (std::size_t v = 0; v < h.servers; ++v)
        for (std::size_t term = 1; h.terms[s.current_term].vote[v] == i && term < s.current_term;
             ++term)
            if (!s.log.agrees(h.terms[term].log, binds_through(h, term, v))) return false;
    return true;
}

/// A leader is the one that was elected, its log all that it ever was (Leader Append-Only), and it
/// takes of nobody to have more than that server has acknowledged.
[[nodiscard]] constexpr bool leads(const cluster_history& h, std::size_t i, const server_view& s) {
    if (s.is != server_view::role::leader) return true;
    const auto& in = h.terms[s.current_term];
    if (in.leader != i || in.log != s.log) return false;
    for (std::size_t v = 0; v < h.servers; ++v)
        if (s.match_index[v] > in.acknowledged[v]) return false;
    return true;
}

struct server_clause {
    const char* name = nullptr;
    bool (*holds)(const cluster_history&, std::size_t i, const server_view&) = nullptr;
};

/// What holds of every server, by its place.
inline constexpr std::array server_clauses{
    server_clause{"term and vote are remembered", remembers_vote},
    server_clause{"Log Matching", log_matches},
    server_clause{"what is acknowledged is kept", keeps_acknowledged},
    server_clause{"only what is committed is taken for committed", commits_what_is_committed},
    server_clause{"a follower follows the leader", follows_the_leader},
    server_clause{"a candidate counts its votes", counts_its_votes},
    server_clause{"a candidate is as up to date as its voters", is_as_up_to_date},
    server_clause{"a leader leads", leads},
};

// ------------------------------------------------------------------------------------ of a message

/// A message and who sent it to whom.
struct sent_message {
    std::size_t from = 0;
    std::size_t to = 0;
    const core::message* body = nullptr;
};

namespace detail {

/// §5.2: who asks for votes has voted for itself.
[[nodiscard]] constexpr bool is_true(const cluster_history& h, const sent_message& sent,
                                     const core::request_vote& m) {
    return h.terms[m.term.value].vote[sent.from] == sent.from;
}

/// Who grants its vote has given it.
[[nodiscard]] constexpr bool is_true(const cluster_history& h, const sent_message& sent,
                                     const core::request_vote_reply& m) {
    return !m.granted || h.terms[m.term.value].vote[sent.from] == sent.to;
}

/// It comes from the leader of the term, and is true of its log. What it calls committed is.
[[nodiscard]] constexpr bool is_true(const cluster_history& h, const sent_message& sent,
                                     const core::append_entries& m) {
    const auto& in = h.terms[m.term.value];
    const auto commit = m.commit_index.value;
    if (in.leader != sent.from || m.last_index.value > in.log.length) return false;
    if (in.log.term_at(m.prev.index.value) != m.prev.term.value) return false;
    for (auto i = m.prev.index.value + 1; i <= m.last_index.value; ++i)
        if (in.log.term_at(i) != m.entries_term.value) return false;
    return commit <= in.log.length && is_committed_part(h, in.log, commit, m.term.value);
}

/// What it acknowledges was acknowledged: this is what the history says.
[[nodiscard]] constexpr bool is_true(const cluster_history& h, const sent_message& sent,
                                     const core::append_entries_reply& m) {
    return m.match_index.value <= h.terms[m.term.value].acknowledged[sent.from];
}

/// Whatever else a message says is a hint, on which nothing rests that could go wrong.
[[nodiscard]] constexpr bool is_true(const cluster_history&, const sent_message&, const auto&) {
    return true;
}

}  // namespace detail

/// What holds of every message that was ever sent.
[[nodiscard]] constexpr bool says_what_is_true(const cluster_history& h, const sent_message& sent) {
    return std::visit([&](const auto& m) { return detail::is_true(h, sent, m); }, *sent.body);
}

/// What holds of every message that was ever sent and its sender as it is now: as long as a
/// candidate stands its log is what it boasts of. It is what voters compare their own with, and a
/// candidate takes no entries.
[[nodiscard]] constexpr bool boasts_of_its_log(const server_view& sender,
                                               const core::message& body) {
    const auto* m = std::get_if<core::request_vote>(&body);
    if (m == nullptr || sender.is != server_view::role::candidate ||
        sender.current_term != m->term.value)
        return true;
    return m->last_log.index.value == sender.log.length &&
           m->last_log.term.value == sender.log.last_term();
}

// ---------------------------------------------------------------------------------- what it is for

/// State Machine Safety (§5.4.3) and Log Matching (§5.3) of two servers, and Leader Completeness
/// (§5.4) of what the first has committed. They follow from the clauses, and no clause from them.
[[nodiscard]] constexpr bool figure_3_holds(const server_view& a, const server_view& b) {
    const auto both = std::min(a.log.length, b.log.length);
    if (!a.log.agrees(b.log, std::min(a.commit_index, b.commit_index))) return false;
    for (std::size_t i = both; i > 0; --i)
        if (a.log.term_at(i) == b.log.term_at(i) && !a.log.agrees(b.log, i)) return false;
    const bool leads_later = b.is == server_view::role::leader && b.current_term >= a.current_term;
    return !leads_later || a.log.agrees(b.log, a.commit_index);
}

}  // namespace raft::proof
