// SPDX-License-Identifier: BSL-1.0
#include "administration.hpp"

#include <algorithm>
#include <utility>

#include "incarnation.hpp"
#include "redirect.hpp"
#include <asio/post.hpp>

namespace raft_kv {

namespace {

/// Longer than any election.
constexpr std::chrono::seconds next_leader_wait_max{5};

std::string names_of(const std::vector<raft::member>& members) {
    std::string text;
    for (const auto& each : members) {
        text += " " + id_text(each.id.value);
        if (each.part != raft::member_part::voter) text.append(":").append(name_of(each.part));
    }
    return text;
}

auto place_of(std::vector<raft::member>& members, std::uint64_t id) {
    return std::ranges::find(members, raft::member_id{id}, &raft::member::id);
}

std::string not_a_member(std::uint64_t id) {
    return "NOMEMBER server " + id_text(id) + " is no member; RAFT STATUS lists them";
}

std::string place_taken(std::uint64_t by) {
    return "TAKEN server " + id_text(by) + " is there; give another host or other ports";
}

/// What is wrong with the outcome of a batch of addresses; empty if nothing is.
std::string_view wrong_with(const raft::outcome<kv::result>& outcome) {
    if (std::holds_alternative<raft::lost>(outcome)) return lost_text;
    const auto* done = std::get_if<raft::applied<kv::result>>(&outcome);
    if (done == nullptr) return unknown_text;
    for (const auto& each : done->result)
        if (each.what != write_result::kind::done && each.what != write_result::kind::number)
            return "TOOMANY too many addresses are known; RAFT FORGET makes room";
    return {};
}

}  // namespace

void administration::begin(const asker& who, const cluster_request& asked) {
    if (const auto refused = server_.not_leading()) return tell_refused(who, *refused);
    std::visit([&](const auto& each) { begin_one(who, each); }, asked);
}

void administration::tell(const asker& who, std::string_view error) {
    who.by->request_done(who.sequence, error);
    changed_(*who.by);
}

void administration::tell_refused(const asker& who, const raft::refusal& refused) {
    tell(who, refusal_text(refused, 0, server_.layout(), who.by->client().by_tls));
}

// -------------------------------------------------------------------------------------- addresses

/// Has the log say where these servers are, so far as it does not, and then goes on with `then()`.
void administration::announce(const asker& who, const std::vector<server_address>& servers,
                              std::function<void()> then) {
    kv::command batch;
    for (const auto& each : servers) {
        const auto& known = server_.store().addresses().servers();
        if (std::ranges::find(known, each) == known.end()) batch_writer{batch}.put_address(each);
    }
    if (batch.empty()) return then();
    put_version(batch, std::ranges::any_of(servers, &server_address::tls_port) ? 1 : 0);
    auto next = std::make_unique<std::function<void()>>(std::move(then));
    node_.node().propose(std::move(batch), [this, who, next = std::move(next)](
                                               const raft::outcome<kv::result>& outcome) {
        if (const auto* refused = std::get_if<raft::refusal>(&outcome))
            return tell_refused(who, *refused);
        if (const auto wrong = wrong_with(outcome); !wrong.empty()) return tell(who, wrong);
        asio::post(io_, *next);
    });
}

void administration::begin_one(const asker& who, const announce_server& asked) {
    const auto* other = server_.layout().clash_with(asked.address);
    const auto& members = node_.node().protocol_state().members();
    if (other != nullptr && members.slot_of({other->id})) return tell(who, place_taken(other->id));
    announce(who, {asked.address}, [this, who] { tell(who, {}); });
}

void administration::begin_one(const asker& who, const forget_server& asked) {
    if (node_.node().protocol_state().members().slot_of({asked.id}))
        return tell(who,
                    "ISMEMBER server " + id_text(asked.id) + " is a member; RAFT REMOVE it first");
    kv::command batch;
    batch_writer{batch}.remove_address(asked.id);
    node_.node().propose(std::move(batch), [this, who](const raft::outcome<kv::result>& outcome) {
        if (const auto* refused = std::get_if<raft::refusal>(&outcome))
            return tell_refused(who, *refused);
        if (const auto wrong = wrong_with(outcome); !wrong.empty()) return tell(who, wrong);
        const auto& result = std::get<raft::applied<kv::result>>(outcome).result;
        const auto forgotten = !result.empty() && result.front().number > 0;
        tell(who, forgotten
                      ? ""
                      : "NOADDRESS the address was not known; RAFT ADDRESS lists those that are");
    });
}

// ------------------------------------------------------------------------------------- membership

void administration::begin_one(const asker& who, const add_server& asked) {
    const auto& members = node_.node().protocol_state().members();
    if (members.slot_of({asked.address.id}))
        return tell(who, "ISMEMBER server " + id_text(asked.address.id) + " is a member already");
    const auto* other = server_.layout().clash_with(asked.address);
    if (other != nullptr && members.slot_of({other->id})) return tell(who, place_taken(other->id));
    announce(who, {asked.address}, [this, who, asked] {
        auto wanted = raft::core::membership_of(node_.node().protocol_state().members());
        wanted.push_back({{asked.address.id}, asked.part});
        change(who, std::move(wanted), raft::change_check::live_majority);
    });
}

void administration::begin_one(const asker& who, const remove_server& asked) {
    auto wanted = raft::core::membership_of(node_.node().protocol_state().members());
    const auto place = place_of(wanted, asked.id);
    if (place == wanted.end()) return tell(who, not_a_member(asked.id));
    wanted.erase(place);
    change(who, std::move(wanted), asked.check);
}

void administration::begin_one(const asker& who, const assign_part& asked) {
    auto wanted = raft::core::membership_of(node_.node().protocol_state().members());
    const auto place = place_of(wanted, asked.id);
    if (place == wanted.end()) return tell(who, not_a_member(asked.id));
    place->part = asked.part;
    change(who, std::move(wanted), asked.check);
}

void administration::begin_one(const asker& who, const change_members& asked) {
    change(who, asked.members, asked.check);
}

/// Whoever becomes a member is found by its address in the log, which all members come to have.
void administration::change(const asker& who, std::vector<raft::member> wanted,
                            raft::change_check check) {
    peers_.follow(node_);  // An address may have come a moment ago.
    std::vector<server_address> addresses;
    for (const auto& each : wanted) {
        const auto* address = server_.layout().find(each.id.value);
        if (address == nullptr)
            return tell(who, "NOADDRESS nobody knows where server " + id_text(each.id.value) +
                                 " is; RAFT ANNOUNCE tells");
        addresses.push_back(*address);
    }
    announce(who, addresses, [this, who, check, wanted = std::move(wanted)]() mutable {
        log_("asked to make these the members:" + names_of(wanted));
        const auto based_on = node_.node().status().configuration;
        node_.node().change_members(
            based_on, std::move(wanted),
            [this, who](const raft::change_outcome& outcome) { tell_changed(who, outcome); },
            check);
        node_.schedule_turn();
    });
}

void administration::tell_changed(const asker& who, const raft::change_outcome& outcome) {
    if (const auto* refused = std::get_if<raft::refusal>(&outcome))
        return tell_refused(who, *refused);
    if (std::holds_alternative<raft::unknown>(outcome))
        return tell(who, "UNKNOWN leadership was lost under way; whoever leads carries the change "
                         "on, and RAFT STATUS shows it");
    const auto done =
        std::get<raft::core::change_result>(outcome) == raft::core::change_result::completed;
    tell(who, done
                  ? ""
                  : "GIVENUP a new voter did not answer or catch up, or has no room, or the change "
                    "was taken back; the members are what they were");
}

// ------------------------------------------------------------------------------------- leadership

void administration::begin_one(const asker& who, const transfer_leadership& asked) {
    std::optional<raft::member_id> target;
    if (asked.target) target = raft::member_id{*asked.target};
    if (const auto refused = node_.node().transfer_leadership(target))
        return tell_refused(who, *refused);
    transfers_.push_back({who, target, clock::now()});
    node_.schedule_turn();
}

void administration::begin_one(const asker& who, const step_down& /*asked*/) {
    if (const auto refused = node_.node().step_down()) return tell_refused(who, *refused);
    tell(who, {});
}

/// A transfer is over when another server leads, or when this one has given it up.
void administration::tell_transfers() {
    if (transfers_.empty()) return;
    const auto& state = node_.node().protocol_state();
    if (state.is_leader() && state.tasks->transfer) return;
    const auto leader = state.current_leader();
    const auto waits = !leader && clock::now() - transfers_.back().since < next_leader_wait_max;
    if (waits) return;
    for (const auto& each : std::exchange(transfers_, {})) {
        if (!leader)
            tell(each.who, "CLUSTERDOWN this server leads no more, and no leader is known yet");
        else if (state.is_leader())
            tell(each.who, "GIVENUP the other server did not take over in time; this one leads on");
        else if (each.target && each.target != leader)
            tell(each.who, "GIVENUP server " + id_text(leader->value) + " leads instead");
        else
            tell(each.who, {});
    }
}

}  // namespace raft_kv
