// SPDX-License-Identifier: BSL-1.0
//
// A server's number and its incarnation in one identity.
#include "incarnation.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace raft_kv;

TEST_CASE("server id: a plain number is itself, and the first incarnation of it") {
    CHECK(id_in("3") == 3);
    CHECK(id_in("3.1") == 3);
    CHECK(id_text(3) == "3");
    CHECK(number_of(3) == 3);
    CHECK(incarnation_of(3) == 1);
}

TEST_CASE("server id: incarnations of a number are other servers") {
    CHECK(id_in("3.2") == 0x1'0000'0003);
    CHECK(id_text(0x1'0000'0003) == "3.2");
    CHECK(number_of(server_id(3, 7)) == 3);
    CHECK(incarnation_of(server_id(3, 7)) == 7);
    for (const std::string text : {"1.2", "4294967295", "4294967295.4294967295"})
        CHECK(id_text(id_in(text).value_or(0)) == text);
}

TEST_CASE("server id: what is none is told") {
    for (const auto* text : {"", "0", "-1", "x", "3.", ".2", "3.0", "3.2.1", "3,2", " 3", "3 ",
                             "4294967296", "1.4294967296"})
        CHECK_FALSE(id_in(text).has_value());
}
