// SPDX-License-Identifier: BSL-1.0
//
// W1: one entry at a time, carried to every server and applied there before the next. W2: 64
// entries at a time, in 64 calls or in one. W3: W1 on five and seven servers.
#include <memory>

#include "cluster.hpp"
#include "floor.hpp"
#include "measure.hpp"
#include "works.hpp"

namespace bench {

namespace {

constexpr int rounds = 9;
constexpr std::uint64_t entries_per_round = 100'000;
constexpr std::size_t batch_size = 64;

enum class way { one_by_one, in_calls, in_one_call };

const char* name_of(way how, int servers) {
    switch (how) {
    case way::one_by_one: return servers == 3 ? "W1" : "W3";
    case way::in_calls: return "W2 in 64 calls";
    case way::in_one_call: return "W2";
    }
    return "";
}

/// The commands of one repetition; each differs from all others nearby.
template <std::size_t Bytes>
class source {
public:
    explicit source(std::size_t count) : batch_(count) {}
    [[nodiscard]] std::span<const payload<Bytes>> next() {
        for (auto& each : batch_) each.bytes[0] = static_cast<std::byte>(++number_);
        return batch_;
    }
    [[nodiscard]] std::uint64_t number() const { return number_; }

private:
    std::vector<payload<Bytes>> batch_;
    std::uint64_t number_ = 0;
};

/// A system, the commands for it, and the count of what was done.
template <class System, std::size_t Bytes>
struct stand {
    template <class... Arguments>
    explicit stand(std::size_t batch, Arguments... arguments)
        : system{arguments...}, commands{batch} {}

    System system;
    source<Bytes> commands;

    [[nodiscard]] double messages_per_entry() const {
        return static_cast<double>(system.messages()) / static_cast<double>(commands.number());
    }
};

template <std::size_t Bytes>
contestant raft_contestant(stand<cluster<Bytes>, Bytes>& at, way how) {
    at.system.elect_first();
    return {[&at, how](std::uint64_t repetitions) {
        for (std::uint64_t i = 0; i < repetitions; ++i) {
            const auto batch = at.commands.next();
            switch (how) {
            case way::one_by_one: at.system.replicate(batch.front()); break;
            case way::in_calls: at.system.replicate_in_calls(batch); break;
            case way::in_one_call: at.system.replicate_in_one_call(batch); break;
            }
        }
        at.system.check_all_applied(at.commands.number());
    }};
}

template <std::size_t Bytes>
contestant floor_contestant(stand<floor_model, Bytes>& at, way how) {
    return {[&at, how](std::uint64_t repetitions) {
        for (std::uint64_t i = 0; i < repetitions; ++i) {
            const auto batch = at.commands.next();
            if (how == way::in_calls)
                for (const auto& each : batch)
                    at.system.propose(std::as_bytes(std::span{&each, 1}));
            else
                at.system.propose(std::as_bytes(batch));
            at.system.deliver_all();
        }
        at.system.check_all_applied(at.commands.number());
    }};
}

template <std::size_t Bytes>
void measure_work(way how, int servers, std::vector<row>& rows) {
    const auto batch = how == way::one_by_one ? std::size_t{1} : batch_size;
    const auto count = static_cast<std::size_t>(servers);
    const auto raft_stand = std::make_unique<stand<cluster<Bytes>, Bytes>>(batch, count);
    const auto floor_stand = std::make_unique<stand<floor_model, Bytes>>(batch, count, Bytes);
    std::vector<contestant> all{raft_contestant(*raft_stand, how),
                                floor_contestant(*floor_stand, how)};
    for (auto& each : all) {
        each.entries = batch;
        each.repetitions = entries_per_round / batch;
    }
    const auto measured = measure_in_turn(all, rounds);
    const auto add = [&](const char* system, const measurement& of, double messages) {
        rows.push_back({.work = name_of(how, servers),
                        .system = system,
                        .servers = servers,
                        .batch = static_cast<int>(batch),
                        .bytes = Bytes,
                        .cpu_ns = of.cpu_ns,
                        .min = of.min,
                        .max = of.max,
                        .allocations = of.allocations,
                        .messages = messages});
    };
    add("raft", measured[0], raft_stand->messages_per_entry());
    add("floor", measured[1], floor_stand->messages_per_entry());
}

}  // namespace

void measure_replication(std::vector<row>& rows) {
    for (const auto servers : {3, 5, 7}) {
        measure_work<16>(way::one_by_one, servers, rows);
        measure_work<256>(way::one_by_one, servers, rows);
    }
    for (const auto how : {way::in_calls, way::in_one_call}) {
        measure_work<16>(how, 3, rows);
        measure_work<256>(how, 3, rows);
    }
}

}  // namespace bench
