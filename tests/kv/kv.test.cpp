// SPDX-License-Identifier: BSL-1.0
//
// The state machine: what each write does and answers, and snapshots that are not to be trusted.
#include "kv.hpp"

#include <array>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "incarnation.hpp"
#include <doctest/doctest.h>

#include <raft/policy.hpp>
#include <support/kv_snapshots.hpp>

using namespace raft_kv;
using raft::testing::read_bytes;
using raft::testing::saved;
using raft::testing::saved_bytes;
using kind = write_result::kind;

namespace {

static_assert(raft::snapshotting_state_machine<kv>);

template <class Fill>
kv::result applied(kv& store, Fill fill) {
    std::string batch;
    batch_writer writer{batch};
    fill(writer);
    return store.apply(raft::log_index{1}, batch);
}

template <class Fill>
write_result applied_one(kv& store, Fill fill) {
    const auto results = applied(store, fill);
    REQUIRE(results.size() == 1);
    return results.front();
}

write_result number(std::int64_t value) { return {.what = kind::number, .number = value}; }

std::string value_of(const kv& store, std::string_view key) {
    const auto* value = store.find(key);
    return value != nullptr ? *value : "(none)";
}

bool restored(kv& store, std::string_view bytes) {
    read_bytes source{bytes};
    return store.restore(source);
}

}  // namespace

TEST_CASE("kv: a batch is applied in its order, with one result for each write") {
    kv store;
    const std::array<std::string_view, 4> pairs{"a", "1", "b", "2"};
    const std::array<std::string_view, 3> keys{"a", "c", "b"};
    const auto results = applied(store, [&](batch_writer& batch) {
        batch.set_many(pairs);
        batch.increment("a", 41);
        batch.append("b", "!");
        batch.set("c", "3");
        batch.remove(keys);
        batch.set("d", "4");
    });
    CHECK(results == kv::result{{}, number(42), number(2), {}, number(3), {}});
    CHECK(store.keys().size() == 1);
    CHECK(value_of(store, "d") == "4");
    CHECK(applied(store, [](batch_writer& batch) { batch.clear(); }) == kv::result{{}});
    CHECK(store.keys().empty());
}

TEST_CASE("kv: set with its conditions") {
    kv store;
    const auto set = [&](std::string_view value, set_condition condition) {
        return applied_one(store, [&](batch_writer& batch) { batch.set("k", value, condition); });
    };
    const write_result nothing{.what = kind::nothing};
    CHECK(set("1", {.only_if_present = true}) == nothing);
    CHECK(set("1", {.only_if_present = true, .give_old_value = true}) == nothing);
    CHECK(store.keys().empty());
    CHECK(set("1", {.only_if_absent = true}) == write_result{});
    CHECK(set("2", {.only_if_absent = true}) == nothing);
    CHECK(set("2", {.only_if_absent = true, .give_old_value = true}) ==
          write_result{.what = kind::value, .text = "1"});
    CHECK(value_of(store, "k") == "1");
    CHECK(set("2", {.give_old_value = true}) == write_result{.what = kind::value, .text = "1"});
    CHECK(set("3", {.only_if_present = true}) == write_result{});
    CHECK(value_of(store, "k") == "3");
}

TEST_CASE("kv: numbers that are none, and sums that would be none") {
    kv store;
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    const auto increment = [&](std::string_view key, std::int64_t by) {
        return applied_one(store, [&](batch_writer& batch) { batch.increment(key, by); });
    };
    CHECK(increment("n", most) == number(most));
    CHECK(increment("n", 1).what == kind::overflow);
    CHECK(increment("n", -1) == number(most - 1));
    CHECK(increment("m", std::numeric_limits<std::int64_t>::min()).what == kind::number);
    CHECK(increment("m", -1).what == kind::overflow);
    for (const auto* text : {"", "x", "1 ", " 1", "01", "+1", "-0", "1.5", "9223372036854775808"}) {
        CAPTURE(text);
        CHECK_FALSE(integer_in(text));
        applied(store, [&](batch_writer& batch) { batch.set("t", text); });
        CHECK(increment("t", 1).what == kind::not_an_integer);
        CHECK(value_of(store, "t") == text);
    }
    CHECK(integer_in("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
    CHECK(integer_in("0") == 0);
}

TEST_CASE("kv: compare and set takes place only on the expected value") {
    kv store;
    const auto swap = [&](std::string_view expected, std::string_view value) {
        return applied_one(
            store, [&](batch_writer& batch) { batch.compare_and_set("k", expected, value); });
    };
    CHECK(swap("", "1") == number(0));
    CHECK(store.keys().empty());
    applied(store, [](batch_writer& batch) { batch.set("k", "1"); });
    CHECK(swap("2", "3") == number(0));
    CHECK(swap("1", "3") == number(1));
    CHECK(value_of(store, "k") == "3");
}

TEST_CASE("kv: a value grows to its limit and not beyond") {
    kv store;
    const std::string half(limits::value_bytes_max / 2, 'x');
    const auto append = [&](std::string_view more) {
        return applied_one(store, [&](batch_writer& batch) { batch.append("k", more); }).what;
    };
    CHECK(append(half) == kind::number);
    CHECK(append(half) == kind::number);
    CHECK(append("x") == kind::too_long);
    CHECK(store.find("k")->size() == limits::value_bytes_max);
}

TEST_CASE("kv: bytes that are no batch are answered alike on every server, and harm nothing") {
    std::string batch;
    batch_writer writer{batch};
    writer.set("key", "value");
    const std::array<std::string_view, 2> pair{"a", "b"};
    writer.set_many(pair);
    writer.compare_and_set("a", "b", "c");
    for (std::size_t length = 1; length < batch.size(); ++length) {
        kv store;
        const auto results = store.apply({}, batch.substr(0, length));
        REQUIRE_FALSE(results.empty());
    }
    std::mt19937 random{7};
    for (int round = 0; round < 20000; ++round) {
        auto changed = batch;
        changed[random() % changed.size()] = static_cast<char>(random());
        kv one;
        kv other;
        REQUIRE(one.apply({}, changed) == other.apply({}, changed));
        REQUIRE(one.keys() == other.keys());
    }
    kv store;
    CHECK(store.apply({}, std::string{"\xff"}).front().what == kind::malformed);
    CHECK(store.apply({}, std::string{}).empty());
}

TEST_CASE("kv: a snapshot brings back everything") {
    kv store;
    for (int i = 0; i < 3000; ++i)
        applied(store, [&](batch_writer& batch) {
            batch.set("key" + std::to_string(i), std::string(static_cast<std::size_t>(i), 'v'));
        });
    kv other;
    applied(other, [](batch_writer& batch) { batch.set("old", "1"); });
    CHECK(restored(other, saved(store)));
    CHECK(other.keys() == store.keys());
    CHECK(restored(other, saved(kv{})));
    CHECK(other.keys().empty());
}

TEST_CASE("kv: equal stores write equal snapshots, in whatever order keys came") {
    kv one;
    kv other;
    const auto set = [](kv& store, int i) {
        applied(store, [&](batch_writer& batch) {
            batch.set("key" + std::to_string(i), std::to_string(i));
        });
    };
    for (int i = 0; i < 8000; ++i) set(one, i);
    for (int i = 7999; i >= 0; --i) set(other, i);
    for (int i = 5000; i < 8000; ++i) {
        const std::array<std::string, 1> key{"key" + std::to_string(i)};
        const std::array<std::string_view, 1> gone{key[0]};
        for (auto* each : {&one, &other})
            applied(*each, [&](batch_writer& batch) { batch.remove(gone); });
    }
    CHECK(one.keys() == other.keys());
    CHECK(saved(one) == saved(other));
    set(one, 8000);
    CHECK(saved(one) != saved(other));
}

TEST_CASE("kv: what was captured is the store as it was, whatever is written then") {
    static_assert(raft::capturing_state_machine<kv>);
    kv store;
    const auto write_all = [&](const std::string& value) {
        for (int i = 0; i < 5000; ++i)
            applied(store, [&](batch_writer& batch) { batch.set("k" + std::to_string(i), value); });
    };
    write_all("before");
    const auto before = saved(store);
    auto captured = store.capture();
    saved_bytes meanwhile;
    std::thread saving{[&, held = std::move(captured)] { held.save(meanwhile); }};
    write_all("after");
    saving.join();
    CHECK(meanwhile.bytes == before);

    auto last = store.capture();
    const auto after = saved(store);
    applied(store, [](batch_writer& batch) {
        const std::array<std::string_view, 1> gone{"k1"};
        batch.remove(gone);
        batch.append("k2", "!");
        batch.increment("n", 1);
        batch.clear();
    });
    saved_bytes sink;
    last.save(sink);
    CHECK(sink.bytes == after);
    CHECK(store.keys().empty());
}

TEST_CASE("kv: of a damaged snapshot nothing is taken") {
    kv store;
    applied(store, [](batch_writer& batch) {
        batch.set("key", "value");
        batch.set("other", "");
    });
    const auto good = saved(store);
    kv other;
    applied(other, [](batch_writer& batch) { batch.set("mine", "1"); });
    for (std::size_t length = 0; length < good.size(); ++length)
        REQUIRE_FALSE(restored(other, good.substr(0, length)));
    for (std::size_t at = 0; at < good.size(); ++at)
        for (const auto bit : {1, 128}) {
            auto bad = good;
            bad[at] = static_cast<char>(bad[at] ^ bit);
            REQUIRE_FALSE(restored(other, bad));
        }
    CHECK(other.keys().size() == 1);
    CHECK(value_of(other, "mine") == "1");
}

TEST_CASE("kv: where servers are is part of the state, and of its snapshot") {
    kv store;
    applied(store, [](batch_writer& batch) {
        batch.put_address({.id = 4, .host = "four", .peer_port = 1, .client_port = 2});
        batch.put_address(
            {.id = 5, .host = "five", .peer_port = 1, .client_port = 2, .tls_port = 3});
        batch.put_address({.id = 6, .host = "four", .peer_port = 2, .client_port = 3});
        batch.put_address(
            {.id = server_id(6, 2), .host = "four", .peer_port = 2, .client_port = 3});
    });
    kv other;
    CHECK(restored(other, saved(store)));
    for (const auto* each : {&store, &other}) {
        const auto& servers = each->addresses().servers();
        REQUIRE(servers.size() == 3);  // Server 6 came where server 4 was; its next is there, too.
        CHECK(servers[0].id == 5);
        CHECK(servers[0].tls_port == 3);
        CHECK(servers[1].id == 6);
        CHECK(servers[2].id == server_id(6, 2));
    }
    CHECK(applied_one(store, [](batch_writer& batch) { batch.remove_address(5); }) == number(1));
    CHECK(applied_one(store, [](batch_writer& batch) { batch.remove_address(5); }) == number(0));
}

TEST_CASE("kv: no more addresses are kept than there is room for") {
    kv store;
    const auto put = [&](std::uint64_t id) {
        return applied_one(store, [&](batch_writer& batch) {
            batch.put_address(
                {.id = id, .host = "h" + std::to_string(id), .peer_port = 1, .client_port = 2});
        });
    };
    for (std::uint64_t id = 1; id <= known_servers_max; ++id) CHECK(put(id).what == kind::done);
    CHECK(put(known_servers_max + 1).what == kind::too_many_servers);
    CHECK(put(1).what == kind::done);
}

namespace {

/// A write of a session: INCR n.
write_result increment_once(kv& store, std::uint64_t index, std::int64_t session,
                            std::uint64_t serial) {
    std::string increment;
    batch_writer{increment}.increment("n", 1);
    std::string batch;
    batch_writer{batch}.once(static_cast<std::uint64_t>(session), serial, increment);
    const auto results = store.apply(raft::log_index{index}, batch);
    REQUIRE(results.size() == 1);
    return results.front();
}

}  // namespace

TEST_CASE("kv: a write of a session is carried out once, after a snapshot too") {
    kv store;
    std::string batch;
    batch_writer{batch}.open_session();
    batch_writer{batch}.open_session();
    const auto opened = store.apply(raft::log_index{7}, batch);
    REQUIRE(opened.size() == 2);
    const auto session = opened[0].number;
    CHECK(session != opened[1].number);
    CHECK(increment_once(store, 8, session, 1) == number(1));
    CHECK(increment_once(store, 9, session, 1) == number(1));
    CHECK(increment_once(store, 10, opened[1].number, 1) == number(2));
    kv other;
    REQUIRE(restored(other, saved(store)));
    CHECK(increment_once(other, 11, session, 1) == number(1));
    CHECK(increment_once(other, 12, session, 2) == number(3));
    CHECK(increment_once(other, 13, session + 1'000'000'000, 1).what == kind::unknown_session);
    CHECK(increment_once(other, 14, session, 2 + session_window) == number(4));
    CHECK(increment_once(other, 15, session, 2).what == kind::answer_gone);
    CHECK(value_of(other, "n") == "4");
}

TEST_CASE("kv: a write within a write within a write is none") {
    kv store;
    std::string innermost;
    batch_writer{innermost}.increment("n", 1);
    std::string inner;
    batch_writer{inner}.once(1, 1, innermost);
    const auto opened =
        applied_one(store, [](batch_writer& batch) { batch.open_session(); }).number;
    const auto result = applied_one(store, [&](batch_writer& batch) {
        batch.once(static_cast<std::uint64_t>(opened), 1, inner);
    });
    CHECK(result.what == kind::malformed);
    CHECK(value_of(store, "n") == "(none)");
}

// Goal: whatever is applied, a snapshot of it can be read. Method: commands that no client could
// have proposed, each alone; then batches of random bytes of every kind of write.

TEST_CASE("F25 an address that no cluster file can say is not applied") {
    const server_address good{.id = 4, .host = "four", .peer_port = 1, .client_port = 2};
    const auto with = [&](auto change) {
        auto address = good;
        change(address);
        return address;
    };
    const server_address wrong[] = {
        {.id = 0x5d08005d5d100010,
         .host = std::string(22, '\xab'),
         .peer_port = 9,
         .client_port = 8},
        with([](auto& each) { each.host = ""; }),
        with([](auto& each) { each.host = "four five"; }),
        with([](auto& each) { each.host = "four\n5 five 3 4"; }),
        with([](auto& each) { each.host = std::string(256, 'h'); }),
        with([](auto& each) { each.id = 0; }),
        with([](auto& each) { each.id = 0x1'0000'0000; }),
        with([](auto& each) { each.id = 0xffff'ffff'0000'0001; }),
        with([](auto& each) { each.peer_port = 0; }),
        with([](auto& each) { each.client_port = 0; }),
        with([](auto& each) { each.client_port = each.peer_port; }),
        with([](auto& each) { each.tls_port = each.peer_port; }),
    };
    for (const auto& each : wrong) {
        CAPTURE(each.host);
        CAPTURE(each.id);
        kv store;
        applied(store, [&](batch_writer& batch) { batch.put_address(good); });
        CHECK(applied_one(store, [&](batch_writer& batch) { batch.put_address(each); }).what ==
              kind::malformed);
        kv other;
        CHECK(restored(other, saved(store)));
        CHECK(other.addresses().servers() == std::vector{good});
    }
}

TEST_CASE("F25 keys and values that no client may write are not applied") {
    const std::string long_key(limits::key_bytes_max + 1, 'k');
    const std::string long_value(limits::value_bytes_max + 1, 'v');
    const auto is_refused = [](auto fill) {
        kv store;
        applied(store, [](batch_writer& batch) { batch.set("k", "1"); });
        const auto result = applied_one(store, fill);
        kv other;
        return result.what == kind::malformed && restored(other, saved(store));
    };
    CHECK(is_refused([&](batch_writer& batch) { batch.set(long_key, "1"); }));
    CHECK(is_refused([&](batch_writer& batch) { batch.set("k", long_value); }));
    CHECK(is_refused([&](batch_writer& batch) { batch.increment(long_key, 1); }));
    CHECK(is_refused([&](batch_writer& batch) { batch.append(long_key, "1"); }));
    CHECK(is_refused([&](batch_writer& batch) { batch.compare_and_set("k", "1", long_value); }));
    CHECK(is_refused([&](batch_writer& batch) {
        const std::array<std::string_view, 4> pairs{"a", "1", long_key, "2"};
        batch.set_many(pairs);
    }));
}

TEST_CASE("F25 no session is opened within the use of one") {
    kv store;
    const auto opened =
        applied_one(store, [](batch_writer& batch) { batch.open_session(); }).number;
    std::string inner;
    const write_times late{.log = {std::numeric_limits<std::uint64_t>::max()}};
    batch_writer{inner, late}.open_session();
    CHECK(applied_one(store, [&](batch_writer& batch) {
              batch.once(static_cast<std::uint64_t>(opened), 1, inner);
          }).what == kind::malformed);
}

TEST_CASE("F25 whatever bytes are applied, the snapshot can be read") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    const auto some = [&](std::size_t most) {
        std::string text(random() % (most + 1), 'x');
        for (auto& byte : text) byte = static_cast<char>(random() % 4 == 0 ? random() : 'a');
        return text;
    };
    kv store;
    for (std::uint64_t index = 1; index <= 20000; ++index) {
        std::string batch;
        append_integer(batch, static_cast<std::uint8_t>(random() % 22));
        switch (random() % 3) {
        case 0: append_string(batch, some(4)); break;
        case 1: append_integer(batch, std::uint64_t{random() % 8}); break;
        default: batch += some(40);
        }
        append_string(batch, some(8));
        append_integer(batch, static_cast<std::uint32_t>(random()));
        append_string(batch, some(8));
        static_cast<void>(store.apply(raft::log_index{index}, batch));
        if (index % 1000 != 0) continue;
        kv other;
        REQUIRE(restored(other, saved(store)));
    }
}
