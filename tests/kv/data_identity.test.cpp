// SPDX-License-Identifier: BSL-1.0
//
// Goal: no server takes up another's data. Method: claims of one directory by the server that has
// it, by another server, by another cluster, and by the same cluster with other members; files that
// were changed, cut short or removed.
#include "data_identity.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "birth.hpp"
#include "incarnation.hpp"
#include <doctest/doctest.h>
#include <unistd.h>

using namespace raft_kv;

namespace {

struct directory {
    directory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "raft-kv-XXXXXX").string();
        path = ::mkdtemp(pattern.data());
    }
    directory(const directory&) = delete;
    directory& operator=(const directory&) = delete;
    ~directory() { std::filesystem::remove_all(path); }
    std::string path{};
};

cluster_layout layout_of(const char* text) { return std::get<cluster_layout>(parse_cluster(text)); }

std::optional<std::string> claim(const std::string& path, const char* layout, std::uint64_t id) {
    return claim_directory(path, founder_claim(layout_of(layout), id), true);
}

std::string contents(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

void put(const std::string& path, const std::string& text) {
    std::ofstream{path, std::ios::binary} << text;
}

const char* const three = "cluster blue\n1 h 1001 2001\n2 h 1002 2002\n3 h 1003 2003\n";

}  // namespace

TEST_CASE("a directory is claimed once and belongs to that server from then on") {
    const directory data;
    CHECK_FALSE(claim(data.path, three, 1));
    CHECK_FALSE(claim(data.path, three, 1));
    CHECK_FALSE(std::filesystem::exists(data.path + "/identity.new"));
}

TEST_CASE("another server, another cluster and other members are refused, saying whose it is") {
    const directory data;
    REQUIRE_FALSE(claim(data.path, three, 1));
    const auto other_server = claim(data.path, three, 2);
    REQUIRE(other_server);
    CHECK(other_server->find("holds the data of server 1 of cluster") != std::string::npos);
    CHECK(other_server->find("but this is server 2 of cluster") != std::string::npos);
    CHECK(claim(data.path, "cluster red\n1 h 1001 2001\n", 1));
    CHECK(claim(data.path, "cluster blue\n1 h 1001 2001\n", 1));
}

TEST_CASE(
    "F6 all addresses have changed: the refusal gives the line that makes it the same cluster") {
    const directory data;
    const std::string before = "1 h 1001 2001\n2 h 1002 2002\n3 h 1003 2003\n";
    const std::string after = "1 g 1001 2001\n2 g 1002 2002\n3 g 1003 2003\n";
    REQUIRE_FALSE(claim(data.path, before.c_str(), 1));
    const auto refused = claim(data.path, after.c_str(), 1);
    REQUIRE(refused);
    CAPTURE(*refused);
    const auto line = "cluster " + name_of_identity(layout_of(before.c_str()).identity());
    CHECK(refused->find("put this line at the head of the cluster file") != std::string::npos);
    CHECK(refused->ends_with(line));
    CHECK_FALSE(claim(data.path, (line + "\n" + after).c_str(), 1));
    // Another server, or other members, are no change of addresses.
    CHECK(claim(data.path, after.c_str(), 2)->find("put this line") == std::string::npos);
    CHECK(claim(data.path, "1 g 1001 2001\n", 1)->find("put this line") == std::string::npos);
}

TEST_CASE("an identity that makes no sense is refused and stays as it is") {
    const directory data;
    std::ofstream{data.path + "/identity"} << "";
    CHECK(claim(data.path, three, 1));
    CHECK(std::filesystem::file_size(data.path + "/identity") == 0);
}

TEST_CASE("a directory that cannot be written is named") {
    const auto wrong = claim("/nonexistent", three, 1);
    REQUIRE(wrong);
    CHECK(wrong->find("/nonexistent") != std::string::npos);
}

TEST_CASE("a server that joined, an incarnation and a founder are told apart") {
    const directory data;
    REQUIRE_FALSE(claim_directory(data.path, joiner_claim(7, server_id(3, 2)), true));
    CHECK_FALSE(claim_directory(data.path, joiner_claim(7, server_id(3, 2)), true));
    CHECK(std::get<std::string>(claim_in(data.path)) == "server 3.2 of cluster 7, joined\n");
    CHECK(claim_directory(data.path, joiner_claim(7, 3), true));
    CHECK(claim_directory(data.path, joiner_claim(8, server_id(3, 2)), true));
    CHECK(claim(data.path, three, 3));
    CHECK_FALSE(replace_claim(data.path, founder_claim(layout_of(three), 3)));
    CHECK_FALSE(claim(data.path, three, 3));
}

TEST_CASE("the servers that were known are known again, and what makes no sense is refused") {
    const directory data;
    CHECK_FALSE(std::get<0>(read_known_servers(data.path)).has_value());
    const auto layout = layout_of(three);
    REQUIRE_FALSE(keep_known_servers(data.path, cluster_text(layout.identity(), layout.servers)));
    const auto kept = std::get<0>(read_known_servers(data.path));
    REQUIRE(kept.has_value());
    CHECK(kept->servers == layout.servers);
    CHECK(kept->identity() == layout.identity());
    REQUIRE_FALSE(keep_known_servers(data.path, "1 h 1"));
    CHECK(std::holds_alternative<layout_error>(read_known_servers(data.path)));
}

TEST_CASE("an identity of which anything was changed or cut off is refused") {
    const directory data;
    const auto path = data.path + "/identity";
    REQUIRE_FALSE(claim(data.path, three, 1));
    const auto whole = contents(path);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        CAPTURE(at);
        auto flipped = whole;
        flipped[at] = static_cast<char>(flipped[at] ^ 1);
        for (const auto& text : {flipped, whole.substr(0, at)}) {
            put(path, text);
            const auto refused = claim(data.path, three, 1);
            REQUIRE(refused.has_value());
            CHECK(refused->starts_with(path + " is damaged"));
            CHECK(std::holds_alternative<layout_error>(claim_in(data.path)));
        }
    }
    put(path, whole);
    CHECK_FALSE(claim(data.path, three, 1));
}

TEST_CASE("known servers of which anything was changed or cut off are refused") {
    const directory data;
    const auto path = data.path + "/servers";
    REQUIRE_FALSE(keep_known_servers(data.path, three));
    const auto whole = contents(path);
    CHECK(std::holds_alternative<cluster_layout>(parse_cluster(whole)));
    for (std::size_t at = 0; at < whole.size(); ++at) {
        CAPTURE(at);
        auto flipped = whole;
        flipped[at] = static_cast<char>(flipped[at] ^ 1);
        for (const auto& text : {flipped, whole.substr(0, at)}) {
            put(path, text);
            const auto read = read_known_servers(data.path);
            REQUIRE(std::holds_alternative<layout_error>(read));
            CHECK(std::get<layout_error>(read).text.starts_with(path + " is damaged"));
        }
    }
}

TEST_CASE("a file without a checksum is refused, and says which one makes it good") {
    const directory data;
    const auto path = data.path + "/servers";
    put(path, three);
    const auto read = read_known_servers(data.path);
    REQUIRE(std::holds_alternative<layout_error>(read));
    const auto& refused = std::get<layout_error>(read).text;
    put(path, three + refused.substr(refused.find("# checksum ")) + "\n");
    const auto again = read_known_servers(data.path);
    REQUIRE(std::holds_alternative<std::optional<cluster_layout>>(again));
    CHECK(std::get<0>(again)->servers == layout_of(three).servers);
}

TEST_CASE("a log without an identity is refused, and says what can be done") {
    const directory data;
    const auto claimed = founder_claim(layout_of(three), 1);
    const auto refused = claim_directory(data.path, claimed, false);
    REQUIRE(refused.has_value());
    CHECK(refused->starts_with(data.path + "/identity is missing"));
    CHECK(refused->find("another incarnation") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(data.path + "/identity"));
    // As it says, by hand.
    put(data.path + "/identity", claimed + refused->substr(refused->find("# checksum ")) + "\n");
    CHECK_FALSE(claim_directory(data.path, claimed, false));
}

TEST_CASE("an identity without a log is refused, whatever else is there") {
    const directory data;
    CHECK_FALSE(missing_log(data.path));
    CHECK_FALSE(missing_log(data.path + "/none"));
    REQUIRE_FALSE(claim(data.path, three, 1));
    put(data.path + "/LOCK", "");
    put(data.path + "/servers", "");
    const auto refused = missing_log(data.path);
    REQUIRE(refused.has_value());
    CHECK(refused->find("its log is gone") != std::string::npos);
    // What is missing of a log, the log itself finds out.
    put(data.path + "/newest-segment", "");
    CHECK_FALSE(missing_log(data.path));
}

TEST_CASE("kv: the record of a birth says which state the cluster began with") {
    birth_record record{.history = {0xabc}, .founders = {{1, {2}}, {3, {4}}}};
    CHECK(parse_birth(text_of(record)) == record);
    record.begins_with = {
        .last_included = {{900}, {12}}, .size = 1'000'000, .checksum = 0xfedcba98};
    const auto text = text_of(record);
    CHECK(text.find("\nbegins-with 0000000000000384 000000000000000c 00000000000f4240 "
                    "00000000fedcba98\n") != std::string::npos);
    CHECK(parse_birth(text) == record);
    for (const auto* const wrong : {"begins-with 1 2 3 4\n", "begins-with \n"})
        CHECK_FALSE(parse_birth("history 0000000000000abc\n" + std::string{wrong}));
}
