// SPDX-License-Identifier: BSL-1.0
//
// A cluster in one process for the benchmarks and for the tests that keep their numbers: real nodes
// over memory storage and memory network, and a state machine that costs next to nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include <raft/battery/manual_clock.hpp>
#include <raft/battery/memory_network.hpp>
#include <raft/battery/memory_storage.hpp>
#include <raft/raft.hpp>

namespace bench {

template <std::size_t Bytes>
struct payload {
    std::array<std::byte, Bytes> bytes{};
};

/// Counts the commands and looks at one byte of each, so that none of the work can be left out.
template <std::size_t Bytes>
class counting_machine {
public:
    using command = payload<Bytes>;
    using result = std::uint64_t;

    result apply(raft::log_index /*index*/, const command& applied) {
        sum_ += std::to_integer<std::uint64_t>(applied.bytes[0]);
        return ++count_;
    }
    void save(auto& sink) const {
        sink.write(std::as_bytes(std::span{&count_, 1}));
        sink.write(std::as_bytes(std::span{&sum_, 1}));
    }
    bool restore(auto& source) {
        return source.read(std::as_writable_bytes(std::span{&count_, 1})) &&
               source.read(std::as_writable_bytes(std::span{&sum_, 1}));
    }

    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::uint64_t sum() const { return sum_; }

private:
    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0;
};

/// Whether the log is compacted as it grows, every `compaction_interval` entries, or never.
enum class compaction : bool { none, periodic };
inline constexpr std::size_t compaction_interval = 1024;

/// A benchmark of something that does not work measures nothing.
inline void check(bool holds) {
    if (!holds) std::abort();
}

template <std::size_t Bytes>
class cluster {
public:
    using command = payload<Bytes>;
    using network_type = raft::memory_network<command>;
    using node_type = raft::node<counting_machine<Bytes>, typename network_type::port,
                                 raft::memory_storage<command>, raft::manual_clock&>;

    explicit cluster(std::size_t servers, compaction compacts = compaction::periodic)
        : compacts_{compacts} {
        std::vector<raft::member_id> members;
        for (std::size_t i = 0; i < servers; ++i) members.push_back(id_of(i));
        for (const auto id : members)
            nodes_.push_back(std::make_unique<node_type>(
                raft::node_options{
                    id, raft::core::voters_only(members), raft::history_id{1}, {}, id.value},
                counting_machine<Bytes>{}, network_.port_of(id), raft::memory_storage<command>{},
                clock_));
        for (auto& each : nodes_) check(each->start());
    }
    cluster(const cluster&) = delete;
    cluster& operator=(const cluster&) = delete;

    /// Lets the first server's election timer fire, and carries what follows to its end.
    void elect_first() {
        clock_.advance_to(*leader().deadline());
        leader().poll();
        deliver_all();
    }

    /// One command, carried to every server and applied there.
    void replicate(const command& proposed) {
        propose(proposed);
        deliver_all();
        compact_after(1);
    }

    /// Several commands, each proposed in a call of its own, then carried together.
    void replicate_in_calls(std::span<const command> batch) {
        for (const auto& each : batch) propose(each);
        deliver_all();
        compact_after(batch.size());
    }

    /// Several commands, proposed in one call.
    void replicate_in_one_call(std::span<const command> batch) {
        leader().propose(batch, [this](std::size_t, const auto& given) { count_outcome(given); });
        deliver_all();
        compact_after(batch.size());
    }

    /// Every command proposed was answered, and every server has applied every one.
    void check_all_applied(std::uint64_t commands) const {
        check(answered_ == commands);
        for (const auto& each : nodes_) {
            check(each->state_machine().count() == commands);
            check(each->state_machine().sum() == server(0).state_machine().sum());
        }
    }

    [[nodiscard]] node_type& leader() { return *nodes_.front(); }
    [[nodiscard]] const node_type& server(std::size_t i) const { return *nodes_[i]; }
    /// Messages delivered so far, one for each receiver.
    [[nodiscard]] std::uint64_t messages() const { return messages_; }

private:
    static raft::member_id id_of(std::size_t i) { return {i + 1}; }

    void propose(const command& proposed) {
        leader().propose(proposed, [this](const auto& given) { count_outcome(given); });
    }

    void count_outcome(const raft::outcome<std::uint64_t>& given) {
        if (std::holds_alternative<raft::applied<std::uint64_t>>(given)) ++answered_;
    }

    void deliver_all() {
        network_.deliver_all([this](raft::member_id to, raft::member_id from,
                                    const raft::core::message& body,
                                    const raft::attachment<command>& beside) {
            ++messages_;
            nodes_[static_cast<std::size_t>(to.value) - 1]->receive(from, body, beside);
        });
    }

    void compact_after(std::size_t entries) {
        since_compaction_ += entries;
        if (compacts_ == compaction::none || since_compaction_ < compaction_interval) return;
        since_compaction_ = 0;
        for (auto& each : nodes_) check(!each->take_snapshot());
    }

    raft::manual_clock clock_{};
    network_type network_{};
    std::vector<std::unique_ptr<node_type>> nodes_{};
    compaction compacts_;
    std::size_t since_compaction_ = 0;
    std::uint64_t answered_ = 0;
    std::uint64_t messages_ = 0;
};

}  // namespace bench
