// SPDX-License-Identifier: BSL-1.0
//
// Feeds a million inputs, drawn from a fixed seed, to three production states, and prints a hash of
// all that they were on the way and asked for. Whatever compiles it, it must print the same.
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <vector>

#include <proof/cluster_model/writer.hpp>

namespace {

using namespace raft;
using namespace raft::core;
using namespace raft::proof;

class walk {
public:
    walk() {
        for (std::uint64_t id = 1; id <= 3; ++id) {
            recovered_state nothing;
            nothing.configurations.push_back({{}, members_});
            settings config;
            config.retained_entries = 0;
            servers_.push_back(initial_state({id}, config, nothing, id));
        }
    }

    std::uint64_t run(int inputs) {
        for (int i = 0; i < inputs; ++i) {
            auto& s = servers_[draw(3)];
            now_ = now_ + milliseconds(static_cast<std::int64_t>(draw(20)));
            const auto kind = draw(100);
            if (kind < 60 && !network_.empty())
                deliver(draw(network_.size()));
            else if (kind < 85)
                give(s, written{s.disk.issued});
            else if (kind < 90)
                give(s, timer_fired{timer::heartbeat});
            else if (kind < 92)
                give(s, timer_fired{timer::election});
            else if (kind < 98)
                give(s, proposed{static_cast<std::uint32_t>(draw(3))});
            else
                give(s, read_requested{});
            if (network_.size() > 30) network_.erase(network_.begin());
        }
        return chain_;
    }

private:
    std::uint64_t draw(std::uint64_t bound) {
        dice_ ^= dice_ << 13U;
        dice_ ^= dice_ >> 7U;
        dice_ ^= dice_ << 17U;
        return (dice_ >> 11U) % bound;
    }

    void deliver(std::uint64_t place) {
        const auto sent = network_[place];
        network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(place));
        give(servers_[sent.to.value - 1], sent.what);
    }

    void give(state& s, const auto& in) {
        effects out;
        advance(s, in, now_, out);
        for (const auto& each : out.messages) {
            const auto send = [&](member_id to) {
                network_.push_back({s.self, to, {s.self, each.body, std::nullopt}});
                note(network_.back());
            };
            if (const auto* one = std::get_if<member_id>(&each.to))
                send(*one);
            else
                for (const auto member : *std::get_if<member_set>(&each.to))
                    send(s.identity_of(member));
        }
        note(s, s.seed);
        // What is committed need not be kept, or the terms' runs would grow without end.
        if (s.commit_index.value > s.log.base().index.value + 100)
            give(s, snapshot_saved{{{s.commit_index, *s.log.term_at(s.commit_index)}, 1}});
    }

    void note(const auto&... values) {
        bytes_.clear();
        state_writer{bytes_, {}, members_, settings{}.election_timeout}.write(values...);
        chain_ = fingerprint(bytes_.bytes()) ^ (chain_ * 0x9e3779b97f4a7c15U);
    }

    configuration members_ = voters_only({{1}, {2}, {3}});
    std::vector<state> servers_{};
    std::vector<in_flight> network_{};
    instant now_{};
    std::uint64_t dice_ = 0x2545f4914f6cdd1dU;
    std::uint64_t chain_ = 0;
    encoding bytes_{};
};

}  // namespace

int main() { std::printf("%016" PRIx64 "\n", walk{}.run(1'000'000)); }
