// SPDX-License-Identifier: BSL-1.0
//
// Goal: the checker of histories is right. Method: small random histories of each kind are judged
// by trying every order, too; large ones come from a store that is right, or has one fault.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <raft/testing/linearizability.hpp>

using namespace raft::testing;

namespace {

using history = std::vector<history_operation>;
using store = std::map<std::string, std::string>;

history history_of(const std::string& text) {
    std::istringstream in{text};
    const auto read = read_history(in);
    REQUIRE(std::holds_alternative<history>(read));
    return std::get<history>(read);
}

std::string line(const std::string& what, int call, int finish) {
    return "{\"client\":1," + what + ",\"call\":" + std::to_string(call) +
           (finish < 0 ? std::string{",\"status\":\"unknown\"}\n"}
                       : ",\"return\":" + std::to_string(finish) + ",\"status\":\"ok\"}\n");
}
std::string put(const std::string& value, int call, int finish) {
    return line(R"("op":"put","key":"x","value":")" + value + "\"", call, finish);
}
std::string get(const std::string& value, int call, int finish) {
    return line(R"("op":"get","key":"x","result":")" + value + "\"", call, finish);
}
std::string incr(const std::string& result, int call, int finish) {
    return line(R"("op":"incr","key":"x","result":")" + result + "\"", call, finish);
}

linearizability_finding only_finding(const std::string& text) {
    const auto verdict = check_linearizability(history_of(text));
    REQUIRE(verdict.findings.size() == 1);
    return verdict.findings.front();
}
bool is_fine(const std::string& text) {
    return check_linearizability(history_of(text)).is == linearizability::holds;
}

/// Carries a command out and gives its answer, written apart from what is tested.
history_command answered(store& all, history_command one) {
    const auto found = all.find(one.key);
    const std::optional<std::string> had =
        found == all.end() ? std::nullopt : std::optional{found->second};
    switch (one.op) {
    case history_op::get:
        one.result = had;
        one.absent = !had;
        break;
    case history_op::put: all[one.key] = one.value; break;
    case history_op::append: one.result = all[one.key] += one.value; break;
    case history_op::increment:
        one.result = all[one.key] = std::to_string(std::stoll(had.value_or("0")) + 1);
        break;
    case history_op::remove: one.result = all.erase(one.key) == 1 ? "true" : "false"; break;
    case history_op::cas:
        one.result = had == one.expect ? "true" : "false";
        if (had == one.expect) all[one.key] = one.value;
        break;
    }
    return one;
}

/// Whether some order explains it, by trying all.
bool brute_force(const history& all, std::vector<bool>& placed, const store& now) {
    auto latest = std::numeric_limits<std::int64_t>::max();
    bool all_placed = true;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (!placed[i] && all[i].status == history_status::ok) {
            latest = std::min(latest, all[i].finish);
            all_placed = false;
        }
    if (all_placed) return true;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (placed[i] || all[i].call > latest || all[i].status == history_status::fail) continue;
        auto next = now;
        bool fits = true;
        for (const auto& each : all[i].commands) {
            const auto real = answered(next, each);
            const bool told = each.result.has_value() || each.absent;
            fits = fits && (!told || (real.result == each.result && real.absent == each.absent));
        }
        if (!fits) continue;
        placed[i] = true;
        if (brute_force(all, placed, next)) return true;
        placed[i] = false;
    }
    return false;
}
bool brute_force(const history& all) {
    std::vector<bool> placed(all.size(), false);
    return brute_force(all, placed, {});
}

struct shape {
    std::vector<history_op> ops{};
    std::size_t clients = 3;
    std::size_t count = 8;
    std::size_t keys = 1;
    unsigned transactions = 0;    ///< Percent.
    unsigned unknown = 15;        ///< Percent.
    std::uint64_t values = 1000;  ///< So many different ones, about.
};

/// Clients of one store that is right. Each operation is called, takes effect, and returns.
class generator {
public:
    generator(shape is, std::uint64_t seed) : is_{std::move(is)}, random_{seed} {}

    [[nodiscard]] history run() {
        history all;
        std::vector<std::int64_t> free_at(is_.clients, 0);
        std::int64_t now = 0;
        for (std::size_t i = 0; i < is_.count; ++i) {
            now += 10;
            const auto client = below(is_.clients);
            // Its effect is now; around that, it must not overlap the client's other operations.
            history_operation one{client, commands(), now - static_cast<std::int64_t>(below(40)),
                                  now + static_cast<std::int64_t>(below(40))};
            one.call = std::max(one.call, std::min(free_at[client], now));
            free_at[client] = one.finish;
            const bool unknown = below(100) < is_.unknown;
            const bool is_lost = unknown && below(2) == 0;
            for (auto& each : one.commands)
                if (!is_lost) each = answered(now_, each);
            if (unknown) forget(one);
            all.push_back(std::move(one));
        }
        return all;
    }
    [[nodiscard]] std::uint64_t below(std::uint64_t end) { return random_() % end; }

    /// Puts a wrong answer in, of the kind that a broken store gives. It may happen to be right.
    void spoil(history& all) {
        auto& one = all[below(all.size())];
        auto& command = one.commands[below(one.commands.size())];
        if (one.status != history_status::ok) return;
        const auto& other = all[below(all.size())].commands.front();
        if (command.op == history_op::get) {
            command.result = other.result ? other.result : std::optional{other.value};
            command.absent = false;
        } else if (command.op == history_op::cas || command.op == history_op::remove) {
            command.result = *command.result == "true" ? "false" : "true";
        } else if (command.result && other.result) {
            command.result = other.result;
        }
    }

private:
    [[nodiscard]] std::vector<history_command> commands() {
        std::vector<history_command> made;
        const auto count = below(100) < is_.transactions ? 2 + below(2) : 1;
        while (made.size() < count) {
            history_command one{is_.ops[below(is_.ops.size())],
                                "k" + std::to_string(below(is_.keys))};
            if (one.op == history_op::increment)
                one.value = "1";
            else if (one.op != history_op::get && one.op != history_op::remove)
                one.value = any_value();
            if (one.op == history_op::cas && below(4) > 0) one.expect = any_value();
            made.push_back(std::move(one));
        }
        return made;
    }
    [[nodiscard]] std::string any_value() {
        return std::to_string(is_.values < 1000 ? below(is_.values) : ++last_);
    }
    static void forget(history_operation& one) {
        one.status = history_status::unknown;
        for (auto& each : one.commands) {
            each.result.reset();
            each.absent = false;
        }
    }

    shape is_;
    std::mt19937_64 random_;
    store now_{};
    std::uint64_t last_ = 0;
};

const std::vector<history_op> register_ops{history_op::get, history_op::put};
const std::vector<history_op> cas_ops{history_op::get, history_op::put, history_op::cas,
                                      history_op::remove};
const std::vector<history_op> number_ops{history_op::get, history_op::increment,
                                         history_op::remove};
const std::vector<history_op> append_ops{history_op::get, history_op::append};

const std::vector<shape> small_shapes{
    {.ops = register_ops},
    {.ops = register_ops, .unknown = 40, .values = 3},
    {.ops = cas_ops, .unknown = 30, .values = 3},
    {.ops = number_ops, .unknown = 30},
    {.ops = append_ops, .unknown = 30},
    {.ops = {history_op::append, history_op::get, history_op::remove, history_op::put},
     .values = 2},
    {.ops = cas_ops, .keys = 2, .transactions = 60, .unknown = 25, .values = 3},
    {.ops = register_ops, .keys = 3, .transactions = 70, .unknown = 30},
};

}  // namespace

TEST_CASE("linearizability: what every order tried says, on small random histories") {
    std::size_t wrong_ones = 0;
    for (std::size_t kind = 0; kind < small_shapes.size(); ++kind)
        for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
            generator made{small_shapes[kind], seed};
            auto all = made.run();
            CAPTURE(kind);
            CAPTURE(seed);
            REQUIRE(check_linearizability(all).is == linearizability::holds);
            made.spoil(all);
            const auto verdict = check_linearizability(all);
            const bool is_right = brute_force(all);
            REQUIRE((verdict.is == linearizability::holds) == is_right);
            if (is_right) continue;
            ++wrong_ones;
            REQUIRE(!verdict.findings.front().core.empty());
            // The necessary conditions never deny what can be ordered; here they may not matter.
            REQUIRE(verdict.is == linearizability::violated);
        }
    CHECK(wrong_ones > 3000);
}

TEST_CASE("linearizability: necessary conditions are broken by no history that can be ordered") {
    std::size_t found = 0;
    for (const auto& kind : small_shapes)
        for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
            generator made{kind, seed};
            auto all = made.run();
            made.spoil(all);
            const auto hurried = check_linearizability(all, {.steps = 0});
            if (hurried.is != linearizability::violated) continue;
            ++found;
            CAPTURE(seed);
            REQUIRE(!brute_force(all));
        }
    CHECK(found > 1000);
}

TEST_CASE("linearizability: large histories of a store that is right are, whatever was asked") {
    for (const auto& ops : {register_ops, cas_ops, number_ops, append_ops})
        for (std::uint64_t seed = 1; seed <= 5; ++seed) {
            CAPTURE(seed);
            const auto all =
                generator{{.ops = ops, .clients = 8, .count = 3000, .keys = 10, .unknown = 1}, seed}
                    .run();
            const auto verdict = check_linearizability(all);
            CHECK(verdict.is == linearizability::holds);
            CHECK(verdict.groups == 10);
        }
}

TEST_CASE("linearizability: a stale read is told with the two writes and the read") {
    const auto history = put("1", 0, 1) + put("2", 2, 3) + put("8", 3, 4) + put("3", 5, -1) +
                         get("8", 6, 7) + get("1", 8, 9);
    const auto found = only_finding(history);
    CHECK(found.is == linearizability::violated);
    REQUIRE(found.core.size() == 3);
    CHECK(found.core.front().line == 1);
    CHECK(found.core.back().line == 6);
    CHECK(found.why.find("What the one of line 6 read was written by the one of line 1") !=
          std::string::npos);
    CHECK(found.why.find("But the one of line") != std::string::npos);
}

TEST_CASE("linearizability: a lost write is told with the write and the read") {
    const auto found =
        only_finding(put("1", 0, 1) + line(R"("op":"get","key":"x","absent":true)", 2, 3));
    CHECK(found.is == linearizability::violated);
    CHECK(found.core.size() == 2);
}

TEST_CASE("linearizability: an increment that is applied twice is found") {
    CHECK(is_fine(incr("1", 0, 1) + incr("2", 2, 3) + get("2", 4, 5)));
    const auto found = only_finding(incr("1", 0, 1) + incr("3", 2, 3) + get("3", 4, 5));
    CHECK(found.is == linearizability::violated);
    // One that is not known to be done may explain it.
    CHECK(is_fine(incr("1", 0, 1) + line(R"("op":"incr","key":"x")", 0, -1) + incr("3", 2, 3)));
}

TEST_CASE("linearizability: a transaction that is torn is found") {
    const std::string both =
        R"("op":"txn","ops":[{"op":"put","key":"x","value":"1"},{"op":"put","key":"y",)"
        R"("value":"1"}])";
    const std::string sees_one =
        R"("op":"txn","ops":[{"op":"get","key":"x","result":"1"},{"op":"get","key":"y",)"
        R"("absent":true}])";
    const std::string sees_all =
        R"("op":"txn","ops":[{"op":"get","key":"x","result":"1"},{"op":"get","key":"y",)"
        R"("result":"1"}])";
    CHECK(is_fine(line(both, 0, 9) + line(sees_all, 1, 2)));
    const auto found = only_finding(line(both, 0, 9) + line(sees_one, 1, 2));
    CHECK(found.is == linearizability::violated);
    CHECK(found.keys == std::vector<std::string>{"x", "y"});
}

TEST_CASE("linearizability: intervals are closed, so what only touches is concurrent") {
    CHECK(is_fine(put("1", 0, 1) + put("2", 1, 2) + get("1", 2, 3)));
    CHECK(!is_fine(put("1", 0, 1) + put("2", 2, 3) + get("1", 4, 5)));
}

TEST_CASE(
    "linearizability: a failed write must not be seen, and an unknown one may be, at any time") {
    const std::string failed =
        R"({"op":"put","key":"x","value":"7","call":0,"return":1,"status":"fail"})"
        "\n";
    CHECK(!is_fine(failed + get("7", 2, 3)));
    CHECK(is_fine(put("7", 0, -1) + put("1", 2, 3) + get("1", 4, 5) + get("7", 6, 7)));
    CHECK(!is_fine(put("7", 0, -1) + get("7", 2, 3) + put("1", 4, 5) + get("7", 6, 7)));
}

TEST_CASE("linearizability: hundreds of unknown writes are no matter where values are unique") {
    std::string text;
    for (int i = 0; i < 500; ++i) text += put(std::to_string(i), 0, -1);
    for (int i = 0; i < 500; ++i) text += get(std::to_string(i), 2 * i + 1, 2 * i + 2);
    CHECK(is_fine(text));
    CHECK(!is_fine(text + get("3", 2000, 2001)));
}

TEST_CASE("linearizability: what is too much is said, with what holds all the same") {
    // Twice the same value, so that it must be searched.
    std::string text = put("0", 0, 100) + put("0", 0, 100);
    for (int i = 1; i < 16; ++i) text += put(std::to_string(i), 0, 100);
    const auto all = history_of(text + get("1", 200, 201) + get("2", 202, 203));
    const auto verdict = check_linearizability(all, {.steps = 1000});
    CHECK(verdict.is == linearizability::undecided);
    CHECK(verdict.findings.front().why.find("no value was read that nobody wrote") !=
          std::string::npos);
    const auto stale = check_linearizability(
        history_of(text + put("100", 300, 301) + get("1", 302, 303)), {.steps = 10});
    CHECK(stale.is == linearizability::violated);
    CHECK(stale.findings.front().core.size() >= 2);
}
