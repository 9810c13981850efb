// SPDX-License-Identifier: BSL-1.0
//
// A run told by hand, in which there is one of everything that a page shows: it stays as it is,
// whatever the protocol does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <page/run.hpp>

namespace support {

namespace happened = raft_page::happened;

/// Of three servers the first leads, is cut off, and goes on as if nothing were; the second leads
/// in the next term, and at last both have committed an entry of their own at one index.
class told_run {
public:
    [[nodiscard]] static raft_page::run tell() {
        told_run told;
        told.elects_the_first();
        told.commits_an_entry();
        told.cuts_off_the_first();
        told.elects_the_second();
        told.breaks_a_rule();
        return told.run_;
    }

private:
    using as = raft_page::standing;
    using of = raft_page::message_class;

    void elects_the_first() {
        for (const auto id : {1U, 2U, 3U}) stand(id, as::follower, 0);
        pass(300);
        stand(1, as::candidate, 1, 1);
        const auto to_2 = send(1, 2, of::election, "request_vote(term 1, last 0/0)");
        const auto to_3 = send(1, 3, of::election, "request_vote(term 1, last 0/0)");
        pass(20);
        arrive(to_2);
        stand(2, as::follower, 1, 1);
        const auto vote = send(2, 1, of::election, "request_vote_reply(term 1, yes)");
        pass(10);
        lose(to_3);
        went_wrong(3, "loss");
        pass(10);
        arrive(vote);
        stand(1, as::leader, 1, 1);
    }

    void commits_an_entry() {
        append(1, 1, 1, 1);
        const auto to_2 = send(1, 2, of::entries, "append_entries(entries 1 of term 1)");
        const auto to_3 = send(1, 3, of::entries, "append_entries(entries 1 of term 1)");
        pass(25);
        arrive(to_2);
        append(2, 1, 1, 1);
        const auto reply = send(2, 1, of::reply, "append_entries_reply(match 1)");
        pass(15);
        arrive(to_3);
        stand(3, as::follower, 1);
        append(3, 1, 1, 1);
        pass(10);
        arrive(reply);
        for (const auto id : {1U, 2U, 3U}) commit(id, 1);
        pass(60);
        went_wrong(3, "kill");
        stand(3, as::down, 1);
        pass(120);
        stand(3, as::follower, 1);
    }

    void cuts_off_the_first() {
        pass(50);
        went_wrong(1, "silent-cut");
        append(1, 2, 3, 1);
        const auto to_2 = send(1, 2, of::entries, "append_entries(entries 2-3 of term 1)");
        lose(to_2);
        pass(40);
        went_wrong(2, "pause", 60);
        pass(60);
    }

    void elects_the_second() {
        pass(150);
        stand(2, as::pre_candidate, 1, 1);
        pass(40);
        stand(2, as::candidate, 2, 2);
        const auto asked = send(2, 3, of::election, "request_vote(term 2, last 1/1)");
        pass(20);
        arrive(asked);
        stand(3, as::follower, 2, 2);
        const auto vote = send(3, 2, of::election, "request_vote_reply(term 2, yes)");
        pass(20);
        arrive(vote);
        stand(2, as::leader, 2, 2);
        append(2, 2, 2, 2);
        const auto entry = send(2, 3, of::entries, "append_entries(entries 2 of term 2)");
        pass(20);
        arrive(entry);
        append(3, 2, 2, 2);
        const auto reply = send(3, 2, of::reply, "append_entries_reply(match 2)");
        pass(20);
        arrive(reply);
        commit(2, 2);
        run_.add(at_, 2, happened::compacted{1, 1});
    }

    void breaks_a_rule() {
        const auto beat = send(2, 1, of::heartbeat, "append_entries(no entries) </script>");
        pass(80);
        commit(1, 2);
        run_.add(at_, 0, happened::broke_rule{"two entries committed at one index"});
        pass(20);
        arrive(beat);
        run_.add(at_, 1, happened::cut_after{1});
        stand(1, as::follower, 2);
        run_.add(at_, 1, happened::noted{"its members are {1 2 3}"});
        pass(60);
    }

    told_run() {
        run_.title = "A run told by hand";
        run_.made_by = "raft-told-page";
        run_.servers = {1, 2, 3};
    }

    void pass(std::int64_t milliseconds) { at_ += milliseconds * 1'000'000; }
    void stand(std::uint64_t id, as role, std::uint64_t term, std::uint64_t vote = 0) {
        run_.add(at_, id, happened::stood{role, term, vote});
    }
    void append(std::uint64_t id, std::uint64_t first, std::uint64_t last, std::uint64_t term) {
        run_.add(at_, id, happened::appended{first, last, term});
    }
    void commit(std::uint64_t id, std::uint64_t index) {
        run_.add(at_, id, happened::committed{index});
    }
    void went_wrong(std::uint64_t id, const char* what, std::int64_t milliseconds = 0) {
        const auto until = milliseconds > 0 ? at_ + milliseconds * 1'000'000 : 0;
        run_.add(at_, id, happened::went_wrong{what, until});
    }
    std::size_t send(std::uint64_t from, std::uint64_t to, of what, const char* words) {
        const auto message = run_.add({from, to, what, words});
        run_.add(at_, from, happened::sent{message});
        return message;
    }
    void arrive(std::size_t message) {
        run_.add(at_, run_.messages[message].to, happened::arrived{message});
    }
    void lose(std::size_t message) {
        run_.add(at_, run_.messages[message].from, happened::lost{message});
    }

    raft_page::run run_{};
    std::int64_t at_ = 0;
};

}  // namespace support
