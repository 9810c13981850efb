// SPDX-License-Identifier: BSL-1.0
//
// Holds the short way (core/steady.hpp) against the long one: where a step can be taken in both,
// state, write and messages are the same, and where the short way is not taken it changes nothing.
#pragma once

#include <optional>
#include <variant>

#include <raft/core/steady.hpp>
#include <raft/core/step.hpp>

namespace raft::proof {

class short_way {
public:
    /// What is wrong; null if nothing is. `after` and `out` are what the long way makes of
    /// `before`.
    [[nodiscard]] constexpr const char* judge(const core::state& before, const core::received& in,
                                              instant now, const core::state& after,
                                              const core::effects& out) {
        if (in.members || in.withheld || before.is_halted() || in.from == before.self)
            return nullptr;
        if (const auto* append = std::get_if<core::append_entries>(&in.body)) {
            now_ = before;
            const auto taken = raft::core::take_short(now_, in.from, *append, now);
            return judge_taken(taken, before, after, out, append->last_index - append->prev.index,
                               core::entry_source::received);
        }
        if (const auto* reply = std::get_if<core::append_entries_reply>(&in.body)) {
            now_ = before;
            const auto taken = raft::core::take_short(now_, in.from, *reply, now);
            return judge_taken(taken, before, after, out, 0, {});
        }
        return nullptr;
    }
    [[nodiscard]] constexpr const char* judge(const core::state& before, const core::proposed& in,
                                              instant, const core::state& after,
                                              const core::effects& out) {
        now_ = before;
        const auto taken = raft::core::propose_short(now_, in.count);
        if (taken == raft::core::short_step::not_taken) return judge_untouched(before);
        const auto first = next(before.log.last_index());
        if (out.proposal != core::accepted_proposal{first, before.current_term})
            return "the short way: other places for what is proposed";
        return judge_taken(taken, before, after, out, in.count, core::entry_source::proposed);
    }
    /// All other inputs go the long way.
    [[nodiscard]] constexpr const char* judge(const core::state&, const auto&, instant,
                                              const core::state&, const core::effects&) {
        return nullptr;
    }

    /// How many steps went the short way.
    [[nodiscard]] constexpr std::size_t taken() const { return taken_; }

private:
    [[nodiscard]] constexpr const char* judge_untouched(const core::state& before) const {
        return now_ == before ? nullptr : "the short way: not taken, and yet the state is another";
    }

    [[nodiscard]] constexpr const char*
    judge_taken(raft::core::short_step taken, const core::state& before, const core::state& after,
                const core::effects& out, std::uint64_t entries, core::entry_source source) {
        if (taken == raft::core::short_step::not_taken) return judge_untouched(before);
        ++taken_;
        if (!(now_ == after)) return "the short way: another state";
        const bool same_write =
            entries == 0
                ? !out.write
                : out.write && *out.write == raft::core::write_of_last(now_, entries, source);
        if (!same_write) return "the short way: another write";
        if (out.rare.is_changed()) return "the short way: more is asked for";
        const auto message = message_of(taken, entries);
        if (out.messages.size() != (message ? 1 : 0)) return "the short way: more or less is sent";
        return !message || out.messages.front() == *message ? nullptr
                                                            : "the short way: another message";
    }

    [[nodiscard]] constexpr std::optional<core::outgoing> message_of(raft::core::short_step taken,
                                                                     std::uint64_t entries) const {
        if (taken != raft::core::short_step::sends) return std::nullopt;
        if (const auto* following = std::get_if<core::follower_state>(&now_.role))
            return core::outgoing{*following->leader,
                                  raft::core::acknowledgement(now_, *following)};
        const auto& leading = *std::get_if<core::leader_state>(&now_.role);
        const auto prev = now_.log.last_index() - entries;
        return core::outgoing{leading.others, raft::core::append_after_own(now_, leading, prev)};
    }

    core::state now_{};
    std::size_t taken_ = 0;
};

}  // namespace raft::proof
