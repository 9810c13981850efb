// SPDX-License-Identifier: BSL-1.0
//
// Expiry in the state machine: what has expired is gone at one entry of the log on every server,
// with snapshots, under transactions, and however much expires at once.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kv.hpp"
#include <doctest/doctest.h>

#include <support/cluster_of_clocks.hpp>
#include <support/kv_snapshots.hpp>

using namespace raft_kv;
using raft::testing::cluster_of_clocks;
using raft::testing::read_bytes;
using raft::testing::restored;
using raft::testing::saved;
using kind = write_result::kind;

namespace {

constexpr raft::timing::log_time at_ms(std::uint64_t ms) { return {ms * 1'000'000}; }

/// Writes at these times, each an entry of its own.
struct timed_store {
    kv store{};
    std::uint64_t index = 0;

    template <class Fill>
    write_result at(std::uint64_t ms, Fill fill) {
        std::string batch;
        fill(batch_writer{batch, {.log = at_ms(ms)}});
        const auto results = store.apply({++index}, batch);
        REQUIRE(results.size() == 1);
        return results.front();
    }
    void set(std::uint64_t ms, std::string_view key, std::int64_t lives) {
        at(ms, [&](batch_writer batch) {
            batch.set_expiring(key, "v", {}, {.lives = lifetime{lives, lives}});
        });
    }
    void stamp(std::uint64_t ms) {
        at(ms, [](batch_writer batch) { batch.stamp(); });
    }
    [[nodiscard]] bool has(std::string_view key) const { return store.find(key) != nullptr; }

    /// Whether a transaction takes place that watches the key since that index.
    bool unchanged(std::string_view key, std::uint64_t since) {
        std::string parts;
        batch_writer{parts}.set("done", "1");
        const auto result = at(0, [&](batch_writer batch) {
            batch.transaction(std::vector<watched_key>{{std::string{key}, since}}, parts);
        });
        return result.what == kind::transaction;
    }
};

/// Notes at which entry each key was gone.
struct noting_kv {
    using command = kv::command;
    using result = kv::result;

    result apply(raft::log_index index, const command& batch) {
        std::vector<std::string> before;
        store.keys().for_each([&](const std::string& key, const auto&) { before.push_back(key); });
        auto results = store.apply(index, batch);
        for (const auto& key : before)
            if (store.find(key) == nullptr) gone[key] = index.value;
        return results;
    }
    [[nodiscard]] raft::timing::log_time now() const { return store.now(); }
    [[nodiscard]] std::optional<raft::timing::log_time> next_expiry() const {
        return store.next_expiry();
    }
    [[nodiscard]] static command stamp_at(raft::timing::log_time now) { return kv::stamp_at(now); }
    void save(auto& sink) const { store.save(sink); }
    [[nodiscard]] bool restore(auto& source) { return store.restore(source); }

    kv store{};
    std::map<std::string, std::uint64_t> gone{};
};

struct kv_servers : cluster_of_clocks<noting_kv> {
    using cluster_of_clocks<noting_kv>::cluster_of_clocks;

    template <class Fill>
    void write(Fill fill) {
        const auto id = leader();
        const auto unix_ms = static_cast<std::int64_t>(wall_time(id).nanoseconds / 1'000'000);
        std::string batch;
        fill(batch_writer{batch, {.log = read_time(id), .unix_ms = unix_ms}});
        propose(id, std::move(batch));
    }
    void set(std::string_view key, std::int64_t lives) {
        write([&](batch_writer batch) {
            batch.set_expiring(key, "v", {}, {.lives = lifetime{lives, 0}});
        });
    }
    bool has(std::uint64_t id, std::string_view key) {
        return machine_of(id).store.find(key) != nullptr;
    }
};

}  // namespace

TEST_CASE("kv expiry: a key is gone at one index on servers whose clocks are minutes apart") {
    kv_servers servers{{3, 0, 61}};
    const auto first = servers.leader();
    servers.set("k", 4'000);
    servers.set("long", 3'600'000);
    servers.pass(700);
    servers.kill(first);
    const auto waited =
        servers.time_until([&] { return !servers.has(servers.leader(), "k"); }, 8'000);
    REQUIRE(waited.has_value());
    CHECK(*waited >= 3'300);
    CHECK(*waited <= 3'310);
    servers.start(first);
    servers.pass(3'000);
    for (std::uint64_t id = 1; id <= 3; ++id) {
        CHECK(servers.machine_of(id).gone == servers.machine_of(first).gone);
        CHECK_FALSE(servers.has(id, "k"));
        CHECK(servers.has(id, "long"));
    }
    CHECK(servers.machine_of(first).gone.size() == 1);
}

TEST_CASE("kv expiry: it is exact over snapshots and restarts of every server") {
    kv_servers servers{{0, 90, 7}};
    servers.set("k", 20'000);
    for (std::uint64_t id = 1; id <= 3; ++id) {
        servers.pass(2'000);
        CHECK_FALSE(servers[id].take_snapshot().has_value());
        servers.kill(id);
        servers.pass(1'000);
        servers.start(id);
    }
    servers.pass(2'000);
    const auto waited =
        servers.time_until([&] { return !servers.has(servers.leader(), "k"); }, 20'000);
    REQUIRE(waited.has_value());
    CHECK(*waited >= 9'000 - 2'000);
    CHECK(*waited <= 9'100);
    servers.pass(1'000);
    for (std::uint64_t id = 1; id <= 3; ++id)
        CHECK(saved(servers.machine_of(id).store) == saved(servers.machine_of(1).store));
}

TEST_CASE("kv expiry: a key lives through its last millisecond and is there for nobody after it") {
    timed_store s;
    s.set(1'000, "k", 500);
    s.stamp(1'499);
    CHECK(s.has("k"));
    CHECK(s.store.next_expiry() == at_ms(1'500));
    s.stamp(1'500);
    CHECK_FALSE(s.has("k"));
    CHECK(s.store.keys().empty());
    CHECK_FALSE(s.store.next_expiry().has_value());
    s.stamp(10);  // Behind the log's time: nothing is revived.
    CHECK(s.store.now() == at_ms(1'500));
    // A write that is stamped late lives from the log's time on.
    s.set(10, "k", 500);
    CHECK(s.store.next_expiry() == at_ms(2'000));
}

TEST_CASE("kv expiry: which writes keep it and which end it") {
    const auto keeps = [](auto write) {
        timed_store s;
        s.at(0, [&](batch_writer batch) {
            batch.set_expiring("k", "1", {}, {.lives = lifetime{100, 5}});
        });
        s.at(1, write);
        CHECK(s.store.keys().expiring() == (s.store.next_expiry() ? 1U : 0U));
        return s.store.next_expiry().has_value();
    };
    CHECK(keeps([](batch_writer batch) { batch.increment("k", 1); }));
    CHECK(keeps([](batch_writer batch) { batch.append("k", "1"); }));
    CHECK(keeps([](batch_writer batch) { batch.set_range("k", 0, "2"); }));
    CHECK(keeps([](batch_writer batch) { batch.add_decimal("k", "0.5"); }));
    CHECK(keeps([](batch_writer batch) { batch.compare_and_set("k", "1", "2"); }));
    CHECK(keeps([](batch_writer batch) { batch.set_expiring("k", "2", {}, {.keeps = true}); }));
    CHECK(keeps([](batch_writer batch) { batch.set("k", "2", {.only_if_absent = true}); }));
    CHECK_FALSE(keeps([](batch_writer batch) { batch.set("k", "2"); }));
    CHECK_FALSE(keeps([](batch_writer batch) {
        batch.set_many(std::vector<std::string_view>{"k", "2"});
    }));
    CHECK_FALSE(keeps([](batch_writer batch) { batch.persist("k"); }));
    CHECK_FALSE(keeps([](batch_writer batch) { batch.get_expiring("k", {}); }));
    CHECK_FALSE(keeps([](batch_writer batch) { batch.take("k"); }));
    CHECK_FALSE(keeps([](batch_writer batch) {
        batch.set_expiring("k", "2", {}, {.lives = lifetime{0, 0}});
    }));
    CHECK_FALSE(keeps([](batch_writer batch) { batch.expire("k", {}, {-1, 0}); }));
    CHECK_FALSE(keeps([](batch_writer batch) { batch.clear(); }));
}

TEST_CASE("kv expiry: a watched key that expires has changed and one that is gone has not") {
    timed_store s;
    s.set(0, "k", 100);
    CHECK(s.unchanged("k", 1));
    s.stamp(100);
    CHECK_FALSE(s.unchanged("k", 1));
    CHECK(s.unchanged("k", s.index));
    s.set(100, "k", 100);
    const auto watched = s.index;
    s.at(110, [](batch_writer batch) { batch.expire("k", {}, {500, 0}); });
    CHECK_FALSE(s.unchanged("k", watched));
    CHECK(s.unchanged("k", s.index));
}

TEST_CASE("kv expiry: a snapshot has it and one without is as servers of before read it") {
    timed_store s;
    s.at(0, [](batch_writer batch) { batch.set("stays", "v"); });
    CHECK(saved(s.store).find(snapshot_mark_3) != std::string::npos);
    s.set(0, "k", 100);
    s.set(0, "later", 5'000);
    CHECK(saved(s.store).find(snapshot_mark) != std::string::npos);
    timed_store other{restored(saved(s.store)), s.index};
    CHECK(saved(other.store) == saved(s.store));
    for (auto* each : {&s, &other}) {
        each->stamp(99);
        CHECK(each->has("k"));
        CHECK_FALSE(each->unchanged("k", 1));
        each->stamp(100);
        CHECK_FALSE(each->has("k"));
        CHECK(each->has("later"));
        CHECK(each->store.next_expiry() == at_ms(5'000));
    }
    CHECK(saved(other.store) == saved(s.store));
    s.stamp(5'000);
    CHECK(saved(s.store).find(snapshot_mark_3) != std::string::npos);
    // Cut short, or changed, it is none.
    const auto bytes = saved(other.store);
    for (std::size_t length = bytes.size() - 60; length < bytes.size(); ++length) {
        kv none;
        read_bytes source{std::string_view{bytes}.substr(0, length)};
        CHECK_FALSE(none.restore(source));
    }
}

TEST_CASE("kv expiry: very many keys that expire at once are gone at once and given back by bits") {
    timed_store s;
    constexpr std::size_t count = 100'000;
    std::string batch;
    const write_times times{.log = at_ms(0)};
    for (std::size_t i = 0; i < count; ++i)
        batch_writer{batch, times}.set_expiring("key" + std::to_string(i), "v", {},
                                                {.lives = lifetime{1'000, 0}});
    static_cast<void>(s.store.apply({++s.index}, batch));
    s.at(0, [](batch_writer write) { write.set("stays", "v"); });
    CHECK(s.store.keys().size() == count + 1);
    std::size_t most = 0;
    std::size_t entries = 0;
    kv half;
    do {
        const auto before = s.store.keys().all().size();
        s.stamp(1'000);
        most = std::max(most, before - s.store.keys().all().size());
        CHECK_FALSE(s.has("key0"));
        if (++entries == 100) half = restored(saved(s.store));
    } while (s.store.next_expiry().has_value());
    CHECK(s.store.keys().all().size() == 1);
    CHECK(most < 1'000);
    CHECK(entries > 500);
    std::size_t seen = 0;
    half.keys().for_each([&](const auto&, const auto&) { ++seen; });
    CHECK(seen == 1);
    CHECK(half.keys().all().size() > count / 2);
    CHECK(half.keys().size() == 1);
    CHECK(half.keys().expiring() == 0);
    // Who came by a snapshot in the midst of it gives back the same at the same entries.
    std::string stamp;
    batch_writer{stamp, {.log = at_ms(1'000)}}.stamp();
    for (std::size_t i = 100; i < entries; ++i) {
        CHECK(half.next_expiry().has_value());
        static_cast<void>(half.apply({2 + i + 1}, stamp));
    }
    CHECK_FALSE(half.next_expiry().has_value());
    CHECK(saved(half) == saved(s.store));
}

TEST_CASE("kv expiry: what is not given back yet is removed by whoever comes to it") {
    timed_store s;
    std::string batch;
    for (std::size_t i = 0; i < 2'000; ++i)
        batch_writer{batch}.set_expiring("key" + std::to_string(i), "1", {},
                                         {.lives = lifetime{1'000, 0}});
    static_cast<void>(s.store.apply({++s.index}, batch));
    s.stamp(1'000);
    REQUIRE(s.store.keys().all().size() > 1'000);
    CHECK(s.store.keys().empty());
    std::string kept;
    s.store.keys().all().for_each([&](const std::string& key, const auto&) { kept = key; });
    CHECK(s.at(0, [&](batch_writer write) { write.increment(kept, 5); }).number == 5);
    CHECK(*s.store.find(kept) == "5");
    CHECK(s.at(0, [&](batch_writer write) {
               write.set(kept, "x", {.only_if_absent = true});
           }).what == kind::nothing);
    s.store.keys().all().for_each([&](const std::string& key, const auto& held) {
        if (held.when.at != 0) kept = key;
    });
    // Nobody can tell any more when it went: once; after that it is known.
    CHECK_FALSE(s.unchanged(kept, s.index));
    CHECK(s.unchanged(kept, s.index));
}

TEST_CASE("kv expiry: lifetimes near the end of the numbers") {
    timed_store s;
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    s.set(~std::uint64_t{0} / 1'000'000 - 5, "k", most);
    CHECK(s.has("k"));
    s.stamp(~std::uint64_t{0} / 1'000'000);
    CHECK(s.has("k"));
    s.at(0, [](batch_writer batch) {
        batch.expire("k", {}, {std::numeric_limits<std::int64_t>::min(), 0});
    });
    CHECK_FALSE(s.has("k"));
    std::string batch;
    batch_writer{batch}.expire("k", {}, {1, 1});
    batch.resize(batch.size() - 1);
    CHECK(s.store.apply({99}, batch).back().what == kind::malformed);
}
