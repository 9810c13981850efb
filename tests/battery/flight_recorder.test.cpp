// SPDX-License-Identifier: BSL-1.0
//
// What the recorder keeps, and what reading a recording takes.
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <raft/battery/flight_recorder.hpp>
#include <raft/testing/cluster.hpp>
#include <support/dice.hpp>

using namespace raft;
using namespace raft::flight;
using namespace raft::core;
using testing::cluster;
using testing::dice;
using testing::s1;
using testing::s2;
using testing::s3;

namespace {

template <class T>
std::vector<std::byte> bytes_of(const T& x) {
    std::vector<std::byte> out;
    raft::detail::append_value(out, x);
    return out;
}

template <class T>
bool comes_back(const T& x) {
    const auto bytes = bytes_of(x);
    raft::detail::value_reader in{bytes};
    const auto read = in.read<T>();
    return in.good() && in.at_end() && read == x;
}

/// Every input of `at` is also given to a recorder, as a node would.
struct recorded_server {
    state now;
    flight::recorder<> recorder;
    effects out{};

    recorded_server(state begin, flight::options options)
        : now{std::move(begin)}, recorder{std::move(options)} {
        recorder.on_start(now);
    }
    template <class Input>
    void give(instant when, const Input& in) {
        recorder.on_input(when, in);
        out.clear();
        advance(now, in, when, out);
        recorder.on_state(now);
    }
    recording saved() const {
        const auto read = read_recording(recorder.recorded(now));
        REQUIRE(std::holds_alternative<recording>(read));
        return std::get<recording>(read);
    }
};

state fresh(std::uint64_t servers = 3) {
    std::vector<member_id> ids;
    for (std::uint64_t id = 1; id <= servers; ++id) ids.push_back({id});
    recovered_state kept;
    kept.configurations.push_back({{}, voters_only(ids)});
    return initial_state(s1, {}, kept, 7);
}

append_entries append_of(std::uint64_t last) {
    return {.term = {3},
            .prev = {{last - 1}, {last > 1 ? 3U : 0U}},
            .last_index = {last},
            .entries_term = {3},
            .commit_index = {last - 1},
            .round = {last}};
}

void follow(recorded_server& server, std::uint64_t entries) {
    server.give({0}, started{});
    for (std::uint64_t i = 1; i <= entries; ++i) {
        const instant when{static_cast<std::int64_t>(i) * 50'000};
        server.give(when, received{s2, append_of(i), std::nullopt});
        server.give(when + duration{20'000}, written{server.now.disk.issued});
    }
}

state replayed(const recorded_stretch& from) {
    auto s = from.before;
    effects out;
    for (const auto& each : from.inputs) advance(s, each.what, each.when, out);
    return s;
}

/// The bytes with their checksum made right again.
std::vector<std::byte> resealed(std::vector<std::byte> bytes) {
    const auto checked = std::span{bytes}.first(bytes.size() - 4);
    raft::detail::store_little_endian(&bytes[checked.size()], wire::crc32c(checked));
    return bytes;
}

}  // namespace

TEST_CASE("flight_recorder: states of every kind come back from their bytes") {
    dice d{11};
    for (int run = 0; run < 60; ++run) {
        settings config;
        config.retained_entries = static_cast<std::uint32_t>(d.below(4));
        config.clock_drift_ppm = 100;
        config.quiescence = run % 2 == 0;
        cluster c{3, config};
        for (int i = 0; i < 200; ++i) {
            const member_id id{d.below(3) + 1};
            const auto kind = d.below(10);
            if (kind < 6 && !c.network().empty()) c.deliver_nth(d.below(c.network().size()));
            if (kind == 6) c.propose(id);
            if (kind == 7) c.time_out(id);
            if (kind == 8) c.give(id, transfer_requested{member_id{d.below(3) + 1}});
            if (kind == 9) c.give(id, read_requested{});
            if (i % 40 == 30) c.take_snapshot(id);
            for (const auto server : {s1, s2, s3}) REQUIRE(comes_back(c.at(server)));
            for (const auto& each : c.network()) REQUIRE(comes_back(input{each.what}));
        }
    }
}

TEST_CASE("flight_recorder: numbers have one form each") {
    for (int bits = 0; bits < 64; ++bits)
        for (const std::uint64_t near : {0U, 1U, 2U}) {
            const auto number = (std::uint64_t{1} << bits) + near - 1;
            CAPTURE(number);
            CHECK(comes_back(number));
            CHECK(comes_back(duration{static_cast<std::int64_t>(number)}));
            CHECK(comes_back(duration{-static_cast<std::int64_t>(number >> 1)}));
            CHECK(comes_back(instant{static_cast<std::int64_t>(number)}) ==
                  (number < std::uint64_t{1} << 61));
        }
    const auto refused = [](std::vector<unsigned> raw) {
        std::vector<std::byte> bytes;
        for (const auto each : raw) bytes.push_back(static_cast<std::byte>(each));
        raft::detail::value_reader in{bytes};
        static_cast<void>(in.read<std::uint64_t>());
        return !in.good();
    };
    CHECK(refused({}));
    CHECK(refused({248}));
    CHECK(refused({248, 5}));
    CHECK(refused({249, 255, 0}));
    CHECK_FALSE(refused({248, 248}));
    CHECK_FALSE(refused({249, 0, 1}));
}

TEST_CASE("flight_recorder: the inputs lead from the first state to the last") {
    recorded_server server{fresh(), {}};
    follow(server, 100);
    const auto saved = server.saved();
    REQUIRE(saved.stretches.size() == 1);
    CHECK(saved.stretches[0].before == fresh());
    REQUIRE(saved.stretches[0].inputs.size() == 201);
    CHECK(saved.stretches[0].inputs[0] == recorded_input{{0}, started{}});
    CHECK(saved.stretches[0].inputs[1] ==
          recorded_input{{50'000}, received{s2, append_of(1), std::nullopt}});
    CHECK(saved.after == server.now);
    CHECK(replayed(saved.stretches[0]) == server.now);
}

TEST_CASE("flight_recorder: the ring forgets the oldest, and what is left replays") {
    recorded_server server{fresh(), {.bytes = 16 * 1024, .file = {}}};
    follow(server, 20'000);
    const auto saved = server.saved();
    REQUIRE(saved.stretches.size() == 2);
    CHECK(replayed(saved.stretches[0]) == saved.stretches[1].before);
    CHECK(replayed(saved.stretches[1]) == saved.after);
    CHECK(server.recorder.inputs() > 300);
    CHECK(server.recorder.recorded(server.now).size() < 17 * 1024);
}

TEST_CASE("flight_recorder: an input larger than its room begins the recording anew") {
    recorded_server server{fresh(), {.bytes = 0, .file = {}}};
    follow(server, 10);
    change_requested huge;
    for (std::uint64_t id = 1; id < 10'000; ++id) huge.members.push_back({{id}});
    server.give({1'000'000}, huge);
    CHECK(server.recorder.inputs() == 0);
    server.give({2'000'000}, received{s2, append_of(11), std::nullopt});
    const auto saved = server.saved();
    REQUIRE(saved.stretches.size() == 1);
    CHECK(saved.stretches[0].inputs.size() == 1);
    CHECK(saved.stretches[0].inputs[0].when == instant{2'000'000});
    CHECK(replayed(saved.stretches[0]) == server.now);
}

TEST_CASE("flight_recorder: every torn and every altered file is an error") {
    recorded_server server{fresh(), {}};
    follow(server, 3);
    const auto good = server.recorder.recorded(server.now);
    for (std::size_t length = 0; length < good.size(); ++length) {
        const auto read = read_recording(std::span{good}.first(length));
        REQUIRE(std::holds_alternative<recording_error>(read));
        CHECK(std::get<recording_error>(read) ==
              (length < 8 ? recording_error::not_a_recording : recording_error::wrong_length));
    }
    for (std::size_t at = 0; at < good.size(); ++at) {
        auto altered = good;
        altered[at] ^= std::byte{0x10};
        CAPTURE(at);
        const auto read = read_recording(altered);
        REQUIRE(std::holds_alternative<recording_error>(read));
        const auto expected = at < 8    ? recording_error::not_a_recording
                              : at < 12 ? recording_error::unknown_version
                              : at < 20 ? recording_error::wrong_length
                                        : recording_error::wrong_checksum;
        CHECK(std::get<recording_error>(read) == expected);
    }
    auto longer = good;
    longer.push_back({});
    CHECK(std::get<recording_error>(read_recording(longer)) == recording_error::wrong_length);
}

TEST_CASE("flight_recorder: a forged file is refused, or is another recording: each byte counts") {
    recorded_server server{fresh(), {}};
    follow(server, 3);
    server.give({500'000'000}, timer_fired{timer::election});
    const auto good = server.recorder.recorded(server.now);
    const auto original = server.saved();
    std::size_t refused = 0;
    for (std::size_t at = 20; at < good.size() - 4; ++at)
        for (unsigned value = 0; value < 256; ++value) {
            if (good[at] == static_cast<std::byte>(value)) continue;
            auto forged = good;
            forged[at] = static_cast<std::byte>(value);
            const auto read = read_recording(resealed(std::move(forged)));
            const auto* other = std::get_if<recording>(&read);
            refused += other == nullptr;
            if (other == nullptr) continue;
            CAPTURE(at);
            REQUIRE_FALSE(*other == original);
            for (const auto& each : other->stretches) static_cast<void>(replayed(each));
        }
    CHECK(refused > 0);
}

TEST_CASE("flight_recorder: what is saved is in the file, and a place that is not there is told") {
    const auto path =
        std::filesystem::temp_directory_path() / ("raft-recording-" + std::to_string(::getpid()));
    recorded_server server{fresh(), {}};
    follow(server, 5);
    REQUIRE(server.recorder.save(server.now, path.string()));
    std::ifstream file{path, std::ios::binary};
    const std::string found{std::istreambuf_iterator<char>{file}, {}};
    const auto expected = server.recorder.recorded(server.now);
    CHECK(found == std::string{reinterpret_cast<const char*>(expected.data()), expected.size()});
    CHECK_FALSE(std::filesystem::exists(path.string() + ".unfinished"));
    std::filesystem::remove(path);
    CHECK_FALSE(server.recorder.save(server.now, "/none/there"));
}

TEST_CASE("flight_recorder: a broken invariant stops the process, and leaves the way there") {
    const auto path =
        std::filesystem::temp_directory_path() / ("raft-broken-" + std::to_string(::getpid()));
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::signal(SIGILL, SIG_DFL);
        ::signal(SIGTRAP, SIG_DFL);
        recorded_server server{fresh(), {.file = path.string()}};
        follow(server, 5);
        server.now.commit_index = {99};
        server.give({1'000'000}, wake_requested{});
        ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    std::ifstream file{path, std::ios::binary};
    const std::string found{std::istreambuf_iterator<char>{file}, {}};
    std::filesystem::remove(path);
    const auto read = read_recording(std::as_bytes(std::span{found}));
    REQUIRE(std::holds_alternative<recording>(read));
    const auto& saved = std::get<recording>(read);
    CHECK(saved.after.commit_index == log_index{99});
    CHECK(saved.stretches[0].inputs.back().what == input{wake_requested{}});
}
