// SPDX-License-Identifier: BSL-1.0
//
// Recovers a log with damage in its middle, as far as this server can do that alone: what is before
// the damage stays, the rest is set aside, and a mark says where the log had ended, until the
// entries are here again from the others (core/lost_entries.hpp). Where term, vote or the end of
// the log are in doubt it refuses.
//
// A crash may come at any time. First the mark is made durable, with all that will be known only
// from it; then, each step sure to last before the next: the later segments get other names, the
// damaged one is copied, a segment that ends with term and vote at the damaged place takes its
// place, and is noted as the newest. Last the mark forgets the cut. Whoever finds a mark with a cut
// carries it out again before anything is read: half of it done, the log could look like one that
// ends there.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <raft/battery/file_storage/file.hpp>
#include <raft/battery/file_storage/last_words.hpp>
#include <raft/battery/file_storage/lost_mark.hpp>
#include <raft/battery/file_storage/record.hpp>
#include <raft/battery/file_storage/recovery.hpp>

namespace raft::wal {

// ------------------------------------------------------------------------------------- the log cut

inline constexpr std::string_view aside_prefix = "damaged-";

template <class Files>
class damaged_log {
public:
    damaged_log(Files& files, const std::string& directory)
        : files_{files}, directory_{directory} {}

    /// Where the log ended when entries of it were lost that are not here again; none if they are.
    [[nodiscard]] std::optional<core::log_position> lost_through() const {
        return mark_ ? std::optional{mark_->lost_through} : std::nullopt;
    }

    /// Takes up the mark, if there is one, and ends what it says was begun. `names`: what is in the
    /// directory.
    [[nodiscard]] failure resume(std::vector<std::string>& names) {
        for (const auto draft : {lost_draft_name, cut_name, newest_draft_name})
            if (has_name(names, draft)) {
                const auto path = path_of(directory_, draft);
                if (auto failed = check(files_.remove(path), "remove", path)) return failed;
            }
        if (auto failed = read_lost_mark(files_, directory_, names, mark_)) return failed;
        if (!mark_ || !mark_->cut) return std::nullopt;
        if (auto failed = check_cut(*mark_->cut, names)) return failed;
        return carry_out(names);
    }

    /// Cuts the log off at `damaged_at`, if that is safe. `reason`: how the damage shows; `newest`:
    /// a segment that is known to have been in use; `before`: what there is before the damage.
    /// `names` becomes what is in the directory then.
    [[nodiscard]] failure cut_off(const file_storage_error& reason, record_place damaged_at,
                                  const std::optional<newest_segment>& newest,
                                  recovered_log& before, std::vector<std::string>& names) {
        last_words_reader<Files> reader{files_, directory_, newest};
        if (auto failed = reader.read(segments_in(names))) return failed;
        const auto& [vote, last] = reader.found();
        if (const auto why = reader.found().doubt(); !why.empty()) return refusal(reason, why);

        lost_mark mark{*last, log_cut{damaged_at.offset, unused_number(names), *vote, {}}};
        auto& header = mark.cut->header;
        header = {.number = damaged_at.segment,
                  .first_sequence = before.next_sequence,
                  .vote = before.vote,
                  .last = before.shape.last()};
        const auto segment = numbered_name(segment_prefix, damaged_at.segment);
        if (auto failed = measure(segment, names, header.capacity)) return failed;
        if (mark_ && at_least_as_up_to_date(mark_->lost_through, *last))
            mark.lost_through = mark_->lost_through;
        if (auto failed = put_mark(mark)) return failed;
        return carry_out(names);
    }

private:
    [[nodiscard]] static file_storage_error refusal(const file_storage_error& reason,
                                                    std::string_view why) {
        return {reason.message + "; the entries are not fetched from the other servers: " +
                std::string{why} + ", and could break a promise to them"};
    }

    [[nodiscard]] static std::string aside_name(std::uint64_t aside, std::uint64_t segment) {
        return std::string{aside_prefix} + std::to_string(aside) + "-" +
               numbered_name(segment_prefix, segment);
    }

    [[nodiscard]] static std::uint64_t unused_number(const std::vector<std::string>& names) {
        for (std::uint64_t number = 1;; ++number) {
            const auto prefix = std::string{aside_prefix} + std::to_string(number) + "-";
            if (std::none_of(names.begin(), names.end(),
                             [&](const auto& name) { return name.starts_with(prefix); }))
                return number;
        }
    }

    /// How long the segment is to be that takes the place of this file.
    [[nodiscard]] failure measure(std::string_view name, const std::vector<std::string>& names,
                                  std::uint64_t& capacity) {
        constexpr std::uint64_t least_capacity = 8 * sector_bytes;
        std::vector<std::byte> bytes;
        if (has_name(names, name))
            if (auto failed = read_whole(files_, path_of(directory_, name), bytes)) return failed;
        capacity = std::max(rounded_up(bytes.size(), sector_bytes), least_capacity);
        return std::nullopt;
    }

    /// What the mark says was begun must be a cut that `cut_off` could have begun. The segment has
    /// the length that its copy gave it, if it was replaced already.
    [[nodiscard]] failure check_cut(const log_cut& cut, const std::vector<std::string>& names) {
        const auto segment = numbered_name(segment_prefix, cut.header.number);
        const auto aside = aside_name(cut.aside, cut.header.number);
        std::uint64_t capacity = 0;
        if (auto failed = measure(has_name(names, aside) ? aside : segment, names, capacity))
            return failed;
        const auto end = std::max<std::uint64_t>(cut.offset, segment_header_bytes);
        const bool is_at_record =
            cut.offset % record_alignment == 0 && (cut.offset == 0 || cut.offset == end);
        const auto room = capacity - std::min(end, capacity);
        if (cut.header.number > 0 && is_at_record && cut.header.capacity == capacity &&
            room >= rounded_up(record_header_bytes + vote_part_bytes, record_alignment))
            return std::nullopt;
        return damage(path_of(directory_, lost_name), 0, "it names a cut that cannot be made");
    }

    [[nodiscard]] static bool has_segment(const std::vector<std::string>& names,
                                          std::uint64_t segment) {
        return has_name(names, numbered_name(segment_prefix, segment));
    }

    [[nodiscard]] failure put_mark(const lost_mark& mark) {
        mark_ = mark;
        return put_lost_mark(files_, directory_, mark);
    }

    [[nodiscard]] failure carry_out(std::vector<std::string>& names) {
        const auto cut = *mark_->cut;
        if (auto failed = set_aside_after(cut, names)) return failed;
        if (auto failed = copy_aside(cut, names)) return failed;
        if (auto failed = replace(cut)) return failed;
        if (auto failed = put_mark({mark_->lost_through, std::nullopt})) return failed;
        return check(files_.list(directory_, names), "list", directory_);
    }

    [[nodiscard]] failure set_aside_after(const log_cut& cut,
                                          const std::vector<std::string>& names) {
        for (const auto segment : segments_in(names)) {
            if (segment <= cut.header.number) continue;
            const auto path = segment_path(directory_, segment);
            const auto aside = path_of(directory_, aside_name(cut.aside, segment));
            if (auto failed = check(files_.rename(path, aside), "rename", path)) return failed;
        }
        return check(files_.sync_directory(directory_), "sync", directory_);
    }

    /// Once the copy has its name, what it was made of may have been replaced already.
    [[nodiscard]] failure copy_aside(const log_cut& cut, const std::vector<std::string>& names) {
        const auto name = aside_name(cut.aside, cut.header.number);
        if (has_name(names, name) || !has_segment(names, cut.header.number)) return std::nullopt;
        const auto path = segment_path(directory_, cut.header.number);
        std::vector<std::byte> bytes;
        if (auto failed = read_whole(files_, path, bytes)) return failed;
        return put_whole(files_, directory_, cut_name, path_of(directory_, name), bytes);
    }

    [[nodiscard]] failure replace(const log_cut& cut) {
        const auto& header = cut.header;
        std::vector<std::byte> bytes(segment_header_bytes);
        if (cut.offset == 0) {
            encode(header, bytes);
        } else {
            const auto aside = path_of(directory_, aside_name(cut.aside, header.number));
            if (auto failed = read_whole(files_, aside, bytes)) return failed;
            bytes.resize(static_cast<std::size_t>(cut.offset));
        }
        append_vote(cut, bytes);
        const auto path = segment_path(directory_, header.number);
        if (auto failed = put_whole(files_, directory_, cut_name, path, bytes)) return failed;
        return note_newest_segment(files_, directory_,
                                   {decode_segment_header(bytes), header.first_sequence});
    }

    /// A record was here, so there is room for this one: none is shorter.
    static void append_vote(const log_cut& cut, std::vector<std::byte>& segment) {
        const auto offset = segment.size();
        record_builder record{segment};
        record.vote(cut.vote);
        record.finish();
        core::require(segment.size() <= cut.header.capacity);
        const auto sequence = cut.header.first_sequence;
        seal(std::span{segment}.subspan(offset), {cut.header.number, offset}, sequence, sequence);
        segment.resize(static_cast<std::size_t>(cut.header.capacity));
    }

    Files& files_;
    const std::string& directory_;
    std::optional<lost_mark> mark_{};
};

}  // namespace raft::wal
