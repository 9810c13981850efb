// SPDX-License-Identifier: BSL-1.0
#include "observed.hpp"

#include <algorithm>
#include <type_traits>
#include <variant>

#include <raft/testing/replay/words.hpp>

namespace raft_page {

namespace {

namespace words = raft::testing::detail::words;
using raft::log_index;
using raft::core::log_terms;

standing standing_of(const raft::core::role& now) {
    if (const auto* stands = std::get_if<raft::core::candidate_state>(&now))
        return stands->pre_vote ? standing::pre_candidate : standing::candidate;
    if (std::holds_alternative<raft::core::leader_state>(now)) return standing::leader;
    if (std::holds_alternative<raft::core::follower_state>(now)) return standing::follower;
    return standing::halted;
}

/// The last entry up to which two logs are the same, of those that either knows.
log_index last_in_common(const log_terms& a, const log_terms& b) {
    const auto end = std::min(a.last_index(), b.last_index());
    auto same = std::max(a.base().index, b.base().index);
    while (same < end && a.term_at(next(same)) == b.term_at(next(same)))
        same = std::min(a.run_end(next(same), end), b.run_end(next(same), end));
    return same;
}

}  // namespace

message_class class_of(const raft::core::message& body) {
    using namespace raft::core;
    return std::visit(
        []<class Message>(const Message& m) {
            constexpr auto is_one_of = []<class... Of>(std::type_identity<Of>...) {
                return (std::is_same_v<Message, Of> || ...);
            };
            if constexpr (std::is_same_v<Message, append_entries>)
                return m.last_index > m.prev.index ? message_class::entries
                                                   : message_class::heartbeat;
            else if constexpr (is_one_of(std::type_identity<append_entries_reply>{},
                                         std::type_identity<append_entries_rejection>{}))
                return message_class::reply;
            else if constexpr (is_one_of(std::type_identity<request_pre_vote>{},
                                         std::type_identity<pre_vote_reply>{},
                                         std::type_identity<request_vote>{},
                                         std::type_identity<request_vote_reply>{},
                                         std::type_identity<timeout_now>{}))
                return message_class::election;
            else if constexpr (is_one_of(std::type_identity<install_snapshot>{},
                                         std::type_identity<install_snapshot_reply>{},
                                         std::type_identity<request_snapshot>{}))
                return message_class::snapshot;
            else
                return message_class::other;
        },
        body);
}

void observed_servers::see(std::int64_t at, std::uint64_t server, const raft::core::state& now) {
    auto& before = seen_[server];
    const happened::stood stands{standing_of(now.role), now.current_term.value,
                                 now.voted_for ? now.voted_for->value : 0};
    if (stands.as != before.stood.as || stands.term != before.stood.term ||
        stands.voted_for != before.stood.voted_for)
        run_.add(at, server, stands);
    before.stood = stands;
    if (before.log != now.log) {
        see_log(at, server, before.log, now.log);
        before.log = now.log;
    }
    if (before.committed != now.commit_index)
        run_.add(at, server, happened::committed{now.commit_index.value});
    before.committed = now.commit_index;
    if (before.configuration == now.configurations.back().index) return;
    before.configuration = now.configurations.back().index;
    run_.add(at, server, happened::noted{"its members are " + words::of(now.members())});
}

void observed_servers::see_log(std::int64_t at, std::uint64_t server, const log_terms& before,
                               const log_terms& now) {
    auto same = last_in_common(before, now);
    if (now.base().index < before.base().index) {
        same = now.base().index;
        run_.add(at, server, happened::cut_after{0});
    }
    if (now.base() != before.base() && now.base().index > log_index{})
        run_.add(at, server, happened::compacted{now.base().index.value, now.base().term.value});
    if (same < before.last_index()) run_.add(at, server, happened::cut_after{same.value});
    while (same < now.last_index()) {
        const auto first = next(same);
        same = now.run_end(first, now.last_index());
        run_.add(at, server,
                 happened::appended{first.value, same.value, now.known_term_at(first).value});
    }
}

void observed_servers::see_down(std::int64_t at, std::uint64_t server) {
    const auto known = seen_.find(server);
    if (known == seen_.end() || known->second.stood.as == standing::down) return;
    auto& stood = known->second.stood;
    stood.as = standing::down;
    run_.add(at, server, stood);
}

}  // namespace raft_page
