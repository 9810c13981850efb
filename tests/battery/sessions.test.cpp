// SPDX-License-Identifier: BSL-1.0
//
// Goal: a command of a session is applied once, whatever is proposed again, and all servers agree
// on who has a session. Method: the state machine alone, given entries one by one.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/manual_clock.hpp>
#include <raft/battery/memory_network.hpp>
#include <raft/battery/memory_storage.hpp>
#include <raft/battery/sessions.hpp>
#include <raft/raft.hpp>
#include <support/journal.hpp>

using namespace raft;
using namespace raft::policy;
using namespace raft::core;
using namespace raft::testing;

namespace {

constexpr timing::log_time at(std::uint64_t seconds) { return {seconds * 1'000'000'000}; }

constexpr session::limits small{
    .sessions_max = 3, .results_max = 2, .lifetime = milliseconds(10'000)};

/// A journal with sessions, and the index of its next entry.
struct story {
    sessions<journal> machine{journal{}, small};
    std::uint64_t index = 0;

    auto apply(const sessions<journal>::command& asked) {
        return machine.apply(log_index{++index}, asked);
    }
    session::id open(timing::log_time now = {}) {
        return std::get<session::opened>(apply(session::open{now})).session;
    }
    auto once(session::id session, std::uint64_t serial, const std::string& word,
              std::uint64_t acknowledged = 0, timing::log_time now = {}) {
        return apply(
            session::exactly_once<std::string>{{session, {serial}}, {acknowledged}, now, word});
    }
    const std::vector<std::string>& words() const { return machine.machine().words; }
};

using result = sessions<journal>::result;
using texts = std::vector<std::string>;

result said(std::size_t position) { return session::answer<std::size_t>{position, false}; }
result said_before(std::size_t position) { return session::answer<std::size_t>{position, true}; }

std::vector<std::byte> saved(const sessions<journal>& machine) {
    byte_sink sink;
    machine.save(sink);
    return sink.bytes;
}

bool restores(sessions<journal>& machine, std::span<const std::byte> bytes) {
    byte_source source{bytes};
    return machine.restore(source);
}

/// Two sessions, one of which has an answer that is kept, and one that is not any more.
story with_two_sessions() {
    story s;
    const auto first = s.open(at(1));
    s.open(at(2));
    s.once(first, 1, "a", 0, at(3));
    s.once(first, 2, "b", 1, at(4));
    return s;
}

static_assert(snapshotting_state_machine<sessions<journal>>);
static_assert(state_machine<sessions<state_machine_archetype>>);
static_assert(!snapshotting_state_machine<sessions<state_machine_archetype>>);
static_assert(policy::encodable<sessions<journal>::command>);

}  // namespace

// ---------------------------------------------------------------------------------- once, and once

TEST_CASE("sessions: a command that comes again is answered as before and not applied") {
    story s;
    const auto session = s.open();
    CHECK(s.once(session, 1, "a") == said(1));
    CHECK(s.once(session, 2, "b") == said(2));
    CHECK(s.once(session, 1, "a") == said_before(1));
    CHECK(s.once(session, 2, "anything") == said_before(2));
    CHECK(s.words() == texts{"a", "b"});
}

TEST_CASE("sessions: the commands of a session may come in any order") {
    story s;
    const auto session = s.open();
    CHECK(s.once(session, 3, "c") == said(1));
    CHECK(s.once(session, 1, "a") == said(2));
    CHECK(s.once(session, 3, "c") == said_before(1));
    CHECK(s.words() == texts{"c", "a"});
}

TEST_CASE("sessions: equal serial numbers of two sessions are two commands") {
    story s;
    const auto one = s.open();
    const auto other = s.open();
    CHECK(one != other);
    CHECK(s.once(one, 1, "a") == said(1));
    CHECK(s.once(other, 1, "b") == said(2));
}

TEST_CASE("sessions: what the client has acknowledged is let go and never applied again") {
    story s;
    const auto session = s.open();
    s.once(session, 1, "a");
    s.once(session, 2, "b");
    CHECK(s.once(session, 3, "c", 2) == said(3));
    for (const std::uint64_t serial : {0U, 1U, 2U})
        CHECK(s.once(session, serial, "again") == result{session::refusal::acknowledged});
    CHECK(s.once(session, 3, "again") == said_before(3));
    CHECK(s.words() == texts{"a", "b", "c"});
}

TEST_CASE("sessions: what was acknowledged is so for good, an older command changes nothing") {
    story s;
    const auto session = s.open();
    s.once(session, 1, "a");
    s.apply(session::keep{session, {1}, {}});
    CHECK(s.apply(session::keep{session, {0}, {}}) == result{session::kept{}});
    CHECK(s.once(session, 1, "again") == result{session::refusal::acknowledged});
}

TEST_CASE("sessions: a command of an unknown session is refused, not applied") {
    story s;
    const auto session = s.open();
    CHECK(s.apply(session::close{session, {}}) == result{session::closed{}});
    CHECK(s.apply(session::close{session, {}}) == result{session::closed{}});
    for (const auto id : {session, session::id{}, session::id{99}}) {
        CHECK(s.once(id, 1, "a") == result{session::refusal::unknown_session});
        CHECK(s.apply(session::keep{id, {}, {}}) == result{session::refusal::unknown_session});
    }
    CHECK(s.words().empty());
}

TEST_CASE("sessions: a command outside of them is applied each time") {
    story s;
    CHECK(s.apply(session::at_least_once<std::string>{"a"}) == said(1));
    CHECK(s.apply(session::at_least_once<std::string>{"a"}) == said(2));
}

// ------------------------------------------------------------------------------------------ limits

TEST_CASE("sessions: one that is not used for its lifetime expires, by the log's time") {
    story s;
    const auto used = s.open(at(100));
    const auto unused = s.open(at(100));
    const auto kept = s.open(at(100));
    s.once(used, 1, "a", 0, at(105));
    s.apply(session::keep{kept, {}, at(109)});
    CHECK(s.machine.session_count() == 3);
    CHECK(s.once(used, 2, "b", 0, at(110)) == said(2));
    CHECK(s.machine.session_count() == 2);
    CHECK(s.once(unused, 1, "c", 0, at(110)) == result{session::refusal::unknown_session});
    CHECK(s.once(kept, 1, "d", 0, at(118)) == said(3));
    CHECK(s.once(used, 3, "e", 2, at(119)) == said(4));
}

TEST_CASE("sessions: a command that comes too late for its own session is refused") {
    story s;
    const auto session = s.open(at(100));
    CHECK(s.once(session, 1, "a", 0, at(110)) == result{session::refusal::unknown_session});
    CHECK(s.words().empty());
}

TEST_CASE("sessions: a proposer whose clock is behind does not turn the log's time back") {
    story s;
    const auto old = s.open(at(100));
    const auto young = s.open(at(105));
    CHECK(s.once(young, 1, "a", 0, at(3)) == said(1));
    CHECK(s.machine.now() == at(105));
    CHECK(s.once(old, 1, "b", 0, at(109)) == said(2));
    s.open(at(114));
    CHECK(s.machine.session_count() == 3);
    s.apply(session::close{session::id{}, at(115)});
    CHECK(s.machine.session_count() == 2);
    CHECK(s.once(young, 2, "c") == result{session::refusal::unknown_session});
}

TEST_CASE("sessions: times at the end of all time do no harm") {
    story s;
    const timing::log_time last{~std::uint64_t{0}};
    const auto session = s.open(last);
    CHECK(s.once(session, 1, "a", 0, at(1)) == said(1));
    CHECK(s.once(session, ~std::uint64_t{0}, "b", ~std::uint64_t{0}, last) ==
          result{session::refusal::acknowledged});
}

TEST_CASE("sessions: when there are too many the one unused for longest gives way") {
    story s;
    const auto a = s.open();
    const auto b = s.open();
    const auto c = s.open();
    s.once(a, 1, "a");
    const auto d = s.open();
    CHECK(s.machine.session_count() == 3);
    CHECK(s.once(b, 1, "b") == result{session::refusal::unknown_session});
    CHECK(s.once(c, 1, "c") == said(2));
    CHECK(s.once(a, 1, "a") == said_before(1));
    CHECK(s.once(d, 1, "d") == said(3));
}

TEST_CASE("sessions: without room for its answer a command is refused until there is") {
    story s;
    const auto session = s.open();
    s.once(session, 1, "a");
    s.once(session, 2, "b");
    CHECK(s.once(session, 3, "c") == result{session::refusal::too_many_results});
    CHECK(s.once(session, 1, "a") == said_before(1));
    CHECK(s.words() == texts{"a", "b"});
    CHECK(s.once(session, 3, "c", 1) == said(3));
    CHECK(s.once(session, 2, "b") == said_before(2));
}

// ---------------------------------------------------------------------------- outcomes of commands

TEST_CASE("sessions: the outcome of a command is known from its ticket, after a snapshot too") {
    const auto s = with_two_sessions();
    sessions<journal> other{journal{}, small};
    REQUIRE(restores(other, saved(s.machine)));
    const session::id first{1};
    for (const auto* machine : {&s.machine, &std::as_const(other)}) {
        CHECK(machine->outcome_of({first, {1}}) == result{session::refusal::acknowledged});
        CHECK(machine->outcome_of({first, {2}}) == said_before(2));
        CHECK_FALSE(machine->outcome_of({first, {3}}).has_value());
        CHECK(machine->outcome_of({{77}, {1}}) == result{session::refusal::unknown_session});
    }
}

TEST_CASE("sessions: to ask for an outcome is no use of the session") {
    auto s = with_two_sessions();
    const auto before = s.machine;
    (void)s.machine.outcome_of({{1}, {2}});
    CHECK(s.machine == before);
}

// --------------------------------------------------------------------------------------- snapshots

TEST_CASE("sessions: what was captured is the state as it was, whatever is applied then") {
    auto s = with_two_sessions();
    const auto before = saved(s.machine);
    static_assert(capturing_state_machine<sessions<journal>>);
    const auto captured = s.machine.capture();
    s.once(s.open(), 1, "more");
    REQUIRE(saved(s.machine) != before);
    byte_sink sink;
    captured.save(sink);
    CHECK(sink.bytes == before);
}

TEST_CASE("sessions: a restored state machine goes on exactly as the one that was saved") {
    auto s = with_two_sessions();
    auto other = story{};
    other.index = s.index;
    other.open(at(50));
    REQUIRE(restores(other.machine, saved(s.machine)));
    other.index = s.index;
    CHECK(other.machine == s.machine);
    for (auto* each : {&s, &other}) {
        CHECK(each->once({1}, 2, "b", 0, at(5)) == said_before(2));
        each->open(at(6));
        each->open(at(7));  // The second session is the one unused for longest.
        CHECK(each->once({2}, 1, "c") == result{session::refusal::unknown_session});
        CHECK(each->once({1}, 3, "d", 0, at(8)) == said(3));
    }
    CHECK(other.machine == s.machine);
    CHECK(saved(other.machine) == saved(s.machine));
}

TEST_CASE("sessions: no byte of a snapshot can be missing or another") {
    const auto s = with_two_sessions();
    const auto whole = saved(s.machine);
    const auto sessions_bytes = whole.size() - s.machine.machine().saved_size();
    const auto untouched = story{}.machine;
    for (std::size_t i = 0; i < sessions_bytes; ++i) {
        CAPTURE(i);
        auto machine = untouched;
        CHECK_FALSE(restores(machine, std::span{whole}.first(i)));
        for (const auto flip : {std::byte{1}, std::byte{0x80}, std::byte{0xff}}) {
            auto changed = whole;
            changed[i] ^= flip;
            CHECK_FALSE(restores(machine, changed));
        }
        CHECK(machine == untouched);
    }
}

TEST_CASE("sessions: a snapshot that the state machine refuses leaves the sessions as they were") {
    const auto s = with_two_sessions();
    auto bytes = saved(s.machine);
    bytes.pop_back();
    sessions<journal> machine{journal{}, small};
    CHECK_FALSE(restores(machine, bytes));
    CHECK(machine.session_count() == 0);
}

TEST_CASE("sessions: a snapshot made with other limits is refused") {
    const auto bytes = saved(with_two_sessions().machine);
    for (int which = 0; which < 3; ++which) {
        auto limits = small;
        if (which == 0) limits.sessions_max = 4;
        if (which == 1) limits.results_max = 3;
        if (which == 2) limits.lifetime = milliseconds(9'999);
        sessions<journal> machine{journal{}, limits};
        CHECK_FALSE(restores(machine, bytes));
    }
}

namespace {

/// The bytes of a snapshot with this session in it, with the right checksum, whatever it says.
struct forged {
    std::uint64_t sessions = 1;
    std::uint64_t id = 1, used_index = 5, used_at = 4, acknowledged = 1;
    std::vector<std::uint64_t> serials{2};
    std::uint64_t length = 8;
    int copies = 1;

    [[nodiscard]] std::vector<std::byte> bytes() const {
        std::vector<std::uint64_t> numbers{
            0x01'73'65'73'74'66'61'72U, small.sessions_max,
            small.results_max,          static_cast<std::uint64_t>(small.lifetime.nanoseconds),
            at(4).nanoseconds,          sessions};
        for (int i = 0; i < copies; ++i) {
            for (const auto each : {id, used_index, at(used_at).nanoseconds, acknowledged})
                numbers.push_back(each);
            numbers.push_back(serials.size());
            for (const auto serial : serials)
                for (const auto each : {serial, length, std::uint64_t{7}}) numbers.push_back(each);
        }
        numbers.push_back(wire::crc32c(std::as_bytes(std::span{numbers})));
        numbers.push_back(0);  // A journal without words.
        const auto all = std::as_bytes(std::span{numbers});
        return {all.begin(), all.end()};
    }
};

}  // namespace

TEST_CASE("sessions: a snapshot with a right checksum that no log could have made is refused") {
    sessions<journal> machine{journal{}, small};
    REQUIRE(restores(machine, forged{}.bytes()));
    const forged lies[] = {
        {.sessions = ~std::uint64_t{0}},      // So many sessions are not there,
        {.sessions = 2, .copies = 2},         // nor may one be there twice.
        {.id = 0},                            // No entry has index 0.
        {.id = 6},                            // It was used before it was opened,
        {.used_at = 5},                       // or after the log's time.
        {.serials = {1}},                     // An answer was let go.
        {.serials = {3, 2}},                  // The answers are out of order,
        {.serials = {2, 2}},                  // twice the same,
        {.serials = {2, 3, 4}},               // or too many.
        {.length = ~std::uint64_t{0}},        // It is not so long,
        {.length = 7},                        // or not as long as an answer is.
        {.acknowledged = ~std::uint64_t{0}},  // Nothing comes after the last number.
    };
    const auto untouched = machine;
    for (const auto& lie : lies) {
        CAPTURE(&lie - lies);
        CHECK_FALSE(restores(machine, lie.bytes()));
        CHECK(machine == untouched);
    }
}

// ------------------------------------------------------------------------------------------- bytes

TEST_CASE("sessions: every command survives the way through bytes, cut short it is refused") {
    using command = sessions<journal>::command;
    const command commands[] = {
        session::open{at(1)},
        session::keep{{2}, {3}, at(4)},
        session::close{{5}, at(6)},
        session::exactly_once<std::string>{{{7}, {8}}, {9}, at(10), "words"},
        session::exactly_once<std::string>{{{~std::uint64_t{0}}, {1}}, {}, {}, ""},
        session::at_least_once<std::string>{"words"},
    };
    for (const auto& each : commands) {
        CAPTURE(each.index());
        std::vector<std::byte> bytes(codec<command>::size(each));
        codec<command>::encode(each, bytes);
        CHECK(codec<command>::decode(bytes) == each);
        const auto shortest = std::min<std::size_t>(bytes.size(), each.index() == 4 ? 1 : 9);
        CHECK_FALSE(codec<command>::decode(std::span{bytes}.first(shortest - 1)).has_value());
    }
    CHECK_FALSE(codec<session::open>::decode(std::vector<std::byte>(9)).has_value());
    CHECK_FALSE(codec<session::exactly_once<int>>::decode(std::vector<std::byte>(35)).has_value());
    CHECK(codec<session::exactly_once<int>>::decode(std::vector<std::byte>(36)).has_value());
}

TEST_CASE("sessions: the wall clock's time is counted from 1970, none comes before") {
    using std::chrono::system_clock;
    CHECK(timing::log_time_of(system_clock::time_point{std::chrono::seconds{3}}) == at(3));
    CHECK(timing::log_time_of(system_clock::time_point{std::chrono::seconds{-3}}) ==
          timing::log_time{});
}

// --------------------------------------------------------------------------------------- in a node

TEST_CASE("sessions: a node with sessions answers a retry, also after it was started again") {
    using machine = sessions<journal>;
    using network = memory_network<machine::command>;
    using disk = memory_storage<machine::command>;
    using server = node<machine, network::port, disk&, manual_clock&>;
    network wires;
    disk kept;
    manual_clock clock;
    const node_options options{{1}, voters_only({{1}}), history_id{1}, {}, 1};
    const machine::command again = session::exactly_once<std::string>{{{2}, {1}}, {0}, {}, "a"};

    for (const bool before : {true, false}) {
        server only{options, machine{}, wires.port_of({1}), kept, clock};
        REQUIRE(only.start());
        while (!only.protocol_state().is_leader()) {
            clock.advance_to(clock.now() + std::chrono::milliseconds{100});
            only.poll();
        }
        if (before) only.propose(session::open{}, [](const auto&) {});
        std::optional<result> told;
        only.propose(again, [&](const outcome<result>& given) {
            told = std::get<applied<result>>(given).result;
        });
        only.poll();
        CHECK(told == result{session::answer<std::size_t>{1, !before}});
        CHECK(only.state_machine().outcome_of({{2}, {1}}) == said_before(1));
        only.take_snapshot();
        only.poll();
    }
}
