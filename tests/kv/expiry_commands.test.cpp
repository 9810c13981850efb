// SPDX-License-Identifier: BSL-1.0
//
// The commands about expiry: their forms, answers and errors as Redis has them, by clocks that the
// test moves.
#include <limits>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <support/fake_server.hpp>

using namespace raft_kv;

namespace {

struct expiring : one_client {
    std::string answer(std::string_view request) {
        std::string text = says(std::string{request} + "\r\n");
        for (bool more = true; more;) {
            server.confirm();
            server.apply();
            const auto rest = client.fetched();
            more = !rest.empty();
            text += rest;
        }
        if (text.ends_with("\r\n")) text.resize(text.size() - 2);
        return text;
    }
    /// Time passes, and the leader says so.
    void pass(std::int64_t ms) {
        server.times_.log = server.times_.log + raft::milliseconds(ms);
        server.times_.unix_ms += ms;
        server.applied_ = next(server.applied_);
        static_cast<void>(server.store_.apply(server.applied_, kv::stamp_at(log())));
    }
    [[nodiscard]] raft::timing::log_time log() const { return server.times_.log; }
    /// A wall time so many milliseconds from now.
    [[nodiscard]] std::string unix_ms(std::int64_t from_now) const {
        return std::to_string(server.times_.unix_ms + from_now);
    }
};

constexpr std::string_view one = ":1", zero = ":0", ok = "+OK", none = "$-1";

}  // namespace

TEST_CASE_FIXTURE(expiring, "expiry: SET with EX PX EXAT PXAT and KEEPTTL") {
    CHECK(answer("SET k v EX 10") == ok);
    CHECK(answer("PTTL k") == ":10000");
    CHECK(answer("TTL k") == ":10");
    CHECK(answer("SET k v px 2500") == ok);
    CHECK(answer("PTTL k") == ":2500");
    CHECK(answer("TTL k") == ":3");
    CHECK(answer("SET k v EXAT 1700000100") == ok);
    CHECK(answer("PTTL k") == ":100000");
    CHECK(answer("EXPIRETIME k") == ":1700000100");
    CHECK(answer("SET k v PXAT " + unix_ms(1'234)) == ok);
    CHECK(answer("PEXPIRETIME k") == ":" + unix_ms(1'234));
    CHECK(answer("SET k w KEEPTTL") == ok);
    CHECK(answer("PTTL k") == ":1234");
    CHECK(answer("GET k") == "$1\r\nw");
    CHECK(answer("SET k x") == ok);
    CHECK(answer("TTL k") == ":-1");
    CHECK(answer("SET new x KEEPTTL") == ok);
    CHECK(answer("TTL new") == ":-1");
    CHECK(answer("SET k y EXAT 1") == ok);  // Long ago.
    CHECK(answer("EXISTS k") == zero);
    CHECK(answer("TTL k") == ":-2");
}

TEST_CASE_FIXTURE(expiring, "expiry: SET with conditions changes it only where it sets") {
    CHECK(answer("SET k v NX PX 100") == ok);
    CHECK(answer("SET k w NX PX 900") == none);
    CHECK(answer("PTTL k") == ":100");
    CHECK(answer("SET k w XX GET PX 900") == "$1\r\nv");
    CHECK(answer("PTTL k") == ":900");
    CHECK(answer("SET k u NX GET EX 5") == "$1\r\nw");
    CHECK(answer("PTTL k") == ":900");
    CHECK(answer("SET none u XX EX 5") == none);
    CHECK(answer("SET k u GET KEEPTTL") == "$1\r\nw");
    CHECK(answer("PTTL k") == ":900");
    pass(900);
    CHECK(answer("SET k z XX") == none);
    CHECK(answer("SET k z NX GET PX 50") == none);
    CHECK(answer("GET k") == "$1\r\nz");
}

TEST_CASE_FIXTURE(expiring, "expiry: options of SET and GETEX that do not go together") {
    const std::string_view syntax = "-ERR syntax error";
    for (const auto* options : {"EX", "EX 1 PX 1", "PX 1 KEEPTTL", "KEEPTTL EXAT 5", "NX XX EX 1",
                                "FOO", "PERSIST", "EX 1 PXAT 5", "NX EX"}) {
        CAPTURE(options);
        CHECK(answer("SET k v " + std::string{options}) == syntax);
    }
    CHECK(answer("SET k v EX 1 EX 2") == ok);  // Redis takes the last.
    CHECK(answer("PTTL k") == ":2000");
    for (const auto* options : {"EX", "PERSIST EX 1", "EX 1 PERSIST", "KEEPTTL", "PX 1 EX 1"}) {
        CAPTURE(options);
        CHECK(answer("GETEX k " + std::string{options}) == syntax);
    }
    CHECK(answer("EXISTS k") == one);
}

TEST_CASE_FIXTURE(expiring, "expiry: SETEX PSETEX and GETEX") {
    CHECK(answer("SETEX k 10 v") == ok);
    CHECK(answer("PTTL k") == ":10000");
    CHECK(answer("PSETEX k 77 w") == ok);
    CHECK(answer("PTTL k") == ":77");
    CHECK(answer("GETEX k") == "$1\r\nw");
    CHECK(answer("PTTL k") == ":77");
    CHECK(answer("GETEX k EX 9") == "$1\r\nw");
    CHECK(answer("PTTL k") == ":9000");
    CHECK(answer("GETEX k PXAT " + unix_ms(500)) == "$1\r\nw");
    CHECK(answer("PTTL k") == ":500");
    CHECK(answer("GETEX k PERSIST") == "$1\r\nw");
    CHECK(answer("TTL k") == ":-1");
    CHECK(answer("GETEX none EX 9") == none);
    CHECK(answer("GETEX k EXAT 1") == "$1\r\nw");
    CHECK(answer("GET k") == none);
}

TEST_CASE_FIXTURE(expiring, "expiry: EXPIRE and its kin with NX XX GT and LT") {
    CHECK(answer("EXPIRE none 10") == zero);
    CHECK(answer("SET k v") == ok);
    CHECK(answer("EXPIRE k 10 XX") == zero);
    CHECK(answer("EXPIRE k 10 GT") == zero);  // None is later than any.
    CHECK(answer("EXPIRE k 10 NX") == one);
    CHECK(answer("EXPIRE k 20 NX") == zero);
    CHECK(answer("PEXPIRE k 9999 GT") == zero);
    CHECK(answer("PEXPIRE k 10000 GT") == zero);
    CHECK(answer("PEXPIRE k 10000 LT") == zero);
    CHECK(answer("PEXPIRE k 10001 XX GT") == one);
    CHECK(answer("PEXPIRE k 9000 lt") == one);
    CHECK(answer("PTTL k") == ":9000");
    CHECK(answer("PERSIST k") == one);
    CHECK(answer("PERSIST k") == zero);
    CHECK(answer("PERSIST none") == zero);
    CHECK(answer("EXPIRE k 50 LT") == one);
    CHECK(answer("EXPIREAT k 1700000100") == one);
    CHECK(answer("EXPIREAT k 1700000100 GT") == zero);
    CHECK(answer("EXPIREAT k 1700000100 LT") == zero);
    CHECK(answer("PEXPIREAT k 1700000100001 GT") == one);
    CHECK(answer("PTTL k") == ":100001");
    CHECK(answer("EXPIRE k -1 GT") == zero);
    CHECK(answer("EXPIRE k 0") == one);
    CHECK(answer("EXISTS k") == zero);
    CHECK(answer("SET k v PX 50") == ok);
    CHECK(answer("PEXPIREAT k -5") == one);
    CHECK(answer("PTTL k") == ":-2");
}

TEST_CASE_FIXTURE(expiring,
                  "expiry: GT and LT compare wall times though clocks are minutes apart") {
    CHECK(answer("SET k v EXAT 1700000600") == ok);
    server.times_.unix_ms += 240'000;  // A leader whose clock is four minutes ahead.
    CHECK(answer("EXPIREAT k 1700000600 GT") == zero);
    CHECK(answer("EXPIREAT k 1700000600 LT") == zero);
    CHECK(answer("EXPIRETIME k") == ":1700000600");
    CHECK(answer("TTL k") == ":600");  // The wall clock has done its part.
    CHECK(answer("EXPIREAT k 1700000600") == one);
    CHECK(answer("TTL k") == ":360");
}

TEST_CASE_FIXTURE(expiring, "expiry: what is wrong with times in the words of Redis") {
    const auto wrong = [](std::string_view command) {
        return "-ERR invalid expire time in '" + std::string{command} + "' command";
    };
    const std::string_view no_number = "-ERR value is not an integer or out of range";
    CHECK(answer("SET k v EX 0") == wrong("set"));
    CHECK(answer("SET k v PX -1") == wrong("set"));
    CHECK(answer("SET k v EXAT 0") == wrong("set"));
    CHECK(answer("SET k v EX x") == no_number);
    CHECK(answer("SET k v PX 9223372036854775808") == no_number);
    CHECK(answer("SET k v EX 9223372036854775807") == wrong("set"));
    CHECK(answer("SET k v PX 9223372036854775807") == wrong("set"));
    CHECK(answer("SET k v EXAT 9223372036854776") == wrong("set"));
    CHECK(answer("SETEX k 0 v") == wrong("setex"));
    CHECK(answer("PSETEX k -5 v") == wrong("psetex"));
    CHECK(answer("GETEX k EX 0") == wrong("getex"));
    CHECK(answer("EXPIRE k 9223372036854775807") == wrong("expire"));
    CHECK(answer("EXPIRE k -9223372036854775808") == wrong("expire"));
    CHECK(answer("PEXPIRE k 9223372036854775807") == wrong("pexpire"));
    CHECK(answer("EXPIREAT k 9223372036854775807") == wrong("expireat"));
    CHECK(answer("EXPIRE k x") == no_number);
    CHECK(answer("EXISTS k") == zero);
    const std::string_view clash =
        "-ERR NX and XX, GT or LT options at the same time are not compatible";
    CHECK(answer("EXPIRE k 1 NX XX") == clash);
    CHECK(answer("EXPIRE k 1 GT NX") == clash);
    CHECK(answer("EXPIRE k 1 LT NX") == clash);
    CHECK(answer("EXPIRE k 1 GT LT") ==
          "-ERR GT and LT options at the same time are not compatible");
    CHECK(answer("EXPIRE k 1 FOO") == "-ERR Unsupported option FOO");
    CHECK(answer("PEXPIREAT k x NX Foo BAR") == "-ERR Unsupported option Foo");
    CHECK(answer("EXPIRE k") == "-ERR wrong number of arguments for 'expire' command");
    CHECK(answer("TTL") == "-ERR wrong number of arguments for 'ttl' command");
}

TEST_CASE_FIXTURE(expiring, "expiry: the longest lifetimes that there are") {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    const auto longest = std::to_string(most - server.times_.unix_ms);
    CHECK(answer("SET k v PX " + longest) == ok);
    CHECK(answer("PTTL k") == ":" + longest);
    CHECK(answer("PEXPIRETIME k") == ":9223372036854775807");
    CHECK(answer("PEXPIRE k " + std::to_string(most - server.times_.unix_ms + 1))
              .starts_with("-ERR invalid expire time"));
    CHECK(answer("PEXPIREAT k 9223372036854775807") == one);
    CHECK(answer("PTTL k") == ":" + longest);
    CHECK(answer("EXPIRE k -9223372036854775") == one);
    CHECK(answer("EXISTS k") == zero);
    CHECK(answer("SET k v") == ok);
    CHECK(answer("PEXPIREAT k -9223372036854775808") == one);
    CHECK(answer("EXISTS k") == zero);
}

TEST_CASE_FIXTURE(expiring, "expiry: what has expired is there for no command") {
    CHECK(answer("SET k v PX 100") == ok);
    CHECK(answer("SET stays v") == ok);
    CHECK(answer("INFO keyspace").find("keys=2,expires=1,") != std::string::npos);
    pass(60);
    CHECK(answer("PTTL k") == ":40");
    // As long as the log does not say so it has not expired; what is left is never less than none.
    server.times_.log = log() + raft::milliseconds(500);
    CHECK(answer("PTTL k") == zero);
    CHECK(answer("GET k") == "$1\r\nv");
    pass(0);
    CHECK(answer("GET k") == none);
    CHECK(answer("MGET k stays") == "*2\r\n$-1\r\n$1\r\nv");
    CHECK(answer("EXISTS k stays") == one);
    CHECK(answer("KEYS *") == "*1\r\n$5\r\nstays");
    CHECK(answer("SCAN 0 COUNT 100000") == "*2\r\n$1\r\n0\r\n*1\r\n$5\r\nstays");
    CHECK(answer("RANDOMKEY") == "$5\r\nstays");
    CHECK(answer("TYPE k") == "+none");
    CHECK(answer("STRLEN k") == zero);
    CHECK(answer("DEL k") == zero);
    CHECK(answer("GETDEL k") == none);
    CHECK(answer("DBSIZE") == one);
    CHECK(answer("INCR k") == one);
    CHECK(answer("TTL k") == ":-1");
}

TEST_CASE_FIXTURE(expiring, "expiry: within a transaction and watched by one") {
    CHECK(
        answer("MULTI\r\nSET k v PX 100\r\nPTTL k\r\nPEXPIRE k 700 GT\r\nPTTL k\r\nSET x y EX 0\r\n"
               "GETEX k PERSIST\r\nTTL k\r\nPEXPIRE k 50\r\nEXEC")
            .ends_with("*8\r\n+OK\r\n:100\r\n:1\r\n:700\r\n"
                       "-ERR invalid expire time in 'set' command\r\n$1\r\nv\r\n:-1\r\n:1"));
    CHECK(answer("WATCH k") == ok);
    pass(50);
    CHECK(answer("MULTI\r\nSET seen 1\r\nEXEC").ends_with("*-1"));
    CHECK(answer("WATCH k") == ok);
    pass(50);
    CHECK(answer("MULTI\r\nSET seen 1\r\nEXEC").ends_with("*1\r\n+OK"));
    // The lifetime begins when it is carried out, not when it is queued.
    CHECK(says("MULTI\r\nSET k v PX 100\r\n") == "+OK\r\n+QUEUED\r\n");
    pass(1'000);
    CHECK(answer("EXEC\r\nPTTL k") == "*1\r\n+OK\r\n:100");
}

TEST_CASE_FIXTURE(expiring, "expiry: once in a session and no value of one") {
    const auto opened = answer("RAFT SESSION").substr(1);
    CHECK(answer("RAFT ONCE " + opened + " 1 SET k v PX 100") == ok);
    CHECK(answer("RAFT ONCE " + opened + " 2 PEXPIRE k 300 GT") == one);
    CHECK(answer("RAFT ONCE " + opened + " 2 PEXPIRE k 300 GT") == one);
    CHECK(answer("PTTL k") == ":300");
    CHECK(answer("RAFT ONCE " + opened + " 3 GETEX k").starts_with("-ERR a write that returns"));
    pass(3'600'000);
    CHECK(answer("RAFT ONCE " + opened + " 3 SET k v").starts_with("-NOSESSION"));
}
