// SPDX-License-Identifier: BSL-1.0
//
// The running replica: a member with a node, a storage and connections of its own (asio_node.hpp).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <asio/io_context.hpp>

#include <raft/battery/asio_node.hpp>
#include <raft/battery/asio_replica/connections.hpp>
#include <raft/battery/asio_replica/directory.hpp>
#include <raft/battery/asio_replica/node_settings.hpp>
#include <raft/battery/asio_replica/options.hpp>
#include <raft/battery/asio_replica/running.hpp>
#include <raft/battery/file_storage/peer_marks.hpp>

namespace raft::detail {

template <class StateMachine, limits Limits, class Platform>
class running_replica : public running_member<asio_node<StateMachine, Limits, Platform>, Limits> {
    using base = running_member<asio_node<StateMachine, Limits, Platform>, Limits>;
    using driven_node = asio_node<StateMachine, Limits, Platform>;

public:
    using storage_type = typename driven_node::storage_type;

    running_replica(std::shared_ptr<void> loop, asio::io_context& io, replica_options options,
                    StateMachine machine)
        : base{std::move(loop), io, terms_of(options.id, options)}
        , options_{std::move(options)}
        , machine_{std::move(machine)}
        , marks_{Platform::files_at(io, options_.directory)} {}

    [[nodiscard]] const replica_options& options() const { return options_; }

    /// Says what is wrong, if anything is; then nothing has begun.
    [[nodiscard]] std::optional<std::string> start() {
        this->drive(driven_node::make(this->context(), [weak = this->weak_from_this()] {
            if (const auto self = weak.lock()) self->turn();
        }));
        if (auto wrong = open_storage()) return wrong;
        auto connections = connections_of<Platform>(
            this->context(), options_, options_.members, storage(), marks_,
            [this](const transport::event& event) { this->watch().tell(line_of(event)); });
        if (auto* wrong = std::get_if<std::string>(&connections)) return std::move(*wrong);
        const auto failed = this->driven().listen(
            std::move(machine_),
            settings_of_node<StateMachine>(options_.id, founders(), options_, *storage().history(),
                                           Platform::seed(this->context())),
            std::get<transport::options>(std::move(connections)));
        if (failed) return "cannot listen for the other servers: " + failed.message();
        if (!this->driven().start()) return "what " + options_.directory + " keeps makes no sense";
        return std::nullopt;
    }

    void set_peer(transport::peer peer) {
        if (this->is_taking()) this->driven().transport().set_peer(std::move(peer));
    }

private:
    [[nodiscard]] storage_type& storage() { return this->driven().storage(); }

    [[nodiscard]] std::vector<member_id> founders() const {
        std::vector<member_id> all;
        for (const auto& each : options_.members) all.push_back(each.id);
        return all;
    }

    [[nodiscard]] std::optional<std::string> open_storage() {
        if (auto wrong = this->driven().open(options_.directory)) return wrong;
        for (const auto& line : storage().report()) this->watch().tell(line);
        if (!storage().history()) return not_prepared(options_.directory);
        return marks_.open(options_.directory);
    }

    replica_options options_;
    StateMachine machine_;  ///< Until it starts; then the node has it.
    wal::peer_marks<typename Platform::files> marks_;
};

}  // namespace raft::detail
