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
    /// A write that is not durable yet.
    struct unfinished {
        core::write_sequence sequence{};
        std::optional<core::hard_state> vote{};
        std::optional<core::append> entries{};
        std::optional<core::chunk_write> chunk{};
        std::optional<core::snapshot_install> install{};
        std::optional<core::log_cut> cut{};
        std::optional<core::indexed_configuration> members{};
        std::optional<log_index> discard{};
        friend constexpr bool operator==(const unfinished&, const unfinished&) = default;
    };

    /// All that a disk is.
    struct contents {
        core::recovered_state durable{};
        configuration snapshot_members{};
        std::vector<unfinished> waiting{};
        friend constexpr bool operator==(const contents&, const contents&) = default;
    };

    constexpr simulated_disk() = default;
    constexpr explicit simulated_disk(core::recovered_state durable)
        : contents_{.durable = std::move(durable)} {}

    /// Begins the writes of a step, after which the server's state is `now`.
    constexpr void begin(const core::effects& out, const core::state& now) {
        if (out.rare->cut) begin_cut(out);
        if (out.write && !(out.rare->cut && !out.write->entries)) {
            unfinished one{.sequence = out.write->sequence,
                           .vote = out.rare->cut ? std::nullopt : out.write->vote,
                           .entries = out.write->entries};
            if (one.entries)
                for (const auto& each : now.configurations)
                    if (each.index >= one.entries->first && each.index <= one.entries->last)
                        one.members = each;
            contents_.waiting.push_back(std::move(one));
        }
        if (out.rare->chunk)
            contents_.waiting.push_back(
                {.sequence = out.rare->chunk->sequence, .chunk = out.rare->chunk});
        if (out.rare->install)
            contents_.waiting.push_back({.sequence = out.rare->install->sequence,
                                         .install = out.rare->install,
                                         .members = now.configurations.front()});
        if (out.rare->discard)
            contents_.waiting.push_back(
                {.sequence = now.disk.issued, .discard = out.rare->discard});
        if (out.rare->lost_regained) core::forget(contents_.durable.lost_through);
    }

    /// The oldest `count` writes become durable; gives the last of them, if there was one.
    constexpr std::optional<core::write_sequence> finish(std::size_t count) {
        std::optional<core::write_sequence> last;
        while (count-- > 0 && !contents_.waiting.empty()) {
            apply(contents_.waiting.front());
            last = contents_.waiting.front().sequence;
            contents_.waiting.erase(contents_.waiting.begin());
        }
        return last;
    }

    /// What was begun up to this write becomes durable.
    constexpr void finish_through(core::write_sequence last) {
        while (!contents_.waiting.empty() && contents_.waiting.front().sequence <= last) finish(1);
    }

    constexpr void lose_unfinished() { contents_.waiting.clear(); }

    /// The log is damaged after `last_kept`, and cut off there. Term and vote are not, and where
    /// the log ended is known.
    constexpr void damage_log_after(log_index last_kept) {
        auto& durable = contents_.durable;
        const auto end = durable.log.last();
        if (!durable.lost_through || at_least_as_up_to_date(end, *durable.lost_through))
            durable.lost_through = end;
        truncate_after(last_kept);
    }

    /// Everything is gone, and what is here looks as if nothing had ever been.
    constexpr void wipe(const configuration& initial) {
        contents_ = {};
        contents_.durable.configurations.push_back({{}, initial});
        contents_.durable.born = false;
    }

    constexpr void save_snapshot(const core::snapshot_description& taken,
                                 const configuration& members) {
        contents_.durable.snapshot = taken;
        contents_.snapshot_members = members;
    }

    /// What a server finds here when it starts. A snapshot may be durable before the log that it
    /// covers is: then it is all that there is.
    [[nodiscard]] constexpr core::recovered_state recover() {
        const auto covered = contents_.durable.snapshot.last_included;
        if (covered.index >= contents_.durable.log.base().index &&
            !contents_.durable.log.matches(covered)) {
            contents_.durable.log = core::log_terms{covered};
            contents_.durable.configurations = {{covered.index, contents_.snapshot_members}};
        }
        return contents_.durable;
    }
    [[nodiscard]] constexpr std::size_t unfinished_writes() const {
        return contents_.waiting.size();
    }

    friend constexpr bool operator==(const simulated_disk&, const simulated_disk&) = default;

    /// For those who save or examine disks.
    [[nodiscard]] constexpr contents& inside() { return contents_; }
    [[nodiscard]] constexpr const contents& inside() const { return contents_; }

    /// Whether a received snapshot is not yet in its place.
    [[nodiscard]] constexpr bool is_installing() const {
        for (const auto& each : contents_.waiting)
            if (each.install) return true;
        return false;
    }

private:
    /// The vote of the same step was begun before.
    constexpr void begin_cut(const core::effects& out) {
        const auto sequence = out.rare->cut->sequence;
        if (out.write && out.write->vote)
            contents_.waiting.push_back(
                {.sequence = {sequence.value - 1}, .vote = out.write->vote});
        contents_.waiting.push_back({.sequence = sequence, .cut = out.rare->cut});
    }

    constexpr void apply(const unfinished& write) {
        if (write.vote) contents_.durable.vote = *write.vote;
        if (write.entries) append_entries_of(write);
        if (write.chunk) {
            const auto durable = write.chunk->offset + write.chunk->length;
            contents_.durable.incoming =
                core::incoming_snapshot{write.chunk->snapshot, durable, durable};
        }
        if (write.install) install(write);
        if (write.cut) cut(*write.cut);
        if (write.discard) discard_through(*write.discard);
    }

    constexpr void append_entries_of(const unfinished& write) {
        const auto& appended = *write.entries;
        if (appended.first <= contents_.durable.log.last_index())
            truncate_after(previous(appended.first));
        if (appended.source == core::entry_source::withheld) note_missing(appended.first);
        contents_.durable.log.append(appended.term, appended.last - appended.first + 1);
        if (write.members) contents_.durable.configurations.push_back(*write.members);
    }

    constexpr void truncate_after(log_index last_kept) {
        auto& durable = contents_.durable;
        durable.log.truncate_after(last_kept);
        while (durable.configurations.back().index > last_kept) durable.configurations.pop_back();
        if (durable.lacks_from > last_kept) core::forget(durable.lacks_from);
    }

    constexpr void note_missing(log_index first) {
        auto& lacks_from = contents_.durable.lacks_from;
        if (!lacks_from || first < *lacks_from) lacks_from = first;
    }

    constexpr void cut(const core::log_cut& write) {
        auto& durable = contents_.durable;
        durable.lost_through = write.lost_through;
        if (write.last_kept.index > log_index{}) return truncate_after(write.last_kept.index);
        durable.log = core::log_terms{};
        durable.snapshot = {};
        durable.configurations.assign(1, core::indexed_configuration{});
        core::forget(durable.lacks_from);
    }

    constexpr void install(const unfinished& write) {
        const auto last_included = write.install->snapshot.last_included;
        if (write.install->withheld)
            note_missing(last_included.index);
        else if (contents_.durable.lacks_from <= last_included.index)
            core::forget(contents_.durable.lacks_from);
        contents_.durable.snapshot = write.install->snapshot;
        core::forget(contents_.durable.incoming);
        contents_.snapshot_members = write.members->value;
        if (write.install->keep_suffix)
            contents_.durable.log.discard_through(last_included.index);
        else
            contents_.durable.log = core::log_terms{last_included};
        const bool whole = !write.install->keep_suffix;
        std::erase_if(contents_.durable.configurations,
                      [&](const auto& each) { return whole || each.index <= last_included.index; });
        contents_.durable.configurations.insert(contents_.durable.configurations.begin(),
                                                *write.members);
    }

    constexpr void discard_through(log_index through) {
        if (through <= contents_.durable.log.base().index) return;
        contents_.durable.log.discard_through(through);
        auto& all = contents_.durable.configurations;
        while (all.size() > 1 && all[1].index <= through) all.erase(all.begin());
    }

    contents contents_{};
};

}  // namespace raft::testing
