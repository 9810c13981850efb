// SPDX-License-Identifier: BSL-1.0
//
// Messages as frames. Method: every message there is goes there and back; then the frames are cut,
// flipped bit by bit, patched with a checksum that is right again, and made up at random. None may
// crash, and what is taken must be well-formed.
#include <random>
#include <string>

#include <doctest/doctest.h>

#include <raft/codec.hpp>

namespace {

using namespace raft;
using namespace raft::wire;
using namespace raft::core;
using bytes_vector = std::vector<std::byte>;
using text_entry = entry<std::string>;

/// A message with all that travels beside it.
struct letter {
    message body{};
    std::vector<text_entry> entries{};
    std::optional<indexed_configuration> configuration{};
    bytes_vector chunk{};
    command_access commands = command_access::given;

    [[nodiscard]] attachment<std::string> beside() const {
        return {.entries = entries,
                .configuration = configuration ? &*configuration : nullptr,
                .chunk = chunk,
                .commands = commands};
    }
};

indexed_configuration joint_configuration(log_index index) {
    auto value = voters_only({member_id{1}, member_id{22}, member_id{333}, member_id{4444}});
    value.outgoing_voters = member_set::first(3);
    value.next_learners = member_set::of(slot{3});
    value.newcomers = member_set::first(1);
    return {.index = index, .value = value};
}

letter append_with_all() {
    return {.body = append_entries{.term = {7},
                                   .prev = {.index = {10}, .term = {5}},
                                   .last_index = {14},
                                   .entries_term = {6},
                                   .commit_index = {9},
                                   .round = {77}},
            .entries = {{.term = {6}, .command = "set k v"},
                        {.term = {6}},
                        {.term = {6}, .command = ""},
                        {.term = {6}, .command = std::string(100, 'x')}},
            .configuration = joint_configuration({12})};
}

letter snapshot_with_all() {
    return {.body = install_snapshot{.term = {7},
                                     .last_included = {.index = {100}, .term = {6}},
                                     .size = 1000,
                                     .offset = 990,
                                     .length = 10,
                                     .checksum = 0xFEDCBA98,
                                     .round = {3}},
            .configuration = joint_configuration({100}),
            .chunk = bytes_vector(10, std::byte{0xAB})};
}

/// What a witness gets.
letter withheld_append() {
    auto l = append_with_all();
    for (auto& each : l.entries) each.command.reset();
    l.commands = command_access::withheld;
    return l;
}

letter withheld_snapshot() {
    auto l = snapshot_with_all();
    l.body =
        install_snapshot{.term = {7}, .last_included = {.index = {100}, .term = {6}}, .round = {3}};
    l.chunk.clear();
    l.commands = command_access::withheld;
    return l;
}

letter forwarded_commands() {
    return {.body = forward_proposal{.term = {5}, .request = {77, 3}, .count = 2},
            .entries = {{.term = {5}, .command = "set k v"}, {.term = {5}, .command = ""}}};
}

std::vector<letter> one_of_each() {
    const log_position last{.index = {8}, .term = {4}};
    return {
        {.body = request_pre_vote{.term = {5}, .last_log = last}},
        {.body = pre_vote_reply{.term = {5}, .granted = true}},
        {.body = pre_vote_reply{.term = {5}, .granted = false}},
        {.body = request_vote{.term = {5}, .last_log = last, .leadership_transfer = true}},
        {.body = request_vote_reply{.term = {5}, .granted = true}},
        {.body = append_entries{.term = {5}, .prev = last, .last_index = {8}, .round = {2}}},
        append_with_all(),
        withheld_append(),
        withheld_snapshot(),
        {.body = removal_notice{.term = {5}, .configuration = {9}}},
        {.body = loss_notice{.term = {5}, .through = last}},
        {.body = append_entries_reply{.term = {5}, .match_index = {8}, .round = {9}}},
        {.body =
             append_entries_rejection{.term = {5}, .prev_index = {9}, .hint = last, .round = {9}}},
        {.body =
             append_entries_rejection{
                 .term = {5}, .prev_index = {9}, .hint = last, .round = {9}, .lost = true}},
        snapshot_with_all(),
        {.body =
             install_snapshot_reply{
                 .term = {5}, .last_included_index = {100}, .offset = 500, .round = {9}}},
        {.body = timeout_now{.term = {5}, .last_index = {8}}},
        forwarded_commands(),
        {.body = forward_proposal_reply{.term = {5}, .request = {1U << 31U, 3}, .first = {9}}},
        {.body = forward_proposal_refusal{.term = {5},
                                          .request = {77, 3},
                                          .reason = last_refusal_reason}},
    };
}

bytes_vector frame_of(const letter& l) {
    bytes_vector frame;
    REQUIRE(append_frame(frame, l.body, l.beside()) == std::nullopt);
    return frame;
}

std::optional<frame_error> error_of_encoding(const letter& l, const frame_limits& limits = {}) {
    bytes_vector frame{std::byte{1}};
    const auto error = append_frame(frame, l.body, l.beside(), limits);
    if (error) CHECK(frame.size() == 1);
    return error;
}

void sign(bytes_vector& frame) {
    detail::store_little_endian(frame.data(), static_cast<std::uint32_t>(frame.size()));
    const auto covered = std::span{frame}.first(frame.size() - detail::checksum_bytes);
    detail::store_little_endian(frame.data() + covered.size(), wire::crc32c(covered));
}

std::optional<frame_error> error_of(std::span<const std::byte> frame,
                                    const frame_limits& limits = {}) {
    decoded<std::string> into;
    return decode_frame(frame, into, limits);
}

void check_equal(const decoded<std::string>& received, const letter& sent) {
    CHECK(received.body == sent.body);
    CHECK(received.entries == sent.entries);
    CHECK(received.configuration == sent.configuration);
    CHECK(bytes_vector(received.chunk.begin(), received.chunk.end()) == sent.chunk);
    CHECK(received.commands == sent.commands);
}

// Where the fields of an `append_entries` frame lie.
constexpr std::size_t at_version = 4;
constexpr std::size_t at_kind = 5;
constexpr std::size_t at_flags = 6;
constexpr std::size_t at_term = 8;
constexpr std::size_t at_prev_index = 16;
constexpr std::size_t at_prev_term = 24;
constexpr std::size_t at_last_index = 32;
constexpr std::size_t at_first_entry = 64;

/// The error for a frame with one number changed and the checksum right again.
template <class Number>
std::optional<frame_error> error_with(const letter& l, std::size_t at, Number number) {
    auto frame = frame_of(l);
    detail::store_little_endian(frame.data() + at, number);
    sign(frame);
    return error_of(frame);
}

}  // namespace

TEST_CASE("codec: every message comes back as it was, with all that is beside it") {
    decoded<std::string> received;  // Reused, so that nothing of one message may stay for the next.
    bytes_vector frame;
    for (const auto& sent : one_of_each()) {
        frame.clear();
        REQUIRE(append_frame(frame, sent.body, sent.beside()) == std::nullopt);
        CHECK(inspect_frame(frame).length == frame.size());
        REQUIRE(decode_frame(std::span<const std::byte>{frame}, received) == std::nullopt);
        check_equal(received, sent);
    }
}

TEST_CASE("codec: the form of a frame is fixed, byte by byte") {
    const auto frame = frame_of({.body = request_vote_reply{.term = {0x0102}, .granted = true}});
    const int expected[] = {21, 0, 0, 0, 4, 4, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 1};
    REQUIRE(frame.size() == std::size(expected) + detail::checksum_bytes);
    for (std::size_t i = 0; i < std::size(expected); ++i)
        CHECK(std::to_integer<int>(frame[i]) == expected[i]);
    const std::size_t variants = std::variant_size_v<message>;
    CHECK(variants == 21);  // The kinds are numbers on the wire: add new messages at the end only.
}

TEST_CASE("codec: frames are appended one after another, and told apart") {
    bytes_vector stream;
    for (const auto& l : one_of_each())
        REQUIRE(append_frame(stream, l.body, l.beside()) == std::nullopt);
    std::span<const std::byte> rest{stream};
    decoded<std::string> received;
    for (const auto& sent : one_of_each()) {
        const auto beginning = inspect_frame(rest);
        REQUIRE(beginning.length.has_value());
        REQUIRE(decode_frame(rest.first(*beginning.length), received) == std::nullopt);
        check_equal(received, sent);
        rest = rest.subspan(*beginning.length);
    }
    CHECK(rest.empty());
}

TEST_CASE("codec: a frame cut anywhere, or too long, is an error") {
    for (const auto& l : one_of_each()) {
        auto frame = frame_of(l);
        for (std::size_t size = 0; size < frame.size(); ++size)
            CHECK(error_of(std::span{frame}.first(size)).has_value());
        frame.push_back({});
        CHECK(error_of(frame) == frame_error::wrong_length);
    }
}

TEST_CASE("codec: a frame cut anywhere, with length and checksum made right, is an error") {
    for (const auto& l : one_of_each()) {
        const auto frame = frame_of(l);
        for (std::size_t size = 12; size < frame.size(); ++size) {
            bytes_vector cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
            sign(cut);
            CHECK(error_of(cut).has_value());
        }
    }
}

TEST_CASE("codec: every flip of one bit is an error") {
    for (const auto& l : one_of_each()) {
        auto frame = frame_of(l);
        for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
            const auto mask = static_cast<std::byte>(1U << (bit % 8));
            frame[bit / 8] ^= mask;
            CHECK(error_of(frame).has_value());
            frame[bit / 8] ^= mask;
        }
        CHECK(error_of(frame) == std::nullopt);
    }
}

TEST_CASE("codec: hostile headers, with a checksum that is right") {
    const auto l = append_with_all();
    CHECK(error_with(l, at_version, std::uint8_t{0}) == frame_error::unknown_version);
    CHECK(error_with(l, at_version, std::uint8_t{5}) == frame_error::unknown_version);
    CHECK(error_with(l, at_kind, std::uint8_t{0}) == frame_error::unknown_kind);
    CHECK(error_with(l, at_kind, std::uint8_t{22}) == frame_error::unknown_kind);
    CHECK(error_with(l, at_flags, std::uint8_t{4}) == frame_error::unknown_flags);
    CHECK(error_with(l, at_flags, std::uint8_t{3}) == frame_error::wrong_entries);
    CHECK(error_with(l, at_flags + 1, std::uint8_t{1}) == frame_error::unknown_flags);
    CHECK(error_with(l, at_flags, std::uint8_t{0}) == frame_error::bytes_left_over);
    CHECK(error_with(l, at_term, ~std::uint64_t{0}) == frame_error::number_out_of_range);
    const letter vote{.body = request_vote_reply{.term = {1}}};
    CHECK(error_with(vote, at_prev_index, std::uint8_t{2}) == frame_error::not_a_boolean);
    CHECK(error_with(vote, at_flags, std::uint8_t{1}) == frame_error::ends_too_soon);
}

TEST_CASE("codec: hostile ranges of entries, with a checksum that is right") {
    const auto l = append_with_all();
    using number = std::uint64_t;
    CHECK(error_with(l, at_last_index, number{9}) == frame_error::range_backwards);
    CHECK(error_with(l, at_last_index, number{1} << 40) == frame_error::too_many_entries);
    CHECK(error_with(l, at_last_index, number{10 + 60'000}) == frame_error::ends_too_soon);
    CHECK(error_with(l, at_last_index, number{11}).has_value());
    CHECK(error_with(l, at_prev_term, number{7}) == frame_error::terms_backwards);
    CHECK(error_with(l, at_term, number{5}) == frame_error::terms_backwards);
    const std::uint32_t command = 1U << 31;
    CHECK(error_with(l, at_first_entry, command | 0x7FFFFFFF) == frame_error::ends_too_soon);
    CHECK(error_with(l, at_first_entry, std::uint32_t{7}) == frame_error::bad_command);
}

TEST_CASE("codec: hostile requests of followers, with a checksum that is right") {
    const auto l = forwarded_commands();
    constexpr std::size_t at_count = 32;
    using count = std::uint32_t;
    CHECK(error_with(l, at_term, ~std::uint64_t{0}) == frame_error::number_out_of_range);
    CHECK(error_with(l, at_count, count{1} << 17) == frame_error::too_many_entries);
    CHECK(error_with(l, at_count, count{60'000}) == frame_error::ends_too_soon);
    CHECK(error_with(l, at_count, count{1}) == frame_error::bytes_left_over);
    const std::uint32_t no_command = 0;
    CHECK(error_with(l, at_count + 4, no_command).has_value());
    const letter no{.body = forward_proposal_refusal{.term = {1}, .request = {77, 3}}};
    CHECK(error_with(no, at_count, std::uint8_t{200}) == frame_error::unknown_reason);
}

TEST_CASE("codec: commands that are not those of the request are not sent") {
    auto l = forwarded_commands();
    l.entries.pop_back();
    CHECK(error_of_encoding(l) == frame_error::wrong_entries);
    l = forwarded_commands();
    l.entries.front().term = {4};
    CHECK(error_of_encoding(l) == frame_error::wrong_entries);
    l = forwarded_commands();
    l.entries.front().command.reset();
    CHECK(error_of_encoding(l) == frame_error::wrong_entries);
    l = forwarded_commands();
    l.chunk.push_back({});
    CHECK(error_of_encoding(l) == frame_error::attachment_misplaced);
}

TEST_CASE("codec: hostile commands, with a checksum that is right") {
    const entry<int> one{.term = {1}, .command = 5};
    const append_entries body{.term = {1}, .last_index = {1}, .entries_term = {1}};
    bytes_vector frame;
    const attachment<int> beside{.entries = {&one, 1}};
    REQUIRE(append_frame(frame, message{body}, beside) == std::nullopt);
    decoded<int> received;
    REQUIRE(decode_frame(std::span<const std::byte>{frame}, received) == std::nullopt);
    const std::size_t at_size = frame.size() - 12;
    frame.erase(frame.end() - 8);
    detail::store_little_endian(frame.data() + at_size, 3U | 1U << 31U);
    sign(frame);
    CHECK(decode_frame(std::span<const std::byte>{frame}, received) == frame_error::bad_command);
    detail::store_little_endian(frame.data() + at_size, 3U);
    sign(frame);
    CHECK(decode_frame(std::span<const std::byte>{frame}, received) == frame_error::bad_command);
}

TEST_CASE("codec: hostile configurations and chunks, with a checksum that is right") {
    const auto l = snapshot_with_all();
    const auto size = frame_of(l).size();
    const std::size_t at_configuration = size - 4 - 10 - (8 + 1 + 4 * 8 + 6 * 4);
    const std::size_t at_count = at_configuration + 8;
    const std::size_t at_voters = at_count + 1 + 4 * 8;
    CHECK(error_with(l, at_count, std::uint8_t{33}) == frame_error::bad_configuration);
    CHECK(error_with(l, at_count, std::uint8_t{32}) == frame_error::ends_too_soon);
    CHECK(error_with(l, at_count + 1, std::uint64_t{22}) == frame_error::bad_configuration);
    CHECK(error_with(l, at_voters, std::uint32_t{1} << 31) == frame_error::bad_configuration);
    CHECK(error_with(l, at_voters, std::uint32_t{0}) == frame_error::bad_configuration);
    CHECK(error_with(l, at_configuration, std::uint64_t{101}) ==
          frame_error::configuration_misplaced);
    constexpr std::size_t at_size = 32;
    constexpr std::size_t at_offset = 40;
    constexpr std::size_t at_length = 48;
    CHECK(error_with(l, at_term, std::uint64_t{5}) == frame_error::terms_backwards);
    CHECK(error_with(l, at_size, std::uint64_t{999}) == frame_error::chunk_out_of_range);
    CHECK(error_with(l, at_offset, std::uint64_t{1001}) == frame_error::chunk_out_of_range);
    CHECK(error_with(l, at_offset, (std::uint64_t{1} << 63) - 1) ==
          frame_error::chunk_out_of_range);
    CHECK(error_with(l, at_length, std::uint32_t{9}) == frame_error::bytes_left_over);
    CHECK(error_with(l, at_length, std::uint32_t{1} << 31) == frame_error::chunk_out_of_range);
}

TEST_CASE("codec: hostile lengths") {
    const auto check = [](std::uint32_t length, std::optional<frame_error> expected) {
        bytes_vector bytes(64);
        detail::store_little_endian(bytes.data(), length);
        CHECK(inspect_frame(bytes).error == expected);
        CHECK(error_of(bytes).has_value());
    };
    check(0, frame_error::too_short);
    check(11, frame_error::too_short);
    check(12, std::nullopt);
    check(frame_limits{}.frame_bytes_max, std::nullopt);
    check(frame_limits{}.frame_bytes_max + 1, frame_error::too_large);
    check(0xFFFFFFFF, frame_error::too_large);
    CHECK_FALSE(inspect_frame(bytes_vector(3)).length.has_value());
    CHECK_FALSE(inspect_frame(bytes_vector(3)).error.has_value());
}

TEST_CASE("codec: what would not be taken is not sent") {
    auto l = append_with_all();
    CHECK(error_of_encoding(l, {.frame_bytes_max = 200}) == frame_error::too_large);
    CHECK(error_of_encoding(l, {.entries_max = 3}) == frame_error::too_many_entries);
    l.configuration->index = {11};
    CHECK(error_of_encoding(l) == frame_error::configuration_misplaced);
    l.configuration->index = {10};
    CHECK(error_of_encoding(l) == frame_error::configuration_misplaced);
    l.configuration->index = {15};
    CHECK(error_of_encoding(l) == frame_error::configuration_misplaced);
    l = append_with_all();
    l.entries.pop_back();
    CHECK(error_of_encoding(l) == frame_error::wrong_entries);
    l = append_with_all();
    l.entries[2].term = {5};
    CHECK(error_of_encoding(l) == frame_error::wrong_entries);
    l = append_with_all();
    l.chunk.resize(1);
    CHECK(error_of_encoding(l) == frame_error::attachment_misplaced);
    l = snapshot_with_all();
    l.chunk.resize(1);
    CHECK(error_of_encoding(l) == frame_error::wrong_chunk);
    l.body = timeout_now{.term = {1}};
    CHECK(error_of_encoding(l) == frame_error::attachment_misplaced);
}

TEST_CASE("codec: encoding and decoding again take no new memory") {
    const auto l = append_with_all();
    bytes_vector frame;
    decoded<std::string> received;
    REQUIRE(append_frame(frame, l.body, l.beside()) == std::nullopt);
    REQUIRE(decode_frame(std::span<const std::byte>{frame}, received) == std::nullopt);
    const auto* const frame_memory = frame.data();
    const auto* const entries_memory = received.entries.data();
    frame.clear();
    REQUIRE(append_frame(frame, l.body, l.beside()) == std::nullopt);
    REQUIRE(decode_frame(std::span<const std::byte>{frame}, received) == std::nullopt);
    CHECK(frame.data() == frame_memory);
    CHECK(received.entries.data() == entries_memory);
}

TEST_CASE("codec: made-up frames never crash, and what is taken could have been sent") {
    const auto seed = std::random_device{}();
    INFO("seed ", seed);
    std::mt19937 random{seed};
    const auto samples = one_of_each();
    decoded<std::string> received;
    int taken = 0;
    for (int round = 0; round < 50'000; ++round) {
        auto frame = frame_of(samples[random() % samples.size()]);
        for (auto changes = random() % 4; changes > 0; --changes)
            frame[4 + random() % (frame.size() - 4)] = static_cast<std::byte>(random());
        if (random() % 4 == 0) frame.resize(12 + random() % (2 * frame.size()));
        sign(frame);
        if (decode_frame(std::span<const std::byte>{frame}, received)) continue;
        ++taken;
        bytes_vector again;
        const auto version = std::to_integer<std::uint8_t>(frame[4]);
        REQUIRE(append_frame(again, received.body, received.beside(), {}, version) == std::nullopt);
        REQUIRE(again == frame);
    }
    CHECK(taken > 0);
}

TEST_CASE("codec: every error says what is wrong") {
    for (int i = 0; i <= static_cast<int>(frame_error::unknown_verdict); ++i)
        CHECK(describe(static_cast<frame_error>(i)) != "unknown error");
}

TEST_CASE("codec: a message is in no frame of a version that does not have it") {
    const letter notice{.body = loss_notice{.term = {5}, .through = {{9}, {4}}}};
    for (const std::uint8_t version : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{3}}) {
        bytes_vector frame;
        CHECK(append_frame(frame, notice.body, notice.beside(), {}, version) ==
              frame_error::unknown_kind);
        CHECK(frame.empty());
        CHECK(error_with(notice, at_version, version) == frame_error::unknown_kind);
    }
    bytes_vector frame;
    CHECK(append_frame(frame, notice.body, notice.beside(), {}, 4) == std::nullopt);
}

TEST_CASE("codec: version 1 is read, and written for who reads no other") {
    for (const auto& sent : one_of_each()) {
        bytes_vector frame;
        const auto fault = append_frame(frame, sent.body, sent.beside(), {}, 1);
        if (std::holds_alternative<removal_notice>(sent.body) ||
            std::holds_alternative<loss_notice>(sent.body)) {
            CHECK(fault == frame_error::unknown_kind);
            continue;
        }
        REQUIRE_FALSE(fault);
        CHECK(std::to_integer<int>(frame[4]) == 1);
        decoded<std::string> received;
        REQUIRE(decode_frame(std::span<const std::byte>{frame}, received) == std::nullopt);
        CHECK(received.commands == command_access::unsaid);
        CHECK(received.body == sent.body);
        CHECK(received.entries == sent.entries);
    }
}
