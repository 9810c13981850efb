// SPDX-License-Identifier: BSL-1.0
//
// Three hosts with hundreds of groups over sockets: what they decide when all is well, when
// strangers talk to them, and when wires break.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "asio_hosts.hpp"

namespace {

using namespace asio_test;

constexpr std::uint64_t groups = 200;
constexpr auto timeout = settings{}.election_timeout;

using promised = std::shared_ptr<std::optional<outcome<int>>>;

bool is_applied(const promised& answer) {
    return *answer && std::holds_alternative<applied<int>>(**answer);
}

/// Proposes in each group where it is led; all must be applied without time passing.
void commit_in_each(asio_hosts& all, const std::function<int(std::uint64_t)>& amount) {
    std::vector<promised> answers;
    for (std::uint64_t group = 1; group <= groups; ++group) {
        CAPTURE(group);
        const auto leader = all.leader_of(group);
        REQUIRE(leader != 0);
        answers.push_back(all.propose(leader, group, amount(group)));
    }
    all.settle();
    for (const auto& each : answers) CHECK(is_applied(each));
}

void check_sums(const asio_hosts& all, const std::function<int(std::uint64_t)>& expected) {
    for (std::uint64_t id = 1; id <= 3; ++id)
        for (std::uint64_t group = 1; group <= groups; ++group)
            CHECK(all.sum_of(id, group) == expected(group));
}

int number_of(std::uint64_t group) { return static_cast<int>(group); }

settings awake() {
    auto config = testing::sleepy_groups();
    config.quiescence = false;
    return config;
}

handshake call_from(std::uint64_t id) {
    return {.content = frame_content::batches, .cluster = ours, .from = {id}, .to = {1}};
}

std::vector<std::byte> batch_of(group_id group, member_id from, member_id to) {
    batch<int> said;
    said.add(group, from, to, request_vote{.term = {9}, .last_log = {}}, {});
    std::vector<std::byte> frame;
    REQUIRE_FALSE(append_batch(frame, said));
    return frame;
}

}  // namespace

TEST_CASE("asio host: hundreds of groups elect and commit over sockets, then sleep in silence") {
    asio_hosts all{3, groups, testing::sleepy_groups()};
    commit_in_each(all, number_of);
    all.run_for(timeout * 4);
    check_sums(all, number_of);
    for (std::uint64_t id = 1; id <= 3; ++id)
        CHECK(all[id].groups.statistics() == host_statistics{});

    REQUIRE_FALSE(all.deadline());
    const auto before = all.batches_received();
    all.run_for(milliseconds(600'000));
    CHECK(all.batches_received() == before);
    const auto answer = all.propose(all.leader_of(7), 7, 3);
    all.settle();
    CHECK(is_applied(answer));
}

TEST_CASE("asio host: strangers and junk are refused with a reason, and no group notices") {
    asio_hosts all{3, groups, awake()};
    all[1].links->set_peer({{4}, "127.0.0.1", 1});  // Known, and never there.
    const auto here = all[1].links->local_endpoint();
    const auto check_refused = [&](std::string_view reason, const auto& speak) {
        CAPTURE(reason);
        all[1].events.clear();
        plain_client stranger{all.io(), here};
        speak(stranger);
        CHECK(run_until(all.io(), [&] { return stranger.gone; }));
        CHECK(any_of(all[1].events, transport::event_kind::refused, reason));
        for (const auto& each : all[1].events) CHECK(each.peer != member_id{2});
    };
    check_refused(describe(frame_error::not_a_handshake), [](auto& stranger) {
        const std::string_view request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n......";
        stranger.say(std::as_bytes(std::span{request}));
    });
    const auto check_verdict = [&](handshake_verdict expected, const handshake& question) {
        check_refused(describe(expected), [&](auto& stranger) { stranger.say(question); });
    };
    check_verdict(handshake_verdict::unknown_member, call_from(5));
    auto question = call_from(4);
    question.cluster = {0xC2};
    check_verdict(handshake_verdict::other_cluster, question);
    question = call_from(4);
    question.content = frame_content::messages;
    check_verdict(handshake_verdict::other_content, question);

    const auto check_frame = [&](frame_error expected, const std::vector<std::byte>& junk) {
        check_refused(describe(expected), [&](auto& stranger) {
            stranger.say(call_from(4));
            REQUIRE(run_until(all.io(), [&] { return stranger.verdict().has_value(); }));
            CHECK(stranger.verdict() == handshake_verdict::welcome);
            stranger.say(junk);
        });
    };
    check_frame(frame_error::too_large, std::vector<std::byte>(4, std::byte{0xFF}));
    check_frame(frame_error::too_short, std::vector<std::byte>(4));
    check_frame(frame_error::unknown_version, frame_of(any_message));  // What a node would send.
    auto damaged = batch_of({1}, {4}, {1});
    damaged[20] ^= std::byte{1};
    check_frame(frame_error::wrong_checksum, damaged);

    commit_in_each(all, number_of);
    all.run_for(timeout);
    check_sums(all, number_of);
}

TEST_CASE("asio host: what a known host says in the name of others is counted and does nothing") {
    asio_hosts all{3, groups, awake()};
    all[1].links->set_peer({{4}, "127.0.0.1", 1});
    plain_client liar{all.io(), all[1].links->local_endpoint()};
    liar.say(call_from(4));
    REQUIRE(run_until(all.io(), [&] { return liar.verdict() == handshake_verdict::welcome; }));
    liar.say(batch_of({1}, {2}, {1}));           // It does not speak for host 2,
    liar.say(batch_of({groups + 1}, {4}, {1}));  // and there is no such group.
    const host_statistics expected{.unknown_group = 1, .misdirected = 1};
    CHECK(run_until(all.io(), [&] { return all[1].groups.statistics() == expected; }));
    CHECK_FALSE(liar.gone);
    commit_in_each(all, number_of);
}

TEST_CASE("asio host: where batches find too much waiting, all that they hold still comes") {
    auto narrow = options_for(0);
    narrow.queue_bytes_max = 1'000;  // Less than the entries of one turn take.
    narrow.reserve_bytes = 0;
    asio_hosts all{3, groups, awake(), narrow};
    commit_in_each(all, number_of);
    for (int i = 0; i < 20; ++i) {
        for (std::uint64_t group = 1; group <= groups; ++group)
            (void)all.propose(all.leader_of(group), group, 1);
        all.end_turns();
    }
    for (std::uint64_t id = 1; id <= 3; ++id) CHECK(all[id].batches_kept > 0);
    all.run_for(timeout);
    check_sums(all, [](std::uint64_t group) { return number_of(group) + 20; });
    for (std::uint64_t id = 1; id <= 3; ++id)
        CHECK(all[id].groups.statistics() == host_statistics{});
}

TEST_CASE("asio host: a host cut off within a frame loses its groups, and finds them when mended") {
    asio_hosts all{3, groups, awake()};
    commit_in_each(all, number_of);
    std::vector<std::uint64_t> led_by(groups + 1);
    for (std::uint64_t group = 1; group <= groups; ++group) led_by[group] = all.leader_of(group);
    for (const std::uint64_t other : {2U, 3U}) {
        all.wire(1, other).break_after(100);
        all.wire(other, 1).break_after(100);
    }

    // The entries of all groups that host 1 leads are in the frame that breaks.
    std::vector<promised> cut_off;
    for (std::uint64_t group = 1; group <= groups; ++group)
        if (led_by[group] == 1) cut_off.push_back(all.propose(1, group, 1'000'000));
    REQUIRE(cut_off.size() >= groups / 3);
    all.run_for(timeout * 8);
    for (const std::uint64_t other : {2U, 3U}) {
        CHECK(all.wire(1, other).is_broken());
        CHECK(all.wire(other, 1).is_broken());
        CHECK_FALSE(all[1].links->is_connected({other}));
        CHECK(any_of(all[other].events, transport::event_kind::closed));
    }
    for (const auto& each : cut_off) CHECK_FALSE(is_applied(each));
    for (std::uint64_t group = 1; group <= groups; ++group) CHECK(all.leader_of(group) != 1);
    commit_in_each(all, [](std::uint64_t) { return 500; });

    for (const std::uint64_t other : {2U, 3U}) {
        all.wire(1, other).mend();
        all.wire(other, 1).mend();
    }
    all.await_connections();
    all.run_for(timeout * 8);
    commit_in_each(all, [](std::uint64_t) { return 70; });
    all.run_for(timeout);
    check_sums(all, [](std::uint64_t group) { return number_of(group) + 570; });
    for (const auto& each : cut_off) CHECK_FALSE(is_applied(each));
}
