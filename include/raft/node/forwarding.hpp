// SPDX-License-Identifier: BSL-1.0
//
// Commands that are forwarded to the leader: those that wait for the next request, and those of the
// request in progress, which are kept until it is known where their entries are. Commands that come
// meanwhile go together in the next message.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <raft/core/state.hpp>
#include <raft/node/options.hpp>
#include <raft/node/outcome.hpp>
#include <raft/node/queue.hpp>
#include <raft/node/requests.hpp>
#include <raft/policy/entry.hpp>

namespace raft::detail {

/// The most that goes with one request.
struct request_room {
    std::size_t bytes = 0;
    std::size_t entries = 0;
};

template <class Transport>
[[nodiscard]] request_room room_to_leader(const state& s, Transport& transport,
                                          std::size_t message_bytes) {
    const auto leader = s.current_leader();
    const std::size_t here = leader ? transport.room(*leader) : message_bytes;
    return {std::min(here, message_bytes), s.config.entries_per_message};
}

template <class Command, class Result, std::size_t CallbackBytes>
class forwarding {
public:
    using proposals_type = proposals<Result, CallbackBytes>;
    using callback_type = typename proposals_type::callback_type;

    /// Why a command of `bytes` bytes cannot be accepted, where `pending_max` commands may wait.
    /// `readable`: by the leader.
    template <limits Limits>
    [[nodiscard]] std::optional<refusal_reason>
    check_command(std::uint64_t bytes, std::size_t pending_max, bool readable) const {
        if (!readable) return refusal_reason::members_too_old;
        if (bytes > Limits.message_bytes) return refusal_reason::too_large;
        const bool fits = bytes_ + bytes <= Limits.unapplied_bytes && count() < pending_max;
        return fits ? std::nullopt : std::optional{refusal_reason::too_many_pending};
    }

    template <class F>
    void add(Command given, std::uint64_t bytes, F on_outcome) {
        waiting_.push(
            {std::move(given), bytes, callback_type{about_one<Result>(std::move(on_outcome))}});
        ++waiting_count_;
        bytes_ += bytes;
    }

    /// Takes as many of the waiting commands as go with one request, in order, and at least one.
    /// None if a request is in progress, or no command waits.
    [[nodiscard]] std::uint32_t begin_request(term_number term, request_room room) {
        if (is_under_way_) return 0;
        while (waiting_count_ > 0 && fits(waiting_.front().bytes, room)) {
            auto next_one = waiting_.pop();
            --waiting_count_;
            sent_bytes_ += next_one.bytes;
            sent_.push_back({term, std::move(next_one.given)});
            callbacks_.push_back(std::move(next_one.on_outcome));
        }
        is_under_way_ = !sent_.empty();
        return static_cast<std::uint32_t>(sent_.size());
    }

    /// Whether a request is in progress, and its commands.
    [[nodiscard]] bool is_under_way() const { return is_under_way_; }
    [[nodiscard]] std::span<const entry<Command>> sent() const { return sent_; }

    /// Whether they fit where there is room for `room` bytes: all of them, or a single one of any
    /// size.
    [[nodiscard]] bool fits_in(std::size_t room) const {
        return room > 0 && (sent_bytes_ <= room || sent_.size() == 1);
    }

    /// An entry is applied while a request is in progress. If it turns out to belong to that
    /// request, because the reply was lost or late, this is its result. At most `results_max`
    /// results are kept; one whose value another caller has taken is not needed.
    void keep(log_index index, term_number term, Result result, std::size_t results_max) {
        if (passed_.size() < results_max) passed_.push_back({index, term, std::move(result)});
    }

    /// The leader has accepted them: those that are not applied yet wait for that as proposals do.
    void end_taken(accepted_proposal place, log_index last_applied, proposals_type& proposed) {
        for (auto& each : callbacks_) {
            if (place.first > last_applied)
                proposed.add_one(place, std::move(each));
            else
                end(std::move(each), outcome_of(place));
            place.first = next(place.first);
        }
        end_request();
    }

    void end_refused(const refusal& given) {
        for (auto& each : callbacks_) end(std::move(each), given);
        end_request();
    }

    /// The leader is lost. The outcome of the request in progress is unknown for good; the commands
    /// that wait were never in any log.
    void lose(const refusal& given) {
        for (auto& each : callbacks_) end(std::move(each), unknown{});
        end_request();
        while (waiting_count_ > 0) {
            auto each = waiting_.pop();
            --waiting_count_;
            bytes_ -= each.bytes;
            end(std::move(each.on_outcome), given);
        }
    }

    /// Calls the callbacks whose outcome is known.
    void tell() {
        while (!ended_.empty()) {
            auto each = ended_.pop();
            each.on_outcome(0, *each.given);
        }
    }

private:
    struct waiting_command {
        std::optional<Command> given{};
        std::uint64_t bytes = 0;
        callback_type on_outcome{};
    };
    struct passed_entry {
        log_index index{};
        term_number term{};
        Result result{};
    };
    struct ended_command {
        callback_type on_outcome{};
        std::optional<outcome<Result>> given{};
    };

    [[nodiscard]] std::size_t count() const { return waiting_count_ + sent_.size(); }

    [[nodiscard]] bool fits(std::uint64_t bytes, request_room room) const {
        return sent_.empty() || (sent_.size() < room.entries && sent_bytes_ + bytes <= room.bytes);
    }

    /// The outcome of an entry that is applied already; unknown if its result was not kept, as when
    /// a snapshot replaced the entry.
    [[nodiscard]] outcome<Result> outcome_of(accepted_proposal place) {
        for (auto& each : passed_)
            if (each.index == place.first && each.term == place.term)
                return applied<Result>{each.index, std::move(each.result)};
        return unknown{};
    }

    void end(callback_type on_outcome, outcome<Result> given) {
        ended_.push({std::move(on_outcome), std::move(given)});
    }

    void end_request() {
        bytes_ -= sent_bytes_;
        sent_bytes_ = 0;
        sent_.clear();
        callbacks_.clear();
        passed_.clear();
        is_under_way_ = false;
    }

    queue<waiting_command> waiting_{};
    std::size_t waiting_count_ = 0;
    std::uint64_t bytes_ = 0;  ///< Of the waiting and the sent commands.
    bool is_under_way_ = false;
    std::uint64_t sent_bytes_ = 0;
    std::vector<entry<Command>> sent_{};
    std::vector<callback_type> callbacks_{};  ///< Of the sent commands, in the same order.
    std::vector<passed_entry> passed_{};
    queue<ended_command> ended_{};
};

}  // namespace raft::detail
