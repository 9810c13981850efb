// SPDX-License-Identifier: BSL-1.0
//
// Goal: the transitions that are written for checkers of the specification say what happened.
// Method: samples are written, read back from their text, and the named actions are taken, in every
// way that they can be; a line that says something else is told from one that does not.
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <proof/cluster_model/start_states.hpp>
#include <proof/specification/edges.hpp>
#include <support/explored_settings.hpp>
#include <support/specification.hpp>

using namespace raft::proof;
using namespace raft::testing;

namespace {

struct sample_written {
    tla::edges_written counts{};
    std::vector<std::string> lines{};
};

template <class Model>
sample_written write_sample(const Model& model, std::size_t wanted,
                            const exploration_limits& limits = {}) {
    const auto sample = std::make_shared<transition_sample>(wanted, 1);
    const auto found = explorer<sampled<Model>>{{model, sample}, limits}.run();
    CHECK(found.violations == 0);
    std::stringstream text;
    sample_written written{tla::write_edges(text, model, sample->take()), {}};
    for (std::string line; std::getline(text, line);) written.lines.push_back(line);
    return written;
}

void must_be_true(const sample_written& written) {
    CHECK(written.counts.refused == 0);
    for (const auto& line : written.lines) {
        CAPTURE(line);
        CHECK(support::is_a_transition(line));
    }
}

model_bounds small_bounds() {
    return {.log_max = 1, .messages_max = 1, .crashes = 1, .config = plain_settings()};
}

}  // namespace

TEST_CASE("transitions: the actions that are written lead from pre to post") {
    const auto plain = write_sample(cluster_model{small_bounds()}, 1500);
    CHECK(plain.lines.size() == 1500);
    CHECK(plain.counts.published > plain.counts.relaxed * 2);
    must_be_true(plain);

    auto config = plain_settings();
    config.pre_vote = config.check_quorum = config.durable_at_once = true;
    config.messages_in_flight = 2;
    config.entries_per_message = 4;
    must_be_true(write_sample(
        cluster_model{{.term_max = 1, .messages_max = 2, .crashes = 0, .config = config}}, 1000,
        {.threads = 1, .states_max = 50'000}));
}

TEST_CASE("transitions: from starts with long logs, too") {
    for (const auto* name : {"old-term-on-a-majority-led", "three-rivals", "committed-and-shorter",
                             "entry-not-durable-elsewhere", "two-writes-not-durable"}) {
        const auto all = start_states(plain_settings());
        const auto start = std::ranges::find(all, name, &start_state::name);
        auto bounds = small_bounds();
        bounds.term_max = 1;
        const auto begin = begin_with(*start, bounds);
        must_be_true(write_sample(cluster_model{bounds, {begin}}, 300,
                                  {.threads = 1, .states_max = 10'000}));
    }
}

TEST_CASE("transitions: those of the transcription are single actions") {
    const tla::model specification{{.servers = 3, .term_max = 2, .log_max = 1, .messages_max = 1}};
    const auto written = write_sample(specification, 1000, {.threads = 1, .states_max = 200'000});
    CHECK(written.counts.published == 1000);
    must_be_true(written);
}

TEST_CASE("transitions: a sample is the same whatever the number of threads") {
    const auto sample = [](std::size_t threads) {
        return write_sample(cluster_model{small_bounds()}, 300, {.threads = threads}).lines;
    };
    CHECK(sample(1) == sample(2));
}

TEST_CASE("transitions: what is not said truly is told from what is") {
    const auto lines = write_sample(cluster_model{small_bounds()}, 500).lines;
    std::size_t changed = 0;
    for (const auto& line : lines) {
        if (line.find("LoseUnwritten") != std::string::npos) continue;  // It can be anything.
        const auto post = line.find("\"post\"");
        const auto term = line.find("\"1\":", post) + 4;
        auto other = line;
        other[term] = other[term] == '1' ? '3' : '1';  // The term of the first server.
        CHECK_FALSE(support::is_a_transition(other));
        const auto timeout = line.find("\"Timeout\"");
        if (timeout == std::string::npos) continue;
        other = line;
        other.replace(timeout, 9, "\"Restart\"");
        CHECK_FALSE(support::is_a_transition(other));
        ++changed;
    }
    CHECK(changed > 10);
}
