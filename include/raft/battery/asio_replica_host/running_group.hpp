// SPDX-License-Identifier: BSL-1.0
//
// A running group of a host: a member whose node gets its turns from there.
#pragma once

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <raft/battery/asio_replica/directory.hpp>
#include <raft/battery/asio_replica/node_settings.hpp>
#include <raft/battery/asio_replica/running.hpp>
#include <raft/battery/asio_replica_host/host_directory.hpp>
#include <raft/battery/asio_replica_host/hosted_node.hpp>
#include <raft/battery/asio_replica_host/options.hpp>

namespace raft::detail {

template <class StateMachine, limits Limits>
class running_group : public running_member<hosted_node<StateMachine, Limits>, Limits> {
    using base = running_member<hosted_node<StateMachine, Limits>, Limits>;

public:
    using node_type = hosted_node<StateMachine, Limits>;
    using shared = typename node_type::shared;

    running_group(std::shared_ptr<void> loop, shared& around, group_id group, member_id self,
                  replica_group_options options, StateMachine machine)
        : base{std::move(loop), around.io, terms_of(self, options)}
        , group_{group}
        , options_{std::move(options)}
        , machine_{std::move(machine)} {
        this->drive(std::make_shared<node_type>(around, group));
    }

    /// Says what is wrong, if anything is. Before anything else, on a disk thread.
    [[nodiscard]] std::optional<std::string> open(host_directory& all) {
        const auto path = all.path_of(group_, options_.incarnation);
        if (auto wrong = node().open(path, options_.segment_bytes)) return wrong;
        auto& storage = node().storage();
        if (auto wrong = all.judge(group_, options_.incarnation, storage.mark())) return wrong;
        if (!storage.history())
            if (auto wrong = prepare(storage, path, options_.history)) return wrong;
        if (storage.history() != options_.history)
            return path + " belongs to another history of the group than it is told to have";
        return std::nullopt;
    }

    /// Begins to take part. On the loop's thread.
    [[nodiscard]] std::optional<std::string> start() {
        for (const auto& line : node().storage().report()) this->watch().tell(line);
        std::vector<member_id> founders;
        for (const auto host : options_.hosts) founders.push_back(member_on(host));
        auto settings =
            settings_of_node<StateMachine>(this->terms().id, std::move(founders), options_,
                                           options_.history, std::random_device{}());
        if (!node().start(std::move(settings), std::move(machine_)))
            return "what the directory of group " + std::to_string(group_.value) +
                   " keeps makes no sense";
        return std::nullopt;
    }

    [[nodiscard]] node_type& node() { return this->driven(); }

private:
    group_id group_;
    replica_group_options options_;
    StateMachine machine_;  ///< Until it starts; then the node has it.
};

}  // namespace raft::detail
