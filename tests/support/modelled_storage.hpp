// SPDX-License-Identifier: BSL-1.0
//
// A storage that does everything later: what was begun is durable once it is settled, and a crash
// leaves the first so many of what was not. What `wrong` names it does wrong.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <raft/battery/memory_storage.hpp>
#include <raft/testing/conformance/storage_clause.hpp>

namespace raft::testing {

/// What lies on the disk, and what is on its way there.
struct modelled_disk {
    using memory = memory_storage<std::string>;
    using clause = storage_clause;
    struct operation {
        std::function<void(memory&)> apply{};
        bool is_save = false;
        core::write_sequence sequence{};  ///< None of what is no write.
    };

    std::optional<clause> wrong{};
    memory durable{};
    memory before{};  ///< As it was before it was settled last.
    std::vector<operation> waiting{};
    bool has_crashed = false;
    std::optional<std::size_t> room{};  ///< For so many operations, if it is full.
    bool loses_next = false;
    bool failed = false;

    [[nodiscard]] bool breaks(clause which) const { return wrong == which; }

    /// The last write that is durable by it.
    core::write_sequence settle() {
        before = durable;
        core::write_sequence last{};
        if (breaks(clause::newer_snapshot_stays))
            std::stable_partition(waiting.begin(), waiting.end(),
                                  [](const operation& each) { return !each.is_save; });
        while (!waiting.empty() && has_room() && !std::exchange(loses_next, false)) {
            waiting.front().apply(durable);
            last = std::max(last, waiting.front().sequence);
            waiting.erase(waiting.begin());
            if (room) --*room;
        }
        if (!waiting.empty() && has_room()) {
            waiting.clear();
            failed = true;
        }
        return last;
    }
    [[nodiscard]] bool has_room() const { return !room || *room > 0; }
    void crash(std::uint64_t seed) {
        const auto kept = static_cast<std::size_t>(seed % (waiting.size() + 1));
        if (breaks(clause::durable_survives_a_crash)) durable = before;
        const auto first = breaks(clause::durable_in_order) && kept > 1 ? kept - 1 : 0;
        for (auto i = first; i < kept; ++i) waiting[i].apply(durable);
        waiting.clear();
        has_crashed = true;
    }
};

class modelled_storage {
    using memory = modelled_disk::memory;
    using clause = storage_clause;
    using entries_view = std::span<const entry<std::string>>;

public:
    explicit modelled_storage(std::shared_ptr<modelled_disk> disk) : disk_{std::move(disk)} {
        disk_->waiting.clear();
        now_ = disk_->durable;
    }

    [[nodiscard]] recovered recover() {
        if (breaks(clause::numbers_begin_anew)) durable_ = {3};
        auto found = now_.recover();
        spoil(found);
        return found;
    }
    void write(const core::log_write& begun, entries_view entries,
               const core::indexed_configuration* members) {
        const std::vector<entry<std::string>> kept{entries.begin(), entries.end()};
        std::optional<core::indexed_configuration> with;
        if (members != nullptr) with = *members;
        const auto put = [=](memory& to, entries_view all) {
            to.write(begun, all, with ? &*with : nullptr);
        };
        const bool replaces = begun.entries && begun.entries->first <= now_.recover().last_index;
        put(now_, entries);
        later(begun.sequence, [=, this](memory& to) {
            auto all = kept;
            if (breaks(clause::entries_kept) && !all.empty()) all.back().command = "other";
            if (!replaces || !breaks(clause::replaced_are_gone)) put(to, all);
        });
    }
    [[nodiscard]] entries_view entries(log_index first, log_index last, std::size_t bytes_max) {
        if (breaks(clause::readable_at_once) && !disk_->waiting.empty()) return {};
        if (breaks(clause::entries_within) && bytes_max == 0) return {};
        return now_.entries(first, last, breaks(clause::entries_bytes) ? 10'000 : bytes_max);
    }
    [[nodiscard]] std::size_t size_of(const std::string& command) const {
        return now_.size_of(command);
    }
    [[nodiscard]] std::uint64_t room() const {
        const bool fits = !disk_->room || *disk_->room > disk_->waiting.size();
        return fits || breaks(clause::room_is_there) ? now_.room() : 0;
    }
    void discard(log_index through) {
        if (breaks(clause::discard_keeps_the_rest)) through = next(through);
        both([=](memory& to) { to.discard(through); });
    }
    [[nodiscard]] storage_progress progress() const {
        auto said = durable_;
        if (breaks(clause::becomes_durable) && said.value > 0) --said.value;
        if (breaks(clause::progress_is_of_what_was_begun) && !disk_->waiting.empty())
            said.value = begun_.value + 1;
        const bool is_full = breaks(clause::full_is_no_failure) && !disk_->has_room();
        const bool says = !breaks(clause::failure_is_said) && !recovers();
        return {said, is_full || (disk_->failed && says)};
    }
    [[nodiscard]] bool keep_history(history_id history) {
        if (!breaks(clause::history_kept)) static_cast<void>(disk_->durable.keep_history(history));
        return now_.keep_history(history);
    }
    void forget_loss() {
        both([](memory& to) { to.forget_loss(); });
    }
    void cut(core::log_cut begun) {
        if (breaks(clause::cut_ends_the_log)) begun.last_kept.index = next(begun.last_kept.index);
        now_.cut(begun);
        later(begun.sequence, [=](memory& to) { to.cut(begun); });
    }

    void save(core::log_position last, const configuration& members, const auto& fill) {
        std::vector<std::byte> bytes;
        struct {
            std::vector<std::byte>& to;
            void write(std::span<const std::byte> more) {
                to.insert(to.end(), more.begin(), more.end());
            }
        } sink{bytes};
        fill(sink);
        if (breaks(clause::fill_called_once)) {
            bytes.clear();
            fill(sink);
        }
        disk_->waiting.push_back(
            {[=](memory& to) { to.save(last, members, [&](auto& out) { out.write(bytes); }); },
             true});
    }
    void save_later(core::log_position last, const configuration& members, auto fill) {
        if (!breaks(clause::saved_later)) save(last, members, fill);
    }
    void write_chunk(const core::chunk_write& begun, std::span<const std::byte> bytes) {
        std::vector<std::byte> kept{bytes.begin(), bytes.end()};
        if (breaks(clause::installed_is_the_snapshot)) kept[0] ^= std::byte{1};
        now_.write_chunk(begun, kept);
        later(begun.sequence, [=](memory& to) { to.write_chunk(begun, kept); });
    }
    void install(core::snapshot_install begun, const configuration& members) {
        if (breaks(clause::install_keeps_the_suffix)) begun.keep_suffix = false;
        now_.install(begun, members);
        later(begun.sequence, [=](memory& to) { to.install(begun, members); });
    }
    void stage(const core::snapshot_description&, const configuration&, std::uint64_t,
               std::span<const std::byte>) {
        if (breaks(clause::staging_makes_nothing_durable)) ++durable_.value;
    }
    [[nodiscard]] staging staged() const {
        return breaks(clause::staged_is_kept) ? staging::lost : staging::kept;
    }
    [[nodiscard]] bool waits_for_room() const {
        return !disk_->has_room() && !disk_->waiting.empty() && !breaks(clause::full_is_said);
    }

    [[nodiscard]] std::optional<stored_snapshot> snapshot() const {
        auto kept = disk_->durable.snapshot();
        if (kept && breaks(clause::snapshot_described)) ++kept->description.checksum;
        return kept;
    }
    [[nodiscard]] std::span<const std::byte> read_snapshot(std::uint64_t offset,
                                                           std::uint64_t length) {
        if (breaks(clause::snapshot_whole_after_a_crash) && disk_->has_crashed) return {};
        if (breaks(clause::snapshot_read)) length *= 2;
        return disk_->durable.read_snapshot(offset, length);
    }

    void settle() {
        if (!disk_->failed || recovers()) durable_ = std::max(durable_, disk_->settle());
    }

private:
    [[nodiscard]] bool breaks(clause which) const { return disk_->breaks(which); }

    /// As if the failure were over with the next write, which it is not.
    [[nodiscard]] bool recovers() const {
        return breaks(clause::failure_is_final) && begun_.value > 2;
    }

    void later(core::write_sequence sequence, std::function<void(memory&)> what) {
        if (breaks(clause::numbers_begin_anew) && sequence.value == 1) durable_ = {};
        begun_ = sequence;
        disk_->waiting.push_back({std::move(what), false, sequence});
    }
    void both(std::function<void(memory&)> what) {
        what(now_);
        disk_->waiting.push_back({std::move(what)});
    }

    void spoil(recovered& found) const {
        if (breaks(clause::new_one_is_empty)) found.empty = false;
        if (breaks(clause::terms_kept) && !found.runs.empty()) ++found.runs.back().term.value;
        if (breaks(clause::configurations_kept)) found.configurations.clear();
        if (breaks(clause::vote_kept)) found.vote.voted_for.reset();
        if (breaks(clause::log_begins_by_the_snapshot)) ++found.log_base.index.value;
        if (breaks(clause::snapshot_kept)) found.snapshot.reset();
        if (breaks(clause::incoming_is_what_came) && found.incoming) ++found.incoming->checksum;
        if (breaks(clause::install_cuts_the_log)) found.log_base = {};
        if (breaks(clause::withheld_is_said)) found.lacks_from.reset();
        if (breaks(clause::loss_is_said)) found.lost_through.reset();
        if (breaks(clause::vote_before_entries) && disk_->has_crashed) found.vote = {{1}, {}};
    }

    std::shared_ptr<modelled_disk> disk_;
    memory now_{};
    core::write_sequence begun_{};
    core::write_sequence durable_{};
};

/// Where one lies.
struct modelled_place {
    std::shared_ptr<modelled_disk> disk = std::make_shared<modelled_disk>();

    [[nodiscard]] std::unique_ptr<modelled_storage> open() {
        return std::make_unique<modelled_storage>(disk);
    }
    static void settle(modelled_storage& used) { used.settle(); }
    void crash(std::uint64_t seed) { disk->crash(seed); }
    void fill() { disk->room = 3; }
    void make_room() {
        if (disk->breaks(storage_clause::goes_on_with_room))
            disk->room = 0;
        else
            disk->room.reset();
    }
    void fail() { disk->loses_next = true; }
};

}  // namespace raft::testing
