// SPDX-License-Identifier: BSL-1.0
//
// Goal: `check_state_machine` finds each clause that a state machine breaks, and no other. Method:
// a sound one, and the same with a fault for each clause, by the name of the clause.
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/digest.hpp>
#include <raft/battery/sessions.hpp>
#include <raft/codec/saved_value.hpp>
#include <raft/testing/check_state_machine.hpp>

namespace conformance_test {

using raft::testing::check_state_machine;
using clause = raft::testing::state_machine_clause;

struct deposit {
    std::string to{};
    std::int64_t amount = 0;
    bool doubled = false;  ///< Its codec forgets it: nobody uses it but the faulty one.
};

/// Sums by name. What `wrong` names it does wrong, and only that.
struct bank {
    using command = deposit;
    using result = std::int64_t;
    static inline std::optional<clause> wrong{};
    static inline std::int64_t asked = 0;  ///< Of the whole process.

    static bool breaks(clause which) { return wrong == which; }

    std::map<std::string, std::int64_t> sums{};
    std::int64_t instance = ++asked;
    std::int64_t applied = 0;
    mutable std::int64_t looks = 0;
    std::uint8_t marker = sound_marker;
    bool spoilt = false;
    std::shared_ptr<std::atomic<std::int64_t>> shared =
        std::make_shared<std::atomic<std::int64_t>>(0);

    static constexpr std::uint8_t sound_marker = 0x5A;

    result apply(raft::log_index, const deposit& what) {
        if (breaks(clause::apply_does_not_throw) && what.amount == 7) throw std::runtime_error{"7"};
        ++applied;
        ++*shared;
        auto& sum = sums[what.to] += what.doubled ? 2 * what.amount : what.amount;
        if (breaks(clause::states_repeat)) sums["instance"] = instance;
        if (breaks(clause::results_repeat)) return sum + ++asked;
        if (breaks(clause::looks_change_nothing)) return sum + looks;
        return breaks(clause::restored_goes_on) ? sum + applied : sum;
    }

    [[nodiscard]] std::uint64_t digest() const {
        ++looks;
        if (breaks(clause::digest_tells_apart)) return 1;
        raft::digests::digest_sink sink;
        raft::save_value(sink, marker);
        raft::save_value(sink, sums);
        if (breaks(clause::digest_is_of_the_state_alone))
            sink.number(static_cast<std::uint64_t>(applied));
        return sink.value();
    }

    void save(auto& sink) const {
        ++looks;
        const bool is_sound = marker == sound_marker;
        raft::save_value(sink, is_sound ? marker : static_cast<std::uint8_t>(marker + 1));
        raft::save_value(sink, sums);
    }
    [[nodiscard]] bool restore(auto& source) {
        const bool taken = !spoilt && take(source);
        if (taken) return !breaks(clause::restore_takes_what_was_saved);
        if (breaks(clause::restore_does_not_throw)) throw std::runtime_error{"what is this?"};
        if (breaks(clause::restore_after_refusal)) spoilt = true;
        return breaks(clause::restore_refuses_truncated);
    }
    bool take(auto& source) {
        std::uint8_t seen = 0;
        std::map<std::string, std::int64_t> read;
        if (!raft::restore_value(source, seen)) return false;
        if (seen != sound_marker && !breaks(clause::restore_refuses_nonsense)) return false;
        if (!raft::restore_value(source, read)) return false;
        if (breaks(clause::restore_gives_what_was_saved) && !read.empty()) read.begin()->second++;
        if (breaks(clause::restore_replaces)) read.merge(sums);
        marker = seen;
        sums = std::move(read);
        applied = 0;
        return true;
    }

    struct captured {
        std::map<std::string, std::int64_t> sums{};
        std::shared_ptr<std::atomic<std::int64_t>> shared{};
        std::int64_t then = 0;
        void save(auto& sink) const {
            raft::save_value(sink, sound_marker);
            raft::save_value(sink, sums);
            if (breaks(clause::capture_saves_the_state)) raft::save_value(sink, true);
            if (breaks(clause::capture_stays) && *shared != then) raft::save_value(sink, true);
        }
    };
    [[nodiscard]] captured capture() const { return {sums, shared, *shared}; }

    static constexpr std::uint32_t commands_read = 3;
    [[nodiscard]] static std::uint32_t version_of(const deposit& what) {
        if (breaks(clause::version_is_of_the_command))
            return static_cast<std::uint32_t>(++asked % 2);
        return breaks(clause::version_is_read) && what.amount == 7 ? 4 : 3;
    }
};
static_assert(raft::capturing_state_machine<bank> && raft::digesting_state_machine<bank> &&
              raft::versioned_state_machine<bank>);

std::vector<deposit> some_commands() {
    std::vector<deposit> all{{"ann", 10}, {"bob", 5}, {"ann", -3}, {"eve", 7}, {"bob", 1}};
    if (bank::breaks(clause::decoded_commands_do_the_same)) all.push_back({"bob", 4, true});
    return all;
}

raft::testing::state_machine_report checked_with(std::optional<clause> wrong) {
    bank::wrong = wrong;
    auto report = check_state_machine([] { return bank{}; }, some_commands());
    bank::wrong.reset();
    return report;
}

/// A bank whose clients have sessions.
using sessions = raft::sessions<bank>;

std::vector<sessions::command> some_requests() {
    const raft::session::id opened{2};  // The first command's entry.
    std::vector<sessions::command> all{raft::session::open{}};
    std::uint64_t serial = 0;
    for (const auto& each : some_commands())
        all.push_back(
            raft::session::exactly_once<deposit>{.ticket = {opened, {++serial}}, .command = each});
    all.push_back(raft::session::close{opened});
    return all;
}

/// The least that a state machine can be.
struct counter {
    using command = int;
    using result = int;
    int sum = 0;
    int apply(raft::log_index, const int& more) { return sum += more; }
};

struct saved_counter : counter {
    void save(auto& sink) const { raft::save_value(sink, sum); }
    [[nodiscard]] bool restore(auto& source) { return raft::restore_value(source, sum); }
};

}  // namespace conformance_test

template <>
struct raft::codec<conformance_test::deposit> {
    using deposit = conformance_test::deposit;
    static std::size_t size(const deposit& what) { return what.to.size() + 1; }
    static void encode(const deposit& what, std::span<std::byte> out) {
        out[0] = static_cast<std::byte>(what.amount);
        for (std::size_t i = 0; i < what.to.size(); ++i)
            out[i + 1] = static_cast<std::byte>(what.to[i]);
    }
    static std::optional<deposit> decode(std::span<const std::byte> bytes) {
        if (bytes.empty()) return std::nullopt;
        deposit read{.amount = static_cast<std::int8_t>(bytes[0])};
        for (const auto byte : bytes.subspan(1)) read.to.push_back(static_cast<char>(byte));
        return read;
    }
};

namespace conformance_test {

TEST_CASE("check_state_machine: a sound state machine breaks no clause, and all are checked") {
    const auto report = checked_with(std::nullopt);
    CHECK(report.text() == "");
    for (clause each{}; describe(each) != "unknown clause"; each = clause(int(each) + 1)) {
        CAPTURE(describe(each));
        CHECK(report.was_checked(each));
    }
}

TEST_CASE("check_state_machine: for each clause a faulty state machine fails by its name") {
    int count = 0;
    for (clause each{}; describe(each) != "unknown clause"; each = clause(int(each) + 1)) {
        const auto report = checked_with(each);
        CAPTURE(describe(each));
        CAPTURE(report.text());
        REQUIRE(report.broken().size() == 1);
        CHECK(report.broken().front().clause == each);
        ++count;
    }
    CHECK(count == 19);
}

TEST_CASE("check_state_machine: sessions keep the contract of the state machine in them") {
    const auto report = check_state_machine([] { return sessions{}; }, some_requests());
    CHECK(report.text() == "");
    CHECK(report.was_checked(clause::capture_stays));
}

TEST_CASE("check_state_machine: what a state machine does not offer is not checked") {
    const auto least = check_state_machine([] { return counter{}; }, {1, 2, 3});
    CHECK(least.holds());
    CHECK(least.was_checked(clause::results_repeat));
    CHECK_FALSE(least.was_checked(clause::restore_replaces));
    const auto saved = check_state_machine([] { return saved_counter{}; }, {1, 2, 3});
    CHECK(saved.text() == "");
    CHECK(saved.was_checked(clause::restore_replaces));
    CHECK_FALSE(saved.was_checked(clause::capture_stays));
    CHECK(check_state_machine([] { return counter{}; }, {}).holds());
}

TEST_CASE("check_state_machine: its findings name the clause and the place in a sentence") {
    CHECK(checked_with(clause::restore_replaces).text() ==
          "§ state_machine.restore: a used instance has not the state that was saved: after 0 "
          "commands\n");
}

}  // namespace conformance_test
