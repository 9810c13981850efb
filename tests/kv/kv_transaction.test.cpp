// SPDX-License-Identifier: BSL-1.0
//
// Transactions in the state machine: every server decides alike, from the log and from snapshots.
#include <array>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "kv.hpp"
#include <doctest/doctest.h>

#include <support/kv_snapshots.hpp>

using namespace raft_kv;
using raft::testing::restored;
using raft::testing::saved;
using raft::testing::saved_bytes;
using kind = write_result::kind;

namespace {

template <class Fill>
write_result applied(kv& store, std::uint64_t index, Fill fill) {
    std::string batch;
    fill(batch_writer{batch});
    const auto results = store.apply(raft::log_index{index}, batch);
    REQUIRE(results.size() == 1);
    return results.front();
}

void set(kv& store, std::uint64_t index, std::string_view key, std::string_view value = "v") {
    applied(store, index, [&](batch_writer batch) { batch.set(key, value); });
}

void remove(kv& store, std::uint64_t index, std::string_view key) {
    applied(store, index, [&](batch_writer batch) { batch.remove(std::array{key}); });
}

/// Sets `done` if the key was not changed since the log was applied up to there.
bool unchanged(kv& store, std::uint64_t index, std::string_view key, std::uint64_t since) {
    std::string parts;
    batch_writer{parts}.set("done", "1");
    const auto result = applied(store, index, [&](batch_writer batch) {
        batch.transaction(std::vector<watched_key>{{std::string{key}, since}}, parts);
    });
    CHECK((result.what == kind::transaction || result.what == kind::changed));
    CHECK(result.parts.size() == (result.what == kind::transaction ? 1U : 0U));
    return result.what == kind::transaction;
}

/// A snapshot of before there were transactions: of one key.
std::string snapshot_of_version_2() {
    saved_bytes sink;
    client_sessions{}.save(sink);
    std::string text{snapshot_mark_2};
    append_string(text, "");
    append_integer(text, std::uint64_t{1});
    append_string(text, "old");
    append_string(text, "value");
    append_integer(text, raft::wire::crc32c(std::as_bytes(std::span{text})));
    return sink.bytes + text;
}

}  // namespace

TEST_CASE("kv: a transaction sees its own writes, and nothing takes place if a key has changed") {
    kv store;
    std::string parts;
    batch_writer inner{parts};
    inner.set("a", "1");
    inner.increment("a", 1);
    inner.read(2, std::vector<std::string_view>{"GET", "a"});
    inner.read(3, std::vector<std::string_view>{"GET", "none"});
    inner.read(2, std::vector<std::string_view>{"SET", "a", "3"});
    const auto done = applied(store, 5, [&](batch_writer batch) { batch.transaction({}, parts); });
    REQUIRE(done.what == kind::transaction);
    REQUIRE(done.parts.size() == 5);
    CHECK(done.parts[1] == write_result{.what = kind::number, .number = 2});
    CHECK(done.parts[2] == write_result{.what = kind::reply, .text = "$1\r\n2\r\n"});
    CHECK(done.parts[3] == write_result{.what = kind::reply, .text = "_\r\n"});
    CHECK(done.parts[4].text.starts_with("-ERR "));
    CHECK(*store.find("a") == "2");
    CHECK_FALSE(unchanged(store, 6, "a", 4));
    CHECK(store.find("done") == nullptr);
    CHECK(unchanged(store, 7, "a", 5));
}

TEST_CASE("kv: every change of a key counts, and no change of another") {
    kv store;
    set(store, 1, "k");
    set(store, 2, "other");
    CHECK(unchanged(store, 3, "k", 1));
    applied(store, 4, [](batch_writer batch) { batch.set("k", "x", {.only_if_absent = true}); });
    CHECK(unchanged(store, 5, "k", 1));
    remove(store, 6, "k");
    CHECK_FALSE(unchanged(store, 7, "k", 5));
    CHECK(unchanged(store, 8, "k", 6));
    remove(store, 9, "k");
    CHECK(unchanged(store, 10, "k", 6));
    applied(store, 11, [](batch_writer batch) { batch.clear(); });
    CHECK_FALSE(unchanged(store, 12, "k", 10));
    CHECK(unchanged(store, 13, "k", 11));
}

TEST_CASE("kv: a server that comes by a snapshot decides as those that were there") {
    kv store;
    set(store, 10, "k");
    set(store, 11, "gone");
    remove(store, 12, "gone");
    auto other = restored(saved(store));
    CHECK(saved(other) == saved(store));
    for (auto* each : {&store, &other}) {
        CHECK(unchanged(*each, 13, "k", 10));
        CHECK_FALSE(unchanged(*each, 14, "k", 9));
        CHECK(unchanged(*each, 15, "gone", 12));
        CHECK_FALSE(unchanged(*each, 16, "gone", 11));
    }
    applied(store, 17, [](batch_writer batch) { batch.clear(); });
    other = restored(saved(store));
    CHECK_FALSE(unchanged(other, 18, "k", 16));
    CHECK(other.keys() == store.keys());
}

TEST_CASE("kv: a snapshot of before there were transactions is read") {
    auto store = restored(snapshot_of_version_2());
    CHECK(*store.find("old") == "value");
    CHECK(unchanged(store, 20, "old", 19));
    set(store, 21, "old");
    CHECK_FALSE(unchanged(store, 22, "old", 20));
    CHECK(unchanged(store, 23, "none", 19));
}

TEST_CASE("kv: what no transaction may have is malformed, and no read stands alone") {
    const auto with = [](auto fill) {
        kv store;
        std::string parts;
        fill(batch_writer{parts});
        const auto result =
            applied(store, 1, [&](batch_writer batch) { batch.transaction({}, parts); });
        return result.parts.empty() ? kind::done : result.parts.front().what;
    };
    CHECK(with([](batch_writer batch) { batch.open_session(); }) == kind::malformed);
    CHECK(with([](batch_writer batch) { batch.transaction({}, ""); }) == kind::malformed);
    CHECK(with([](batch_writer batch) { batch.once(1, 1, ""); }) == kind::malformed);
    CHECK(with([](batch_writer batch) { batch.read(2, {}); }) == kind::malformed);
    kv store;
    CHECK(applied(store, 1, [](batch_writer batch) {
              batch.read(2, std::vector<std::string_view>{"GET", "a"});
          }).what == kind::malformed);
    std::string inner;
    batch_writer{inner}.transaction({}, "");
    const auto session = applied(store, 2, [](batch_writer batch) { batch.open_session(); }).number;
    CHECK(applied(store, 3, [&](batch_writer batch) {
              batch.once(static_cast<std::uint64_t>(session), 1, inner);
          }).what == kind::malformed);
}
