// SPDX-License-Identifier: BSL-1.0
//
// Goal: histories come back as they were written, and whatever else a file holds is refused with
// the line and the reason. Method: each rule by hand, then good lines cut, and changed at random.
#include <cstddef>
#include <random>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <raft/testing/history.hpp>

using namespace raft::testing;

namespace {

const std::vector<std::string> good_lines{
    R"({"client":3,"op":"put","key":"x","value":"7","call":1,"return":2,"status":"ok"})",
    R"({"client":3,"op":"get","key":"x","absent":true,"call":1,"return":2,"status":"ok"})",
    R"({"client":3,"op":"get","key":"\u0001\"\\","result":"","call":1,"return":1,"status":"ok"})",
    R"({"client":4,"op":"cas","key":"x","value":"7","expect":"5","result":"true","call":-1,)"
    R"("return":2,"status":"ok"})",
    R"({"client":0,"op":"append","key":"x","value":"7","call":1,"status":"unknown"})",
    R"({"client":1,"op":"incr","key":"n","value":"-2","result":"5","call":1,"return":2,)"
    R"("status":"ok"})",
    R"({"client":1,"op":"del","key":"n","call":1,"return":2,"status":"fail"})",
    R"({"client":1,"op":"txn","ops":[{"op":"get","key":"a","result":"1"},{"op":"put",)"
    R"("key":"b","value":"2"}],"call":1,"return":2,"status":"ok"})",
};

std::string why_not(const std::string& line) {
    const auto read = read_operation(line);
    const auto* why = std::get_if<std::string>(&read);
    return why == nullptr ? "" : *why;
}

}  // namespace

TEST_CASE("history: lines come back as they were written") {
    for (const auto& each : good_lines) {
        const auto read = read_operation(each);
        REQUIRE_MESSAGE(std::holds_alternative<history_operation>(read), each);
        CHECK(write_operation(std::get<history_operation>(read)) == each);
    }
}

TEST_CASE("history: what is wrong with a line is said") {
    const std::string end = R"(,"call":1,"return":2,"status":"ok"})";
    CHECK(why_not(R"({"op":"gte","key":"x")" + end) == "unknown op \"gte\"");
    CHECK(why_not(R"({"key":"x")" + end) == "no \"op\"");
    CHECK(why_not(R"({"op":"get")" + end) == "no \"key\"");
    CHECK(why_not(R"({"op":"put","key":"x")" + end) == "no \"value\"");
    CHECK(why_not(R"({"op":"get","key":"x")" + end) ==
          "a get needs a \"result\", or \"absent\":true");
    CHECK(why_not(R"({"op":"cas","key":"x","value":"1","result":"yes")" + end) ==
          "the \"result\" is neither \"true\" nor \"false\"");
    CHECK(why_not(R"({"op":"incr","key":"x","value":"one")" + end) ==
          "incr by \"one\", which is no number");
    CHECK(why_not(R"({"op":"txn","ops":[])" + end) == "a txn without \"ops\"");
    CHECK(why_not(R"({"op":"put","key":"x","value":"1","colour":"red")" + end) ==
          "unknown or repeated member \"colour\"");
    CHECK(why_not(R"({"op":"put","key":"x","value":"1","call":5,"return":4,"status":"ok"})") ==
          "it returns before it is called");
    CHECK(why_not(R"({"op":"put","key":"x","value":"1","call":5,"status":"ok"})") ==
          "no \"return\", though it is ok");
    CHECK(why_not(R"({"op":"put","key":"x","value":"1","call":5,"status":"okay"})") ==
          "unknown status \"okay\"");
    CHECK(why_not(R"({"op":"put)") == "column 8: a string has no end");
    CHECK(why_not(good_lines.front() + "}") == "column 80: there is more than one object");
    CHECK(why_not(R"({"op":"put","key":"x","value":"1","call":1.5)") ==
          "column 42: a whole number of 64 bits is missing");
}

TEST_CASE("history: the line that is wrong is named, and empty ones are passed over") {
    std::istringstream in{good_lines[0] + "\n\n" + good_lines[1] + "\r\n" + "{\n"};
    const auto read = read_history(in);
    REQUIRE(std::holds_alternative<history_error>(read));
    CHECK(std::get<history_error>(read).line == 4);
    std::istringstream good{good_lines[0] + "\n\n" + good_lines[1] + "\r\n"};
    const auto all = std::get<std::vector<history_operation>>(read_history(good));
    REQUIRE(all.size() == 2);
    CHECK(all[1].line == 3);
}

TEST_CASE("history: no line that is cut is taken, and none that is changed is more than refused") {
    std::mt19937_64 random{20240229};
    for (const auto& line : good_lines) {
        for (std::size_t size = 0; size < line.size(); ++size)
            CHECK(why_not(line.substr(0, size)) != "");
        for (int i = 0; i < 2000; ++i) {
            auto changed = line;
            for (auto count = 1 + random() % 4; count > 0; --count)
                changed[random() % changed.size()] = static_cast<char>(random() % 256);
            const auto read = read_operation(changed);
            if (const auto* one = std::get_if<history_operation>(&read))
                CHECK(std::get<history_operation>(read_operation(write_operation(*one))) == *one);
        }
    }
}
