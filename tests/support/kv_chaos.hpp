// SPDX-License-Identifier: BSL-1.0
//
// Five servers under load to which things happen, round by round: they are killed, stand still, are
// cut off, have full disks, and change their parts. After each round all is well again, and there
// is a leader soon. In the end nothing that was acknowledged is lost, and all hold the same.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "kv_chaos_clients.hpp"
#include "kv_chaos_plan.hpp"
#include "kv_cut.hpp"
#include <demo/contents.hpp>
#include <demo/write_load.hpp>

namespace chaos_test {

using namespace cut_test;

class chaos {
public:
    chaos(std::uint64_t seed, milliseconds longest_round) : plans_{seed, longest_round} {
        if (std::getenv("RAFT_CHAOS_KEEP") != nullptr) servers_.keep_logs();
        const auto there = net_.visit_hub();
        load_.emplace(servers_.layout(),
                      load_options{.clients = 2, .pipeline = 8, .pause = milliseconds{40}});
        counting_.emplace(servers_.layout());
        bulk_.emplace(servers_.layout());
    }

    void run_until(steady::time_point end) {
        while (steady::now() < end) run_round();
    }

    /// How long after each round there was a leader whom all members follow, in order.
    [[nodiscard]] std::vector<milliseconds> times_to_lead() const {
        auto times = times_to_lead_;
        std::ranges::sort(times);
        return times;
    }

    /// Ends the load, makes all of them voters, and looks at what each holds.
    void check_end() {
        await_writes();
        load_->stop();
        counting_->stop();
        bulk_->stop();
        make_all_vote();
        const auto held = common_contents();
        check_nothing_lost(held);
        check_counter(held);
        MESSAGE(times_to_lead_.size()
                << " rounds, in " << full_logs_ << " of which logs met full disks, "
                << load_->acknowledged() << " writes and " << counting_->acknowledged()
                << " increments acknowledged, none lost");
    }

private:
    // ----------------------------------------------------------------------------------- a round

    /// What a server has logged: how often its log had no room, and had it again, and how many
    /// snapshots it took.
    struct told_of_log {
        std::size_t full = 0;
        std::size_t room = 0;
        std::size_t snapshots = 0;

        [[nodiscard]] bool is_full() const { return full > room; }
    };
    using told_of_logs = std::map<std::uint64_t, told_of_log>;

    void run_round() {
        const auto plan = plans_.next();
        bulk_->hurry(std::ranges::find(plan.faults, trouble::disk_full, &fault::what) !=
                     plan.faults.end());
        const auto told_before = plan.fills_logs ? full_logs_told(plan) : told_of_logs{};
        for (const auto& each : plan.faults) {
            let_pass(each.after);
            begin(each);
        }
        std::future<std::string> change;
        if (!plan.members.empty()) change = begin_change(plan.members);
        plan.fills_logs ? await_full_logs(told_before) : let_pass(plan.length);
        require_running(plan);
        bulk_->hurry(false);
        const auto took = heal(plan);
        times_to_lead_.push_back(took);
        const auto written = await_writes();
        const auto said = change.valid() ? change.get() : "";
        MESSAGE(to_text(plan) << ": a leader after " << took.count() << " ms, writes after "
                              << written.count() << " ms. " << said);
    }

    /// Until each of the logs has met the end of its disk: the server says so, or, if it leads,
    /// its clients are told; or it gets by, as it makes its log shorter by one snapshot after the
    /// other. Where too many are full nobody writes any more. A log gets nothing while its server
    /// is no member, and no commands while it is a witness.
    void await_full_logs(const told_of_logs& before) {
        const auto refused = bulk_->refused_for_room();
        CHECK(eventually(full_logs_bound, [&] {
            return bulk_->refused_for_room() > refused ||
                   std::ranges::all_of(before, [&](const auto& each) {
                       const auto now = told(each.first);
                       return now.is_full() || now.full > each.second.full ||
                              now.snapshots > each.second.snapshots + snapshots_to_get_by;
                   });
        }));
        if (!before.empty()) ++full_logs_;
    }

    /// Of each server whose disk is to be filled. Before the first is filled: it may say so before
    /// the last one is.
    [[nodiscard]] told_of_logs full_logs_told(const round_plan& plan) {
        told_of_logs all;
        for (const auto id : with_commands(plan)) all[id] = told(id);
        return all;
    }

    [[nodiscard]] told_of_log told(std::uint64_t id) {
        const auto log = servers_.log(id);
        return {count_of("the disk has no room for the log", log),
                count_of("the disk has room again", log), count_of("snapshot begun", log)};
    }

    [[nodiscard]] std::vector<std::uint64_t> with_commands(const round_plan& plan) {
        const auto there = net_.visit_hub();
        std::vector<std::uint64_t> found;
        for (const auto& member : members_now())
            for (const auto& each : plan.faults)
                if (each.at == member.id && member.part != "witness") found.push_back(each.at);
        return found;
    }

    [[nodiscard]] static std::size_t count_of(std::string_view text, std::string_view log) {
        std::size_t count = 0;
        for (auto at = log.find(text); at != log.npos; at = log.find(text, at + 1)) ++count;
        return count;
    }

    void begin(const fault& one) {
        switch (one.what) {
        case trouble::killed: return servers_.process(one.at).kill();
        case trouble::stands_still: return servers_.process(one.at).signal(SIGSTOP);
        case trouble::cut_off: return net_.cut(one.at);
        case trouble::pair_cut: return net_.cut_pair(one.at, one.other);
        case trouble::way_cut: return net_.cut_way(one.at, one.other);
        case trouble::disk_full: return servers_.disk(one.at).fill();
        }
    }

    void end(const fault& one) {
        switch (one.what) {
        case trouble::killed: return;
        case trouble::stands_still: return servers_.process(one.at).signal(SIGCONT);
        case trouble::cut_off: return net_.heal(one.at);
        case trouble::pair_cut: return net_.heal_pair(one.at, one.other);
        case trouble::way_cut: return net_.heal_way(one.at, one.other);
        case trouble::disk_full: return servers_.disk(one.at).release();
        }
    }

    /// Those that were killed are there first. Then all else ends, and time counts from there on.
    [[nodiscard]] milliseconds heal(const round_plan& plan) {
        for (const auto& each : plan.faults)
            if (each.what == trouble::killed) servers_.start(each.at);
        for (const auto& each : plan.faults)
            if (each.what == trouble::killed)
                REQUIRE(eventually(30s, [&] { return servers_.status(each.at).has_value(); }));
        for (const auto& each : plan.faults) end(each);
        return time_until([&] { return members_follow_one().has_value(); });
    }

    /// A server ends when it is killed, and never by itself.
    void require_running(const round_plan& plan) {
        for (const auto id : servers_.all()) {
            const auto is_killed = [&](const fault& each) {
                return each.what == trouble::killed && each.at == id;
            };
            if (std::ranges::any_of(plan.faults, is_killed)) continue;
            INFO("server " << id << " has ended by itself\n" << servers_.log(id));
            REQUIRE_FALSE(servers_.process(id).ended().has_value());
        }
    }

    /// Until one more is acknowledged.
    milliseconds await_writes() {
        const auto before = steady::now();
        INFO(told_by_all());
        REQUIRE(load_->await(load_->acknowledged() + 17, 60s));
        return std::chrono::duration_cast<milliseconds>(steady::now() - before);
    }

    /// For whoever looks into a failure: where each server stands, and the last that it logged.
    [[nodiscard]] std::string told_by_all() {
        std::string text;
        for (const auto id : servers_.all()) {
            text += "\nserver " + std::to_string(id);
            if (const auto one = servers_.status(id))
                text += ": " + std::string{one->leads() ? "leads" : "follows"} + " in term " +
                        std::to_string(one->term) + ", applied " + std::to_string(one->applied) +
                        ", last " + std::to_string(one->last);
            const auto log = servers_.log(id);
            text += "\n" + log.substr(log.size() - std::min<std::size_t>(log.size(), 2'000));
        }
        return text;
    }

    /// What the leader says of itself, if all members follow it.
    [[nodiscard]] std::optional<server_status> members_follow_one() {
        std::map<std::uint64_t, server_status> said;
        std::optional<server_status> leader;
        for (const auto id : servers_.all()) {
            auto one = servers_.status(id);
            if (!one) return std::nullopt;
            if (one->leads() && (!leader || one->term > leader->term)) leader = one;
            said.emplace(id, *std::move(one));
        }
        if (!leader) return std::nullopt;
        for (const auto& member : leader->members) {
            const auto& one = said.at(member.id);
            if (one.term != leader->term || one.leader != leader->id) return std::nullopt;
        }
        return leader;
    }

    // --------------------------------------------------------------------------------- membership

    [[nodiscard]] std::future<std::string> begin_change(const parts& wanted) {
        const auto there = net_.visit_hub();
        return std::async(std::launch::async, [this, wanted] { return change_to(wanted, 15s); });
    }

    /// As the newest leader knows them that can be reached from the hub. One that was removed may
    /// know others.
    [[nodiscard]] std::vector<member_status> members_now() const {
        std::optional<server_status> leader;
        for (const auto& server : servers_.layout().servers) {
            auto one = status_of(server);
            if (one && one->leads() && (!leader || one->term > leader->term)) leader = one;
        }
        return leader ? leader->members : std::vector<member_status>{};
    }

    /// What was a witness, or is to be one, comes as a new server: it leaves before.
    [[nodiscard]] std::string change_to(const parts& wanted, milliseconds limit) {
        leader_client client{servers_.layout(), 5s};
        auto leaving = wanted;
        for (const auto& member : members_now())
            if (auto& letter = leaving[member.id - 1];
                (member.part == "witness") != (letter == 'w'))
                letter = '-';
        if (leaving == wanted) return ask_for(client, wanted, limit);
        const auto text = ask_for(client, leaving, limit);
        return text.ends_with(": OK") ? text + "; " + ask_for(client, wanted, limit) : text;
    }

    /// Asks again while another change is under way: it may be this one, asked for before.
    [[nodiscard]] static std::string ask_for(leader_client& client, const parts& wanted,
                                             milliseconds limit) {
        leader_client::words request{"RAFT", "CHANGE"};
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            const auto id = std::to_string(i + 1);
            if (wanted[i] == 'v') request.push_back(id);
            if (wanted[i] == 'l') request.push_back(id + ":learner");
            if (wanted[i] == 'w') request.push_back(id + ":witness");
        }
        std::optional<answer> said;
        static_cast<void>(eventually(limit, [&] {
            said = client.persist(request, limit);
            return !said || !said->text.starts_with("BUSY ");
        }));
        if (!said) return wanted + ": no answer, " + client.last_error();
        return wanted + ": " + (said->is_ok() ? "OK" : said->text.substr(0, 40));
    }

    void make_all_vote() {
        std::string said;
        const auto done = eventually(60s, [&] {
            const auto there = net_.visit_hub();
            said = change_to(all_vote, 10s);
            return said.ends_with(": OK") || said.find("NOCHANGE") != said.npos;
        });
        INFO(said);
        REQUIRE(done);
    }

    // ------------------------------------------------------------------------------------ the end

    [[nodiscard]] contents common_contents() {
        REQUIRE(eventually(60s, [&] {
            const auto leader = members_follow_one();
            if (!leader || leader->applied != leader->last) return false;
            return std::ranges::all_of(servers_.all(), [&](auto id) {
                const auto one = servers_.status(id);
                return one && one->applied == leader->last;
            });
        }));
        const auto there = net_.visit_hub();
        const auto& all = servers_.layout().servers;
        auto first = contents_of(all.front());
        for (const auto& server : all) {
            INFO("server " << server.id << " differs from server 1");
            CHECK(first_difference(first, contents_of(server)).empty());
        }
        return first;
    }

    void check_nothing_lost(const contents& held) {
        const auto lost = lost_from(held, load_->acknowledgements());
        INFO("the first loss: " << lost.example);
        CHECK(lost.count() == 0);
    }

    void check_counter(const contents& held) {
        INFO(counting_->wrong());
        CHECK(counting_->wrong().empty());
        const auto found = held.find("counter");
        const auto counter = found == held.end() ? 0 : std::stoll(found->second);
        CHECK(counter >= counting_->acknowledged());
        CHECK(counter <= counting_->acknowledged() + counting_->unknown());
    }

    /// So much do the log that is kept and three snapshots take at most.
    static constexpr std::size_t disk_mebibytes = 700;
    /// More than other reasons give in that time.
    static constexpr std::size_t snapshots_to_get_by = 20;
    /// Two segments of 32 MiB are to be written before, by whatever the machine has left.
    static constexpr milliseconds full_logs_bound{120'000};

    planner plans_;
    network_of_hosts net_{server_count};
    kv_hosts servers_{net_,
                      server_count,
                      {"--election-timeout-ms", std::to_string(election_timeout.count()),
                       "--heartbeat-ms", "100", "--protected-mode", "no", "--snapshot-entries",
                       "1000"},
                      disk_mebibytes};
    std::optional<write_load> load_{};
    std::optional<support::counting_client> counting_{};
    std::optional<support::bulk_client> bulk_{};
    std::vector<milliseconds> times_to_lead_{};
    std::size_t full_logs_ = 0;
};

}  // namespace chaos_test
