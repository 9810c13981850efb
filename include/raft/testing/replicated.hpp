// SPDX-License-Identifier: BSL-1.0
//
// A state machine on every server of a simulated cluster, to find an `apply` that is not
// deterministic: after the same entries all must be equal, those too that were restarted or that
// were given a snapshot. They are compared by their digests, where they offer them, and by their
// snapshots else.
//
//     cluster c{3};
//     replicated<bank> banks{c};
//     banks.elect(s1);
//     banks.propose(s1, {"ann", 10});
//     …                                  // whatever else happens to `c`, and `follow` after it
//     CHECK(banks.violation() == "");
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <raft/battery/digest.hpp>
#include <raft/testing/cluster.hpp>

namespace raft::testing {

/// The simulator knows entries by index and term alone, which name one command (Log Matching,
/// §5.3); the commands are kept here. `StateMachine` offers a digest, or can be saved.
template <state_machine StateMachine>
requires digesting_state_machine<StateMachine> || snapshotting_state_machine<StateMachine>
class replicated {
public:
    using command = typename StateMachine::command;

    /// `make(member_id)`: a server's state machine when it starts. `all` outlives this.
    explicit replicated(
        cluster& all,
        std::function<StateMachine(member_id)> make = [](member_id) { return StateMachine{}; })
        : all_{all}, make_{std::move(make)} {}

    /// A command is given to `id`, if it leads; false if it is not taken.
    bool propose(member_id id, command proposed) {
        if (!all_.running(id) || !all_.at(id).is_leader()) return false;
        const auto before = all_.last(id);
        const auto term = all_.term(id);
        // It may be committed, and elsewhere applied, before the call returns.
        commands_.insert_or_assign({before + 1, term}, std::move(proposed));
        all_.propose(id);
        const bool taken = all_.last(id) > before;
        if (!taken) commands_.erase({before + 1, term});
        follow();
        return taken;
    }

    /// To be called after each event: every server applies what it knows to be committed. One that
    /// has crashed begins anew, from its snapshot if it has one.
    void follow() {
        for (const auto id : all_.servers()) {
            if (!all_.running(id))
                servers_.erase(id);
            else
                follow(id, servers_.try_emplace(id, replica{make_(id)}).first->second);
        }
    }

    /// The state machine of a server that runs.
    [[nodiscard]] const StateMachine& at(member_id id) const { return servers_.at(id).machine; }
    /// The last entry that it has applied.
    [[nodiscard]] log_index applied(member_id id) const { return servers_.at(id).applied; }

    /// The first difference that was found, or what went against the rules of the protocol; empty
    /// if nothing did.
    [[nodiscard]] std::string violation() const {
        return violation_.empty() && !all_.safe() ? all_.violation() : violation_;
    }

private:
    struct replica {
        StateMachine machine;
        log_index applied{};
    };
    struct decided {
        std::uint64_t digest = 0;
        member_id by{};
    };

    struct kept_bytes {
        std::vector<std::byte> all{};
        void write(std::span<const std::byte> more) {
            all.insert(all.end(), more.begin(), more.end());
        }
    };
    struct read_bytes {
        std::span<const std::byte> rest{};
        [[nodiscard]] bool read(std::span<std::byte> into) {
            if (into.size() > rest.size()) return false;
            if (!into.empty()) std::memcpy(into.data(), rest.data(), into.size());
            rest = rest.subspan(into.size());
            return true;
        }
    };

    void follow(member_id id, replica& one) {
        const auto& s = all_.at(id);
        if (s.log.base().index > one.applied) restore(id, one, s.snapshot.last_included.index);
        while (one.applied < s.commit_index && violation_.empty()) {
            one.applied = next(one.applied);
            const auto term = s.log.term_at(one.applied);
            const auto found = commands_.find({one.applied.value, term ? term->value : 0});
            if (found != commands_.end())
                static_cast<void>(one.machine.apply(one.applied, found->second));
            compare(id, one);
        }
        if constexpr (snapshotting_state_machine<StateMachine>)
            if (one.applied == s.snapshot.last_included.index) keep_snapshot(one);
    }

    /// Whoever comes first decides, and all others must have the same after this entry.
    void compare(member_id id, const replica& one) {
        const auto digest = digest_of_machine(one.machine);
        const auto& first = decided_.try_emplace(one.applied, decided{digest, id}).first->second;
        if (first.digest == digest || !violation_.empty()) return;
        violation_ = "after entry " + std::to_string(one.applied.value) + " the state of server " +
                     std::to_string(id.value) + " is not that of server " +
                     std::to_string(first.by.value) + ": apply is not deterministic";
    }

    [[nodiscard]] static std::uint64_t digest_of_machine(const StateMachine& machine) {
        if constexpr (digesting_state_machine<StateMachine>)
            return machine.digest();
        else
            return digests::digest_of(machine);
    }

    void keep_snapshot(const replica& one) {
        if (snapshots_.contains(one.applied)) return;
        kept_bytes sink;
        one.machine.save(sink);
        snapshots_[one.applied] = std::move(sink.all);
    }

    void restore(member_id id, replica& one, log_index index) {
        one = {make_(id), index};
        if constexpr (snapshotting_state_machine<StateMachine>) {
            const auto kept = snapshots_.find(index);
            read_bytes source;
            if (kept != snapshots_.end()) source.rest = kept->second;
            const bool sound = kept != snapshots_.end() && one.machine.restore(source);
            if (sound) return compare(id, one);
        }
        if (violation_.empty())
            violation_ = "server " + std::to_string(id.value) +
                         " cannot restore the snapshot at entry " + std::to_string(index.value);
    }

    cluster& all_;
    std::function<StateMachine(member_id)> make_;
    std::map<std::pair<std::uint64_t, std::uint64_t>, command> commands_{};
    std::map<member_id, replica> servers_{};
    std::map<log_index, decided> decided_{};
    std::map<log_index, std::vector<std::byte>> snapshots_{};
    std::string violation_{};
};

}  // namespace raft::testing
