// SPDX-License-Identifier: BSL-1.0
//
// Batches as bytes: what is written is read, and what nobody wrote is refused, whole.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/host/batch_frame.hpp>
#include <support/dice.hpp>

using namespace raft;
using namespace raft::wire;
using namespace raft::core;
using namespace raft::testing;

namespace {

using bytes = std::vector<std::byte>;
using text_batch = batch<std::string>;

constexpr std::size_t count_place = 8;
constexpr std::size_t first_part = 12;

/// A batch with one message of each kind of attachment, and one without.
text_batch some_batch() {
    const std::vector<entry<std::string>> entries{
        {{3}, "one"}, {{3}, std::nullopt}, {{3}, "three"}};
    const indexed_configuration members{{8}, voters_only({{1}, {2}, {3}})};
    const bytes chunk(10, std::byte{7});
    text_batch made;
    made.add({5}, {1}, {2}, request_vote{.term = {3}, .last_log = {{4}, {2}}}, {});
    made.add({6}, {1}, member_on({2}, 9),
             message{append_entries{.term = {4},
                                    .prev = {{6}, {2}},
                                    .last_index = {9},
                                    .entries_term = {3},
                                    .commit_index = {6},
                                    .round = {1}}},
             {.entries = entries, .configuration = &members});
    made.add({5}, {1}, {2},
             install_snapshot{.term = {4},
                              .last_included = {{8}, {3}},
                              .size = 100,
                              .offset = 20,
                              .length = 10,
                              .round = {}},
             {.configuration = &members, .chunk = chunk});
    return made;
}

bytes written(const text_batch& batch) {
    bytes out;
    REQUIRE_FALSE(append_batch(out, batch));
    return out;
}

/// What no codec takes: it has padding, and refers to what another process has not.
struct local_command {
    bool urgent = false;
    const char* text = "";
};

std::optional<frame_error> fault_of(const bytes& given) {
    batch_decoder<std::string> decoder;
    auto into = some_batch();
    const auto fault = decoder.decode(given, into);
    if (fault) CHECK(into.empty());
    return fault;
}

template <class Number>
void put(bytes& into, std::size_t place, Number value) {
    raft::detail::store_little_endian(&into[place], value);
}

/// The same bytes, with a length and a checksum that agree with them.
bytes sealed(bytes given) {
    put(given, 0, static_cast<std::uint32_t>(given.size()));
    const auto covered = given.size() - 4;
    put(given, covered, wire::crc32c(std::span{given}.first(covered)));
    return given;
}

bool same(const batch_part<std::string>& a, const batch_part<std::string>& b) {
    const auto& x = a.beside;
    const auto& y = b.beside;
    const bool both = (x.configuration == nullptr) == (y.configuration == nullptr);
    return a.group == b.group && a.from == b.from && a.to == b.to && a.body == b.body &&
           std::ranges::equal(x.entries, y.entries) && std::ranges::equal(x.chunk, y.chunk) &&
           both && (x.configuration == nullptr || *x.configuration == *y.configuration);
}

}  // namespace

TEST_CASE("host: a command that stays in memory needs no form as bytes") {
    const std::vector<entry<local_command>> entries{{{1}, local_command{}}};
    batch<local_command> made;
    made.add({5}, {1}, {2}, append_entries{.last_index = {1}, .entries_term = {1}},
             {.entries = entries});
    CHECK(made.bytes() == sizeof(local_command));
}

TEST_CASE("a batch is read as it was written, after others in the same buffer") {
    const auto batch = some_batch();
    bytes out(3);
    REQUIRE_FALSE(append_batch(out, text_batch{}));
    const auto second = out.size();
    REQUIRE_FALSE(append_batch(out, batch));
    const auto given = std::span{out}.subspan(second);
    CHECK(inspect_batch(given.first(4)).length == given.size());
    CHECK_FALSE(inspect_batch(given.first(3)).length);

    batch_decoder<std::string> decoder;
    text_batch into;
    REQUIRE_FALSE(decoder.decode(std::span{out}.subspan(3, second - 3), into));
    CHECK(into.empty());
    REQUIRE_FALSE(decoder.decode(given, into));
    REQUIRE(into.size() == batch.size());
    CHECK(into.bytes() == batch.bytes());
    std::vector<batch_part<std::string>> expected;
    batch.for_each([&](const auto& part) { expected.push_back(part); });
    std::size_t i = 0;
    into.for_each([&](const auto& part) { CHECK(same(part, expected[i++])); });
}

TEST_CASE("a batch that was cut off or changed anywhere is refused whole") {
    const auto whole = written(some_batch());
    REQUIRE_FALSE(fault_of(whole));
    for (std::size_t size = 0; size < whole.size(); ++size)
        CHECK(fault_of(bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))));
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
        auto changed = whole;
        changed[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
        CHECK(fault_of(changed));
    }
}

TEST_CASE("a batch made to harm is refused, though its checksum is right") {
    const auto whole = written(some_batch());
    auto bad = whole;
    SUBCASE("more messages than there are") {
        put(bad, count_place, std::uint32_t{0xffffffff});
        CHECK(fault_of(sealed(bad)) == frame_error::ends_too_soon);
    }
    SUBCASE("fewer") {
        put(bad, count_place, std::uint32_t{2});
        CHECK(fault_of(sealed(bad)) == frame_error::bytes_left_over);
    }
    SUBCASE("another version") {
        put(bad, 4, std::uint32_t{2});
        CHECK(fault_of(sealed(bad)) == frame_error::unknown_version);
    }
    SUBCASE("a message that reaches beyond the batch") {
        put(bad, first_part + 24, static_cast<std::uint32_t>(whole.size()));
        CHECK(fault_of(sealed(bad)) == frame_error::ends_too_soon);
    }
    SUBCASE("a message of no length") {
        put(bad, first_part + 24, std::uint32_t{0});
        CHECK(fault_of(sealed(bad)) == frame_error::too_short);
    }
    SUBCASE("a message that is damaged itself") {
        bad[first_part + 40] ^= std::byte{1};
        CHECK(fault_of(sealed(bad)) == frame_error::wrong_checksum);
    }
    SUBCASE("random bytes") {
        for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
            CAPTURE(seed);
            dice random{seed};
            bytes noise(16 + static_cast<std::size_t>(random.below(200)));
            for (auto& each : noise) each = static_cast<std::byte>(random.below(256));
            put(noise, 4, std::uint32_t{1});
            put(noise, count_place, std::uint32_t{1 + static_cast<std::uint32_t>(seed % 3)});
            CHECK(fault_of(sealed(noise)));
        }
    }
}

TEST_CASE("a batch beyond the limits is neither written nor read") {
    const auto whole = written(some_batch());
    const batch_frame_limits tight{.batch_bytes_max = static_cast<std::uint32_t>(whole.size() - 1)};
    bytes out(5, std::byte{9});
    CHECK(append_batch(out, some_batch(), tight) == frame_error::too_large);
    CHECK(out == bytes(5, std::byte{9}));
    CHECK(append_batch(out, some_batch(), {.each = {.entries_max = 2}}) ==
          frame_error::too_many_entries);
    CHECK(out.size() == 5);
    batch_decoder<std::string> decoder{tight};
    text_batch into;
    CHECK(decoder.decode(whole, into) == frame_error::too_large);
    CHECK(inspect_batch(whole, tight).error == frame_error::too_large);
}
