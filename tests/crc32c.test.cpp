// SPDX-License-Identifier: BSL-1.0
//
// CRC-32C against its published values (RFC 3720 B.4 and the catalogue's check value), at compile
// time and at run time.
#include <array>
#include <vector>

#include <doctest/doctest.h>

#include <raft/crc32c.hpp>

namespace {

constexpr std::array<std::byte, 9> digits{std::byte{'1'}, std::byte{'2'}, std::byte{'3'},
                                          std::byte{'4'}, std::byte{'5'}, std::byte{'6'},
                                          std::byte{'7'}, std::byte{'8'}, std::byte{'9'}};

static_assert(raft::wire::crc32c(digits) == 0xE3069283U);
static_assert(raft::wire::crc32c({}) == 0);

std::vector<std::byte> counting(std::size_t size) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 256);
    return bytes;
}

}  // namespace

TEST_CASE("crc32c: the check value of the catalogue") {
    CHECK(raft::wire::crc32c(digits) == 0xE3069283U);
}

TEST_CASE("crc32c: RFC 3720 B.4, 32 bytes of zeros, of ones, ascending, descending") {
    std::array<std::byte, 32> bytes{};
    CHECK(raft::wire::crc32c(bytes) == 0x8A9136AAU);
    bytes.fill(std::byte{0xFF});
    CHECK(raft::wire::crc32c(bytes) == 0x62A8AB43U);
    for (std::size_t i = 0; i < 32; ++i) bytes[i] = static_cast<std::byte>(i);
    CHECK(raft::wire::crc32c(bytes) == 0x46DD794EU);
    for (std::size_t i = 0; i < 32; ++i) bytes[i] = static_cast<std::byte>(31 - i);
    CHECK(raft::wire::crc32c(bytes) == 0x113FDB5CU);
}

TEST_CASE("crc32c: made in pieces it is the same") {
    const auto bytes = counting(300);
    const std::span<const std::byte> all{bytes};
    for (std::size_t cut = 0; cut <= all.size(); ++cut)
        CHECK(raft::wire::crc32c(all.subspan(cut), raft::wire::crc32c(all.first(cut))) ==
              raft::wire::crc32c(all));
}

TEST_CASE("crc32c: tables and processor agree on every length and alignment") {
    const auto bytes = counting(200);
    const std::span<const std::byte> all{bytes};
    for (std::size_t from = 0; from < 16; ++from)
        for (std::size_t size = 0; size <= 150; ++size)
            CHECK(~raft::detail::crc32c_by_table(all.subspan(from, size), ~0U) ==
                  raft::wire::crc32c(all.subspan(from, size)));
}

TEST_CASE("crc32c: every single flipped bit changes it") {
    auto bytes = counting(64);
    const auto original = raft::wire::crc32c(bytes);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
        CHECK(raft::wire::crc32c(bytes) != original);
        bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    }
}
