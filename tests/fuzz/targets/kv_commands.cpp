// SPDX-License-Identifier: BSL-1.0
//
// The commands of raft-kv's log, as a peer may put them there: any bytes. Whatever is applied, a
// snapshot of it can be read, and is the same state: it is saved as the same bytes, has the same
// digest, and answers all that follows as the store does from which it was taken.
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <fuzz/choices.hpp>
#include <fuzz/target.hpp>
#include <kv.hpp>

#include <support/kv_snapshots.hpp>

namespace raft::fuzz {
namespace {

/// Commands are often a few bytes; some take all that is left.
std::string choose_command(choices& chosen) {
    const auto length = chosen.byte();
    const auto bytes = length == 255 ? chosen.take_rest() : chosen.take(length);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void expect_same(const raft_kv::kv& a, const raft_kv::kv& b) {
    expect(a.keys() == b.keys(), "a snapshot has the keys of the store");
    expect(a.addresses().servers() == b.addresses().servers(), "a snapshot has the addresses");
    expect(a.now() == b.now(), "a snapshot has the log's time");
    expect(a.next_expiry() == b.next_expiry(), "a snapshot knows what expires next");
    expect(a.keys().size() == b.keys().size(), "a snapshot has as many keys");
    expect(a.digest() == b.digest(), "a snapshot has the digest of the store");
}

class two_stores {
public:
    void apply(const std::string& command) {
        ++index_;
        const auto results = store_.apply({index_}, command);
        if (!restored_) return;
        expect(restored_->apply({index_}, command) == results, "equal stores answer the same");
        expect(restored_->digest() == store_.digest(), "equal stores stay equal");
    }

    void pass_through_snapshot() {
        const auto bytes = testing::saved(store_);
        testing::read_bytes source{bytes};
        restored_.emplace();
        expect(restored_->restore(source) && source.rest.empty(), "a snapshot can be read");
        expect_same(store_, *restored_);
        expect(testing::saved(*restored_) == bytes, "a snapshot is saved as the same bytes");
    }

private:
    raft_kv::kv store_{};
    std::optional<raft_kv::kv> restored_{};
    std::uint64_t index_ = 0;
};

}  // namespace

void try_input(std::span<const std::byte> input) {
    choices chosen{input};
    two_stores stores;
    for (auto left = chosen.below(16); left > 0; --left) stores.apply(choose_command(chosen));
    stores.pass_through_snapshot();
    if (!chosen.any_left()) return;
    while (chosen.any_left()) stores.apply(choose_command(chosen));
    stores.pass_through_snapshot();
}

}  // namespace raft::fuzz
