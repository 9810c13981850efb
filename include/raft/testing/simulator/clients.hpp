// SPDX-License-Identifier: BSL-1.0
//
// Clients: each wants one thing after the other, asks the server that it takes for the leader, and
// asks another one when it gets no answer.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <raft/testing/simulator/stage.hpp>

namespace raft::testing::simulation {

template <class Workload>
class clients {
    using stage_type = stage<Workload>;
    using server_type = typename stage_type::server_type;
    using node_type = typename stage_type::node_type;
    using result = typename Workload::result;
    using request = typename Workload::request;
    using question = typename Workload::question;

public:
    explicit clients(stage_type& on) : stage_{on}, all_(on.options.clients) {
        for (std::uint32_t i = 0; i < all_.size(); ++i) come_back(i, pause());
    }

    void stop() { stopped_ = true; }
    [[nodiscard]] std::uint64_t answered() const { return answered_; }

    /// The client goes on: with something new, or with another server, since it has waited long.
    void on_event(const event& what) {
        const auto number = what.number;
        auto& own = all_[number];
        if (stopped_ || own.attempt != what.life) return;
        if (own.waits) own.in_doubt = true;
        if (own.waits && !may_repeat(own)) give_up(own);
        own.waits = false;
        if (!own.wants()) want_something(number, own);
        ask(number, own);
    }

private:
    struct client {
        std::optional<request> wanted{};
        std::optional<question> read{};
        read_consistency consistency = read_consistency::linearizable;
        std::uint16_t hint = 0;
        std::uint32_t attempt = 0;  ///< Only the answer to the latest counts.
        bool waits = false;
        bool in_doubt = false;  ///< An attempt may have been successful.
        [[nodiscard]] bool wants() const { return wanted || read; }
    };

    [[nodiscard]] moment pause() { return stage_.around.luck.between(0, 2 * stage_.made.thinking); }
    void come_back(std::uint32_t number, moment delay) {
        auto& own = all_[number];
        ++own.attempt;
        stage_.around.after(delay,
                            {.what = happening::client, .number = number, .life = own.attempt});
    }

    [[nodiscard]] bool may_repeat(const client& own) const {
        return own.read || stage_.workload.may_repeat(*own.wanted);
    }
    void give_up(client& own) {
        if (own.wanted && !own.in_doubt) stage_.workload.on_never(*own.wanted);
        own.wanted.reset();
        own.read.reset();
        own.in_doubt = false;
    }

    void want_something(std::uint32_t number, client& own) {
        auto& luck = stage_.around.luck;
        if (luck.percent(60)) {
            own.wanted = stage_.workload.next_request(number, luck);
            return;
        }
        own.read = stage_.workload.next_question(luck);
        own.consistency = stage_.made.has_leases && luck.percent(50)
                              ? read_consistency::lease
                              : read_consistency::linearizable;
    }

    void ask(std::uint32_t number, client& own) {
        auto& luck = stage_.around.luck;
        if (luck.percent(5))
            own.hint = static_cast<std::uint16_t>(luck.below(stage_.servers.size()));
        auto& s = *stage_.servers[own.hint];
        const bool answers = s.is_up() && s.paused_until <= stage_.around.now;
        own.waits = answers;
        come_back(number, answers ? patience() : pause());
        if (!answers) return try_another(own);
        own.read ? ask_to_read(number, own, s) : propose(number, own, s);
    }
    [[nodiscard]] moment patience() const {
        return 2 * stage_.made.config.election_timeout.nanoseconds;
    }
    void try_another(client& own) {
        own.hint = static_cast<std::uint16_t>(stage_.around.luck.below(stage_.servers.size()));
    }

    void propose(std::uint32_t number, client& own, server_type& s) {
        const auto on_outcome = [this, &s, number,
                                 attempt = own.attempt](const outcome<result>& given) {
            heard(s, number, attempt, given);
        };
        const auto command = stage_.workload.command_of(*own.wanted);
        const bool forwards = stage_.around.luck.percent(20);
        stage_.turn(s, [&](node_type& node) {
            forwards ? node.forward(command, on_outcome) : node.propose(command, on_outcome);
        });
    }

    void ask_to_read(std::uint32_t number, client& own, server_type& s) {
        const core::read_requested wanted{.consistency = own.consistency};
        stage_.turn(s, [&](node_type& node) {
            node.read(wanted, [this, &s, number, attempt = own.attempt](const read_outcome& given) {
                heard(s, number, attempt, given);
            });
        });
    }

    /// An answer leaves the server, if it is still there to give it.
    void heard(server_type& s, std::uint32_t number, std::uint32_t attempt,
               const outcome<result>& given) {
        auto& own = all_[number];
        if (!s.device().spend() || own.attempt != attempt || !own.wanted) return;
        if (const auto* done = std::get_if<applied<result>>(&given)) {
            stage_.workload.on_answer(number, *own.wanted, done->index, done->result);
            own.in_doubt = true;  // It has happened: what is given up now is not undone.
            return finish(number, own);
        }
        if (std::holds_alternative<unknown>(given)) own.in_doubt = true;
        if (const auto* refused = std::get_if<refusal>(&given)) follow(own, *refused);
        own.waits = false;
        if (!may_repeat(own)) give_up(own);
        come_back(number, pause());
    }
    void heard(server_type& s, std::uint32_t number, std::uint32_t attempt,
               const read_outcome& given) {
        auto& own = all_[number];
        if (!s.device().spend() || own.attempt != attempt || !own.read) return;
        if (std::holds_alternative<read_ready>(given)) {
            stage_.workload.on_read(*own.read, s.node().state_machine().machine());
            return finish(number, own);
        }
        follow(own, std::get<refusal>(given));
        own.waits = false;
        come_back(number, pause());
    }

    void follow(client& own, const refusal& refused) {
        if (!refused.leader) return try_another(own);
        own.hint = static_cast<std::uint16_t>(refused.leader->value - 1);
    }

    void finish(std::uint32_t number, client& own) {
        ++answered_;
        give_up(own);
        own.waits = false;
        come_back(number, pause());
    }

    stage_type& stage_;
    std::vector<client> all_;
    std::uint64_t answered_ = 0;
    bool stopped_ = false;
};

}  // namespace raft::testing::simulation
