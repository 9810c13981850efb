// SPDX-License-Identifier: BSL-1.0
//
// Goal: on a cluster whose leaders change, crash and are sent snapshots, a command of a session is
// applied once on every server, and all servers hold the same. Method: the simulated cluster
// decides what is in the log; each server has a state machine to which its entries are applied, and
// clients propose again whatever they hear no answer to.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/sessions.hpp>
#include <support/dice.hpp>
#include <support/journal.hpp>
#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

using machine = sessions<journal>;
using bytes = std::vector<std::byte>;

constexpr timing::log_time at(std::uint64_t seconds) { return {seconds * 1'000'000'000}; }

constexpr session::limits limits{
    .sessions_max = 4, .results_max = 8, .lifetime = milliseconds(100'000)};

bytes saved(const machine& m) {
    byte_sink sink;
    m.save(sink);
    return sink.bytes;
}

/// A simulated cluster whose entries are commands: the cluster knows index and term of an entry,
/// which is what the commands are kept by.
class replicated {
public:
    explicit replicated(std::size_t servers) : protocol{servers, without_log()} {
        for (const auto id : protocol.at(s1).members().members) empty(id);
    }

    cluster protocol;

    /// Where the command is in the log of `id`; nothing if it does not take it.
    std::optional<log_index> propose(member_id id, const machine::command& command) {
        protocol.propose(id);
        const auto place = protocol.last_effects().proposal;
        if (!protocol.running(id) || !place) return std::nullopt;
        commands_[{place->first, place->term}] = command;
        return place->first;
    }

    /// Each server applies what it knows to be committed.
    void apply() {
        for (auto& [id, one] : replicas_)
            if (protocol.running(id)) apply(id, one);
    }

    /// What `id` answered to the entry at `index`, if it has applied it.
    std::optional<machine::result> answer(member_id id, log_index index) {
        apply();
        const auto found = replicas_.at(id).answers.find(index);
        if (found == replicas_.at(id).answers.end()) return std::nullopt;
        return found->second;
    }

    void crash(member_id id) {
        protocol.crash(id);
        empty(id);
    }

    void take_snapshot(member_id id) {
        apply();
        protocol.take_snapshot(id);
        snapshots_[protocol.at(id).commit_index] = saved(replicas_.at(id).state);
    }

    const machine& state_of(member_id id) {
        apply();
        return replicas_.at(id).state;
    }

    /// The sessions that were ever opened, the oldest first.
    [[nodiscard]] const std::set<session::id>& opened() const { return opened_; }

    /// Whether two servers ever held different states after the same entry, or a snapshot could not
    /// be restored.
    [[nodiscard]] bool diverged() const { return diverged_; }

private:
    struct replica {
        machine state{journal{}, limits};
        log_index applied{};
        std::map<log_index, machine::result> answers{};
    };

    static settings without_log() {
        settings config{};
        config.retained_entries = 0;
        return config;
    }

    void empty(member_id id) { replicas_[id] = {}; }

    void apply(member_id id, replica& one) {
        const auto& s = protocol.at(id);
        if (one.applied < s.snapshot.last_included.index && one.applied < s.log.base().index) {
            one.applied = s.snapshot.last_included.index;
            byte_source source{snapshots_.at(one.applied)};
            diverged_ = diverged_ || !one.state.restore(source);
            compare(one);
        }
        while (one.applied < s.commit_index) {
            one.applied = next(one.applied);
            const auto command = commands_.find({one.applied, s.log.known_term_at(one.applied)});
            if (command != commands_.end()) apply(one, command->second);
            compare(one);
        }
    }

    void apply(replica& one, const machine::command& command) {
        const auto said = one.state.apply(one.applied, command);
        one.answers.insert_or_assign(one.applied, said);
        if (const auto* open = std::get_if<session::opened>(&said)) opened_.insert(open->session);
    }

    void compare(const replica& one) {
        const auto now = saved(one.state);
        diverged_ = diverged_ || history_.try_emplace(one.applied, now).first->second != now;
    }

    std::map<std::pair<log_index, term_number>, machine::command> commands_{};
    std::map<member_id, replica> replicas_{};
    std::map<log_index, bytes> snapshots_{};
    std::map<log_index, bytes> history_{};
    std::set<session::id> opened_{};
    bool diverged_ = false;
};

/// Three servers, of which s1 leads, and an open session.
struct led_by_s1 : replicated {
    led_by_s1() : replicated{3} {
        protocol.elect(s1);
        const auto place = propose(s1, session::open{at(1)});
        settle();
        session = std::get<session::opened>(answer(s1, *place).value()).session;
    }
    void settle() {
        protocol.settle();
        protocol.heartbeat(*protocol.leader());
        protocol.settle();
        apply();
    }
    [[nodiscard]] machine::command once(std::uint64_t serial, const std::string& word) const {
        return session::exactly_once<std::string>{{session, {serial}}, {0}, at(1 + serial), word};
    }
    session::id session{};
};

using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("sessions on a cluster: a registration is the same session on every server") {
    led_by_s1 all;
    for (const auto id : {s1, s2, s3}) {
        CHECK(all.state_of(id).session_count() == 1);
        CHECK(all.state_of(id) == all.state_of(s1));
    }
    CHECK_FALSE(all.diverged());
}

TEST_CASE("sessions on a cluster: a retry at the next leader is answered and not applied") {
    led_by_s1 all;
    const auto first = all.propose(s1, all.once(1, "a"));
    all.protocol.deliver(s1, s2);
    all.crash(s1);  // Its client hears nothing, but s2 has the entry.
    all.protocol.lose_all();
    all.protocol.elect(s2);
    const auto again = all.propose(s2, all.once(1, "a"));
    all.settle();
    REQUIRE(again.has_value());
    CHECK(all.answer(s2, *first) == machine::result{session::answer<std::size_t>{1, false}});
    CHECK(all.answer(s2, *again) == machine::result{session::answer<std::size_t>{1, true}});
    all.protocol.restart(s1);
    all.settle();
    for (const auto id : {s1, s2, s3}) CHECK(all.state_of(id).machine().words == texts{"a"});
    CHECK_FALSE(all.diverged());
    CHECK(all.protocol.safe());
}

TEST_CASE("sessions on a cluster: a retry of what was lost with its leader is applied") {
    led_by_s1 all;
    const auto first = all.propose(s1, all.once(1, "a"));
    all.crash(s1);
    all.protocol.lose_all();
    all.protocol.elect(s2);
    const auto again = all.propose(s2, all.once(1, "a"));
    all.settle();
    CHECK(all.answer(s2, *again) == machine::result{session::answer<std::size_t>{1, false}});
    CHECK(all.answer(s2, *first) != all.answer(s2, *again));
    CHECK(all.state_of(s3).machine().words == texts{"a"});
}

TEST_CASE("sessions on a cluster: a retry after a snapshot is answered by who was sent it") {
    led_by_s1 all;
    all.protocol.isolate(s3);
    all.propose(s1, all.once(1, "a"));
    all.settle();
    all.take_snapshot(s1);
    all.take_snapshot(s2);
    all.protocol.heal();
    all.settle();
    all.settle();
    REQUIRE(all.protocol.at(s3).snapshot.last_included.index > log_index{});
    CHECK(all.state_of(s3) == all.state_of(s1));
    all.crash(s1);
    all.protocol.elect(s3);
    const auto again = all.propose(s3, all.once(1, "a"));
    all.settle();
    CHECK(all.answer(s3, *again) == machine::result{session::answer<std::size_t>{1, true}});
    CHECK(all.state_of(s3).outcome_of({all.session, {1}}) ==
          machine::result{session::answer<std::size_t>{1, true}});
    CHECK_FALSE(all.diverged());
}

TEST_CASE("sessions on a cluster: all servers expire the same session at the same entry") {
    led_by_s1 all;
    all.protocol.isolate(s3);
    all.propose(s1, all.once(1, "a"));
    const auto late =
        all.propose(s1, session::exactly_once<std::string>{{all.session, {2}}, {1}, at(102), "b"});
    all.settle();
    CHECK(all.answer(s1, *late) == machine::result{session::refusal::unknown_session});
    all.protocol.heal();
    all.settle();
    for (const auto id : {s1, s2, s3}) {
        CHECK(all.state_of(id).session_count() == 0);
        CHECK(all.state_of(id).machine().words == texts{"a"});
    }
    CHECK_FALSE(all.diverged());
}

// ------------------------------------------------------------------------------------ random walks

namespace {

/// A client of one of the sessions that were opened last proposes one of its commands, for the
/// first time or again; the clocks of clients are up to twenty seconds apart.
machine::command some_command(const replicated& all, dice& d, timing::log_time now) {
    const auto& opened = all.opened();
    if (opened.empty() || d.below(20) == 0) return session::open{now};
    const auto back = d.below(std::min<std::uint64_t>(opened.size(), 5));
    const auto session = *std::prev(opened.end(), static_cast<std::ptrdiff_t>(back) + 1);
    const session::serial_number serial{d.below(10) + 1};
    const auto word = std::to_string(session.value) + "/" + std::to_string(serial.value);
    return session::exactly_once<std::string>{
        {session, serial}, {d.below(serial.value)}, now, word};
}

void one_event(replicated& all, dice& d, std::uint64_t event) {
    const member_id id{d.below(3) + 1};
    auto& c = all.protocol;
    const auto kind = d.below(100);
    if (kind < 60 && !c.network().empty()) {
        c.deliver_nth(0);
    } else if (kind < 85) {
        const auto command = some_command(all, d, at(event + d.below(20)));
        all.propose(c.leader().value_or(id), command);
    } else if (kind < 90) {
        if (c.at(id).is_leader()) c.heartbeat(id);
    } else if (kind < 92 || !c.leader()) {
        c.time_out(id);
    } else if (kind < 93) {
        all.crash(id);
    } else if (kind < 98) {
        if (!c.running(id)) c.restart(id);
    } else if (c.running(id) && c.commit(id) > c.at(id).snapshot.last_included.index.value) {
        all.take_snapshot(id);
    }
    all.apply();
}

}  // namespace

TEST_CASE("sessions on a cluster: whatever is proposed again, nothing is applied twice") {
    std::size_t applied = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        replicated all{3};
        dice d{seed};
        for (std::uint64_t event = 0; event < 400; ++event) one_event(all, d, event);
        for (const auto id : {s1, s2, s3}) {
            if (!all.protocol.running(id)) all.protocol.restart(id);
            const auto& words = all.state_of(id).machine().words;
            CHECK(std::set<std::string>(words.begin(), words.end()).size() == words.size());
            applied += words.size();
        }
        REQUIRE_FALSE(all.diverged());
        REQUIRE(all.protocol.safe());
    }
    CHECK(applied > 5000);
}
