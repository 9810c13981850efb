// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>
#include <vector>

namespace raft_explore {

using raft::proof::model_bounds;

const std::string_view help_text =
    R"(usage: raft-explore [options]

Visits every state that a cluster of production states can reach within bounds, and checks the
rules of Raft in each. A violation is told as a shortest story of how it comes about.

  --servers N       how many (3)
  --max-term T      no server goes beyond this term (2)
  --max-log L       or this index (2)
  --messages M      so many messages may still arrive, each once or more often (1)
  --crashes C       so many crashes, each with a restart (0)
  --wipes N         so many more, after which nothing is left on the disk (0)
  --births N        1: the first voters wait for the birth of their cluster (0: it is born)
  --reads N         so many linearizable reads (0)
  --snapshots N     so many snapshots (0)
  --transfers N     so many leadership transfers and resignations (0)
  --changes N       so many changes of membership (0)
  --parts N         so many changes of the part of one server, which becomes a voter, a learner, a
                    witness, or no member (0)
  --voters N        so many of the servers vote at first (all)
  --witnesses N     so many of those are witnesses (0)
  --features LIST   of prevote, check_quorum, durable_at_once, pipeline, batch,
                    quiescence (none)
  --from STATE      begins there; T and L are then counted from its highest term and index
  --list            the names of the starts and of the presets
  --preset NAME     runs a list of explorations, each within its own bounds
  --max-states N    stops after the depth at which so many are found
  --threads N       (2)
  --edges FILE      writes the transitions, abstracted, as JSON lines with the specification's
                    actions that each is made of
  --traces DIR      writes runs there as traces for etcd's specification
  --liveness        asks on the whole graph whether a leader that commits can be reached from
                    every state below --max-term and --max-log, and whether every leader of the
                    latest term commits; and in a sample of all the states, whether a command is
                    committed when all faults end
  --refine          requires of every transition that it is a path of the specification's actions
  --sample N        only so many of each, drawn from all of the exploration (edges: all; traces:
                    100; of states, by the transitions from them: 10,000)
  --seed S          which those are (1)
  --specification   explores our transcription of raft.tla itself, within --servers, --max-term,
                    --max-log and --messages; terms begin with 1 there
  --save FILE       writes the story of a violation there, too: a test for --replay
  --replay FILE     lives through a saved story once more; exits 1 if it breaks the rule again, 3
                    if not all of it happens any more
  --html FILE       with --replay: writes a page there that shows the story
  --help            this text

The last line sums up: states and depth, time, and violations, with which it exits 1. Wrong
arguments, or a file that cannot be read or written: it exits 2.
)";

raft::settings explored_settings() {
    raft::settings config;
    config.pre_vote = false;
    config.check_quorum = false;
    config.entries_per_message = 1;
    config.messages_in_flight = 1;
    config.retained_entries = 0;
    config.snapshot_chunk_bytes = 1;
    return config;
}

bool set_features(std::string_view list, raft::settings& config) {
    while (!list.empty()) {
        const auto end = list.find(',');
        const auto name = list.substr(0, end);
        list = end == std::string_view::npos ? std::string_view{} : list.substr(end + 1);
        if (name == "prevote")
            config.pre_vote = true;
        else if (name == "check_quorum")
            config.check_quorum = true;
        else if (name == "durable_at_once")
            config.durable_at_once = true;
        else if (name == "pipeline")
            config.messages_in_flight = 2;
        else if (name == "quiescence")
            config.quiescence = true;
        else if (name == "batch")
            config.entries_per_message = 4;
        else
            return false;
    }
    return true;
}

namespace {

template <class Number>
bool read_number(std::string_view text, Number most, Number& number) {
    const auto* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    return parsed.ec == std::errc{} && parsed.ptr == end && number <= most;
}

/// False if the flag is unknown or its value is wrong.
bool read_flag(std::string_view flag, std::string_view value, options& all) {
    using raft::proof::explored_past;
    auto& bounds = all.one.bounds;
    const std::uint8_t few = 100;
    if (flag == "--servers")
        return read_number(value, raft::proof::explored_servers_max, bounds.servers) &&
               bounds.servers > 0;
    if (flag == "--max-term")
        return read_number<std::uint64_t>(value, explored_past::terms_max - 1, bounds.term_max);
    if (flag == "--max-log")
        return read_number<std::uint64_t>(value, explored_past::entries_max - 1, bounds.log_max);
    if (flag == "--messages") return read_number<std::size_t>(value, 8, bounds.messages_max);
    if (flag == "--crashes") return read_number(value, few, bounds.crashes);
    if (flag == "--wipes") return read_number(value, few, bounds.wipes);
    if (flag == "--births") return read_number<std::uint8_t>(value, 1, bounds.births);
    if (flag == "--parts") return read_number(value, few, bounds.parts);
    if (flag == "--witnesses")
        return read_number(value, raft::proof::explored_servers_max, bounds.witnesses);
    if (flag == "--reads")
        return read_number<std::uint8_t>(value, explored_past::reads_max, bounds.reads);
    if (flag == "--changes") return read_number(value, few, bounds.changes);
    if (flag == "--voters")
        return read_number(value, raft::proof::explored_servers_max, bounds.voters);
    if (flag == "--snapshots") return read_number(value, few, bounds.snapshots);
    if (flag == "--transfers") return read_number(value, few, bounds.transfers);
    if (flag == "--features") return set_features(all.one.features = value, bounds.config);
    if (flag == "--from") return !(all.one.from = value).empty();
    if (flag == "--preset") return !(all.preset = value).empty();
    if (flag == "--replay") return !(all.replay_file = value).empty();
    if (flag == "--html") return !(all.html_file = value).empty();
    if (flag == "--edges") return !(all.edges_file = value).empty();
    if (flag == "--traces") return !(all.traces_directory = value).empty();
    if (flag == "--sample") return read_number(value, ~std::size_t{0}, all.sample);
    if (flag == "--seed") return read_number(value, ~std::uint64_t{0}, all.seed);
    if (flag == "--save") return !(all.save_file = value).empty();
    if (flag == "--max-states") return read_number(value, ~std::uint64_t{0}, all.one.states_max);
    if (flag == "--threads")
        return read_number<std::size_t>(value, 16, all.threads) && all.threads > 0;
    return false;
}

/// What has no meaning beside the first: the words of the second.
constexpr std::pair<std::string_view, std::string_view> exclusions[] = {
    {"--preset", "--servers --voters --max-term --max-log --messages --crashes --reads --snapshots "
                 "--transfers --changes --wipes --births --parts --witnesses --features --from "
                 "--max-states --replay --edges --traces --liveness --specification"},
    {"--from", "--servers --voters --births --witnesses"},
    {"--specification", "--from --voters --crashes --reads --snapshots --transfers --changes "
                        "--wipes --births --parts --witnesses --features --refine --liveness "
                        "--traces --save"},
    {"--liveness", "--wipes --births --refine --edges --traces --max-states --threads"},
    {"--traces", "--wipes --births --parts --witnesses --refine --edges --threads"},
    {"--edges", "--refine"}};

bool is_among(std::string_view words, std::string_view word) {
    const auto at = words.find(word);
    const auto end = at + word.size();
    return at != words.npos && (end == words.size() || words[end] == ' ');
}

/// False, with a word on stderr, if some of these say what others make nothing of.
bool go_together(const std::vector<std::string_view>& given, const model_bounds& bounds) {
    const auto is_given = [&](std::string_view flag) {
        return std::ranges::find(given, flag) != given.end();
    };
    for (const auto& [one, others] : exclusions)
        for (const auto each : given)
            if (is_given(one) && is_among(others, each)) {
                std::fprintf(stderr, "raft-explore: %s and %s do not go together\n", one.data(),
                             each.data());
                return false;
            }
    const auto voters = bounds.voters > 0 ? bounds.voters : bounds.servers;
    const char* wrong = nullptr;
    if (is_given("--html") && !is_given("--replay")) wrong = "only what is replayed is shown";
    if (voters > bounds.servers) wrong = "there are more voters than servers";
    if (bounds.witnesses * 2 >= voters) wrong = "half of the voters or more are witnesses";
    if (wrong != nullptr) std::fprintf(stderr, "raft-explore: %s\n", wrong);
    return wrong == nullptr;
}

}  // namespace

std::string arguments_of(const exploration_options& asked) {
    const auto& bounds = asked.bounds;
    std::string all;
    const auto add = [&all](const char* flag, const std::string& value) {
        all += (all.empty() ? "" : " ") + std::string{flag} + " " + value;
    };
    if (asked.from.empty()) add("--servers", std::to_string(bounds.servers));
    add("--max-term", std::to_string(bounds.term_max));
    add("--max-log", std::to_string(bounds.log_max));
    add("--messages", std::to_string(bounds.messages_max));
    const std::pair<const char*, std::uint64_t> counts[] = {
        {"--voters", bounds.voters},       {"--witnesses", bounds.witnesses},
        {"--births", bounds.births},       {"--crashes", bounds.crashes},
        {"--wipes", bounds.wipes},         {"--reads", bounds.reads},
        {"--snapshots", bounds.snapshots}, {"--transfers", bounds.transfers},
        {"--changes", bounds.changes},     {"--parts", bounds.parts}};
    for (const auto& [flag, count] : counts)
        if (count > 0) add(flag, std::to_string(count));
    if (!asked.features.empty()) add("--features", asked.features);
    if (!asked.from.empty()) add("--from", asked.from);
    return asked.refine ? all + " --refine" : all;
}

std::optional<options> read_options(std::span<char* const> arguments) {
    options all;
    all.one.name = "explored";
    all.one.bounds = {.messages_max = 1, .crashes = 0, .config = explored_settings()};
    std::vector<std::string_view> given;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view flag = given.emplace_back(arguments[i]);
        if (flag == "--help") {
            all.help = true;
        } else if (flag == "--list") {
            all.list = true;
        } else if (flag == "--liveness") {
            all.liveness = true;
        } else if (flag == "--refine") {
            all.one.refine = true;
        } else if (flag == "--specification") {
            all.specification = true;
        } else if (i + 1 == arguments.size() || !read_flag(flag, arguments[i + 1], all)) {
            std::fprintf(stderr, "raft-explore: wrong: %s (see --help)\n", arguments[i]);
            return std::nullopt;
        } else {
            ++i;
        }
    }
    if (!go_together(given, all.one.bounds)) return std::nullopt;
    return all;
}

}  // namespace raft_explore
