// SPDX-License-Identifier: BSL-1.0
//
// Goal: a program over replicas can be tested on virtual time: elections, timeouts, cuts, kills,
// power failures and lost disks, as many as it likes, in no time and from a seed. Method: replicas
// of a counter in a virtual world.
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <asio/detail/config.hpp>
#include <doctest/doctest.h>
#if defined(ASIO_HAS_CO_AWAIT)
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/use_awaitable.hpp>
#endif

#include <raft/codec/saved_value.hpp>
#include <raft/testing/asio_virtual_replica.hpp>

using namespace std::chrono_literals;
using namespace raft::testing;

namespace {

struct counter {
    struct command {
        std::int64_t amount = 0;
    };
    using result = std::int64_t;

    result apply(raft::log_index, const command& asked) { return value += asked.amount; }
    void save(auto& sink) const { raft::save_value(sink, value); }
    [[nodiscard]] bool restore(auto& source) { return raft::restore_value(source, value); }

    std::int64_t value = 0;
};

using server = virtual_replica<counter>;
using outcome = raft::outcome<std::int64_t>;

/// Three servers of a counter.
struct servers {
    explicit servers(std::uint64_t seed = 1) : world{{.seed = seed}} {
        for (const std::uint64_t id : {1U, 2U, 3U}) {
            REQUIRE_FALSE(prepare<counter>(world, directory(id), raft::history_id{5}));
            start(id);
        }
    }

    static std::string directory(std::uint64_t id) { return "server-" + std::to_string(id); }

    [[nodiscard]] std::optional<std::string> try_to_start(std::uint64_t id) {
        raft::replica_options options{.id = {id}, .directory = directory(id)};
        for (const std::uint64_t each : {1U, 2U, 3U})
            options.members.push_back({{each}, "server", 1});
        options.log = [this, id](std::string_view line) {
            log += std::to_string(id) + ": " + std::string{line} + "\n";
        };
        auto made = std::make_unique<server>(world.io(), std::move(options));
        if (auto wrong = made->start()) return wrong;
        running[id] = std::move(made);
        return std::nullopt;
    }
    void start(std::uint64_t id) { REQUIRE_FALSE(try_to_start(id)); }
    void kill(std::uint64_t id) {
        running.erase(id);
        world.run_for(0s);
    }
    void isolate(std::uint64_t id) {
        for (const std::uint64_t other : {1U, 2U, 3U})
            if (other != id) world.cut({id}, {other});
    }

    template <class Value, class Ask>
    [[nodiscard]] Value wait_for(Ask ask, std::chrono::seconds at_most = 20s) {
        auto answer = std::make_shared<std::optional<Value>>();
        ask([answer](const Value& given) { *answer = given; });
        REQUIRE(world.run_until([&] { return answer->has_value(); }, at_most));
        return **answer;
    }
    [[nodiscard]] outcome add(std::uint64_t id, std::int64_t amount) {
        return wait_for<outcome>(
            [&](auto then) { running.at(id)->propose({amount}, std::move(then)); });
    }
    [[nodiscard]] std::optional<std::int64_t> value(std::uint64_t id) {
        using answer = raft::query_outcome<std::int64_t>;
        const auto found = wait_for<answer>([&](auto then) {
            running.at(id)->read([](const counter& machine) { return machine.value; },
                                 std::move(then));
        });
        const auto* known = std::get_if<raft::query_answer<std::int64_t>>(&found);
        return known != nullptr ? std::optional{known->value} : std::nullopt;
    }
    [[nodiscard]] std::uint64_t leader() {
        for (auto tries = 0; tries < 100; ++tries) {
            for (const auto& [id, each] : running) {
                const auto status = wait_for<raft::replica_status>(
                    [&, &at = *each](auto then) { at.status(std::move(then)); });
                if (status.role == std::string_view{"leader"}) return id;
            }
            world.run_for(1s);
        }
        FAIL("nobody leads");
        return 0;
    }

    virtual_world world;
    std::string log{};
    std::map<std::uint64_t, std::unique_ptr<server>> running{};
};

[[nodiscard]] bool is_applied(const outcome& given) {
    return std::holds_alternative<raft::applied<std::int64_t>>(given);
}

}  // namespace

TEST_CASE("virtual replica: any server takes proposals and answers reads") {
    servers all;
    std::int64_t sum = 0;
    for (const std::uint64_t id : {1U, 2U, 3U}) {
        CHECK(is_applied(all.add(id, 10)));
        sum += 10;
        CHECK(all.value(id % 3 + 1) == sum);
    }
}

TEST_CASE("virtual replica: hours pass in no time and the cluster stands") {
    servers all;
    CHECK(is_applied(all.add(1, 7)));
    const auto leads = all.leader();
    all.world.run_for(1h);
    CHECK(all.world.now() >= 1h);
    CHECK(all.leader() == leads);
    CHECK(all.value(2) == 7);
}

TEST_CASE("virtual replica: the same seed makes the same run and another seed another") {
    const auto told_by = [](std::uint64_t seed) {
        servers all{seed};
        for (int i = 0; i < 3; ++i) {
            const auto leads = all.leader();
            all.kill(leads);
            static_cast<void>(all.add(leads % 3 + 1, 1));  // Perhaps it was handed to the dead one.
            CHECK(is_applied(all.add(leads % 3 + 1, 1)));
            all.start(leads);
        }
        return all.log + std::to_string(all.world.now().count());
    };
    const auto once = told_by(3);
    CHECK(once == told_by(3));
    CHECK(once != told_by(4));
}

TEST_CASE("virtual replica: a leader that is cut off answers unknown and another one takes over") {
    servers all;
    CHECK(is_applied(all.add(1, 1)));
    const auto before = all.leader();
    all.isolate(before);
    const auto lost = all.add(before, 100);
    CHECK(std::holds_alternative<raft::unknown>(lost));
    const auto other = before % 3 + 1;
    CHECK(is_applied(all.add(other, 10)));
    all.world.heal();
    all.world.run_for(5s);
    const auto value = all.value(before);
    CHECK((value == 11 || value == 111));
}

TEST_CASE("virtual replica: what was answered survives the power failure of all servers") {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        CAPTURE(seed);
        servers all{seed};
        CHECK(is_applied(all.add(1, 5)));
        for (const std::uint64_t id : {1U, 2U, 3U}) all.kill(id);
        for (const std::uint64_t id : {1U, 2U, 3U}) {
            all.world.lose_power(servers::directory(id));
            all.start(id);
        }
        CHECK(all.value(seed % 3 + 1) == 5);
    }
}

TEST_CASE("virtual replica: a full disk takes no part until there is room and loses nothing") {
    servers all;
    CHECK(is_applied(all.add(1, 1)));
    const auto full = all.leader() % 3 + 1;
    auto& disk = all.world.disk(servers::directory(full));
    disk.set_capacity(disk.bytes_used());
    for (int i = 0; i < 5; ++i) CHECK(is_applied(all.add(all.leader(), 1)));
    disk.set_capacity(~std::uint64_t{0});
    all.world.run_for(10s);
    CHECK(all.value(full) == 6);
}

TEST_CASE("virtual replica: F1 a server whose disk was wiped does not come back under its id") {
    servers all;
    CHECK(is_applied(all.add(1, 5)));
    all.kill(2);
    all.world.wipe(servers::directory(2));
    const auto wrong = all.try_to_start(2);
    REQUIRE(wrong);
    CHECK(wrong->find("is not prepared") != std::string::npos);
    REQUIRE_FALSE(prepare<counter>(all.world, servers::directory(2), raft::history_id{5}));
    all.start(2);
    all.world.run_for(10s);
    CHECK(all.log.find("refused by the peer, the server had another storage before") !=
          std::string::npos);
}

TEST_CASE("virtual replica: a snapshot takes the place of the log") {
    servers all;
    const auto away = all.leader() % 3 + 1;
    all.kill(away);
    const auto leads = all.leader();
    for (int i = 0; i < 20; ++i) CHECK(is_applied(all.add(leads, 1)));
    const auto taken = all.wait_for<raft::snapshot_outcome>(
        [&](auto then) { all.running.at(leads)->take_snapshot(std::move(then)); });
    CHECK(std::holds_alternative<raft::log_index>(taken));
    all.start(away);
    CHECK(all.value(away) == 20);
}

#if defined(ASIO_HAS_CO_AWAIT)
TEST_CASE("virtual replica: a program's coroutines wait on virtual time") {
    servers all;
    std::vector<std::chrono::nanoseconds> ticks;
    const auto program = [&]() -> asio::awaitable<void> {
        virtual_timer timer{all.world.io()};
        for (int i = 0; i < 3; ++i) {
            timer.expires_after(1min);
            co_await timer.async_wait(asio::use_awaitable);
            const auto given = co_await all.running.at(1)->propose({1}, asio::use_awaitable);
            if (is_applied(given)) ticks.push_back(all.world.now());
        }
    };
    asio::co_spawn(all.world.io(), program(), asio::detached);
    all.world.run_for(4min);
    REQUIRE(ticks.size() == 3);
    CHECK(ticks[0] >= 1min);
    CHECK(ticks[2] < 3min + 30s);
    CHECK(all.value(3) == 3);
}
#endif

TEST_CASE("virtual replica: a timer that is cancelled or ends says so once") {
    virtual_world world;
    int aborted = 0;
    {
        virtual_timer timer{world.io(), 5s};
        const auto count = [&](asio::error_code error) {
            aborted += error == asio::error::operation_aborted ? 1 : 0;
        };
        timer.async_wait(count);
        timer.cancel();
        timer.expires_after(7s);
        timer.async_wait(count);
    }
    world.run_for(10s);
    CHECK(aborted == 2);
    CHECK(world.now() == 10s);
}
