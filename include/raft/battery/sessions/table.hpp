// SPDX-License-Identifier: BSL-1.0
//
// The open sessions of a state machine, and the answers kept for their retries. A value that
// depends on the log alone: it has no clock, and no order but that of the log.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include <raft/battery/sessions/command.hpp>

namespace raft::session {

/// What sessions may cost. Part of the state machine: the same on every server, and along the whole
/// log; a snapshot made with others is refused.
struct limits {
    /// The most sessions, at least 1. The session that was unused for longest gives way to a new
    /// one.
    std::size_t sessions_max = 1024;
    /// The most answers kept for a session. A command for whose answer there is no room is refused.
    std::size_t results_max = 64;
    /// A session that was not used for so long, by the log's time, expires. Longer than a client
    /// may be out of reach.
    duration lifetime = milliseconds(3'600'000);

    friend bool operator==(const limits&, const limits&) = default;
};

}  // namespace raft::session

namespace raft {

namespace detail {

template <class Result>
struct session_record {
    log_index used_index{};                           ///< The entry that used it last,
    timing::log_time used_at{};                       ///< and the log's time then.
    session::serial_number acknowledged_through{};    ///< The answers up to here are not kept.
    std::map<session::serial_number, Result> kept{};  ///< The answers after that.

    void acknowledge(session::serial_number through) {
        if (through <= acknowledged_through) return;
        acknowledged_through = through;
        kept.erase(kept.begin(), kept.upper_bound(through));
    }

    friend bool operator==(const session_record&, const session_record&) = default;
};

template <class Result>
class session_table {
public:
    using record = session_record<Result>;

    explicit session_table(const session::limits& limits) : limits_{limits} {}

    /// An entry of this time is applied: what has expired by then goes. The log's time never runs
    /// backwards, whatever the clocks of proposers do.
    void advance_to(timing::log_time time) {
        now_ = std::max(now_, time);
        while (!by_use_.empty() && is_expired(by_id_.at(longest_unused()))) erase(longest_unused());
    }

    /// Opens the session of the entry at `index`.
    session::id open(log_index index) {
        while (by_id_.size() >= limits_.sessions_max && !by_id_.empty()) erase(longest_unused());
        const session::id id{index.value};
        insert(id, record{.used_index = index, .used_at = now_});
        return id;
    }

    /// The session, used by the entry at `index`; null if there is none.
    [[nodiscard]] record* use(session::id id, log_index index) {
        const auto found = by_id_.find(id);
        if (found == by_id_.end()) return nullptr;
        auto& session = found->second;
        auto place = by_use_.extract({session.used_index, id});
        place.value().first = index;
        by_use_.insert(std::move(place));
        session.used_index = index;
        session.used_at = now_;
        return &session;
    }

    [[nodiscard]] const record* find(session::id id) const {
        const auto found = by_id_.find(id);
        return found == by_id_.end() ? nullptr : &found->second;
    }

    void close(session::id id) {
        if (by_id_.contains(id)) erase(id);
    }

    [[nodiscard]] timing::log_time now() const { return now_; }
    [[nodiscard]] std::size_t size() const { return by_id_.size(); }
    [[nodiscard]] const session::limits& limits() const { return limits_; }

    /// Visits each session, the one unused for longest first.
    template <class Visit>
    void for_each(Visit visit) const {
        for (const auto& [index, id] : by_use_) visit(id, by_id_.at(id));
    }

    /// Takes in a session that was saved, after those that were unused for longer. False if the
    /// rules above could not have made it.
    [[nodiscard]] bool restore(session::id id, record saved) {
        const bool opened_before_used = id.value > 0 && id.value <= saved.used_index.value;
        if (!opened_before_used || by_id_.size() >= limits_.sessions_max || by_id_.contains(id))
            return false;
        if (saved.used_at > now_ || is_expired(saved) || saved.kept.size() > limits_.results_max)
            return false;
        if (!by_use_.empty()) {
            const auto& [index, before] = *std::prev(by_use_.end());
            if (saved.used_index <= index || saved.used_at < by_id_.at(before).used_at)
                return false;
        }
        insert(id, std::move(saved));
        return true;
    }

    friend bool operator==(const session_table&, const session_table&) = default;

private:
    [[nodiscard]] bool is_expired(const record& session) const {
        return now_.nanoseconds - session.used_at.nanoseconds >=
               static_cast<std::uint64_t>(limits_.lifetime.nanoseconds);
    }

    /// The session that was unused for longest; there is one.
    [[nodiscard]] session::id longest_unused() const { return by_use_.begin()->second; }

    void insert(session::id id, record session) {
        by_use_.emplace(session.used_index, id);
        by_id_.emplace(id, std::move(session));
    }

    void erase(session::id id) {
        const auto found = by_id_.find(id);
        by_use_.erase({found->second.used_index, id});
        by_id_.erase(found);
    }

    session::limits limits_;
    timing::log_time now_{};
    std::map<session::id, record> by_id_{};
    std::set<std::pair<log_index, session::id>> by_use_{};
};

}  // namespace detail
}  // namespace raft
