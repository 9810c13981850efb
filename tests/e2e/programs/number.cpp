// SPDX-License-Identifier: BSL-1.0
//
// A replicated number, in two versions of one program (NUMBER_VERSION 1 or 2) of which a cluster is
// upgraded. The second knows another command, and its snapshots say more.
//
//     ADD n        VALUE number
//     MULTIPLY n   VALUE number        from version 2 on
//     GET          VALUE number, and from version 2 on how often it was multiplied
//     SNAPSHOT     OK: this server has taken one
#include <cstdint>
#include <string>
#include <variant>

#include "../../../examples/services/service.hpp"

namespace {

struct add {
    std::int64_t amount = 0;
};

struct multiply {
    std::int64_t factor = 1;
};

struct number {
    using result = std::int64_t;

    struct contents {
        std::int64_t value = 0;
#if NUMBER_VERSION >= 2
        std::uint64_t multiplied = 0;
#endif
    };
    contents now{};

#if NUMBER_VERSION >= 2
    using command = std::variant<add, multiply>;
    static constexpr std::uint32_t commands_read = 1;
    static std::uint32_t version_of(const command& asked) {
        return std::holds_alternative<multiply>(asked) ? 1 : 0;
    }
    void carry_out(const multiply& asked) {
        now.value *= asked.factor;
        ++now.multiplied;
    }
#else
    using command = std::variant<add>;
#endif
    void carry_out(const add& asked) { now.value += asked.amount; }

    result apply(raft::log_index, const command& asked) {
        std::visit([this](const auto& each) { carry_out(each); }, asked);
        return now.value;
    }
    void save(auto& sink) const { raft::save_value(sink, now); }
    [[nodiscard]] bool restore(auto& source) { return raft::restore_value(source, now); }
};

std::string answer_to(raft::replica<number>& cluster, const services::words& asked) {
    const auto propose = [&](number::command given) {
        return services::propose(
            cluster, given, [](std::int64_t value) { return "VALUE " + std::to_string(value); });
    };
    if (asked[0] == "ADD" && asked.size() == 2) return propose(add{std::stoll(asked[1])});
#if NUMBER_VERSION >= 2
    if (asked[0] == "MULTIPLY" && asked.size() == 2) return propose(multiply{std::stoll(asked[1])});
#endif
    if (asked[0] == "SNAPSHOT") {
        const auto outcome = cluster.take_snapshot(asio::use_future).get();
        return std::holds_alternative<raft::refusal>(outcome) ? "REFUSED" : "OK";
    }
    if (asked[0] == "GET")
        return services::look_up(cluster, [](const number& machine) {
            auto said = "VALUE " + std::to_string(machine.now.value);
#if NUMBER_VERSION >= 2
            said += " " + std::to_string(machine.now.multiplied);
#endif
            return said;
        });
    return "ADD n | GET | SNAPSHOT";
}

}  // namespace

int main(int count, char** arguments) {
    return services::run<number>(
        count, arguments,
        [](raft::replica<number>& cluster, const services::words& asked,
           asio::ip::tcp::iostream& client) { client << answer_to(cluster, asked) << std::endl; });
}
