// SPDX-License-Identifier: BSL-1.0
//
// The digest by which servers compare their stores: it depends on what they hold, and not on the
// way to it.
#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "kv.hpp"
#include <doctest/doctest.h>

#include <support/kv_snapshots.hpp>

namespace raft_kv::digest_test {
namespace {

using raft::testing::restored;
using raft::testing::saved;

static_assert(raft::digesting_state_machine<kv>);

template <class Fill>
void apply(kv& store, Fill fill) {
    std::string batch;
    batch_writer writer{batch};
    fill(writer);
    static_cast<void>(store.apply(raft::log_index{1}, batch));
}

}  // namespace

TEST_CASE("kv: the digest is that of a restored snapshot, whatever was written") {
    std::mt19937 dice{5};
    const auto roll = [&](std::uint32_t sides) {
        return static_cast<std::uint32_t>(dice() % sides);
    };
    kv store;
    std::uint64_t index = 0;
    for (int round = 0; round < 400; ++round) {
        std::string batch;
        batch_writer writer{batch, {.log = {++index * 1'000'000}}};
        for (auto writes = roll(20); writes > 0; --writes) {
            const auto key = "key" + std::to_string(roll(200));
            const std::array<std::string_view, 1> one{key};
            switch (roll(12)) {
            case 0: writer.remove(one); break;
            case 1: writer.append(key, "more"); break;
            case 2: writer.increment(key, 3); break;
            case 3: writer.take(key); break;
            case 4: writer.set_range(key, roll(9), "xyz"); break;
            case 5: writer.expire(key, {}, lifetime{roll(50), 1}); break;
            case 6: writer.persist(key); break;
            case 7: writer.set_expiring(key, "v", {}, {.lives = lifetime{roll(90), 7}}); break;
            case 8:
                if (roll(90) == 0) writer.clear();
                break;
            case 9: writer.open_session(); break;
            default: writer.set(key, std::to_string(roll(1000)));
            }
        }
        writer.stamp();
        static_cast<void>(store.apply({index}, batch));
        CHECK(restored(saved(store)).digest() == store.digest());
    }
}

TEST_CASE("kv: the digest tells stores apart, and not how they came about") {
    kv one;
    kv other;
    const auto set = [](kv& store, std::string_view key, std::string_view value) {
        apply(store, [&](batch_writer& batch) { batch.set(key, value); });
    };
    for (int i = 0; i < 300; ++i) set(one, std::to_string(i), "v");
    for (int i = 299; i >= 0; --i) set(other, std::to_string(i), "other");
    CHECK(one.digest() != other.digest());
    for (int i = 0; i < 300; ++i) set(other, std::to_string(i), "v");
    CHECK(one.digest() == other.digest());
    set(one, "a", "bc");
    set(other, "ab", "c");
    CHECK(one.digest() != other.digest());
    apply(one, [](batch_writer& batch) { batch.clear(); });
    apply(other, [](batch_writer& batch) { batch.clear(); });
    CHECK(one.digest() == other.digest());
    apply(one, [](batch_writer& batch) { batch.open_session(); });
    CHECK(one.digest() != other.digest());
}

}  // namespace raft_kv::digest_test
