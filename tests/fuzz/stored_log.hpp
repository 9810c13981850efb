// SPDX-License-Identifier: BSL-1.0
//
// Directories as a storage leaves them, on files in memory, to be changed by an input: and the
// checksums of all files there, made right again after a change.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fuzz/target.hpp>

#include <raft/battery/file_storage.hpp>
#include <raft/battery/file_storage/peer_marks.hpp>
#include <raft/testing/faulty_files.hpp>

namespace raft::fuzz {

using stored_log = file_storage<std::string, testing::faulty_files>;
using text_entry = entry<std::string>;

inline const std::string stored_directory = "data";

[[nodiscard]] inline file_storage_options small_segments() {
    return {.segment_bytes = 4096, .cache_bytes = 2048, .mode = flush_mode::manual};
}

/// Writes to a storage, counting the writes.
class log_writer {
public:
    explicit log_writer(stored_log& to) : to_{to} {}

    void vote(std::uint64_t term, member_id candidate) {
        to_.write({.sequence = next_sequence(), .vote = core::hard_state{{term}, candidate}}, {},
                  nullptr);
    }

    /// Entries of a term from an index on; the first of them may be a configuration.
    void append(std::uint64_t term, std::uint64_t first, std::size_t count, std::size_t bytes,
                const core::configuration* members = nullptr) {
        std::vector<text_entry> entries(count, {{term}, std::string(bytes, 'e')});
        const core::indexed_configuration beside{{first}, members ? *members : configuration{}};
        if (members != nullptr) entries.front().command.reset();
        sequence_.value += count;
        to_.write(
            {.sequence = sequence_,
             .vote = std::nullopt,
             .entries =
                 core::append{{first}, {first + count - 1}, {term}, core::entry_source::received}},
            entries, members ? &beside : nullptr);
    }

    void save(core::log_position last_included) {
        const std::vector<std::byte> state(300, std::byte{'s'});
        to_.save(last_included, members_, [&](auto& sink) { sink.write(std::span{state}); });
    }

    /// All but the end of a snapshot of the leader's.
    void receive_part(core::log_position last_included) {
        const std::vector<std::byte> state(700, std::byte{'r'});
        const core::snapshot_description whole{last_included, 1000, wire::crc32c(state)};
        to_.write_chunk({next_sequence(), whole, 0, state.size()}, state);
    }

    void install(core::log_position last_included) {
        const std::vector<std::byte> state(700, std::byte{'r'});
        const core::snapshot_description whole{last_included, state.size(), wire::crc32c(state)};
        to_.write_chunk({next_sequence(), whole, 0, state.size()}, state);
        to_.install({next_sequence(), whole, false}, members_);
    }

    void cut(core::log_position last_kept, core::log_position lost_through) {
        to_.cut({next_sequence(), last_kept, lost_through});
    }

private:
    core::write_sequence next_sequence() { return {++sequence_.value}; }

    stored_log& to_;
    core::write_sequence sequence_{};
    configuration members_ = core::voters_only({{1}, {2}, {3}});
};

inline void tell_young(stored_log& opened, log_writer& to) {
    static_cast<void>(opened.keep_history({77}));
    to.vote(1, {1});
    to.append(1, 1, 3, 20);
}

/// In several segments, with entries that replaced others, and a snapshot of its own.
inline void tell_grown(stored_log& opened, log_writer& to) {
    tell_young(opened, to);
    const auto four = core::voters_only({{1}, {2}, {3}, {4}});
    to.append(2, 3, 4, 200);
    to.append(3, 5, 1, 0, &four);
    to.append(3, 6, 12, 400);
    opened.flush();
    to.save({{8}, {3}});
    opened.flush();
    opened.discard({8});
    to.vote(4, {2});
    to.append(4, 18, 3, 10);
}

/// With snapshots that were received, one of them in part, and a log that lost its end.
inline void tell_old(stored_log& opened, log_writer& to) {
    tell_grown(opened, to);
    to.install({{30}, {4}});
    to.append(4, 31, 6, 100);
    opened.flush();
    to.cut({{33}, {4}}, {{36}, {4}});
    to.append(5, 34, 2, 50);
    to.receive_part({{50}, {5}});
}

/// What storages of such a life have left; the first one has left nothing.
[[nodiscard]] inline std::vector<testing::faulty_files> told_directories() {
    std::vector<testing::faulty_files> all(1);
    for (const auto tell : {tell_young, tell_grown, tell_old}) {
        testing::faulty_files files;
        auto opened = stored_log::open(stored_directory, small_segments(), files);
        auto& storage = std::get<stored_log>(opened);
        log_writer to{storage};
        tell(storage, to);
        storage.flush();
        expect(storage.error().empty(), "a story can be told");
        wal::peer_marks<testing::faulty_files> peers{files};
        expect(!peers.open(stored_directory), "a new storage knows nobody");
        static_cast<void>(peers.judge({2}, {5}));
        all.push_back(files.after_kill());
    }
    return all;
}

// ------------------------------------------------------------------------------------ checksums

/// Segment headers, marks, histories and snapshots have it at the same place.
inline void seal_sector(std::span<std::byte> sector) {
    if (sector.size() >= 16)
        wal::put(sector, 12, wire::crc32c(sector.subspan(16), wire::crc32c(sector.first(12))));
}

inline void seal_segment(std::span<std::byte> segment, std::uint64_t number) {
    if (segment.size() < wal::segment_header_bytes) return;
    seal_sector(segment.first(wal::segment_header_bytes));
    std::uint64_t offset = wal::segment_header_bytes;
    while (segment.size() - offset >= wal::record_header_bytes) {
        const auto rest = segment.subspan(offset);
        const auto bytes = wal::built_bytes(rest);
        if (wal::get<std::uint8_t>(rest, 15) != wal::record_magic || bytes > rest.size()) return;
        const auto sequence = wal::get<std::uint64_t>(rest, 16);
        const auto first_unsynced = wal::get<std::uint64_t>(rest, 24);
        wal::seal(rest.first(bytes), {number, offset}, sequence, first_unsynced);
        offset += bytes;
    }
}

inline void seal_snapshot(std::span<std::byte> file) {
    if (file.size() < wal::snapshot_header_bytes) return;
    const auto header = file.first(wal::snapshot_header_bytes);
    const auto after = file.subspan(wal::snapshot_header_bytes);
    const auto size = wal::get<std::uint64_t>(header, 32);
    // Of one block, as all are here.
    if (size > 0 && size < wal::snapshot_block_bytes && after.size() >= size + 4) {
        const auto table = after.subspan(size).first(4);
        wal::put(table, 0, wire::crc32c(after.first(size)));
        wal::put(header, 40, wire::crc32c(table));
        wal::put(header, 44, wire::crc32c(after.first(size)));
    }
    seal_sector(header);
}

inline void seal_received(std::span<std::byte> file) {
    if (file.size() < wal::snapshot_header_bytes) return;
    const auto header = file.first(wal::snapshot_header_bytes);
    const auto bytes = wal::get<std::uint64_t>(header, 48);
    const auto after = file.subspan(wal::snapshot_header_bytes);
    if (bytes <= after.size()) wal::put(header, 44, wire::crc32c(after.first(bytes)));
    seal_sector(header);
}

inline void seal_peers(std::span<std::byte> file) {
    if (file.size() < wal::peers_header_bytes) return;
    const auto sum =
        wire::crc32c(file.subspan(wal::peers_header_bytes), wire::crc32c(file.first(16)));
    wal::put(file, 16, std::uint64_t{sum});
}

/// Makes the checksums of a file right, whatever stands there.
inline void seal_file(std::string_view name, std::span<std::byte> file) {
    if (const auto segment = wal::number_of_name(wal::segment_prefix, name))
        return seal_segment(file, *segment);
    if (wal::number_of_name(wal::snapshot_prefix, name)) return seal_snapshot(file);
    if (name == wal::receiving_name) return seal_received(file);
    if (name == wal::peers_name) return seal_peers(file);
    if (name == wal::newest_name && file.size() == wal::sector_bytes)
        seal_sector(file.subspan(wal::newest_header_at));
    if (name == wal::lost_name && file.size() == wal::lost_mark_bytes)
        seal_sector(file.subspan(wal::sector_bytes));
    seal_sector(file);
}

}  // namespace raft::fuzz
