// SPDX-License-Identifier: BSL-1.0
//
// The story of `raft-kv demo`, told from outside of the servers: by processes, by a client, and by
// what each server holds at the end.
#include "demo.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "demo/contents.hpp"
#include "demo/local_cluster.hpp"
#include "demo/progress.hpp"
#include "demo/statistics.hpp"
#include "demo/text.hpp"
#include "demo/wait.hpp"
#include "demo/write_load.hpp"
#include <unistd.h>

namespace raft_kv {

namespace {

using namespace outside;

constexpr std::size_t writes_by_default = 100'000;
/// So many that clients are still at it when the leader is killed.
constexpr std::size_t writes_min = 10'000;
/// So few that one reply can name all keys.
constexpr std::size_t writes_max = 1'000'000;
constexpr int exit_failed = 1;
constexpr int exit_usage = 2;
constexpr int exit_interrupted = 130;

std::string server_name(std::uint64_t id) { return "server " + std::to_string(id); }

/// What the table is made of.
struct figures {
    std::size_t writes = 0;
    steady::duration writing{};
    steady::duration median{};
    steady::duration slow{};
    steady::duration failover{};
    steady::duration catch_up{};
    std::size_t lost = 0;
    bool servers_agree = true;
};

std::string to_table(const figures& found) {
    const auto seconds = std::chrono::duration<double>{found.writing}.count();
    const auto rate = seconds > 0 ? static_cast<double>(found.writes) / seconds : 0;
    const row rows[] = {
        {"writes", grouped(found.writes)},
        {"writes/s", grouped(static_cast<std::uint64_t>(rate))},
        {"p50", human_time(found.median)},
        {"p99", human_time(found.slow)},
        {"failover", human_time(found.failover)},
        {"catch-up", human_time(found.catch_up)},
        {"lost", grouped(found.lost)},
    };
    return table(rows);
}

class story {
public:
    story(const char* self_path, std::size_t writes, progress& teller)
        : tell_{teller}, writes_{writes}, cluster_{self_path} {}

    figures run() {
        const auto begin = steady::now();
        tell_.say("three servers, with their data in " + cluster_.directory());
        cluster_.start_all();
        for (const auto& server : cluster_.layout().servers)
            tell_.say("  " + server_name(server.id) + ": process " +
                      std::to_string(cluster_.process(server.id).id()) + ", clients on " +
                      host_and_port(server.host, server.client_port));
        const auto leader = cluster_.await_leader();
        tell_.say(server_name(leader.id) + " leads in term " + std::to_string(leader.term) + ", " +
                  human_time(steady::now() - begin) + " after the start");
        write();
        check();
        return figures_;
    }

    /// For a look at what went wrong.
    void keep_directory() {
        cluster_.keep_directory();
        tell_.say("the data and the logs of the servers are kept in " + cluster_.directory());
    }

private:
    /// All writes, with the leader's death at the half and its return at three quarters of them.
    void write() {
        tell_.say("writing " + grouped(writes_) + " keys");
        const auto begin = steady::now();
        write_load load{cluster_.layout(), {.writes = writes_}};
        advance(load, begin, writes_ / 2);
        const auto victim = cluster_.await_leader();
        const auto killed_at = steady::now();
        cluster_.kill(victim.id);
        dead_ = victim.id;
        tell_.say(server_name(victim.id) + ", the leader, is killed (SIGKILL) after " +
                  grouped(load.acknowledged()) + " writes");
        advance(load, begin, load.acknowledged() + 1);
        const auto leader = cluster_.await_leader(victim.id);
        tell_.say(server_name(leader.id) + " leads in term " + std::to_string(leader.term));
        advance(load, begin, writes_ * 3 / 4);

        const auto restarted_at = steady::now();
        tell_.say(server_name(victim.id) + " starts again after " + grouped(load.acknowledged()) +
                  " writes");
        cluster_.start(victim.id);
        dead_.reset();
        cluster_.await_caught_up(victim.id);
        figures_.catch_up = steady::now() - restarted_at;
        tell_.say(server_name(victim.id) + " has caught up");
        advance(load, begin, writes_);
        load.stop();
        measure(load, victim.id, killed_at, begin);
        acknowledged_ = load.acknowledgements();
    }

    void advance(write_load& load, steady::time_point begin, std::size_t goal) {
        constexpr std::chrono::milliseconds between_pictures{100};
        for (bool there = false; !there;) {
            there = load.await(goal, between_pictures);
            for (const auto& server : cluster_.layout().servers)
                if (server.id != dead_) cluster_.require_running(server.id);
            const auto seconds = std::chrono::duration<double>{steady::now() - begin}.count();
            const auto done = load.acknowledged();
            tell_.show(done, writes_, static_cast<double>(done) / seconds);
        }
    }

    void measure(const write_load& load, std::uint64_t victim, steady::time_point killed_at,
                 steady::time_point begin) {
        const auto& all = load.acknowledgements();
        const auto sorted = latencies(all);
        figures_.writes = all.size();
        figures_.median = percentile(sorted, 50);
        figures_.slow = percentile(sorted, 99);
        auto last = begin;
        for (const auto& each : all) last = std::max(last, each.received);
        figures_.writing = last - begin;
        const auto gap = outage(all, victim, killed_at);
        if (!gap) throw failure{"no write was acknowledged on both sides of the leader's death"};
        figures_.failover = *gap;
    }

    void check() {
        tell_.say("checking every acknowledged write on every server");
        cluster_.await_all_caught_up();
        std::optional<contents> first;
        for (const auto& server : cluster_.layout().servers) {
            throw_if_interrupted();
            auto held = contents_of(server);
            const auto lost = lost_from(held, acknowledged_);
            figures_.lost += lost.count();
            tell_.say("  " + server_name(server.id) + ": " + grouped(held.size()) + " keys, " +
                      grouped(lost.missing) + " missing, " + grouped(lost.different) +
                      " different" + (lost.count() > 0 ? "; " + lost.example : ""));
            if (!first) {
                first = std::move(held);
            } else if (const auto key = first_difference(*first, held); !key.empty()) {
                figures_.servers_agree = false;
                tell_.say("  " + server_name(server.id) + " differs from " +
                          server_name(cluster_.layout().servers.front().id) + " at " + key);
            }
        }
    }

    progress& tell_;
    std::size_t writes_;
    local_cluster cluster_;
    std::optional<std::uint64_t> dead_;  ///< The server that was killed, until it is back.
    std::vector<acknowledgement> acknowledged_;
    figures figures_;
};

/// Until it ends, ^C and SIGTERM end the story in order, with all its processes.
class interruptible {
public:
    interruptible() {
        struct sigaction action {};
        action.sa_handler = [](int) { interrupted = true; };
        ::sigemptyset(&action.sa_mask);
        ::sigaction(SIGINT, &action, &on_interrupt_);
        ::sigaction(SIGTERM, &action, &on_terminate_);
    }
    interruptible(const interruptible&) = delete;
    interruptible& operator=(const interruptible&) = delete;
    ~interruptible() {
        ::sigaction(SIGINT, &on_interrupt_, nullptr);
        ::sigaction(SIGTERM, &on_terminate_, nullptr);
    }

private:
    struct sigaction on_interrupt_ {};
    struct sigaction on_terminate_ {};
};

/// The number of writes, or nothing if the arguments say something else.
std::optional<std::size_t> read_arguments(std::span<char*> arguments) {
    if (arguments.empty()) return writes_by_default;
    if (arguments.size() != 2 || std::string_view{arguments[0]} != "--writes") return std::nullopt;
    const std::string_view text{arguments[1]};
    std::size_t writes = 0;
    const auto end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, writes);
    if (parsed.ec != std::errc{} || parsed.ptr != end || writes < writes_min || writes > writes_max)
        return std::nullopt;
    return writes;
}

int run(story& told, progress& teller) {
    try {
        const auto found = told.run();
        std::fputs(("\n" + to_table(found)).c_str(), stdout);
        if (found.lost == 0 && found.servers_agree) return 0;
    } catch (const interruption&) {
        teller.say("interrupted: the servers are ended and their data removed");
        return exit_interrupted;
    } catch (const std::exception& wrong) {
        teller.say("failed: " + std::string{wrong.what()});
    }
    told.keep_directory();
    return exit_failed;
}

}  // namespace

int demo(std::span<char*> arguments, const char* self_path) {
    const auto writes = read_arguments(arguments);
    if (!writes) {
        std::fputs("usage: raft-kv demo [--writes <10000 to 1000000>]\n", stderr);
        return exit_usage;
    }
    const interruptible until_the_end;
    progress teller{stdout, ::isatty(STDOUT_FILENO) != 0};
    try {
        story told{self_path, *writes, teller};
        return run(told, teller);
    } catch (const std::exception& wrong) {
        teller.say("failed: " + std::string{wrong.what()});
        return exit_failed;
    }
}

}  // namespace raft_kv
