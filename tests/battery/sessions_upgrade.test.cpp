// SPDX-License-Identifier: BSL-1.0
//
// Goal: servers of two versions of a program are in one cluster while it is upgraded. Method: a
// lock service whose answers and state have a field more in the new version; each version restores
// the snapshot of the other, with the answers that its sessions keep.
#include <cstdint>
#include <map>
#include <string>
#include <variant>

#include <doctest/doctest.h>

#include <raft/battery/sessions.hpp>
#include <raft/codec.hpp>
#include <support/journal.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

struct old_grant {
    std::string owner{};
    std::uint64_t token = 0;
    friend bool operator==(const old_grant&, const old_grant&) = default;
};
struct new_grant {
    std::string owner{};
    std::uint64_t token = 0;
    std::uint32_t waiting = 7;
    friend bool operator==(const new_grant&, const new_grant&) = default;
};

/// Gives the lock of a name to whoever asks first.
template <class Grant>
struct locks {
    struct acquire {
        std::string lock{};
        std::string owner{};
    };
    using command = acquire;
    using result = Grant;
    std::map<std::string, Grant> granted{};

    Grant apply(log_index index, const acquire& asked) {
        return granted.try_emplace(asked.lock, Grant{asked.owner, index.value}).first->second;
    }
    void save(auto& sink) const { save_value(sink, granted); }
    bool restore(auto& source) { return restore_value(source, granted); }
};

template <class Grant>
using server = sessions<locks<Grant>>;

template <class Grant>
server<Grant> with_one_lock() {
    server<Grant> one;
    one.apply(log_index{1}, session::open{});
    one.apply(log_index{2}, session::exactly_once<typename locks<Grant>::acquire>{
                                {{1}, {1}}, {}, {}, {"door", "ann"}});
    return one;
}

template <class To, class From>
void check_upgrade(const To& expected) {
    byte_sink saved;
    with_one_lock<From>().save(saved);
    server<To> other;
    byte_source source{saved.bytes};
    REQUIRE(other.restore(source));
    CHECK(source.rest.empty());
    CHECK(other.machine().granted.at("door") == expected);
    const auto kept = other.outcome_of({{1}, {1}});
    REQUIRE(kept.has_value());
    CHECK(std::get<session::answer<To>>(*kept).result == expected);
}

}  // namespace

TEST_CASE("sessions: an older server skips what a newer one has added to snapshot and answers") {
    check_upgrade<old_grant, new_grant>(old_grant{"ann", 2});
}

TEST_CASE("sessions: a newer server takes what an older one has not saved as its struct gives it") {
    check_upgrade<new_grant, old_grant>(new_grant{"ann", 2, 7});
}
