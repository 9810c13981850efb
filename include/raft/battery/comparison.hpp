// SPDX-License-Identifier: BSL-1.0
//
// Servers compared while they run. The commonest mistake in a state machine is an `apply` that is
// not deterministic, and the next is memory that went wrong: either shows as states that differ
// after the same entries. Where the state machine offers a digest (`digesting_state_machine`), each
// node keeps that of its state after every so many entries (`node_options::digest_interval`). A
// leader asks the members for theirs, beside the protocol, and compares those of equal indexes.
//
// A difference is told to all that were compared, by its index and the servers. A server whose
// state is not that of a majority of those compared stops: `node::halt_as_different`. But never so
// many that the rest, of those that are heard, would be no quorum: these go on, and it is told.
//
// In passing servers tell each other their election timeouts, which are to be equal, and which
// versions of commands they can read (`versioned_state_machine`): a leader permits those that all
// can, `node::permit_commands`.
//
// `asio_node`, and so `replica`, has one. Who drives a `node` of his own calls `look` once a turn,
// and gives `receive` what other servers' `send` was given. What is lost is asked for again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include <raft/battery/comparison/digest_table.hpp>
#include <raft/battery/comparison/report.hpp>
#include <raft/battery/digest.hpp>
#include <raft/core/quorum.hpp>
#include <raft/core/role.hpp>
#include <raft/core/state.hpp>
#include <raft/node/status.hpp>

namespace raft::digests {

/// What comparing has shown, as far as this server knows.
struct comparison_status {
    /// Digests that were compared with another server's, while this server led.
    std::uint64_t compared = 0;
    /// Differences that this server found, or was told of.
    std::uint64_t differences = 0;
    std::optional<state_difference> last{};
    /// The members' election timeouts: a leader knows them all, a follower its leader's.
    std::map<member_id, duration> election_timeouts{};
};

using comparison_news = std::variant<state_difference, timeout_difference, version_difference>;

/// Compares a server with the others. One for each node. Used on the node's thread.
class comparison {
public:
    /// To be called after whatever may have moved the node on; a leader asks the others once a
    /// heartbeat at most. `send(std::span<const member_id> to, const peer_report&)` may lose it.
    template <class Node, class Send>
    void look(Node& node, instant now, Send send) {
        const auto& s = node.protocol_state();
        if (s.current_term != term_ || s.is_leader() != leads_) begin(node);
        if (!leads_) return;
        if (now >= ask_at_) {
            ask(node, now, send);
            judge(node, now, send);
        }
    }

    /// A report has come from another server of this cluster.
    template <class Node, class Send>
    void receive(Node& node, member_id from, const peer_report& said, instant now, Send send) {
        const auto& s = node.protocol_state();
        if (s.current_term != term_ || s.is_leader() != leads_) begin(node);
        if (said.term != term_ || !s.members().slot_of(from)) return;
        if (said.purpose == report_purpose::answering) {
            if (!leads_) return;
            hear(s, from, said);
            hear_version(node, from, said.commands_read);
            take<Node>(s, from, said);
            if (const auto stops = stopped_.find(from); stops != stopped_.end())
                send(std::span<const member_id>{&from, 1}, report_on(node, stops->second, true));
            return judge(node, now, send);
        }
        const bool is_too_old = detail::is_halted_by(s, core::halt_reason::version_too_old);
        if (leads_ || (!is_too_old && s.current_leader() != from)) return;
        hear(s, from, said);
        node.permit_commands(std::min(own_commands_read<Node>, said.commands_read));
        all_read_ = std::max(all_read_, said.commands_permitted);
        if (said.purpose == report_purpose::asking) return answer<Node>(node, from, send);
        const bool stops =
            said.purpose == report_purpose::stopping && is_other(node, said.difference);
        if (stops || status_.last != said.difference) tell(said.difference, stops);
        if (stops) node.halt_as_different();
    }

    [[nodiscard]] const comparison_status& status() const { return status_; }

    /// What there is to tell operators since the last call.
    [[nodiscard]] std::vector<comparison_news> take_news() { return std::exchange(news_, {}); }

private:
    /// How often a leader asks again when it has a new digest, in heartbeats: the others may not
    /// have come so far.
    static constexpr int asks_per_digest = 3;
    /// How often it asks although nothing is new: a server may have come back with other options.
    static constexpr std::uint64_t asks_between_greetings = 64;
    /// Who has answered nothing after so many is of a version that has no reports.
    static constexpr std::uint64_t asks_unanswered_max = 5;

    template <class Node>
    static constexpr auto
        own_version = policy::digest_version_of<typename Node::state_machine_type>();

    template <class Node>
    static constexpr auto
        own_commands_read = policy::commands_read_by<typename Node::state_machine_type>();

    template <class Node>
    void begin(Node& node) {
        const auto& s = node.protocol_state();
        node.permit_commands(0);
        term_ = s.current_term;
        leads_ = s.is_leader();
        table_.clear();
        digest_versions_.clear();
        commands_read_.clear();
        stopped_.clear();
        status_.election_timeouts.clear();
        asks_ = 0;
        asks_left_ = 0;
        newest_ = {};
        ask_at_ = {};
    }

    // --------------------------------------------------------------------------- asks and answers

    template <class Node>
    [[nodiscard]] static peer_report report_of(const Node& node, report_purpose purpose) {
        const auto& s = node.protocol_state();
        return {.purpose = purpose,
                .term = s.current_term,
                .election_timeout = s.config.election_timeout,
                .digest_version = own_version<Node>,
                .commands_read = own_commands_read<Node>,
                .commands_permitted = node.commands_permitted()};
    }

    template <class Node, class Send>
    void ask(Node& node, instant now, Send& send) {
        const auto& s = node.protocol_state();
        ask_at_ = now + s.config.heartbeat_interval;
        if (note_own(node)) asks_left_ = asks_per_digest;
        const bool all_read = permit_commands(node);
        const bool greets =
            !all_read || asks_ < asks_unanswered_max || asks_ % asks_between_greetings == 0;
        ++asks_;
        if (asks_left_ > 0)
            --asks_left_;
        else if (!greets)
            return;
        std::vector<member_id> others;
        for (const auto id : s.members().members)
            if (id != s.self) others.push_back(id);
        if (!others.empty()) send(others, report_of(node, report_purpose::asking));
    }

    /// Whether there is a new one.
    template <class Node>
    [[nodiscard]] bool note_own(const Node& node) {
        const auto digests = node.digests();
        if (digests.empty() || digests.back().index == newest_) return false;
        newest_ = digests.back().index;
        for (const auto& each : digests) note(node.protocol_state().self, each);
        return true;
    }

    template <class Node, class Send>
    static void answer(const Node& node, member_id to, Send& send) {
        auto report = report_of(node, report_purpose::answering);
        report.digests.assign(node.digests().begin(), node.digests().end());
        send(std::span<const member_id>{&to, 1}, report);
    }

    /// What a server says of itself in each report.
    void hear(const core::state& s, member_id from, const peer_report& said) {
        status_.election_timeouts[from] = said.election_timeout;
        const timeout_difference found{from, said.election_timeout, s.config.election_timeout};
        if (std::exchange(told_timeouts_[from], found.there) == found.there) return;
        if (found.there != found.here) news_.emplace_back(found);
    }

    /// Permits what all members can read; true if that is as much as this server can. Of one that
    /// has not told this leader yet, as it may be down, it holds what was true of all before.
    template <class Node>
    bool permit_commands(Node& node) {
        if constexpr (own_commands_read<Node> == 0) return true;
        const auto& members = node.protocol_state().members();
        auto least = own_commands_read<Node>;
        bool all_told = true;
        for (const auto id : members.members) {
            if (id == node.protocol_state().self || members.is_witness(id)) continue;
            const auto told = commands_read_.find(id);
            all_told = all_told && told != commands_read_.end();
            least = std::min(least, told == commands_read_.end() ? all_read_ : told->second);
        }
        if (all_told) all_read_ = least;
        node.permit_commands(least);
        return all_told && least == own_commands_read<Node>;
    }

    /// Who cannot read what is in use already is told of, once for each version that it had.
    template <class Node>
    void hear_version(Node& node, member_id from, std::uint32_t reads) {
        commands_read_[from] = reads;
        const version_difference found{from, reads, node.commands_permitted()};
        static_cast<void>(permit_commands(node));
        if (std::exchange(told_versions_[from], reads) != reads && reads < found.needed)
            news_.emplace_back(found);
    }

    template <class Node>
    void take(const core::state& s, member_id from, const peer_report& said) {
        digest_versions_[from] = said.digest_version;
        if (said.digest_version != own_version<Node>) return;
        for (const auto& each : said.digests)
            if (each.index <= s.commit_index) note(from, each);
    }

    void note(member_id member, const state_digest& digest) {
        if (table_.note(member, digest)) ++status_.compared;
    }

    // ------------------------------------------------------------------------------------ verdicts

    [[nodiscard]] static bool is_heard(const core::state& s, core::slot who, instant now) {
        return s.members().id_of(who) == s.self || core::is_reachable(s, s.peers[who.value], now);
    }

    /// How many have a digest to compare, of those that are heard, or may yet turn out to.
    template <class Node>
    [[nodiscard]] std::size_t expected(const core::state& s, instant now) const {
        std::size_t count = 0;
        const auto& members = s.members();
        for (const auto who : members.everyone()) {
            const auto id = members.id_of(who);
            if (members.is_witness(id) || stopped_.contains(id) || !is_heard(s, who, now)) continue;
            const auto known = digest_versions_.find(id);
            const bool compares = known != digest_versions_.end()
                                      ? known->second == own_version<Node>
                                      : id == s.self || asks_ < asks_unanswered_max;
            count += compares ? 1U : 0U;
        }
        return count;
    }

    /// Whether those that are heard are a quorum without `member` and those that are `gone`.
    [[nodiscard]] static bool can_do_without(const core::state& s, const std::set<member_id>& gone,
                                             member_id member, instant now) {
        const auto& members = s.members();
        return core::quorum_agrees(members, [&](core::slot voter) {
            const auto id = members.id_of(voter);
            return id != member && !gone.contains(id) && is_heard(s, voter, now);
        });
    }

    template <class Node, class Send>
    void judge(Node& node, instant now, Send& send) {
        const auto& s = node.protocol_state();
        for (const auto& found : table_.judge(expected<Node>(s, now))) {
            const auto stops = those_that_stop(s, found, now);
            const bool is_known = have_stopped(found.differing());
            for (const auto each : stops) stopped_[each] = found;
            if (!is_known) tell(found, !stops.empty());
            for (const auto& each : found.compared)
                if (each.member != s.self && (!is_known || stops.contains(each.member)))
                    send(std::span<const member_id>{&each.member, 1},
                         report_on(node, found, stops.contains(each.member)));
            if (stops.contains(s.self)) return node.halt_as_different();
        }
    }

    [[nodiscard]] bool have_stopped(const std::vector<member_id>& all) const {
        return std::all_of(all.begin(), all.end(),
                           [this](member_id each) { return stopped_.contains(each); });
    }

    template <class Node>
    [[nodiscard]] static peer_report report_on(const Node& node, const state_difference& found,
                                               bool stops) {
        auto report = report_of(node, stops ? report_purpose::stopping : report_purpose::telling);
        report.difference = found;
        return report;
    }

    /// Of those whose state is not the majority's, as many as the others can do without.
    [[nodiscard]] std::set<member_id>
    those_that_stop(const core::state& s, const state_difference& found, instant now) const {
        std::set<member_id> stops;
        if (!found.agreed) return stops;
        std::set<member_id> gone;
        for (const auto& [member, because] : stopped_) gone.insert(member);
        for (const auto member : found.differing()) {
            if (!gone.contains(member) && !can_do_without(s, gone, member, now)) continue;
            gone.insert(member);
            stops.insert(member);
        }
        return stops;
    }

    /// Whoever cannot stop is found again at each index: the log needs that once.
    void tell(const state_difference& found, bool stops) {
        const bool is_same = status_.last && status_.last->differing() == found.differing();
        if (!is_same || stops) news_.emplace_back(found);
        ++status_.differences;
        status_.last = found;
    }

    /// A server that has been restarted since may have another state by now.
    template <class Node>
    [[nodiscard]] static bool is_other(const Node& node, const state_difference& found) {
        for (const auto& own : node.digests())
            if (own.index == found.index) return found.agreed && own.value != *found.agreed;
        return false;
    }

    term_number term_{};
    bool leads_ = false;
    detail::digest_table table_{};
    std::map<member_id, std::uint32_t> digest_versions_{};  ///< Of those that have answered.
    std::map<member_id, std::uint32_t> commands_read_{};    ///< As they have told this leader.
    std::uint32_t all_read_ = 0;  ///< All members did, when a leader last heard from all of them.
    /// Those that were told to stop, and why: until they fall silent they are told again.
    std::map<member_id, state_difference> stopped_{};
    std::uint64_t asks_ = 0;
    int asks_left_ = 0;
    log_index newest_{};
    instant ask_at_{};

    comparison_status status_{};
    std::map<member_id, duration> told_timeouts_{};
    std::map<member_id, std::uint32_t> told_versions_{};
    std::vector<comparison_news> news_{};
};

}  // namespace raft::digests
