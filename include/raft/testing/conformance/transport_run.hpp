// SPDX-License-Identifier: BSL-1.0
//
// What servers 1 to 3 send each other over the transports of a network, and how what arrives is
// held against it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <raft/policy/transport.hpp>
#include <raft/testing/conformance/transport_clause.hpp>

namespace raft::testing::conformance {

/// A message with what travels beside it, kept.
template <class Command>
struct parcel {
    core::message body{};
    std::vector<entry<Command>> entries{};
    std::optional<core::indexed_configuration> members{};
    std::vector<std::byte> chunk{};
    friend bool operator==(const parcel&, const parcel&) = default;

    [[nodiscard]] static parcel of(const core::message& body, const attachment<Command>& beside) {
        parcel kept{body, {beside.entries.begin(), beside.entries.end()}, {}, {}};
        if (beside.configuration != nullptr) kept.members = *beside.configuration;
        kept.chunk.assign(beside.chunk.begin(), beside.chunk.end());
        return kept;
    }
    [[nodiscard]] attachment<Command> beside() const {
        return {entries, members ? &*members : nullptr, chunk};
    }
    /// Makes of what it views something else, in its place.
    void scribble() {
        for (auto& each : entries) each = {};
        for (auto& each : chunk) each = scribbled;
        if (members) members->index = {};
    }
    [[nodiscard]] bool is_scribbled() const {
        const bool blank = !entries.empty() && entries.front().term == term_number{};
        const bool erased = !chunk.empty() && chunk.front() == scribbled;
        return blank || erased || (members && members->index == log_index{});
    }

    static constexpr std::byte scribbled{0xEE};
};

template <class Command, class Network>
class transport_run {
public:
    using clause = transport_clause;
    using parcel_type = parcel<Command>;

    transport_run(Network& network, transport_report& report) : network_{network}, report_{report} {
        network_.start([this](member_id to, member_id from, const core::message& body,
                              const attachment<Command>& beside) {
            arrived(to, from, parcel_type::of(body, beside));
        });
    }
    transport_run(const transport_run&) = delete;
    transport_run& operator=(const transport_run&) = delete;

    /// Sends it until each of `awaited` has it; `which` is broken if that does not happen.
    bool deliver(clause which, std::vector<member_id> to, const parcel_type& what,
                 const std::vector<member_id>& awaited, const std::string& details = {}) {
        const auto place = sent_.size();
        sent_.push_back({what, std::move(to), {}});
        bool done = false;
        for (int i = 0; !done && i < tries; ++i) {
            send(place);
            done = network_.run_until([&] { return has_come(place, awaited); });
        }
        return report_.check(which, done, details);
    }

private:
    struct sent_parcel {
        parcel_type what{};
        std::vector<member_id> to{};
        std::vector<member_id> receivers{};
    };

    void send(std::size_t place) {
        views_.push_back(sent_[place].what);
        auto& viewed = views_.back();
        is_sending_ = true;
        network_.at(sender).send(std::span<const member_id>{sent_[place].to}, viewed.body,
                                 viewed.beside());
        is_sending_ = false;
        viewed.scribble();
    }

    [[nodiscard]] bool has_come(std::size_t place, const std::vector<member_id>& awaited) const {
        const auto& got = sent_[place].receivers;
        return std::all_of(awaited.begin(), awaited.end(), [&](member_id each) {
            return std::find(got.begin(), got.end(), each) != got.end();
        });
    }

    void arrived(member_id to, member_id from, const parcel_type& what) {
        report_.check(clause::calls_nobody_within_send, !is_sending_);
        report_.check(clause::sender_is_told, from == sender);
        const auto found = std::find_if(sent_.begin(), sent_.end(),
                                        [&](const auto& each) { return each.what == what; });
        if (found == sent_.end()) return blame(what);
        for (const auto whole :
             {clause::message_is_unchanged, clause::beside_is_unchanged, clause::views_are_copied})
            report_.check(whole, true);
        const auto& wanted = found->to;
        const bool is_meant = std::find(wanted.begin(), wanted.end(), to) != wanted.end();
        report_.check(clause::no_other_gets_it, is_meant, "server " + std::to_string(to.value));
        if (is_meant) found->receivers.push_back(to);
    }

    /// Nobody has sent it so.
    void blame(const parcel_type& what) {
        const bool body_is_known = std::any_of(sent_.begin(), sent_.end(), [&](const auto& each) {
            return each.what.body == what.body;
        });
        const bool scribbled = what.is_scribbled();
        report_.check(clause::message_is_unchanged, body_is_known,
                      "kind " + std::to_string(what.body.index()));
        report_.check(clause::views_are_copied, !scribbled);
        report_.check(clause::beside_is_unchanged, scribbled || !body_is_known);
    }

    static constexpr member_id sender{1};
    static constexpr int tries = 20;

    Network& network_;
    transport_report& report_;
    std::vector<sent_parcel> sent_{};
    std::list<parcel_type> views_{};
    bool is_sending_ = false;
};

}  // namespace raft::testing::conformance
