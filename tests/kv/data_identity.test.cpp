// SPDX-License-Identifier: BSL-1.0
//
// Goal: no server takes up another's data. Method: claims of one directory by the server that has
// it, by another server, by another cluster, and by the same cluster with other members.
#include "data_identity.hpp"

#include <filesystem>
#include <fstream>
#include <string>

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

const char* const three = "cluster blue\n1 h 1001 2001\n2 h 1002 2002\n3 h 1003 2003\n";

}  // namespace

TEST_CASE("a directory is claimed once and belongs to that server from then on") {
    const directory data;
    CHECK_FALSE(claim_directory(data.path, layout_of(three), 1));
    CHECK_FALSE(claim_directory(data.path, layout_of(three), 1));
    CHECK_FALSE(std::filesystem::exists(data.path + "/identity.new"));
}

TEST_CASE("another server, another cluster and other members are refused, saying whose it is") {
    const directory data;
    REQUIRE_FALSE(claim_directory(data.path, layout_of(three), 1));
    const auto other_server = claim_directory(data.path, layout_of(three), 2);
    REQUIRE(other_server);
    CHECK(other_server->find("holds the data of server 1 of cluster") != std::string::npos);
    CHECK(other_server->find("but this is server 2 of cluster") != std::string::npos);
    CHECK(claim_directory(data.path, layout_of("cluster red\n1 h 1001 2001\n"), 1));
    CHECK(claim_directory(data.path, layout_of("cluster blue\n1 h 1001 2001\n"), 1));
}

TEST_CASE("an identity that makes no sense is refused and stays as it is") {
    const directory data;
    std::ofstream{data.path + "/identity"} << "";
    CHECK(claim_directory(data.path, layout_of(three), 1));
    CHECK(std::filesystem::file_size(data.path + "/identity") == 0);
}

TEST_CASE("a directory that cannot be written is named") {
    const auto wrong = claim_directory("/nonexistent", layout_of(three), 1);
    REQUIRE(wrong);
    CHECK(wrong->find("/nonexistent") != std::string::npos);
}
