// SPDX-License-Identifier: BSL-1.0
//
// Commands as bytes: what is ready-made comes back as it was, and bytes that are no command are not
// taken for one.
#include <limits>
#include <string_view>

#include <doctest/doctest.h>

#include <raft/codec/command.hpp>

namespace {

struct transfer {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    std::int64_t amount = 0;
    friend bool operator==(const transfer&, const transfer&) = default;
};

struct nothing {
    friend bool operator==(const nothing&, const nothing&) = default;
};

enum class colour : std::uint16_t { red = 1, green = 0x0203 };

struct named {
    std::string name{};
    friend bool operator==(const named&, const named&) = default;
};

class without_codec {
public:
    explicit without_codec(std::string name) : name_{std::move(name)} {}

private:
    std::string name_;
};

using any_command = std::variant<transfer, std::string, nothing, named>;

template <class T>
std::vector<std::byte> encoded(const T& value) {
    std::vector<std::byte> bytes(raft::codec<T>::size(value));
    raft::codec<T>::encode(value, bytes);
    return bytes;
}

template <class T>
void check_round_trip(const T& value) {
    const auto bytes = encoded(value);
    const auto back = raft::codec<T>::decode(bytes);
    REQUIRE(back.has_value());
    CHECK(*back == value);
}

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
    std::vector<std::byte> bytes;
    for (const auto value : values) bytes.push_back(static_cast<std::byte>(value));
    return bytes;
}

}  // namespace

/// A codec of a user's own: its name's length in one byte, then the name.
template <>
struct raft::codec<named> {
    static std::size_t size(const named& value) { return 1 + value.name.size(); }
    static void encode(const named& value, std::span<std::byte> out) {
        out[0] = static_cast<std::byte>(value.name.size());
        codec<std::string>::encode(value.name, out.subspan(1));
    }
    static std::optional<named> decode(std::span<const std::byte> bytes) {
        if (bytes.empty() || std::to_integer<std::size_t>(bytes[0]) != bytes.size() - 1)
            return std::nullopt;
        return named{*codec<std::string>::decode(bytes.subspan(1))};
    }
};

static_assert(raft::policy::encodable<int> && raft::policy::encodable<double> &&
              raft::policy::encodable<bool>);
static_assert(raft::policy::encodable<transfer> && raft::policy::encodable<nothing> &&
              raft::policy::encodable<colour>);
static_assert(raft::policy::encodable<std::string> &&
              raft::policy::encodable<std::vector<std::byte>>);
static_assert(raft::policy::encodable<named> && raft::policy::encodable<any_command>);

// What means nothing in another process, or what nobody has told how to encode.
static_assert(!raft::policy::encodable<int*> && !raft::policy::encodable<const char*>);
static_assert(!raft::policy::encodable<std::string_view> &&
              !raft::policy::encodable<std::span<int>>);
static_assert(!raft::policy::encodable<without_codec>);
static_assert(!raft::policy::encodable<std::variant<int, without_codec>>);
static_assert(!raft::policy::encodable<std::variant<int, int*>>);

TEST_CASE("codec: ready-made types come back as they were") {
    check_round_trip(-7);
    check_round_trip(std::numeric_limits<std::uint64_t>::max());
    check_round_trip(2.5);
    check_round_trip(true);
    check_round_trip(colour::green);
    check_round_trip(transfer{.from = 1, .to = 2, .amount = -3});
    check_round_trip(nothing{});
    check_round_trip(std::string{});
    check_round_trip(std::string("a\0b", 3));
    check_round_trip(std::vector<std::byte>{});
    check_round_trip(bytes_of({0, 255, 7}));
}

TEST_CASE("codec: variants and types with a codec of their own come back as they were") {
    check_round_trip(named{"x"});
    check_round_trip(any_command{transfer{.from = 1, .to = 2, .amount = 3}});
    check_round_trip(any_command{std::string("hello")});
    check_round_trip(any_command{nothing{}});
    check_round_trip(any_command{named{"y"}});
}

TEST_CASE("codec: numbers are little-endian on every machine") {
    CHECK(encoded(std::uint32_t{0x01020304}) == bytes_of({4, 3, 2, 1}));
    CHECK(encoded(colour::green) == bytes_of({3, 2}));
    CHECK(encoded(any_command{std::string("a")}) == bytes_of({1, 'a'}));
    CHECK(encoded(nothing{}).empty());
}

TEST_CASE("codec: bytes that are no command are not taken for one") {
    CHECK_FALSE(raft::codec<int>::decode(bytes_of({1, 2, 3})));
    CHECK_FALSE(raft::codec<int>::decode(bytes_of({1, 2, 3, 4, 5})));
    CHECK_FALSE(raft::codec<int>::decode({}));
    CHECK_FALSE(raft::codec<bool>::decode(bytes_of({2})));
    CHECK_FALSE(raft::codec<nothing>::decode(bytes_of({0})));
    CHECK_FALSE(raft::codec<any_command>::decode({}));
    CHECK_FALSE(raft::codec<any_command>::decode(bytes_of({4})));
    CHECK_FALSE(raft::codec<any_command>::decode(bytes_of({0, 1})));
    CHECK_FALSE(raft::codec<any_command>::decode(bytes_of({3, 2, 'a'})));
}
