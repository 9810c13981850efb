// SPDX-License-Identifier: BSL-1.0
//
// What is said about keys: the patterns of KEYS and the hash slots of Redis Cluster.
#include <string>

#include "glob.hpp"
#include "hash_slot.hpp"
#include <doctest/doctest.h>

using namespace raft_kv;

TEST_CASE("glob: stars, single bytes, sets, ranges and escapes") {
    CHECK(glob_matches("*", ""));
    CHECK(glob_matches("*", "anything"));
    CHECK(glob_matches("", ""));
    CHECK_FALSE(glob_matches("", "a"));
    CHECK(glob_matches("h?llo", "hello"));
    CHECK_FALSE(glob_matches("h?llo", "hllo"));
    CHECK(glob_matches("h*llo", "hllo"));
    CHECK(glob_matches("h*l*o*", "heeeello"));
    CHECK(glob_matches("*a*b*c", "xxaxxbxxbxc"));
    CHECK_FALSE(glob_matches("*a*b*c", "xxaxxcxxb"));
    CHECK(glob_matches("h[ae]llo", "hallo"));
    CHECK_FALSE(glob_matches("h[ae]llo", "hillo"));
    CHECK(glob_matches("h[^e]llo", "hallo"));
    CHECK_FALSE(glob_matches("h[^e]llo", "hello"));
    CHECK(glob_matches("h[a-c]llo", "hbllo"));
    CHECK(glob_matches("h[c-a]llo", "hbllo"));
    CHECK_FALSE(glob_matches("h[a-c]llo", "hdllo"));
    CHECK(glob_matches("h\\*llo", "h*llo"));
    CHECK_FALSE(glob_matches("h\\*llo", "hello"));
    CHECK(glob_matches("[\\]]", "]"));
    CHECK(glob_matches("key:*[0-9]", "key:abc7"));
}

TEST_CASE("glob: patterns without an end match or not, and end") {
    CHECK(glob_matches("[a", "a"));
    CHECK_FALSE(glob_matches("[", "a"));
    CHECK_FALSE(glob_matches("[^", ""));
    CHECK(glob_matches("\\", "\\"));
    std::string stars;
    for (int i = 0; i < 500; ++i) stars += "a*";
    CHECK_FALSE(glob_matches(stars + "b", std::string(60000, 'a')));
}

TEST_CASE("hash slot: those that Redis gives, and only what is in braces counts") {
    CHECK(hash_slot("123456789") == 12739);
    CHECK(hash_slot("foo") == 12182);
    CHECK(hash_slot("bar") == 5061);
    CHECK(hash_slot("") == 0);
    CHECK(hash_slot("{user1000}.following") == hash_slot("{user1000}.followers"));
    CHECK(hash_slot("{user1000}.following") == hash_slot("user1000"));
    CHECK(hash_slot("foo{}{bar}") != hash_slot("bar"));
    CHECK(hash_slot("foo{{bar}}zap") == hash_slot("{bar"));
    CHECK(hash_slot("foo{bar}{zap}") == hash_slot("bar"));
}
