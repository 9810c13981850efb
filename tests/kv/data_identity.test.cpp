// SPDX-License-Identifier: BSL-1.0
//
// Goal: no server takes up another's data. Method: claims of one directory by the server that has
// it, by another server, by another cluster, and by the same cluster with other members.
#include "data_identity.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include "server_id.hpp"
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
    return claim_directory(path, founder_claim(layout_of(layout), id));
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
    REQUIRE_FALSE(claim_directory(data.path, joiner_claim(7, server_id(3, 2))));
    CHECK_FALSE(claim_directory(data.path, joiner_claim(7, server_id(3, 2))));
    CHECK(std::get<std::string>(claim_in(data.path)) == "server 3.2 of cluster 7, joined\n");
    CHECK(claim_directory(data.path, joiner_claim(7, 3)));
    CHECK(claim_directory(data.path, joiner_claim(8, server_id(3, 2))));
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
