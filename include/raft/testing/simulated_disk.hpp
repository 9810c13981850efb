// SPDX-License-Identifier: BSL-1.0
//
// The disk of a simulated server: what is durable, and the writes that are not yet. A crash takes
// what is not.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include <raft/core/step.hpp>

namespace raft::testing {

class simulated_disk {
public:
    constexpr simulated_disk() = default;
    constexpr explicit simulated_disk(recovered_state durable) : durable_{std::move(durable)} {}

    /// Begins the writes of a step, after which the server's state is `now`.
    constexpr void begin(const effects& out, const state& now) {
        if (out.write) {
            unfinished one{.sequence = out.write->sequence,
                           .vote = out.write->vote,
                           .entries = out.write->entries};
            if (one.entries)
                for (const auto& each : now.configurations)
                    if (each.index >= one.entries->first && each.index <= one.entries->last)
                        one.members = each;
            waiting_.push_back(std::move(one));
        }
        if (out.chunk) waiting_.push_back({.sequence = out.chunk->sequence});
        if (out.install)
            waiting_.push_back({.sequence = out.install->sequence,
                                .install = out.install,
                                .members = now.configurations.front()});
        if (out.discard) waiting_.push_back({.sequence = now.disk.begun, .discard = out.discard});
    }

    /// The oldest `count` writes become durable; gives the last of them, if there was one.
    constexpr std::optional<write_sequence> finish(std::size_t count) {
        std::optional<write_sequence> last;
        while (count-- > 0 && !waiting_.empty()) {
            apply(waiting_.front());
            last = waiting_.front().sequence;
            waiting_.erase(waiting_.begin());
        }
        return last;
    }

    constexpr void lose_unfinished() { waiting_.clear(); }

    constexpr void save_snapshot(const snapshot_description& taken, const configuration& members) {
        durable_.snapshot = taken;
        snapshot_members_ = members;
    }

    /// What a server finds here when it starts. A snapshot may be durable before the log that it
    /// covers is: then it is all that there is.
    [[nodiscard]] constexpr recovered_state recover() {
        const auto covered = durable_.snapshot.last_included;
        if (covered.index >= durable_.log.base().index && !durable_.log.matches(covered)) {
            durable_.log = log_shape{covered};
            durable_.configurations = {{covered.index, snapshot_members_}};
        }
        return durable_;
    }
    [[nodiscard]] constexpr std::size_t unfinished_writes() const { return waiting_.size(); }

    /// Whether a received snapshot is not yet in its place.
    [[nodiscard]] constexpr bool is_installing() const {
        for (const auto& each : waiting_)
            if (each.install) return true;
        return false;
    }

private:
    struct unfinished {
        write_sequence sequence{};
        std::optional<hard_state> vote{};
        std::optional<append> entries{};
        std::optional<snapshot_install> install{};
        std::optional<indexed_configuration> members{};
        std::optional<log_index> discard{};
    };

    constexpr void apply(const unfinished& write) {
        if (write.vote) durable_.vote = *write.vote;
        if (write.entries) append_entries_of(write);
        if (write.install) install(write);
        if (write.discard) discard_through(*write.discard);
    }

    constexpr void append_entries_of(const unfinished& write) {
        const auto& appended = *write.entries;
        if (appended.first <= durable_.log.last_index()) {
            durable_.log.truncate_after(previous(appended.first));
            while (durable_.configurations.back().index >= appended.first)
                durable_.configurations.pop_back();
        }
        durable_.log.append(appended.term, appended.last - appended.first + 1);
        if (write.members) durable_.configurations.push_back(*write.members);
    }

    constexpr void install(const unfinished& write) {
        const auto last_included = write.install->snapshot.last_included;
        durable_.snapshot = write.install->snapshot;
        snapshot_members_ = write.members->value;
        if (write.install->keep_suffix)
            durable_.log.discard_through(last_included.index);
        else
            durable_.log = log_shape{last_included};
        const bool whole = !write.install->keep_suffix;
        std::erase_if(durable_.configurations,
                      [&](const auto& each) { return whole || each.index <= last_included.index; });
        durable_.configurations.insert(durable_.configurations.begin(), *write.members);
    }

    constexpr void discard_through(log_index through) {
        if (through <= durable_.log.base().index) return;
        durable_.log.discard_through(through);
        auto& all = durable_.configurations;
        while (all.size() > 1 && all[1].index <= through) all.erase(all.begin());
    }

    recovered_state durable_{};
    configuration snapshot_members_{};
    std::vector<unfinished> waiting_{};
};

}  // namespace raft::testing
