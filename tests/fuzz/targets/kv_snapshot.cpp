// SPDX-License-Identifier: BSL-1.0
//
// Bytes that are to be a snapshot of raft-kv: one that was saved, changed at some places, with its
// checksums made right or not; or the input's bytes alone. It is refused, and nothing is changed,
// or restored: then it is saved and restored as the same. A length that is a lie takes no memory.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <fuzz/choices.hpp>
#include <fuzz/target.hpp>
#include <kv.hpp>

#include <raft/crc32c.hpp>
#include <support/kv_snapshots.hpp>

namespace raft::fuzz {
namespace {

using raft_kv::batch_writer;
using raft_kv::kv;

/// With all there is: keys, some of which expire, removals, sessions with answers, addresses.
kv told_store() {
    kv store;
    std::uint64_t index = 0;
    const auto apply = [&](auto fill) {
        std::string batch;
        batch_writer writer{batch, {.log = {1'000'000'000}, .unix_ms = 1'700'000'000'000}};
        fill(writer);
        return store.apply({++index}, batch);
    };
    const std::array<std::string_view, 6> pairs{"a", "1", "b", "2", "key", "value"};
    const std::array<std::string_view, 1> gone{"b"};
    apply([&](auto& writer) { writer.set_many(pairs); });
    apply([&](auto& writer) { writer.remove(gone); });
    apply([&](auto& writer) { writer.set_expiring("e", "soon", {}, {.lives = {{5000, 7}}}); });
    apply([&](auto& writer) { writer.put_address({1, "one", 7001, 6001, 0}); });
    apply([&](auto& writer) { writer.put_address({2, "two", 7002, 6002, 6003}); });
    const auto opened = apply([&](auto& writer) { writer.open_session(); }).front().number;
    std::string write;
    batch_writer{write}.increment("n", 5);
    for (std::uint64_t serial = 1; serial <= 3; ++serial)
        apply([&](auto& w) { w.once(static_cast<std::uint64_t>(opened), serial, write); });
    return store;
}

/// A snapshot has two parts, each with a checksum at its end: what clients' sessions are, and the
/// store.
struct snapshot_parts {
    std::string sessions{};
    std::string store{};
};

snapshot_parts saved_parts(const kv& from) {
    const auto all = testing::saved(from);
    testing::saved_bytes sessions;
    from.capture().sessions.save(sessions);
    return {sessions.bytes, all.substr(sessions.bytes.size())};
}

template <class Sum>
void seal(std::string& part) {
    if (part.size() < sizeof(Sum)) return;
    part.resize(part.size() - sizeof(Sum));
    raft_kv::append_integer(part, Sum{wire::crc32c(std::as_bytes(std::span{part}))});
}

void change(std::string& part, choices& chosen) {
    const auto place = chosen.number(2) % (part.size() + 1);
    const auto given = chosen.take(chosen.below(12));
    const std::string_view bytes{reinterpret_cast<const char*>(given.data()), given.size()};
    switch (chosen.below(4)) {
    case 0: part.insert(place, bytes); break;
    case 1: part.erase(place, chosen.byte()); break;
    default: part.replace(place, bytes.size(), bytes);
    }
}

std::string choose_snapshot(choices& chosen) {
    static const auto told = saved_parts(told_store());
    auto parts = told;
    const auto manner = chosen.byte();
    if (manner % 8 == 0) {
        const auto bytes = chosen.take_rest();
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    for (int left = 8; left > 0 && chosen.any_left(); --left)
        change(chosen.flip() ? parts.sessions : parts.store, chosen);
    if (manner % 8 == 1) return parts.sessions + parts.store;
    seal<std::uint64_t>(parts.sessions);
    seal<std::uint32_t>(parts.store);
    return parts.sessions + parts.store;
}

bool is_restored(kv& store, std::string_view bytes) {
    testing::read_bytes source{bytes};
    return store.restore(source);
}

void expect_same(const kv& a, const kv& b) {
    expect(a.keys() == b.keys() && a.keys().size() == b.keys().size(), "the keys are the same");
    expect(a.addresses().servers() == b.addresses().servers(), "the addresses are the same");
    expect(a.digest() == b.digest(), "the digest is the same");
}

}  // namespace

void try_input(std::span<const std::byte> input) {
    choices chosen{input};
    const auto bytes = choose_snapshot(chosen);
    kv store;
    std::string batch;
    batch_writer{batch}.set("before", "1");
    static_cast<void>(store.apply({1}, batch));
    const auto before = testing::saved(store);

    const auto allocated = bytes_allocated();
    const bool taken = is_restored(store, bytes);
    expect(bytes_allocated() - allocated < std::size_t{8} << 20U, "memory is taken in proportion");
    if (!taken) return expect(testing::saved(store) == before, "who refuses is as before");
    const auto again = testing::saved(store);
    kv other;
    expect(is_restored(other, again), "what was restored can be saved and restored");
    expect_same(store, other);
    expect(testing::saved(other) == again, "it is saved as the same");
    static_cast<void>(store.apply({100}, batch));
    static_cast<void>(other.apply({100}, batch));
    expect_same(store, other);
}

}  // namespace raft::fuzz
