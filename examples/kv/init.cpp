// SPDX-License-Identifier: BSL-1.0
#include "init.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "birth.hpp"
#include "command_end.hpp"
#include "founders.hpp"
#include "operator_flags.hpp"

namespace raft_kv {

namespace {

constexpr complainer complain{"init"};
constexpr std::array<std::string_view, 1> takes{"--cluster"};

constexpr std::string_view help_text =
    R"(usage: raft-kv init --cluster FILE [options]

A cluster is born, once: all the servers in the file run, and have empty directories. They wait
until then. To do it again is no harm: a cluster that is born stays what it is.

  --cluster FILE           the file that its servers were started with
  --peer-secret-file FILE  the same, if they were; or else
  --requirepass-file FILE, --operatorpass-file FILE
  --wait-seconds N         how long to wait for all of them to be there (30)
  --help                   this text
)";

/// Nobody has run yet. What is wrong, if they did not begin.
std::optional<std::string> begin(const founders& all,
                                 const std::vector<birth_answer>& unborn_ones) {
    const auto none = [](std::string_view /*token*/) -> std::variant<founders::state, std::string> {
        return founders::state{};
    };
    const auto begun = all.let_begin(unborn_ones, none);
    if (const auto* wrong = std::get_if<std::string>(&begun)) return *wrong;
    const auto& [record, problems] = std::get<begun_cluster>(begun);
    std::printf("born: history %s, %zu servers\n", hex_text(record.history.value).c_str(),
                all.size());
    if (!problems.empty())
        std::printf("%s: it hears of the birth from the others\n", problems.c_str());
    return std::nullopt;
}

bool is_any_born(const std::vector<birth_answer>& said) {
    return std::ranges::any_of(
        said, [](const auto& each) { return std::holds_alternative<birth_record>(each); });
}

/// Some have run: the cluster is what it was.
int tell_born(const std::vector<birth_answer>& said) {
    std::optional<birth_record> born;
    for (const auto& each : said)
        if (const auto* record = std::get_if<birth_record>(&each)) {
            if (born && born->history != record->history)
                return complain("the servers in the file are of two clusters: histories " +
                                    hex_text(born->history.value) + " and " +
                                    hex_text(record->history.value),
                                failed);
            born = *record;
        }
    for (const auto& each : said)
        if (const auto* waiting = std::get_if<unborn>(&each))
            if (const auto why = obstacle_to_founding(*born, waiting->self))
                return complain(*why, failed);
    std::printf("born already: history %s; nothing to do\n", hex_text(born->history.value).c_str());
    return 0;
}

void tell_waiting(std::string_view problem) {
    std::fprintf(stderr, "raft-kv init: waiting: %.*s\n", static_cast<int>(problem.size()),
                 problem.data());
}

int found(const founders& all, std::chrono::seconds wait) {
    const auto answers = all.await_all(wait, tell_waiting);
    if (const auto* silent = std::get_if<std::string>(&answers))
        return complain(*silent +
                            ": a cluster is born when all its servers are there. Nothing has begun",
                        failed);
    const auto& said = std::get<std::vector<birth_answer>>(answers);
    if (is_any_born(said)) return tell_born(said);
    const auto wrong = begin(all, said);
    if (!wrong) return 0;
    // Somebody else may have done the same at the same time: then the cluster is born.
    const auto again = all.await_all(wait, tell_waiting);
    const auto* said_now = std::get_if<std::vector<birth_answer>>(&again);
    if (said_now != nullptr && is_any_born(*said_now)) return tell_born(*said_now);
    return complain(*wrong, failed);
}

}  // namespace

int init(std::span<char*> arguments) {
    const auto parsed = parse_operator_flags(arguments, takes);
    if (const auto* wrong = std::get_if<std::string>(&parsed)) return complain(*wrong, wrong_usage);
    const auto& flags = std::get<operator_flags>(parsed);
    if (flags.help) return print(help_text);
    const auto all = founders_of(flags);
    if (const auto* wrong = std::get_if<std::string>(&all)) return complain(*wrong, failed);
    return found(std::get<founders>(all), flags.wait);
}

}  // namespace raft_kv
