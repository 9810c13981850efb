// SPDX-License-Identifier: BSL-1.0
//
// A storage in memory: durable at once, for as long as the object lives. For tests, for examples,
// and for state that is as well rebuilt from the other servers. A node that borrows it
// (`memory_storage<T>&`) can be destroyed and made again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <raft/crc32c.hpp>
#include <raft/policy.hpp>

namespace raft {

/// Keeps term, vote, log and snapshot in memory. The log's memory is a ring that is used again as
/// the log is compacted. A command counts as many bytes as its type has.
template <class Command>
class memory_storage {
public:
    /// What `write` was given is there as long as the object is (`is_durable_at_once`).
    static constexpr bool durable_at_once = true;
    /// What every command counts (`has_fixed_command_bytes`).
    static constexpr std::size_t command_bytes = sizeof(Command);

    [[nodiscard]] recovered recover() {
        progress_ = {};  // Each run of a node numbers its writes anew.
        return {.vote = vote_,
                .snapshot = snapshot_,
                .incoming = incoming_,
                .log_base = log_.base(),
                .runs = log_.runs(),
                .last_index = log_.last_index(),
                .configurations = configurations_,
                .lost_through = lost_through_,
                .lacks_from = lacks_from_,
                .history = history_,
                .empty = !written_};
    }

    /// Inline: the node makes up the arguments for this call alone, and they need no memory then.
    [[gnu::always_inline]] void write(const core::log_write& write,
                                      std::span<const entry<Command>> entries,
                                      const core::indexed_configuration* configuration) {
        written_ = true;
        if (write.vote) vote_ = *write.vote;
        if (write.entries) append(*write.entries, entries, configuration);
        progress_.durable = write.sequence;
    }

    [[nodiscard, gnu::always_inline]] std::span<const entry<Command>>
    entries(log_index first, log_index last, std::size_t bytes_max) const {
        const auto begin = place_of(first);
        if (first == last) [[likely]]
            return {ring_.data() + begin, 1};
        const auto fit = std::max<std::size_t>(1, bytes_max / sizeof(Command));
        const auto wanted = static_cast<std::size_t>(last - first) + 1;
        return {ring_.data() + begin, std::min(std::min(wanted, fit), ring_.size() - begin)};
    }

    [[nodiscard]] std::size_t size_of(const Command&) const { return sizeof(Command); }
    [[nodiscard]] std::uint64_t room() const { return std::numeric_limits<std::uint64_t>::max(); }
    void discard(log_index through) {
        if (through <= log_.base().index) return;
        log_.discard_through(through);
        forget_configurations_through(through);
    }
    [[nodiscard]] storage_progress progress() const { return progress_; }

    [[nodiscard]] bool keep_history(history_id history) {
        history_ = history;
        return true;
    }

    /// What a server that was a witness does with entries without commands (`witness_storage`).
    void cut(const core::log_cut& begun) {
        lost_through_ = begun.lost_through;
        if (begun.last_kept.index > log_index{}) {
            cut_off_from(next(begun.last_kept.index));
        } else {
            log_ = core::log_terms{};
            configurations_.clear();
            snapshot_.reset();
            snapshot_bytes_.clear();
            lacks_from_.reset();
        }
        progress_.durable = begun.sequence;
    }
    void forget_loss() { lost_through_.reset(); }

    template <class Fill>
    void save(core::log_position last_included, const configuration& members, const Fill& fill) {
        saving_bytes_.clear();
        byte_sink sink{saving_bytes_};
        fill(sink);
        std::swap(snapshot_bytes_, saving_bytes_);
        const auto checksum = wire::crc32c(snapshot_bytes_);
        keep_snapshot({last_included, snapshot_bytes_.size(), checksum}, members);
    }

    void write_chunk(const core::chunk_write& chunk, std::span<const std::byte> bytes) {
        if (chunk.offset == 0) incoming_bytes_.clear();
        incoming_bytes_.insert(incoming_bytes_.end(), bytes.begin(), bytes.end());
        const auto before = chunk.offset == 0 ? 0 : incoming_->checksum;
        incoming_ = {chunk.snapshot, incoming_bytes_.size(), wire::crc32c(bytes, before)};
        progress_.durable = chunk.sequence;
    }

    void install(const core::snapshot_install& install, const configuration& members) {
        const auto last_included = install.snapshot.last_included;
        std::swap(snapshot_bytes_, incoming_bytes_);
        incoming_bytes_.clear();
        incoming_.reset();
        keep_snapshot(install.snapshot, members);
        if (install.withheld)
            note_missing(last_included.index);
        else if (lacks_from_ <= last_included.index)
            lacks_from_.reset();
        if (install.keep_suffix) {
            log_.discard_through(last_included.index);
        } else {
            log_ = core::log_terms{last_included};
            configurations_.clear();
        }
        forget_configurations_through(last_included.index);
        progress_.durable = install.sequence;
    }

    [[nodiscard]] std::optional<stored_snapshot> snapshot() const { return snapshot_; }

    [[nodiscard]] std::span<const std::byte> read_snapshot(std::uint64_t offset,
                                                           std::uint64_t length) const {
        if (offset >= snapshot_bytes_.size()) return {};
        const auto rest = snapshot_bytes_.size() - static_cast<std::size_t>(offset);
        return {snapshot_bytes_.data() + offset, std::min(rest, static_cast<std::size_t>(length))};
    }

private:
    struct byte_sink {
        std::vector<std::byte>& bytes;
        void write(std::span<const std::byte> more) {
            bytes.insert(bytes.end(), more.begin(), more.end());
        }
    };

    void keep_snapshot(const core::snapshot_description& of, const configuration& members) {
        if (!snapshot_) snapshot_.emplace();
        snapshot_->description = of;
        snapshot_->members = members;
    }

    [[nodiscard]] std::size_t place_of(log_index index) const {
        return static_cast<std::size_t>(index.value) & mask_;
    }

    [[gnu::always_inline]] void append(const core::append& appended,
                                       std::span<const entry<Command>> entries,
                                       const core::indexed_configuration* configuration) {
        if (appended.first <= log_.last_index()) cut_off_from(appended.first);
        make_room_for(entries.size());
        put(entries, appended.first, appended.term);
        log_.append(appended.term, entries.size());
        if (appended.source == core::entry_source::withheld) [[unlikely]]
            note_missing(appended.first);
        if (configuration != nullptr) [[unlikely]]
            configurations_.push_back(*configuration);
    }

    [[gnu::noinline]] void cut_off_from(log_index first) {
        log_.truncate_after(previous(first));
        while (!configurations_.empty() && configurations_.back().index >= first)
            configurations_.pop_back();
        if (lacks_from_ >= first) lacks_from_.reset();
    }

    void note_missing(log_index first) {
        if (!lacks_from_ || first < *lacks_from_) lacks_from_ = first;
    }

    /// Of a single large entry g++ would make a string instruction, which takes longer to start
    /// than the whole copy; of a number of bytes that it does not know it makes a call. A small one
    /// is copied whole, as words that are soon read as they were written.
    void put(std::span<const entry<Command>> entries, log_index first, term_number term) {
        using stored = entry<Command>;
        auto* const ring = ring_.data();
        auto place = static_cast<std::size_t>(first.value);
        if constexpr (std::is_trivially_copyable_v<stored> && sizeof(stored) > 64) {
            const auto begin = place & mask_;
            const auto before_wrap = std::min(entries.size(), ring_.size() - begin);
            std::memcpy(ring + begin, entries.data(), before_wrap * sizeof(stored));
            if (before_wrap < entries.size())
                std::memcpy(ring, &entries[before_wrap],
                            (entries.size() - before_wrap) * sizeof(stored));
            for (std::size_t i = 0; i < entries.size(); ++i) ring[place++ & mask_].term = term;
        } else {
            for (const auto& each : entries) {
                auto& kept = ring[place++ & mask_];
                detail::copy_whole(kept, each);
                if (kept.term != term) [[unlikely]]
                    kept.term = term;
            }
        }
    }

    void make_room_for(std::size_t count) {
        const auto needed = log_.last_index() - log_.base().index + count;
        if (needed > room_) grow_to(static_cast<std::size_t>(needed));
    }

    [[gnu::noinline]] void grow_to(std::size_t count) {
        auto size = std::max<std::size_t>(ring_.size(), 16);
        while (size < count) size *= 2;
        std::vector<entry<Command>> larger(size);
        for (auto index = next(log_.base().index); index <= log_.last_index(); index = next(index))
            larger[static_cast<std::size_t>(index.value) & (size - 1)] =
                std::move(ring_[place_of(index)]);
        ring_ = std::move(larger);
        room_ = size;
        mask_ = size - 1;
    }

    void forget_configurations_through(log_index through) {
        std::erase_if(configurations_, [&](const auto& each) { return each.index <= through; });
    }

    bool written_ = false;
    core::hard_state vote_{};
    core::log_terms log_{};
    std::vector<entry<Command>> ring_{};
    std::size_t room_ = 0;  ///< The ring's size: a power of two, or zero without a ring.
    std::size_t mask_ = 0;  ///< Makes an index a place in the ring.
    std::vector<core::indexed_configuration> configurations_{};
    std::optional<stored_snapshot> snapshot_{};
    std::vector<std::byte> snapshot_bytes_{};
    std::vector<std::byte> saving_bytes_{};
    std::vector<std::byte> incoming_bytes_{};
    std::optional<received_part> incoming_{};
    std::optional<core::log_position> lost_through_{};
    std::optional<log_index> lacks_from_{};
    std::optional<history_id> history_{};
    storage_progress progress_{};
};

static_assert(storage_for<memory_storage<int>, int> && witness_storage<memory_storage<int>>);

}  // namespace raft
