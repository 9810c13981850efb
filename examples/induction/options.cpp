// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include <charconv>
#include <cstdio>

namespace raft_induction {

const std::string_view help_text =
    R"(usage: raft-induction [options]

Proves by induction that the production step keeps the invariant from which the safety of Raft
follows: from every cluster within bounds of which it holds, reachable or not.

  --servers N       how many, up to 3 (3)
  --max-term T      no server goes beyond this term, up to 4 (2)
  --max-log L       or this index, up to 5 (2)
  --features LIST   of prevote, check_quorum, pipeline, batch, transfers, holes (none)
  --preset NAME     quick: seconds; proof: minutes. Instead of the above
  --threads N       (2)
  --help            this text

A line sums up each proof: the histories within bounds, the states of clusters, the steps taken, and
the violations of the invariant, with which it exits 1.
)";

namespace {

using raft::proof::induction_bounds;

/// False if there is an unknown one. Without them, the settings under which small bounds show the
/// most: no batching, no slack.
bool set_features(std::string_view list, proof_options& one) {
    auto& config = one.bounds.config;
    config.pre_vote = config.check_quorum = false;
    one.bounds.transfers = one.bounds.holes = false;
    config.messages_in_flight = 1;
    config.entries_per_message = 1;
    one.features = list.empty() ? std::string_view{"none"} : list;
    while (!list.empty()) {
        const auto end = list.find(',');
        const auto name = list.substr(0, end);
        list = end == std::string_view::npos ? std::string_view{} : list.substr(end + 1);
        if (name == "prevote")
            config.pre_vote = true;
        else if (name == "check_quorum")
            config.check_quorum = true;
        else if (name == "pipeline")
            config.messages_in_flight = 2;
        else if (name == "batch")
            config.entries_per_message = 8;
        else if (name == "transfers")
            one.bounds.transfers = true;
        else if (name == "holes")
            one.bounds.holes = true;
        else
            return false;
    }
    return true;
}

proof_options proof_of(std::string_view features, const induction_bounds& bounds) {
    proof_options one{.bounds = bounds};
    raft::core::require(set_features(features, one));
    return one;
}

/// False if there is no such preset.
bool set_preset(std::string_view name, std::vector<proof_options>& proofs) {
    constexpr std::string_view all = "prevote,check_quorum,pipeline,batch,transfers";
    constexpr std::string_view all_and_holes =
        "prevote,check_quorum,pipeline,batch,transfers,holes";
    if (name == "quick")
        proofs = {proof_of("holes", {.servers = 2, .term_max = 2, .log_max = 2}),
                  proof_of(all, {.servers = 2, .term_max = 3, .log_max = 3}),
                  proof_of("", {.servers = 3, .term_max = 3, .log_max = 1}),
                  proof_of("", {.servers = 3, .term_max = 2, .log_max = 2})};
    else if (name == "proof")
        proofs = {proof_of(all_and_holes, {.servers = 2, .term_max = 3, .log_max = 3}),
                  proof_of("holes", {.servers = 3, .term_max = 2, .log_max = 2}),
                  proof_of("holes", {.servers = 3, .term_max = 3, .log_max = 1}),
                  proof_of("", {.servers = 2, .term_max = 4, .log_max = 4}),
                  proof_of(all, {.servers = 2, .term_max = 4, .log_max = 4}),
                  proof_of("", {.servers = 3, .term_max = 3, .log_max = 2}),
                  proof_of(all, {.servers = 3, .term_max = 3, .log_max = 2})};
    else
        return false;
    return true;
}

bool read_number(std::string_view text, std::size_t most, std::size_t& number) {
    const auto* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    return parsed.ec == std::errc{} && parsed.ptr == end && number > 0 && number <= most;
}

/// False if the flag is unknown or its value is wrong.
bool read_flag(std::string_view flag, std::string_view value, options& all) {
    auto& one = all.proofs.front();
    if (flag == "--servers")
        return read_number(value, raft::proof::small_cluster_max, one.bounds.servers);
    if (flag == "--max-term")
        return read_number(value, raft::proof::small_term_max, one.bounds.term_max);
    if (flag == "--max-log")
        return read_number(value, raft::proof::small_log_max, one.bounds.log_max);
    if (flag == "--features") return set_features(value, one);
    if (flag == "--preset") return set_preset(value, all.proofs);
    if (flag == "--threads") return read_number(value, 16, all.threads);
    return false;
}

}  // namespace

std::optional<options> read_options(std::span<char* const> arguments) {
    options all{.proofs = {proof_of("", {.servers = 3})}};
    bool is_preset = false;
    bool has_bounds = false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view flag = arguments[i];
        is_preset = is_preset || flag == "--preset";
        has_bounds =
            has_bounds || flag.starts_with("--max-") || flag == "--servers" || flag == "--features";
        if (flag == "--help") {
            all.help = true;
        } else if (i + 1 == arguments.size() || !read_flag(flag, arguments[i + 1], all)) {
            std::fprintf(stderr, "raft-induction: wrong: %s (see --help)\n", arguments[i]);
            return std::nullopt;
        } else {
            ++i;
        }
    }
    if (!is_preset || !has_bounds) return all;
    std::fprintf(stderr, "raft-induction: a preset has its own bounds and features\n");
    return std::nullopt;
}

}  // namespace raft_induction
