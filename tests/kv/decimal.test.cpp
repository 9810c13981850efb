// SPDX-License-Identifier: BSL-1.0
//
// Numbers with decimals that are the same on every machine.
#include "decimal.hpp"

#include <string>

#include <doctest/doctest.h>

using raft_kv::decimal;

namespace {

std::string written(std::string_view text) {
    const auto number = decimal::parsed(text);
    return number ? number->text() : "none";
}

std::string sum(std::string_view one, std::string_view other) {
    const auto total = decimal::parsed(one).value().plus(decimal::parsed(other).value());
    return total ? total->text() : "none";
}

}  // namespace

TEST_CASE("decimal: what is a number and how it is written") {
    CHECK(written("0") == "0");
    CHECK(written("-0") == "0");
    CHECK(written("10.50") == "10.5");
    CHECK(written("+3.0e3") == "3000");
    CHECK(written("-.5") == "-0.5");
    CHECK(written("5.") == "5");
    CHECK(written("1.5e-3") == "0.0015");
    CHECK(written("1e-17") == "0.00000000000000001");
    CHECK(written("-1.9e-17") == "-0.00000000000000001");
    CHECK(written("1.5e-20") == "0");
    CHECK(written("99999999999999999999") == "99999999999999999999");
    CHECK(written("1e19") == "10000000000000000000");
    for (const auto* text : {"", "-", ".", "e5", "1e", "1e1000", "x", "1x", "1.2.3", "nan", "inf",
                             "--1", "1e20", "100000000000000000000", " 1", "1 "}) {
        CAPTURE(text);
        CHECK(written(text) == "none");
    }
    CHECK(written(std::string(65, '1')) == "none");
}

TEST_CASE("decimal: sums are exact or none") {
    CHECK(sum("0.1", "0.2") == "0.3");
    CHECK(sum("10.5", "-10.5") == "0");
    CHECK(sum("-0.3", "0.1") == "-0.2");
    CHECK(sum("99999999999999999999", "1") == "none");
    CHECK(sum("-99999999999999999999", "-1") == "none");
}
