// SPDX-License-Identifier: BSL-1.0
//
// Who belongs to a cluster of real servers changes while clients write to it. Every write that was
// acknowledged is read back from whoever leads in the end.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <demo/write_load.hpp>
#include <doctest/doctest.h>
#include <incarnation.hpp>

#include <support/kv_servers.hpp>

using namespace raft_kv::outside;
using raft_kv::id_text;
using raft_kv::server_id;
using support::kv_servers;
using support::patience;
using support::shown;
using support::steady_load;

namespace {

using ids = std::vector<std::uint64_t>;
using words = leader_client::words;

/// Servers of which some come later, and clients that write all the time.
struct changing_cluster {
    changing_cluster(std::size_t founders, ids later)
        : servers{founders, std::move(later)}, load{servers.layout(), steady_load} {}

    local_cluster& cluster() { return servers.cluster(); }

    void await_writes() { REQUIRE(load.await(load.acknowledged() + 200, patience)); }

    void announce(std::uint64_t id) { servers.have_done(servers.with_address("ANNOUNCE", id)); }
    void add(std::uint64_t id) {
        servers.have_done(servers.with_address("ADD", id));
        await_writes();
    }

    void change_to(const ids& members) {
        words request{"RAFT", "CHANGE"};
        for (const auto id : members) request.push_back(id_text(id));
        servers.have_done(request);
        CHECK(voters() == members);
        await_writes();
    }

    /// As the leader knows them; there is no change under way.
    ids voters() {
        ids found;
        const auto status = cluster().await_leader();
        CHECK_FALSE(status.changing);
        for (const auto& member : status.members)
            if (member.part == "voter") found.push_back(member.id);
        std::ranges::sort(found);
        return found;
    }

    void stop(const ids& gone) {
        for (const auto id : gone) cluster().kill(id);
    }

    void check_nothing_lost() {
        load.stop();
        const auto members = voters();
        for (const auto id : members) cluster().await_caught_up(id);
        for (const auto id : members) {
            CAPTURE(id);
            const auto lost =
                lost_from(contents_of(cluster().address(id)), load.acknowledgements());
            CHECK(lost.missing == 0);
            CHECK(lost.different == 0);
        }
    }

    kv_servers servers;
    write_load load;
};

}  // namespace

TEST_CASE("e2e: a cluster grows from one server to three and to five under load") {
    changing_cluster story{1, {2, 3, 4, 5}};
    for (const auto id : ids{2, 3}) {
        story.cluster().start(id);
        story.add(id);
    }
    CHECK(story.voters() == ids{1, 2, 3});
    for (const auto id : ids{4, 5}) story.cluster().start(id);
    story.announce(4);
    story.announce(5);
    story.change_to({1, 2, 3, 4, 5});

    story.servers.have_done({"RAFT", "TRANSFER", "5"});
    CHECK(story.cluster().await_leader().id == 5);
    story.await_writes();
    story.stop({1, 2});
    story.await_writes();
    for (const auto id : ids{1, 2}) story.cluster().start(id);
    story.check_nothing_lost();
}

TEST_CASE("e2e: all five servers are replaced by five others in one change under load") {
    changing_cluster story{5, {6, 7, 8, 9, 10}};
    for (std::uint64_t id = 6; id <= 10; ++id) {
        story.cluster().start(id);
        story.announce(id);
    }
    story.await_writes();
    story.change_to({6, 7, 8, 9, 10});
    story.stop({1, 2, 3, 4, 5});
    story.await_writes();

    story.change_to({6, 7, 8});
    story.stop({9, 10});
    story.servers.have_done({"RAFT", "TRANSFER"});
    story.await_writes();
    story.servers.have_done({"RAFT", "STEPDOWN"});
    story.await_writes();
    story.check_nothing_lost();
}

TEST_CASE("e2e: a server that lost its disk comes back as another incarnation, under load") {
    const auto second = server_id(3, 2);
    changing_cluster story{3, {second}};
    story.await_writes();
    story.cluster().kill(3);
    std::filesystem::remove_all(story.cluster().data_path(3));
    auto as_it_was = story.cluster().command(second);
    std::ranges::replace(as_it_was, "3.2", "3");
    std::ranges::replace(as_it_was, story.cluster().cluster_file(second),
                         story.cluster().cluster_file());
    const auto refused = support::run_program(as_it_was);
    CAPTURE(refused.output);
    CHECK(refused.how == ending{.by_signal = false, .number = 1});
    CHECK(refused.output.find("another incarnation: server 3.2") != std::string::npos);

    story.cluster().start(second);
    story.announce(second);
    story.change_to({1, 2, second});
    story.check_nothing_lost();
}

TEST_CASE("e2e: what cannot be the membership is refused with the reason") {
    kv_servers servers;
    CHECK(shown(servers.ask({"SET", "a", "1"})) == "OK");
    auto leader = servers.connect(servers.leader());
    const auto says = [&](std::initializer_list<std::string_view> request) {
        return shown(leader.call(request));
    };
    CHECK(says({"RAFT", "ADD", "1", "127.0.0.1", "1", "2"}) ==
          "(error) ISMEMBER server 1 is a member already");
    const auto taken = std::to_string(servers.cluster().address(2).peer_port);
    CHECK(says({"RAFT", "ADD", "4", "127.0.0.1", taken, "2"})
              .starts_with("(error) TAKEN server 2 is there"));
    CHECK(says({"RAFT", "ADD", "4", "127.0.0.1", "1", "2", "KING"}).starts_with("(error) ERR "));
    CHECK(says({"RAFT", "REMOVE", "9"}).starts_with("(error) NOMEMBER server 9 is no member"));
    CHECK(says({"RAFT", "PROMOTE", "1"}).starts_with("(error) NOCHANGE "));
    CHECK(says({"RAFT", "CHANGE", "1", "9"})
              .starts_with("(error) NOADDRESS nobody knows where server 9"));
    CHECK(says({"RAFT", "CHANGE", "1", "1"}).starts_with("(error) BADMEMBERS "));
    CHECK(says({"RAFT", "CHANGE", "1:learner"}).starts_with("(error) BADMEMBERS "));
    CHECK(says({"RAFT", "TRANSFER", "9"}).starts_with("(error) NOMEMBER "));
    CHECK(says({"RAFT", "FORGET", "1"}).starts_with("(error) ISMEMBER "));
    CHECK(says({"RAFT", "LEASE", "on"}).starts_with("(error) NOLEASE a lease needs a bound"));
    CHECK(servers.cluster().await_leader().members.size() == 3);
    auto follower = servers.connect(servers.follower());
    CHECK(shown(follower.call({"RAFT", "REMOVE", "1"})).starts_with("(error) MOVED 0 "));
}

TEST_CASE("e2e: a new server that never answers is given up") {
    kv_servers servers{3, {4}};
    auto leader = servers.connect(servers.leader());
    const auto& at = servers.cluster().address(4);
    const auto peer_port = std::to_string(at.peer_port);
    const auto client_port = std::to_string(at.client_port);
    CHECK(shown(leader.call({"RAFT", "ADD", "4", at.host, peer_port, client_port}))
              .starts_with("(error) GIVENUP a new voter did not answer"));
    CHECK(servers.cluster().await_leader().members.size() == 3);
    CHECK(shown(servers.ask({"SET", "a", "1"})) == "OK");
}
