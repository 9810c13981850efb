// SPDX-License-Identifier: BSL-1.0
#include "shown_recording.hpp"

#include <set>
#include <utility>
#include <variant>

namespace raft_replay {

namespace happened = raft_page::happened;
using raft::testing::in_words;

void shown_recording::add(const raft::testing::replayed_step& step) {
    if (!origin_) {
        origin_ = step.in.when;
        servers_.see(0, self_, step.before);
    }
    const auto at = (step.in.when - *origin_).nanoseconds;
    show_input(at, step.in.what);
    servers_.see(at, self_, step.after);
    for (const auto& each : step.out.messages) {
        if (const auto* one = std::get_if<raft::member_id>(&each.to)) {
            show_message(at, one->value, each.body);
        } else {
            for (const auto who : std::get<raft::core::member_set>(each.to))
                show_message(at, step.after.identity_of(who).value, each.body);
        }
    }
}

void shown_recording::show_input(std::int64_t at, const raft::core::input& in) {
    if (const auto* message = std::get_if<raft::core::received>(&in))
        run_.add(at, self_,
                 happened::arrived{
                     run_.add({message->from.value, self_, raft_page::class_of(message->body),
                               in_words(message->body)})});
    else
        run_.add(at, self_, happened::noted{in_words(in)});
}

void shown_recording::show_message(std::int64_t at, std::uint64_t to,
                                   const raft::core::message& body) {
    run_.add(at, self_,
             happened::sent{run_.add({self_, to, raft_page::class_of(body), in_words(body)})});
}

raft_page::run shown_recording::finish(const std::string& file) {
    run_.title = "What server " + std::to_string(self_) + " did";
    run_.made_by = "raft-replay " + file;
    run_.servers = {self_};
    std::set<std::uint64_t> others;
    for (const auto& each : run_.messages) others.insert({each.from, each.to});
    others.erase(self_);
    run_.others.assign(others.begin(), others.end());
    return std::move(run_);
}

}  // namespace raft_replay
