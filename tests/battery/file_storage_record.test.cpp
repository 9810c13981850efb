// SPDX-License-Identifier: BSL-1.0
//
// The format of the log by itself: records are read as they were built, any flipped bit shows in
// the record that has it, and bytes that are no record are never read beyond their end.
#include <optional>
#include <span>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/file_storage/record.hpp>
#include <raft/battery/file_storage/torn_tail.hpp>

using namespace raft::wal;
using raft::log_index;
using raft::term_number;

namespace {

constexpr record_place here{7, 1024};

const raft::core::indexed_configuration change{{12}, raft::core::voters_only({{1}, {2}, {9}})};

/// Every part, a no-op and a command.
std::vector<std::byte> full_record() {
    std::vector<std::byte> bytes;
    record_builder record{bytes};
    record.vote({{5}, raft::member_id{3}});
    record.base({{9}, {4}});
    record.configuration(change);
    record.entries({{11}, {4}}, {5}, 2);
    record.entry_without_command();
    const auto command = record.command(3);
    for (auto& each : command) each = std::byte{'c'};
    record.finish();
    seal(bytes, here, 42, 40);
    return bytes;
}

}  // namespace

TEST_CASE("file storage record: what was built is read") {
    const auto bytes = full_record();
    CHECK(bytes.size() % record_alignment == 0);
    CHECK(built_bytes(bytes) == bytes.size());
    const auto header = read_record_header(bytes, here);
    REQUIRE(header.has_value());
    CHECK(header->sequence == 42);
    CHECK(header->first_unsynced == 40);
    CHECK(header->record_bytes() == bytes.size());
    REQUIRE(payload_is_sound(*header, bytes));
    const auto content = read_payload(
        header->parts, std::span{bytes}.subspan(record_header_bytes, header->payload_bytes));
    REQUIRE(content.has_value());
    CHECK(content->vote == raft::core::hard_state{{5}, raft::member_id{3}});
    CHECK(content->base == raft::core::log_position{{9}, {4}});
    CHECK(content->configuration == change);
    REQUIRE(content->entries.has_value());
    CHECK(content->entries->first() == log_index{12});
    CHECK(content->entries->last() == log_index{13});
    CHECK(content->entries->term == term_number{5});
    auto rest = content->entries->bytes;
    const auto first = take_entry(rest);
    REQUIRE(first.has_value());
    CHECK_FALSE(first->has_value());
    const auto second = take_entry(rest);
    REQUIRE((second.has_value() && second->has_value()));
    CHECK((*second)->size() == 3);
    CHECK(rest.empty());
    CHECK_FALSE(take_entry(rest).has_value());
}

TEST_CASE("file storage record: every flipped bit shows, in the length and the padding too") {
    auto bytes = full_record();
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        CAPTURE(bit);
        bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
        const auto header = read_record_header(bytes, here);
        CHECK(header.has_value() == (bit >= record_header_bytes * 8));
        if (header) CHECK_FALSE(payload_is_sound(*header, bytes));
        bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    }
}

TEST_CASE("file storage record: it is one only where it was written") {
    const auto bytes = full_record();
    CHECK_FALSE(read_record_header(bytes, {here.segment, here.offset + 32}).has_value());
    CHECK_FALSE(read_record_header(bytes, {here.segment + 1, here.offset}).has_value());
}

TEST_CASE("file storage record: a record that ends early is not read") {
    const auto bytes = full_record();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const auto part = std::span{bytes}.first(size);
        const auto header = read_record_header(part, here);
        CHECK(header.has_value() == (size >= record_header_bytes));
        if (header) CHECK_FALSE(payload_is_sound(*header, part));
    }
}

TEST_CASE("file storage record: a payload that ends early, or has other parts, makes no sense") {
    const auto bytes = full_record();
    const auto header = read_record_header(bytes, here);
    const auto payload = std::span{bytes}.subspan(record_header_bytes, header->payload_bytes);
    for (std::size_t size = 0; size < payload.size(); ++size) {
        // A copy of its own, so that reading beyond the end is found.
        const std::vector<std::byte> part(payload.begin(),
                                          payload.begin() + static_cast<std::ptrdiff_t>(size));
        CHECK_FALSE(read_payload(header->parts, part).has_value());
    }
    CHECK_FALSE(read_payload(all_parts + 1, payload).has_value());
    CHECK_FALSE(read_payload(255, payload).has_value());
    CHECK_FALSE(read_payload(entries_part, payload).has_value());
}

TEST_CASE("file storage record: lengths and counts from the disk are not believed") {
    const auto bytes = full_record();
    const auto header = read_record_header(bytes, here);
    const std::vector<std::byte> payload(
        bytes.begin() + record_header_bytes,
        bytes.begin() + static_cast<std::ptrdiff_t>(record_header_bytes + header->payload_bytes));
    for (std::size_t at = 0; at + 4 <= payload.size(); ++at) {
        auto changed = payload;
        put(changed, at, 0xFFFF'FFF0U);
        static_cast<void>(read_payload(header->parts, changed));
        put(changed, at, 0x7FFF'FFFFU);
        static_cast<void>(read_payload(header->parts, changed));
    }
}

TEST_CASE("file storage record: sectors that are all zeros are counted where the record stands") {
    std::vector<std::byte> record(1024);
    CHECK(zero_sectors_of(record, 0) == 2);
    CHECK(zero_sectors_of(record, 32) == 3);
    record[0] = std::byte{1};
    CHECK(zero_sectors_of(record, 0) == 1);
    CHECK(zero_sectors_of(record, 32) == 2);
    record[1023] = std::byte{1};
    CHECK(zero_sectors_of(record, 0) == 0);
    CHECK(zero_sectors_of(record, 32) == 1);
    CHECK(zero_sectors_of({}, 5) == 0);
}

TEST_CASE("file storage record: a segment's header is read as it was written") {
    std::vector<std::byte> sector(segment_header_bytes);
    const segment_header written{.number = 3,
                                 .capacity = 4096,
                                 .first_sequence = 77,
                                 .vote = {{6}, raft::member_id{2}},
                                 .last = {{50}, {5}}};
    encode(written, sector);
    const auto read = decode_segment_header(sector);
    CHECK(read.number == 3);
    CHECK(read.capacity == 4096);
    CHECK(read.first_sequence == 77);
    CHECK(read.vote == written.vote);
    CHECK(read.last == written.last);
    const auto crc = get<std::uint32_t>(sector, 12);
    for (std::size_t at = 0; at < sector.size(); ++at) {
        if (at >= 12 && at < 16) continue;
        sector[at] ^= std::byte{1};
        CHECK(segment_header_crc(sector) != crc);
        sector[at] ^= std::byte{1};
    }
}

TEST_CASE("file storage record: a later record proves that what is missing was durable") {
    // Records 1 and 2, each synced by itself, then 3 and 4 in one write.
    std::vector<std::byte> segment(4096);
    std::vector<std::uint64_t> places;
    std::uint64_t offset = 512;
    const std::uint64_t first_unsynced[] = {1, 2, 3, 3};
    for (std::uint64_t sequence = 1; sequence <= 4; ++sequence) {
        std::vector<std::byte> bytes;
        record_builder record{bytes};
        record.entries({{sequence - 1}, {1}}, {1}, 1);
        for (auto& each : record.command(700)) each = std::byte{0x77};
        record.finish();
        seal(bytes, {1, offset}, sequence, first_unsynced[sequence - 1]);
        std::copy(bytes.begin(), bytes.end(),
                  segment.begin() + static_cast<std::ptrdiff_t>(offset));
        places.push_back(offset);
        offset += bytes.size();
    }
    const auto without = [&](std::size_t record) {
        auto torn = segment;
        const auto begin = torn.begin() + static_cast<std::ptrdiff_t>(places[record]);
        std::fill(begin, begin + 768, std::byte{});
        return examine_tail(torn, 1, places[record], record + 1).verdict;
    };
    CHECK(without(0) == tail_verdict::damaged);
    CHECK(without(1) == tail_verdict::damaged);
    CHECK(without(2) == tail_verdict::torn);
    CHECK(without(3) == tail_verdict::clean);
    CHECK(examine_tail(segment, 1, offset, 5).verdict == tail_verdict::clean);
}
