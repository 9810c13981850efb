// SPDX-License-Identifier: BSL-1.0
//
// Goal: a replica answers every request once and truly, whoever leads, whatever is cut short, and
// loses nothing that it has answered. Method: replicas in one process, with real files and
// connections; what is waited for has a bound.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/use_future.hpp>
#include <doctest/doctest.h>
#if defined(ASIO_HAS_CO_AWAIT)
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>
#endif

#include <raft/battery/openssl_secret.hpp>
#include <support/replicas.hpp>

using namespace std::chrono_literals;
using raft_kv::outside::eventually;
using support::await;
using support::counter;
using support::counter_replica;
using support::replica_patience;
using support::replicas;

namespace {

using applied = raft::applied<std::int64_t>;

std::optional<std::int64_t> result_of(const raft::outcome<std::int64_t>& given) {
    const auto* done = std::get_if<applied>(&given);
    return done != nullptr ? std::optional{done->result} : std::nullopt;
}

std::optional<raft::refusal_reason> reason_of(const auto& given) {
    const auto* refused = std::get_if<raft::refusal>(&given);
    return refused != nullptr ? std::optional{refused->reason} : std::nullopt;
}

bool is_unknown(const auto& given) { return std::holds_alternative<raft::unknown>(given); }

}  // namespace

TEST_CASE("replica: any server takes proposals and answers reads") {
    replicas all;
    all.start_all();
    std::int64_t sum = 0;
    for (int round = 0; round < 4; ++round)
        for (const std::uint64_t id : {1U, 2U, 3U}) {
            CHECK(result_of(all.add(id, 10)) == (sum += 10));
            CHECK(all.value(id % 3 + 1) == sum);
        }
}

TEST_CASE("replica: many threads ask at once and each has its own answer") {
    replicas all;
    all.start_all();
    std::vector<std::jthread> threads;
    std::atomic<int> done = 0;
    for (std::uint64_t i = 0; i < 4; ++i)
        threads.emplace_back([&, id = i % 3 + 1] {
            std::vector<std::future<raft::outcome<std::int64_t>>> coming;
            for (int k = 0; k < 200; ++k)
                coming.push_back(all.at(id).propose({1, {}}, asio::use_future));
            for (auto& each : coming) done += result_of(await(std::move(each))) ? 1 : 0;
        });
    threads.clear();
    CHECK(done == 800);
    CHECK(all.value(1) == 800);
}

TEST_CASE("replica: what was answered is there after the leader is gone, and after all restart") {
    replicas all;
    all.start_all();
    CHECK(result_of(all.add(1, 5)) == 5);
    const auto killed = all.leader();
    all.kill(killed);
    CHECK(result_of(all.add(all.leader(), 6)) == 11);
    for (const std::uint64_t id : {1U, 2U, 3U}) all.kill(id);
    all.start_all();
    CHECK(all.value(killed) == 11);
}

TEST_CASE("replica: a snapshot takes the place of the log, also for who was away") {
    replicas all;
    all.start_all();
    const auto away = all.follower();
    all.kill(away);
    const auto leader = all.leader();
    for (int i = 0; i < 20; ++i) CHECK(result_of(all.add(leader, 1)));
    const auto taken = await(all.at(leader).take_snapshot(asio::use_future));
    REQUIRE(std::holds_alternative<raft::log_index>(taken));
    CHECK(std::get<raft::log_index>(taken).value >= 20);
    CHECK(reason_of(await(all.at(leader).take_snapshot(asio::use_future))) ==
          raft::refusal_reason::nothing_to_do);
    all.start(away);
    CHECK(all.value(away) == 20);
    for (const std::uint64_t id : {1U, 2U, 3U}) all.kill(id);
    all.start_all();
    CHECK(all.value(leader) == 20);
}

TEST_CASE("replica: a proposal waits for a leader, and says that nobody took it if none comes") {
    replicas all;
    auto& alone = all.start(1);
    CHECK(reason_of(await(alone.propose({1, {}}, 200ms, asio::use_future))) ==
          raft::refusal_reason::not_leader);
    auto waits = alone.propose({7, {}}, asio::use_future);
    auto asks = alone.read([](const counter& machine) { return machine.value; }, asio::use_future);
    all.start(2);
    CHECK(result_of(await(std::move(waits))) == 7);
    CHECK(std::holds_alternative<raft::query_answer<std::int64_t>>(await(std::move(asks))));
}

TEST_CASE("replica: a proposal that loses its majority is unknown, and may be applied later") {
    replicas all;
    all.start_all();
    const auto leader = all.leader();
    CHECK(result_of(all.add(leader, 1)));
    for (const std::uint64_t id : {1U, 2U, 3U})
        if (id != leader) all.kill(id);
    CHECK(is_unknown(await(all.at(leader).propose({10, {}}, 100ms, asio::use_future))));
    for (const std::uint64_t id : {1U, 2U, 3U})
        if (id != leader) all.start(id);
    const auto value = all.value(leader);
    CHECK((value == 1 || value == 11));
}

TEST_CASE("replica: what is cancelled is answered at once") {
    replicas all;
    auto& alone = all.start(1);
    asio::cancellation_signal signal;
    std::promise<raft::outcome<std::int64_t>> told;
    alone.propose({1, {}}, 1h, asio::bind_cancellation_slot(signal.slot(), [&](const auto& given) {
                      told.set_value(given);
                  }));
    signal.emit(asio::cancellation_type::terminal);
    CHECK_FALSE(result_of(await(told.get_future())));
}

TEST_CASE("replica: a command that no message carries is refused, and the others are not") {
    replicas all;
    all.start_all();
    const auto leader = all.leader();
    std::vector<std::future<raft::outcome<std::int64_t>>> coming;
    for (int i = 0; i < 3; ++i) coming.push_back(all.at(leader).propose({1, {}}, asio::use_future));
    auto large = all.at(leader).propose({1, std::string(2U << 20U, 'x')}, asio::use_future);
    for (int i = 0; i < 3; ++i) coming.push_back(all.at(leader).propose({1, {}}, asio::use_future));
    CHECK(reason_of(await(std::move(large))) == raft::refusal_reason::too_large);
    for (auto& each : coming) CHECK(result_of(await(std::move(each))));
}

TEST_CASE("replica: leadership goes where it is asked to, and a server that stops hands it on") {
    replicas all;
    all.start_all();
    const auto first = all.leader();
    const auto target = all.follower();
    CHECK(await(all.at(first).transfer_leadership(raft::member_id{target}, asio::use_future)) ==
          raft::transfer_outcome{raft::member_id{target}});
    CHECK(result_of(all.add(first, 3)) == 3);
    await(all.at(target).stop(asio::use_future));
    CHECK(reason_of(all.add(target, 1)) == raft::refusal_reason::not_leader);
    CHECK(await(all.at(target).status(asio::use_future)).id == raft::member_id{target});
    CHECK(result_of(all.add(first, 4)) == 7);
}

TEST_CASE("replica: a stop answers all that is open") {
    replicas all;
    all.options.stop_timeout = 100ms;
    auto& alone = all.start(1);
    auto waits = alone.propose({1, {}}, 1h, asio::use_future);
    auto asks = alone.read([](const counter& machine) { return machine.value; }, asio::use_future);
    auto stops = alone.stop(asio::use_future);
    auto again = alone.stop(asio::use_future);
    CHECK(reason_of(await(std::move(waits))) == raft::refusal_reason::not_leader);
    CHECK(reason_of(await(std::move(asks))) == raft::refusal_reason::not_leader);
    await(std::move(stops));
    await(std::move(again));
}

TEST_CASE("replica: one that cannot listen answers that, and all that it is asked") {
    replicas all{1};
    all.start(1);
    replicas other{1};
    auto options = other.options_of(1);
    options.members = {all.address(1)};
    counter_replica late{options};
    const auto wrong = late.start();
    REQUIRE(wrong);
    CHECK(wrong->find("cannot listen") != std::string::npos);
    CHECK(reason_of(await(late.propose({1, {}}, asio::use_future))) ==
          raft::refusal_reason::not_leader);
    await(late.stop(asio::use_future));
}

TEST_CASE("replica: who stopped has closed its directory") {
    replicas all{1};
    await(all.start(1).stop(asio::use_future));
    counter_replica again{all.options_of(1)};
    CHECK_FALSE(again.start());
}

TEST_CASE("replica: who is destroyed while all is open answers it") {
    std::future<raft::outcome<std::int64_t>> waits;
    {
        replicas all;
        waits = all.start(1).propose({1, {}}, 1h, asio::use_future);
    }
    CHECK_FALSE(result_of(await(std::move(waits))));
}

TEST_CASE("replica: a member is added and another removed, and knows it") {
    replicas all{3, 4};
    all.start_all();
    CHECK(result_of(all.add(1, 9)) == 9);
    all.prepare(4);
    all.start(4);
    const auto leader = all.leader();
    for (const std::uint64_t id : {1U, 2U, 3U}) all.at(id).set_peer(all.address(4));
    const auto gone = leader % 3 + 1;
    std::vector<raft::member> wanted{{{4}}};
    for (const std::uint64_t id : {1U, 2U, 3U})
        if (id != gone) wanted.push_back({{id}});
    const auto follows = leader % 3 + 1;
    const auto refused = await(all.at(follows).change_members(wanted, asio::use_future));
    CHECK(reason_of(refused) == raft::refusal_reason::not_leader);
    CHECK(await(all.at(leader).change_members(wanted, asio::use_future)) ==
          raft::change_outcome{raft::core::change_result::completed});
    CHECK(all.value(4) == 9);
    all.kill(leader);
    CHECK(result_of(all.add(all.leader(), 1)) == 10);
}

TEST_CASE("replica: those that share a secret agree, and one with another is not heard") {
    replicas all;
    const auto secret_of = [](const char* text) {
        return std::make_shared<const raft::security::openssl_secret>(text);
    };
    all.options.secret = secret_of("the secret of all three");
    all.start(1);
    all.start(2);
    std::atomic<bool> is_told = false;
    all.options.secret = secret_of("what another would guess");
    all.options.log = [&](std::string_view line) {
        if (line.find("the proof is wrong") != line.npos) is_told = true;
    };
    all.start(3);
    CHECK(std::holds_alternative<raft::applied<std::int64_t>>(all.add(1, 7)));
    CHECK(eventually(replica_patience, [&] { return is_told.load(); }));
    CHECK(await(all.at(3).status(asio::use_future)).last_applied == raft::log_index{});
    all.kill(3);
}

TEST_CASE("F1 a replica starts in no directory that was not prepared, and none is prepared twice") {
    replicas all;
    counter_replica unprepared{all.options_of(1)};
    all.wipe(1);
    const auto wrong = unprepared.start();
    REQUIRE(wrong);
    CHECK(wrong->find("is not prepared") != std::string::npos);
    CHECK(reason_of(await(unprepared.propose({1, {}}, asio::use_future))) ==
          raft::refusal_reason::not_leader);
    await(unprepared.stop(asio::use_future));

    all.start(2);
    all.start(3);
    CHECK(result_of(all.add(2, 1)) == 1);
    all.kill(2);
    const auto again = counter_replica::prepare(all.directory(2), all.history);
    REQUIRE(again);
    CHECK(again->find("is in use") != std::string::npos);
}

TEST_CASE("F1 a replica that lost its directory is not taken for the one that it was") {
    std::mutex mutex;
    std::string log;
    replicas all;
    all.options.log = [&](std::string_view line) {
        const std::lock_guard lock{mutex};
        log.append(line).append("\n");
    };
    all.start_all();
    CHECK(result_of(all.add(1, 1)) == 1);
    const auto gone = all.follower();
    all.kill(gone);
    all.wipe(gone);
    all.prepare(gone);  // What nobody may do.
    all.start(gone);
    CHECK(eventually(replica_patience, [&] {
        const std::lock_guard lock{mutex};
        return log.find("another storage") != std::string::npos;
    }));
    CHECK(result_of(all.add(all.leader(), 1)) == 2);
}

TEST_CASE("replica: it lives on a loop of the program's own") {
    replicas all{1};
    asio::io_context io;
    counter_replica one{io, all.options_of(1)};
    REQUIRE_FALSE(one.start());
    std::vector<std::int64_t> heard;
    one.propose({4, {}}, [&](const raft::outcome<std::int64_t>& given) {
        heard.push_back(result_of(given).value_or(-1));
        one.read([](const counter& machine) { return machine.value; },
                 [&](const auto& found) {
                     heard.push_back(std::get<raft::query_answer<std::int64_t>>(found).value);
                     one.stop([] {});
                 });
    });
    io.run();
    CHECK(heard == std::vector<std::int64_t>{4, 4});
}

#if defined(ASIO_HAS_CO_AWAIT)
TEST_CASE("replica: a coroutine awaits what it asks for") {
    replicas all{1};
    asio::io_context io;
    counter_replica one{io, all.options_of(1)};
    REQUIRE_FALSE(one.start());
    std::int64_t found = 0;
    const auto story = [&]() -> asio::awaitable<void> {
        const counter::command two{2, {}};
        for (int i = 0; i < 3; ++i)
            static_cast<void>(co_await one.propose(two, asio::use_awaitable));
        const auto read = co_await one.read([](const counter& machine) { return machine.value; },
                                            asio::use_awaitable);
        found = std::get<raft::query_answer<std::int64_t>>(read).value;
        co_await one.stop(asio::use_awaitable);
    };
    asio::co_spawn(io, story(), [](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
    });
    io.run();
    CHECK(found == 6);
}
#endif
