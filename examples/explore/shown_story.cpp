// SPDX-License-Identifier: BSL-1.0
#include "shown_story.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <page/observed.hpp>

namespace raft_explore {

namespace {

namespace happened = raft_page::happened;
using raft::proof::explored_cluster;
using raft::proof::explored_event;
using raft::testing::in_flight;

class teller {
public:
    explicit teller(std::size_t servers) {
        for (std::size_t i = 0; i < servers; ++i) run_.servers.push_back(i + 1);
    }

    void add(const raft::proof::lived_step& step, const explored_cluster& before) {
        say(step.event, before);
        for (std::size_t i = 0; i < run_.servers.size(); ++i)
            servers_.see(at_, i + 1, step.after.at(i).now);
        see_network(step.after.network);
        ++at_;
    }

    [[nodiscard]] raft_page::run finish(const char* rule) {
        if (rule != nullptr) run_.add(at_ - 1, 0, happened::broke_rule{rule});
        return std::move(run_);
    }

private:
    struct on_its_way {
        in_flight what{};
        std::size_t message = 0;
        bool has_come = false;  ///< It may come again, and nothing is lost if it does not.
    };

    void say(const explored_event& event, const explored_cluster& before) {
        using kind = explored_event::kind;
        const auto who = event.server + 1;
        switch (event.what) {
        case kind::deliver: {
            const auto came = known(before.network[event.number]);
            came->has_come = true;
            return run_.add(at_, who, happened::arrived{came->message});
        }
        case kind::crash: return run_.add(at_, who, happened::went_wrong{"crash", 0});
        case kind::damage: return run_.add(at_, who, happened::went_wrong{"lost end of log", 0});
        case kind::wipe: return run_.add(at_, who, happened::went_wrong{"lost disk", 0});
        case kind::begin:
        case kind::birth: return run_.add(at_, 0, note_of(event, before));
        default: run_.add(at_, who, note_of(event, before));
        }
    }

    /// Without the server, which the event has beside it.
    [[nodiscard]] static happened::noted note_of(const explored_event& event,
                                                 const explored_cluster& before) {
        auto words = raft::proof::detail::text(event, before);
        const auto who = "server " + std::to_string(event.server + 1) + ": ";
        return {words.starts_with(who) ? words.substr(who.size()) : std::move(words)};
    }

    [[nodiscard]] std::vector<on_its_way>::iterator known(const in_flight& message) {
        return std::ranges::find(network_, message, &on_its_way::what);
    }

    void see_network(const std::vector<in_flight>& now) {
        std::erase_if(network_, [&](const on_its_way& each) {
            const bool is_gone = std::ranges::find(now, each.what) == now.end();
            if (is_gone && !each.has_come)
                run_.add(at_, each.what.from.value, happened::lost{each.message});
            return is_gone;
        });
        for (const auto& each : now) {
            if (known(each) != network_.end()) continue;
            const auto message =
                run_.add({each.from.value, each.to.value, raft_page::class_of(each.what.body),
                          raft::testing::in_words(each.what.body)});
            network_.push_back({each, message, false});
            run_.add(at_, each.from.value, happened::sent{message});
        }
    }

    raft_page::run run_{.unit = raft_page::time_unit::steps};
    raft_page::observed_servers servers_{run_};
    std::vector<on_its_way> network_{};
    std::int64_t at_ = 0;
};

}  // namespace

raft_page::run shown_story(const raft::proof::retold_story& told, std::size_t servers) {
    teller all{servers};
    explored_cluster before;
    for (const auto& each : told.way) {
        all.add(each, before);
        before = each.after;
    }
    return all.finish(told.rule);
}

}  // namespace raft_explore
