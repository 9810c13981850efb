// SPDX-License-Identifier: BSL-1.0
//
// For tests of `file_storage`: a storage over simulated files together with what it should hold.
// Each write is told to both; after a crash, `check_recovered` says whether what is found is one of
// the states that the storage may be in: nothing durable lost, nothing invented, no order changed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/file_storage.hpp>
#include <raft/testing/faulty_files.hpp>

namespace story {

using raft::configuration;
using raft::log_index;
using raft::term_number;
using raft::core::indexed_configuration;
using raft::core::log_position;
using raft::testing::faulty_files;
using storage = raft::file_storage<std::string, faulty_files>;
using entry = raft::entry<std::string>;

inline const std::string directory = "data";
inline const std::string first_segment = "data/log-0000000000000001";
inline const std::string second_segment = "data/log-0000000000000002";
inline const std::string third_segment = "data/log-0000000000000003";

inline std::vector<std::byte> bytes_of(const std::string& text) {
    const auto* begin = reinterpret_cast<const std::byte*>(text.data());
    return {begin, begin + text.size()};
}

inline raft::file_storage_options small_segments() {
    return {.segment_bytes = 4096, .cache_bytes = 2048, .mode = raft::flush_mode::manual};
}

/// What a storage holds after a write: the whole log, nothing discarded.
struct image {
    raft::core::hard_state vote{};
    log_position base{};
    std::vector<entry> log{};
    std::vector<indexed_configuration> configurations{};
    std::optional<log_position> lost_through{};

    [[nodiscard]] log_index last_index() const { return base.index + log.size(); }
    [[nodiscard]] term_number term_at(log_index index) const {
        return index == base.index ? base.term : at(index).term;
    }
    [[nodiscard]] const entry& at(log_index index) const {
        return log[static_cast<std::size_t>(index - base.index - 1)];
    }
};

/// The state of the state machine at an entry, as its snapshot has it.
inline std::string state_at(log_index index) {
    std::string text;
    for (std::uint64_t i = 0; i < 40 + index.value * 7; ++i)
        text += static_cast<char>('a' + (i * 31 + index.value) % 26);
    return text;
}

class teller {
public:
    explicit teller(faulty_files files, raft::file_storage_options options = small_segments())
        : files_{std::move(files)}, options_{std::move(options)} {}

    /// False if the files were stopped, or failed, while it was opened.
    [[nodiscard]] bool open() { return open(options_); }
    [[nodiscard]] bool open(const raft::file_storage_options& options) {
        auto opened = storage::open(directory, options, files_);
        if (auto* error = std::get_if<raft::file_storage_error>(&opened)) {
            error_ = error->message;
            return false;
        }
        storage_.emplace(std::get<storage>(std::move(opened)));
        found_ = storage_->recover();
        return true;
    }

    [[nodiscard]] storage& disk() { return *storage_; }
    [[nodiscard]] const raft::recovered& found() const { return found_; }
    [[nodiscard]] const std::string& error() const { return error_; }
    [[nodiscard]] const std::vector<image>& images() const { return images_; }
    [[nodiscard]] const image& now() const { return images_.back(); }
    [[nodiscard]] std::uint64_t durable() const {
        return storage_ ? storage_->progress().durable.value : 0;
    }
    [[nodiscard]] log_index snapshot_index() const { return snapshot_index_; }

    /// Every write is `images()[sequence]`; this begins the history at what was recovered.
    void begin_at(image first) { images_ = {std::move(first)}; }
    /// The same, where another one has ended that had flushed everything.
    void go_on_from(const teller& before) {
        begin_at(before.now());
        snapshot_index_ = before.snapshot_index();
    }

    void vote(std::uint64_t term, std::optional<std::uint64_t> voted_for) {
        write(hard_state(term, voted_for), {}, {}, {}, nullptr);
    }

    /// Entries from `first` on, each with a text of its own and at least `bytes` long.
    void append(std::uint64_t term, std::uint64_t first, std::uint64_t count,
                std::size_t bytes = 10, std::optional<raft::core::hard_state> vote = {}) {
        std::vector<entry> entries;
        for (std::uint64_t i = 0; i < count; ++i) {
            auto text = "t" + std::to_string(term) + " i" + std::to_string(first + i) + " w" +
                        std::to_string(images_.size()) + " ";
            while (text.size() < bytes) text += static_cast<char>('a' + text.size() % 26);
            entries.push_back({{term}, std::move(text)});
        }
        write(vote, {first}, {term}, std::move(entries), nullptr);
    }

    void append_configuration(std::uint64_t term, std::uint64_t first,
                              std::vector<raft::member_id> members) {
        const indexed_configuration c{{first}, raft::core::voters_only(std::move(members))};
        write({}, {first}, {term}, {{{term}, std::nullopt}}, &c);
    }

    void save(std::uint64_t index) {
        REQUIRE(log_index{index} <= now().last_index());
        storage_->save({{index}, now().term_at({index})}, raft::core::voters_only({{1}, {2}, {3}}),
                       [&](auto& sink) {
                           const auto bytes = bytes_of(state_at({index}));
                           sink.write(std::span{bytes}.first(7));
                           sink.write(std::span{bytes}.subspan(7));
                       });
    }

    void discard(std::uint64_t through) { storage_->discard({through}); }

    /// Receives and installs a snapshot whose last entry is this.
    void install(log_position last_included, bool keep_suffix, bool flush_between) {
        const auto bytes = bytes_of(state_at(last_included.index));
        const raft::core::snapshot_description description{last_included, bytes.size(),
                                                           raft::wire::crc32c(bytes)};
        const auto cut = bytes.size() / 2;
        images_.push_back(now());
        storage_->write_chunk({sequence(), description, 0, cut}, std::span{bytes}.first(cut));
        if (flush_between) flush();
        images_.push_back(now());
        storage_->write_chunk({sequence(), description, cut, bytes.size() - cut},
                              std::span{bytes}.subspan(cut));
        if (flush_between) flush();
        auto next = now();
        if (!keep_suffix) {
            next.base = last_included;
            next.log.clear();
            next.configurations.clear();
        }
        images_.push_back(next);
        installs_[images_.size() - 1] = last_included.index;
        storage_->install({sequence(), description, keep_suffix},
                          raft::core::voters_only({{1}, {2}}));
    }

    /// The same by chunks that are on the disk before they count.
    void stage_and_install(log_position last_included) {
        const auto bytes = bytes_of(state_at(last_included.index));
        const raft::core::snapshot_description description{last_included, bytes.size(),
                                                           raft::wire::crc32c(bytes)};
        const auto cut = bytes.size() / 3;
        const auto members = raft::core::voters_only({{1}, {2}});
        storage_->stage(description, members, 0, std::span{bytes}.first(cut));
        flush();
        storage_->stage(description, members, cut, std::span{bytes}.subspan(cut));
        flush();
        install(last_included, false, false);
    }

    /// Ends the log after an entry, and notes where it had ended.
    void cut(std::uint64_t last_kept) {
        auto next = now();
        next.lost_through = {now().last_index(), now().term_at(now().last_index())};
        next.log.resize(static_cast<std::size_t>(log_index{last_kept} - next.base.index));
        std::erase_if(next.configurations,
                      [&](const auto& each) { return each.index > next.last_index(); });
        images_.push_back(next);
        storage_->cut({sequence(), {{last_kept}, next.term_at({last_kept})}, *next.lost_through});
    }
    void forget_loss() {
        forgets_ = true;
        storage_->forget_loss();
    }
    /// Whether a loss is being forgotten.
    [[nodiscard]] bool forgets() const { return forgets_; }

    void flush() {
        storage_->flush();
        if (forgets_ && !storage_->progress().failed) {
            for (auto& each : images_) each.lost_through.reset();
            forgets_ = false;
        }
        if (const auto snapshot = storage_->snapshot())
            snapshot_index_ = snapshot->description.last_included.index;
    }

    /// The snapshots that were installed by durable writes.
    [[nodiscard]] log_index durable_snapshot() const {
        auto newest = snapshot_index_;
        for (const auto& [write, index] : installs_)
            if (write <= durable()) newest = std::max(newest, index);
        return newest;
    }

private:
    static raft::core::hard_state hard_state(std::uint64_t term,
                                             std::optional<std::uint64_t> voted_for) {
        raft::core::hard_state state{.current_term = {term}};
        if (voted_for) state.voted_for = raft::member_id{*voted_for};
        return state;
    }

    [[nodiscard]] raft::core::write_sequence sequence() const { return {images_.size() - 1}; }

    void write(std::optional<raft::core::hard_state> vote, log_index first, term_number term,
               std::vector<entry> entries, const indexed_configuration* c) {
        auto next = now();
        if (vote) next.vote = *vote;
        raft::core::log_write w{.vote = vote};
        if (!entries.empty()) {
            next.log.resize(static_cast<std::size_t>(first - next.base.index - 1));
            next.log.insert(next.log.end(), entries.begin(), entries.end());
            std::erase_if(next.configurations,
                          [&](const auto& each) { return each.index >= first; });
            if (c != nullptr) next.configurations.push_back(*c);
            w.entries = raft::core::append{first, first + (entries.size() - 1), term,
                                           raft::core::entry_source::proposed};
        }
        images_.push_back(std::move(next));
        w.sequence = sequence();
        storage_->write(w, entries, c);
    }

    faulty_files files_;
    raft::file_storage_options options_;
    std::optional<storage> storage_{};
    std::string error_{};
    raft::recovered found_{};
    std::vector<image> images_{image{}};
    std::map<std::uint64_t, log_index> installs_{};
    log_index snapshot_index_{};
    bool forgets_ = false;
};

/// Everything that an opened storage holds, read back through its own interface.
inline image read_back(storage& opened, const raft::recovered& found) {
    image all{.vote = found.vote,
              .base = found.log_base,
              .configurations = found.configurations,
              .lost_through = found.lost_through};
    for (auto index = next(found.log_base.index); index <= found.last_index;) {
        const auto entries = opened.entries(index, found.last_index, 500);
        if (entries.empty()) break;
        all.log.insert(all.log.end(), entries.begin(), entries.end());
        index = index + entries.size();
    }
    CHECK(opened.error() == "");
    CHECK(all.last_index() == found.last_index);
    for (auto run = found.runs.begin(); run != found.runs.end(); ++run) {
        const auto end =
            std::next(run) == found.runs.end() ? next(found.last_index) : std::next(run)->first;
        for (auto index = run->first; index < end; index = next(index))
            CHECK(all.at(index).term == run->term);
    }
    return all;
}

/// Whether `found` is `expected`, but for what is missing in front because a snapshot covers it.
inline bool same_but_for_the_front(const image& found, const image& expected) {
    if (found.vote != expected.vote || found.last_index() != expected.last_index()) return false;
    if (found.base.index < expected.base.index ||
        found.base.term != expected.term_at(found.base.index))
        return false;
    for (auto index = next(found.base.index); index <= found.last_index(); index = next(index))
        if (found.at(index) != expected.at(index)) return false;
    std::vector<indexed_configuration> configurations;
    for (const auto& each : expected.configurations)
        if (each.index > found.base.index) configurations.push_back(each);
    return configurations == found.configurations;
}

/// Whether `found` is `after`, but for entries missing at the end: a long write becomes durable
/// record by record, from the front.
inline bool is_first_part_of(const image& found, image after, const image& before) {
    if (found.last_index() > after.last_index() || found.last_index() < after.base.index)
        return false;
    const auto kept = static_cast<std::size_t>(found.last_index() - after.base.index);
    std::size_t unchanged = 0;
    if (after.base == before.base)
        while (unchanged < before.log.size() && unchanged < after.log.size() &&
               before.log[unchanged] == after.log[unchanged])
            ++unchanged;
    if (kept <= unchanged) return false;
    after.log.resize(kept);
    std::erase_if(after.configurations,
                  [&](const auto& each) { return each.index > after.last_index(); });
    return same_but_for_the_front(found, after);
}

/// Whether the loss that is found goes with write `k`: it is noted before the log is cut for it.
inline bool has_its_loss(const image& found, const teller& told, std::size_t k) {
    const auto& images = told.images();
    return found.lost_through == images[k].lost_through ||
           (k + 1 < images.size() && found.lost_through == images[k + 1].lost_through) ||
           (told.forgets() && !found.lost_through);
}

inline std::string snapshot_text(storage& opened, std::uint64_t size) {
    std::string text;
    while (text.size() < size) {
        const auto bytes = opened.read_snapshot(text.size(), 100);
        if (bytes.empty()) break;
        text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    return text;
}

/// Opens what survived of `told`'s files, and checks that it is a state that may be.
inline image check_recovered(teller& survivor, const teller& told) {
    REQUIRE_MESSAGE(survivor.open(), survivor.error());
    const auto& found = survivor.found();
    const auto all = read_back(survivor.disk(), found);
    const auto& images = told.images();
    bool allowed = false;
    for (auto k = told.durable(); k < images.size() && !allowed; ++k) {
        allowed = has_its_loss(all, told, k) &&
                  (same_but_for_the_front(all, images[k]) ||
                   (k + 1 < images.size() && is_first_part_of(all, images[k + 1], images[k])));
    }
    CHECK(allowed);

    const auto snapshot = survivor.disk().snapshot();
    CHECK(snapshot == found.snapshot);
    if (told.durable_snapshot() > log_index{}) {
        REQUIRE(snapshot.has_value());
        CHECK(snapshot->description.last_included.index >= told.durable_snapshot());
    }
    if (snapshot) {
        const auto last_included = snapshot->description.last_included;
        CHECK(found.log_base.index <= last_included.index);
        CHECK(all.last_index() >= last_included.index);
        CHECK(snapshot_text(survivor.disk(), snapshot->description.size) ==
              state_at(last_included.index));
    } else {
        CHECK(found.log_base == log_position{});
    }
    return all;
}

/// What was recovered, which is `all`, can be written to, and is found again.
inline void check_goes_on(teller& recovered, image all, const faulty_files& files) {
    const auto last = all.last_index().value;
    const auto term = all.term_at({last}).value + 1;
    recovered.begin_at(std::move(all));
    recovered.vote(term + 10, 2);
    recovered.append(term, last + 1, 3, 400);
    recovered.flush();
    CHECK(recovered.disk().error() == "");
    teller again{files.after_power_loss({raft::testing::survival::kind::lost})};
    static_cast<void>(check_recovered(again, recovered));
}

/// The beginning of a log: two terms and votes, a configuration, entries that replaced others; in
/// more than one segment, if these are small. The last of its 20 entries are not flushed.
inline void tell_twenty_entries(teller& told) {
    told.vote(1, 1);
    told.append(1, 1, 10, 200);
    told.flush();
    told.append(1, 11, 3, 300);
    told.append_configuration(1, 14, {{1}, {2}, {3}});
    told.flush();
    told.append(2, 14, 2, 300, raft::core::hard_state{{2}, raft::member_id{2}});
    told.append(2, 16, 5, 100);
}

}  // namespace story
