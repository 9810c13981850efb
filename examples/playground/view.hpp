// SPDX-License-Identifier: BSL-1.0
//
// What the page is shown of the world: JSON, with times in milliseconds.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "stories.hpp"
#include "world.hpp"

namespace raft_playground {

/// Writes JSON. What is given by name is plain text.
class json {
public:
    json& open(char with) { return before().add(with).fresh(); }
    json& close(char with) { return add(with).used(); }
    json& name(std::string_view of) { return before().add('"').add(of).add("\":").fresh(); }
    json& value(bool what) { return before().add(what ? "true" : "false").used(); }
    json& value(std::integral auto what) { return before().add(std::to_string(what)).used(); }
    json& value(std::string_view what) {
        before().add('"');
        for (const char each : what) {
            if (each == '"' || each == '\\') add('\\');
            add(each);
        }
        return add('"').used();
    }
    template <class Value>
    json& field(std::string_view of, const Value& what) {
        return name(of).value(what);
    }
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    json& before() {
        if (!is_fresh_) text_.push_back(',');
        return *this;
    }
    json& add(char what) {
        text_.push_back(what);
        return *this;
    }
    json& add(std::string_view what) {
        text_.append(what);
        return *this;
    }
    json& fresh() {
        is_fresh_ = true;
        return *this;
    }
    json& used() {
        is_fresh_ = false;
        return *this;
    }

    std::string text_{};
    bool is_fresh_ = true;
};

inline std::int64_t milliseconds_of(instant when) { return when.nanoseconds / 1'000'000; }

inline std::string_view kind_of(const core::message& body) {
    if (const auto* append = std::get_if<core::append_entries>(&body))
        return append->last_index > append->prev.index ? "entries" : "heartbeat";
    if (std::holds_alternative<core::append_entries_reply>(body)) return "reply";
    if (std::holds_alternative<core::append_entries_rejection>(body)) return "rejection";
    if (std::holds_alternative<core::request_vote>(body) ||
        std::holds_alternative<core::request_pre_vote>(body))
        return "candidacy";
    if (const auto* vote = std::get_if<core::request_vote_reply>(&body))
        return vote->granted ? "vote" : "refusal";
    if (const auto* vote = std::get_if<core::pre_vote_reply>(&body))
        return vote->granted ? "vote" : "refusal";
    if (std::holds_alternative<core::install_snapshot>(body)) return "snapshot";
    return "other";
}

inline std::string_view role_of(const core::state& s) {
    if (s.is_leader()) return "leader";
    if (const auto* stands = std::get_if<core::candidate_state>(&s.role))
        return stands->pre_vote ? "asks for pre-votes" : "candidate";
    return s.is_follower() ? "follower" : "halted";
}

inline std::string_view part_of(const raft::configuration& members, member_id id) {
    const auto slot = members.slot_of(id);
    if (!slot) return "outside";
    return members.all_voters().contains(*slot) ? "voter" : "learner";
}

inline void write_server(json& out, const world& all, member_id id) {
    const auto& s = all.servers().at(id);
    const bool runs = all.servers().running(id);
    const auto election = s.timers.of(core::timer::election);
    out.open('{').field("id", id.value).field("runs", runs);
    out.field("role", runs ? role_of(s) : std::string_view{"down"});
    out.field("term", s.current_term.value);
    out.field("vote", s.voted_for ? s.voted_for->value : 0);
    out.field("commit", s.commit_index.value).field("slow", all.is_slow(id));
    out.field("part", part_of(s.members(), id)).field("joint", s.members().is_joint());
    out.field("due", runs && election ? milliseconds_of(*election) : -1);
    out.field("base", s.log.base().index.value);
    out.field("snapshot", s.snapshot.last_included.index.value);
    out.name("votes").open('[');
    if (const auto* stands = std::get_if<core::candidate_state>(&s.role); stands && runs)
        for (const auto who : stands->granted) out.value(s.members().id_of(who).value);
    out.close(']').name("log").open('[');
    for (const auto term : all.servers().log(id)) out.value(term);
    out.close(']').close('}');
}

/// All that is seen at this moment.
[[nodiscard]] inline std::string view_of(const world& all) {
    json out;
    const auto& cluster = all.servers();
    out.open('{').field("now", milliseconds_of(cluster.now()));
    const auto* broken = all.violation();
    out.field("violation", broken == nullptr ? std::string_view{} : std::string_view{broken});
    out.field("clients", all.clients_write());
    std::uint64_t acknowledged = 0;
    for (const auto& each : all.writes()) acknowledged += each.acknowledged ? 1 : 0;
    out.field("written", all.writes().size()).field("acknowledged", acknowledged);
    out.name("servers").open('[');
    for (const auto id : cluster.servers()) write_server(out, all, id);
    out.close(']').name("flights").open('[');
    for (std::size_t i = 0; i < all.flights().size(); ++i) {
        const auto& each = all.flights()[i];
        const auto& message = cluster.network()[i];
        out.open('{').field("n", each.number).field("from", message.from.value);
        out.field("to", message.to.value).field("kind", kind_of(message.what.body));
        out.field("sent", milliseconds_of(each.sent));
        out.field("arrives", milliseconds_of(each.arrives)).close('}');
    }
    out.close(']').name("cuts").open('[');
    for (const auto& [from, to] : all.cuts())
        out.open('[').value(from.value).value(to.value).close(']');
    out.close(']').close('}');
    return out.text();
}

/// The stories that there are, with their stages.
[[nodiscard]] inline std::string list_of_stories() {
    json out;
    out.open('[');
    for (const auto& each : stories) {
        out.open('{').field("name", each.name).field("source", each.source);
        out.field("servers", each.options.servers).field("preVote", each.options.pre_vote);
        out.field("checkQuorum", each.options.check_quorum).field("leases", each.options.leases);
        out.name("stages").open('[');
        for (const auto& one : each.stages)
            out.open('{').field("words", one.words).field("ms", one.milliseconds).close('}');
        out.close(']').close('}');
    }
    out.close(']');
    return out.text();
}

}  // namespace raft_playground
