// SPDX-License-Identifier: BSL-1.0
//
// One look into a directory of `file_storage`, by the readers that open it. It tells what is there
// and goes on after what is wrong, where an opening would stop.
//
// Somebody may write to the directory meanwhile. What is at the end of the log is read on for as
// long as it grows; the note of the newest segment is read before the names, so that no segment is
// missed which it speaks of. What is removed or renamed under way shows as a problem, and not when
// the directory is looked into again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <raft/battery/file_storage/differs_mark.hpp>
#include <raft/battery/file_storage/damaged_log.hpp>
#include <raft/battery/file_storage/findings.hpp>
#include <raft/battery/file_storage/fit.hpp>
#include <raft/battery/file_storage/history_file.hpp>
#include <raft/battery/file_storage/snapshot_receiver.hpp>

namespace raft::wal {

template <class Files>
class directory_look {
public:
    directory_look(Files& files, const std::string& directory)
        : files_{files}, directory_{directory} {}

    /// Reads all of it. Fails if it is no directory, or holds no storage.
    [[nodiscard]] failure take() {
        if (auto failed = list()) return failed;
        note(read_newest_segment(files_, directory_, names_, newest_));
        if (auto failed = list()) return failed;
        if (!holds_storage())
            return file_storage_error{
                directory_ +
                " holds no storage: there is no log in it, no snapshot and no history"};
        found_.directory = directory_;
        look_at_identity();
        look_at_loss();
        look_at_difference();
        look_at_snapshots();
        look_at_drafts();
        look_at_log();
        tell_log();
        return std::nullopt;
    }

    [[nodiscard]] storage_inspection& found() { return found_; }
    [[nodiscard]] log_map& map() { return log_.map; }

private:
    [[nodiscard]] failure list() {
        return check(files_.list(directory_, names_), "list", directory_);
    }

    [[nodiscard]] bool holds_storage() const {
        return has_name(names_, history_name) || has_name(names_, newest_name) ||
               has_name(names_, lost_name) || !segments_in(names_).empty() ||
               !numbers_in(names_, snapshot_prefix).empty();
    }

    void note(failure failed) {
        if (failed) found_.problems.push_back(*std::move(failed));
    }

    // ------------------------------------------------------------------------ beside the log

    void look_at_identity() {
        std::optional<storage_history> said;
        note(read_history(files_, directory_, names_, said));
        if (!said) return;
        found_.mark = said->mark;
        found_.history = said->history;
    }

    void look_at_difference() {
        if (has_name(names_, differs_name))
            found_.notes.emplace_back(
                "the state of this server was not that of the others: it takes part in nothing");
    }

    void look_at_loss() {
        std::optional<lost_mark> mark;
        note(read_lost_mark(files_, directory_, names_, mark));
        for (const auto& name : names_)
            if (name.starts_with(aside_prefix)) found_.set_aside.push_back(name);
        std::sort(found_.set_aside.begin(), found_.set_aside.end());
        if (!mark) return;
        found_.lost_through = mark->lost_through;
        if (!mark->cut) return;
        found_.notes.push_back(
            "the log is to be cut off at offset " + std::to_string(mark->cut->offset) + " of " +
            segment_path(directory_, mark->cut->header.number) +
            " for damage there; that was begun, and is ended when the storage is opened");
    }

    /// The newest one counts. An older one is what a crash left, and need not be sound.
    void look_at_snapshots() {
        failure unsound;
        for (const auto number : numbers_in(names_, snapshot_prefix)) {
            if (!found_.snapshots.empty())
                found_.notes.push_back(path_of(directory_, found_.snapshots.back().name) +
                                       " is an older snapshot, and of no use");
            inspected_snapshot each{.name = numbered_name(snapshot_prefix, number)};
            std::shared_ptr<const snapshot_file<Files>> opened;
            unsound = open_snapshot(files_, directory_, {number}, opened);
            if (opened) each.stored = opened->stored();
            each.is_sound = !unsound;
            found_.snapshots.push_back(std::move(each));
        }
        note(std::move(unsound));
    }

    void look_at_drafts() {
        for (const auto name : {saving_name, receiving_name}) {
            if (!has_name(names_, name)) continue;
            inspected_draft draft{.name = std::string{name}};
            open_file<Files> file;
            const auto path = path_of(directory_, name);
            int cause = open_into(files_, path, file_opening::read_only, file);
            if (cause == 0) cause = files_.size(file.handle(), draft.bytes);
            std::vector<std::byte> sector(snapshot_header_bytes);
            std::size_t got = 0;
            if (cause == 0) cause = files_.read(file.handle(), 0, sector, got);
            note(check(cause, "read", path));
            draft.received = decode_mark(sector);
            found_.drafts.push_back(std::move(draft));
        }
    }

    // -------------------------------------------------------------------------------- the log

    void look_at_log() {
        const auto numbers = segments_in(names_);
        for (const auto number : numbers) measure(number);
        log_reader<Files> reader{files_, directory_};
        std::size_t reading = 0;
        failure failed;
        for (; reading < numbers.size(); ++reading) {
            failed = reader.read_segment(numbers[reading], newest_, log_);
            if (failed) break;
            const bool is_spare = !log_.unused.empty() && log_.unused.back() == numbers[reading];
            found_.segments[reading].condition =
                is_spare ? segment_condition::spare : segment_condition::whole;
            tell_end();
        }
        if (!failed) failed = read_end(reader);
        tell_end();
        if (!failed) return note(check_fit(parts()));
        tell_damage(*failed, reader.damaged_at(), reading);
        if (reader.damaged_at()) tell_recovery(numbers);
        note(std::move(failed));
    }

    void measure(std::uint64_t number) {
        inspected_segment each{.name = numbered_name(segment_prefix, number)};
        const auto path = segment_path(directory_, number);
        open_file<Files> file;
        if (open_into(files_, path, file_opening::read_only, file) == 0 &&
            files_.size(file.handle(), each.bytes) == 0)
            static_cast<void>(read_format(files_, path, each.format));  // The reader says why not.
        found_.segments.push_back(std::move(each));
    }

    /// The end of the log, which may grow while it is read.
    [[nodiscard]] failure read_end(log_reader<Files>& reader) {
        for (;;) {
            auto failed = reader.read_end(newest_, log_);
            if (log_.tail.number == 0) return failed;
            if (!failed && reader.tail().verdict == tail_verdict::clean) return failed;
            const auto read_before = log_.next_sequence;
            if (auto unread = reader.read_on(log_)) return unread;
            if (log_.next_sequence != read_before) continue;
            if (!failed) tell_unfinished(reader.tail());
            return failed;
        }
    }

    void tell_unfinished(const tail_finding& tail) {
        segment(log_.tail.number)->condition = segment_condition::unfinished;
        found_.notes.push_back(segment_path(directory_, log_.tail.number) + ": " +
                               std::to_string(tail.nonzero_end - log_.tail_offset) +
                               " bytes from offset " + std::to_string(log_.tail_offset) +
                               " are of a write that is under way, or was when the process ended; "
                               "that is no damage");
    }

    [[nodiscard]] inspected_segment* segment(std::uint64_t number) {
        const auto name = numbered_name(segment_prefix, number);
        for (auto& each : found_.segments)
            if (each.name == name) return &each;
        return nullptr;
    }

    void tell_end() {
        if (auto* tail = segment(log_.tail.number)) tail->end = log_.tail_offset;
    }

    /// `reading`: which of the segments was being read when it showed.
    void tell_damage(const file_storage_error& why, const std::optional<record_place>& place,
                     std::size_t reading) {
        const auto from = place ? numbered_name(segment_prefix, place->segment)
                          : reading < found_.segments.size() ? found_.segments[reading].name
                                                             : std::string{};
        for (auto& each : found_.segments) {
            if (path_of(directory_, each.name) == why.file)
                each.condition = segment_condition::damaged;
            else if (!from.empty() && each.name >= from)
                each.condition = segment_condition::unread;
        }
    }

    /// Whether the other servers can bring what is damaged.
    void tell_recovery(const std::vector<std::uint64_t>& numbers) {
        last_words_reader<Files> reader{files_, directory_, newest_};
        if (auto failed = reader.read(numbers)) return note(std::move(failed));
        found_.notes.push_back(text_of(reader.found()));
    }

    /// Not inlined: g++ 12 would warn of values that are not there, and not read then.
    [[nodiscard, gnu::noinline]] static std::string text_of(const last_words& words) {
        if (!words.vote || !words.last)
            return "the entries cannot be had from the other servers: " +
                   std::string{words.doubt()};
        return "the entries can be had from the other servers (recover_damaged_log): it is certain "
               "that term " +
               std::to_string(words.vote->current_term.value) +
               " was reached and the log went to "
               "entry " +
               std::to_string(words.last->index.value) + " of term " +
               std::to_string(words.last->term.value);
    }

    // ------------------------------------------------------------------------------ together

    [[nodiscard]] directory_parts parts() const {
        directory_parts all{directory_, log_};
        if (!found_.snapshots.empty() && found_.snapshots.back().stored)
            all.covered = found_.snapshots.back().stored->description.last_included;
        all.has_lost_mark = found_.lost_through.has_value();
        all.has_history = found_.history.has_value();
        return all;
    }

    void tell_log() {
        found_.vote = log_.vote;
        found_.base = log_.shape.base();
        found_.last = log_.shape.last();
        found_.configurations = std::move(log_.configurations);
        found_.notes.insert(found_.notes.end(), log_.report.begin(), log_.report.end());
        tell_entries();
        if (found_.problems.empty() && log_.tail.number != 0 && parts().is_log_replaced()) {
            found_.log_is_replaced = true;
            found_.notes.push_back(path_of(directory_, found_.snapshots.back().name) +
                                   " was received from a leader and takes the place of the log");
        }
        tell_lack();
    }

    /// A snapshot without a state lacks commands as the log does.
    void tell_lack() {
        found_.lacks_from = log_.lacks_from;
        if (found_.snapshots.empty() || !found_.snapshots.back().stored) return;
        const auto& stored = *found_.snapshots.back().stored;
        const auto covered = stored.description.last_included.index;
        if (stored.withheld)
            found_.lacks_from = std::min(found_.lacks_from.value_or(covered), covered);
    }

    /// An entry counts where it was written last.
    void tell_entries() {
        auto told = found_.base.index;
        for (const auto& [number, last] : log_.map.segments()) {
            auto* each = segment(number);
            each->first = next(told);
            each->last = std::max(told, last);
            told = each->last;
        }
    }

    Files& files_;
    const std::string& directory_;
    std::vector<std::string> names_{};
    std::optional<newest_segment> newest_{};
    recovered_log log_{};
    storage_inspection found_{};
};

}  // namespace raft::wal
