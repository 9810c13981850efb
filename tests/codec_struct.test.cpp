// SPDX-License-Identifier: BSL-1.0
//
// Codecs that need no word: what is written is read, the bytes are those that are promised, a later
// version may add fields, and bytes that are no value are refused.
#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <raft/codec.hpp>
#include <support/journal.hpp>

// The names that a program would choose, and that the library has too: none stands in the way.
enum class entry : std::uint16_t { small = 1, large = 0x0203 };

struct message {
    std::string text{};
    entry kind = entry::small;
    friend bool operator==(const message&, const message&) = default;
};

struct answer {
    std::uint64_t number = 0;
    bool found = false;
    std::optional<std::string> value{};
    std::vector<message> messages{};
    std::map<std::string, std::int32_t> counts{};
    std::variant<std::monostate, message, int> extra{};
    friend bool operator==(const answer&, const answer&) = default;
};

namespace {

template <class T>
std::vector<std::byte> encoded(const T& value) {
    std::vector<std::byte> bytes(raft::codec<T>::size(value));
    raft::codec<T>::encode(value, bytes);
    return bytes;
}

template <class T>
void check_round_trip(const T& value) {
    const auto bytes = encoded(value);
    CHECK(raft::codec<T>::decode(bytes) == value);
    CHECK(raft::detail::decode_saved<T>(bytes) == value);
}

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
    std::vector<std::byte> bytes;
    for (const auto value : values) bytes.push_back(static_cast<std::byte>(value));
    return bytes;
}

answer sample() {
    return {.number = 7,
            .found = true,
            .value = "x",
            .messages = {{"hello", entry::large}, {}},
            .counts = {{"a", -1}, {"b", 2}},
            .extra = message{"more", entry::small}};
}

struct point {
    std::int32_t x = 0;
    std::int32_t y = 0;
    friend bool operator==(const point&, const point&) = default;
};

struct segment {
    point from{};
    point to{};
    std::array<std::uint8_t, 3> colour{};
    bool dashed = false;
    entry kind[2]{};
    friend bool operator==(const segment&, const segment&) = default;
};

class account {
public:
    account() = default;
    account(std::string owner, std::int64_t amount) : owner_{std::move(owner)}, amount_{amount} {}
    static auto raft_fields(auto& self) { return std::tie(self.owner_, self.amount_); }
    friend bool operator==(const account&, const account&) = default;

private:
    std::string owner_;
    std::int64_t amount_ = 0;
};

// Two versions of a program.
struct old_user {
    std::string name{};
    point home{};
    friend bool operator==(const old_user&, const old_user&) = default;
};
struct new_point {
    std::int32_t x = 0;
    std::int32_t y = 0;
    std::int32_t z = 9;
    friend bool operator==(const new_point&, const new_point&) = default;
};
struct new_user {
    std::string name{};
    new_point home{};
    std::set<int> groups{1};
    friend bool operator==(const new_user&, const new_user&) = default;
};

template <class To, class From>
std::optional<To> restored(const From& value) {
    raft::testing::byte_sink sink;
    raft::save_value(sink, value);
    raft::testing::byte_source source{sink.bytes};
    To to{};
    if (!raft::restore_value(source, to)) return std::nullopt;
    CHECK(source.rest.empty());
    return to;
}

}  // namespace

TEST_CASE("codec: structs of strings numbers containers and variants come back as they were") {
    check_round_trip(sample());
    check_round_trip(answer{});
    check_round_trip(segment{{1, -2}, {3, 4}, {5, 6, 7}, true, {entry::large, entry::small}});
    check_round_trip(account{"me", -5});
    check_round_trip(std::vector<message>{{"a", entry::large}});
    check_round_trip(std::vector<bool>{true, false});
    check_round_trip(std::vector<std::uint8_t>{1, 2, 255});
    check_round_trip(std::deque<std::string>{"a", ""});
    check_round_trip(std::unordered_map<int, std::vector<int>>{{1, {2, 3}}, {4, {}}});
    check_round_trip(std::tuple<int, std::string>{1, "b"});
    check_round_trip(
        std::pair<std::string, std::chrono::milliseconds>{"a", std::chrono::milliseconds{12}});
    check_round_trip(std::string(300, 'x'));
    check_round_trip(std::map<std::string, std::string>{{"key", std::string(70'000, 'y')}});
}

TEST_CASE("codec: the bytes of a struct are those that are promised") {
    CHECK(encoded(point{1, 0x0203}) == bytes_of({1, 0, 0, 0, 3, 2, 0, 0}));
    CHECK(encoded(message{"ab", entry::large}) == bytes_of({2, 'a', 'b', 3, 2}));
    CHECK(encoded(std::vector<point>{{1, 2}}) == bytes_of({1, 8, 1, 0, 0, 0, 2, 0, 0, 0}));
    CHECK(encoded(std::optional<std::uint8_t>{5}) == bytes_of({1, 5}));
    CHECK(encoded(old_user{"a", {1, 2}}) == bytes_of({1, 'a', 8, 1, 0, 0, 0, 2, 0, 0, 0}));
    CHECK(encoded(std::string(3, 'x')).size() == 3);
    CHECK(encoded(account{std::string(300, 'x'), 1}).size() == 3 + 300 + 8);
}

TEST_CASE("codec: a plain struct is as it lies in the memory of a little-endian machine") {
    const segment value{{1, -2}, {3, 4}, {5, 6, 7}, true, {entry::large, entry::small}};
    CHECK(encoded(value) == bytes_of({1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 3, 0, 0, 0,
                                      4, 0, 0, 0, 5,    6,    7,    1,    3, 2, 1, 0}));
}

TEST_CASE("codec: an older version's command has the new fields as their struct gives them") {
    CHECK(raft::codec<new_user>::decode(encoded(old_user{"a", {1, 2}})) ==
          new_user{"a", {1, 2, 9}, {1}});
    CHECK(raft::codec<new_point>::decode(encoded(point{1, 2})) == new_point{1, 2, 9});
    CHECK_FALSE(raft::codec<new_point>::decode(bytes_of({1, 0, 0, 0, 2})));
}

TEST_CASE("codec: a newer version's command is refused and not half understood") {
    CHECK_FALSE(raft::codec<old_user>::decode(encoded(new_user{"a", {1, 2, 3}, {}})));
    CHECK_FALSE(raft::codec<point>::decode(encoded(new_point{1, 2, 3})));
    using old_commands = std::variant<int, old_user>;
    using new_commands = std::variant<int, new_user>;
    const auto bytes = encoded(new_commands{new_user{"a", {1, 2, 3}, {}}});
    CHECK_FALSE(raft::codec<old_commands>::decode(bytes));
    CHECK(raft::detail::decode_saved<old_commands>(bytes) == old_commands{old_user{"a", {1, 2}}});
}

TEST_CASE("codec: what is newer in a snapshot or a result is skipped") {
    CHECK(raft::detail::decode_saved<old_user>(encoded(new_user{"a", {1, 2, 3}, {4}})) ==
          old_user{"a", {1, 2}});
    using old_state = std::map<std::string, old_user>;
    using new_state = std::map<std::string, new_user>;
    const new_state newer{{"k", {"a", {1, 2, 3}, {4}}}, {"l", {"b", {5, 6, 7}, {}}}};
    CHECK(restored<old_state>(newer) == old_state{{"k", {"a", {1, 2}}}, {"l", {"b", {5, 6}}}});
    CHECK(restored<new_state>(old_state{{"k", {"a", {1, 2}}}}) ==
          new_state{{"k", {"a", {1, 2, 9}, {1}}}});
    CHECK(restored<answer>(sample()) == sample());
    CHECK(restored<std::string>(std::string(200'000, 'x')) == std::string(200'000, 'x'));
}

TEST_CASE("codec: bytes that are no struct are refused wherever they end or lie") {
    const auto whole = encoded(sample());
    // Without the fields at the end it is an older version's; within one it is nothing.
    std::size_t taken = 0;
    for (std::size_t length = 0; length < whole.size(); ++length)
        taken += raft::codec<answer>::decode(std::span{whole}.first(length)).has_value();
    CHECK(taken == 6);
    auto longer = whole;
    longer.push_back(std::byte{0});
    CHECK_FALSE(raft::codec<answer>::decode(longer));

    CHECK_FALSE(raft::codec<std::vector<int>>::decode(
        bytes_of({255, 255, 255, 255, 255, 255, 255, 255, 127})));
    CHECK_FALSE(raft::codec<std::vector<std::array<int, 0>>>::decode(bytes_of({200})));
    CHECK_FALSE(raft::codec<std::optional<int>>::decode(bytes_of({2, 0, 0, 0, 0})));
    CHECK_FALSE(raft::codec<std::set<bool>>::decode(bytes_of({2, 1, 1})));
    CHECK_FALSE(raft::codec<message>::decode(bytes_of({248, 1, 'a', 1, 0})));
    CHECK_FALSE(raft::codec<segment>::decode(bytes_of({1})));
}

TEST_CASE("codec: any bytes leave the process alive") {
    auto bytes = encoded(sample());
    for (std::size_t at = 0; at < bytes.size(); ++at)
        for (const int changed : {0, 1, 2, 127, 247, 248, 255}) {
            const auto before = std::exchange(bytes[at], static_cast<std::byte>(changed));
            if (const auto value = raft::codec<answer>::decode(bytes)) check_round_trip(*value);
            raft::testing::byte_source source{bytes};
            answer unused;
            static_cast<void>(raft::restore_value(source, unused));
            bytes[at] = before;
        }
}
