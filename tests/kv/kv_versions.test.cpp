// SPDX-License-Identifier: BSL-1.0
//
// Which program a write needs: a batch says so if not any will do, and writes that not all servers
// can read share no entry with others.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kv.hpp"
#include "write_queue.hpp"
#include <doctest/doctest.h>

using namespace raft_kv;
using kind = write_result::kind;

namespace {

static_assert(raft::versioned_state_machine<kv>);

template <class Fill>
std::string bytes_of(Fill fill) {
    std::string bytes;
    batch_writer writer{bytes};
    fill(writer);
    return bytes;
}

const std::string plain = bytes_of([](auto& to) { to.set("a", "1"); });
const std::string timed = bytes_of([](auto& to) { to.persist("a"); });
const std::string renaming = bytes_of([](auto& to) { to.rename("a", "b", false); });

/// Adds a write as a session does.
void add(write_queue& queue, const std::string& write, std::uint32_t known) {
    auto* const batch = queue.open();
    REQUIRE(batch != nullptr);
    *batch += write;
    queue.add({}, write.size(), known);
}

/// What is proposed, entry by entry.
std::vector<std::string> entries_of(write_queue& queue) {
    std::vector<std::string> all;
    while (queue.may_propose()) {
        auto batch = queue.take();
        all.push_back(batch->bytes);
        queue.told();
        queue.recycle(std::move(batch));
    }
    return all;
}

std::string marked(std::string writes, std::uint32_t version) {
    put_version(writes, version);
    return writes;
}

}  // namespace

TEST_CASE("kv versions: each write says which program it needs") {
    CHECK(version_needed(plain) == 0);
    CHECK(version_needed(timed) == 1);
    CHECK(version_needed(renaming) == 2);
    CHECK(version_needed(bytes_of([](auto& to) { to.copy("a", "b", true); })) == 2);
    CHECK(version_needed(bytes_of([](auto& to) { to.open_session(); })) == 0);
    CHECK(version_needed(bytes_of([](auto& to) { to.once(1, 1, plain); })) == 0);
    CHECK(version_needed(bytes_of([](auto& to) { to.once(1, 1, renaming); })) == 2);
    CHECK(version_needed(bytes_of([](auto& to) { to.transaction({}, plain); })) == 0);
    CHECK(version_needed(bytes_of(
              [](auto& to) { to.transaction({}, renaming, reply_bound::is_checked); })) == 2);
    CHECK(version_needed({}) == 0);
    CHECK(kv::version_of(kv::stamp_at({})) == 1);
    CHECK(writes_read == 2);
}

TEST_CASE(
    "kv versions: a batch for any program is as it always was, and another says what it needs") {
    CHECK(marked(plain, 0) == plain);
    CHECK(kv::version_of(plain) == 0);
    CHECK(kv::version_of(marked(renaming, 2)) == 2);
    CHECK(kv::version_of(marked(renaming, 9)) == 9);
    CHECK(kv::version_of("") == 0);

    kv store;
    static_cast<void>(store.apply({1}, plain));
    const auto results = store.apply({2}, marked(renaming, 2));
    REQUIRE(results.size() == 1);
    CHECK(results[0].what == kind::done);
    CHECK(*store.find("b") == "1");
    // What was in logs before batches said so is carried out as it was.
    static_cast<void>(store.apply({3}, bytes_of([](auto& to) { to.rename("b", "c", false); })));
    CHECK(*store.find("c") == "1");
    CHECK(store.apply({4}, std::string{"\x1B"}).front().what == kind::malformed);
}

TEST_CASE("kv versions: a write that not all can read is in an entry of its own") {
    write_queue queue;
    add(queue, plain, 0);
    add(queue, renaming, 0);
    add(queue, plain, 0);
    add(queue, plain, 0);
    CHECK(entries_of(queue) == std::vector{plain, marked(renaming, 2), plain + plain});
    add(queue, timed, 0);
    add(queue, renaming, 1);
    CHECK(entries_of(queue) == std::vector{marked(timed, 1), marked(renaming, 2)});
}

TEST_CASE("kv versions: once all can read them writes share entries as any do") {
    write_queue queue;
    add(queue, plain, 2);
    add(queue, renaming, 2);
    add(queue, timed, 2);
    CHECK(entries_of(queue) == std::vector{marked(plain + renaming + timed, 2)});
    add(queue, plain, 2);
    CHECK(entries_of(queue) == std::vector{plain});
}
