// SPDX-License-Identifier: BSL-1.0
//
// The floor: what replication in steady state cannot do without, and nothing else. A message is 64
// bytes written once, where it will be read; a log is a ring of 16-byte records and a ring of
// bytes; servers share nothing, so entries travel beside the message that brings them, and every
// server copies them into a log of its own. There are no elections, no disk, no reads, no answers
// to callers and nothing that can go wrong: it is not a Raft, but a Raft that sends these messages
// has this to do before anything else.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "cluster.hpp"

namespace bench {

class floor_model {
public:
    /// Payloads are of `payload_bytes` each, a power of two.
    floor_model(std::size_t servers, std::size_t payload_bytes)
        : payload_bytes_{payload_bytes}
        , servers_(servers, server{payload_bytes})
        , peers_(servers)
        , beside_(fifo_messages * payload_bytes) {
        check(std::has_single_bit(payload_bytes));
    }

    /// Appends payloads, lying one after the other, and sends them to the others.
    void propose(std::span<const std::byte> payloads) {
        auto& self = servers_[0];
        const auto prev = self.last;
        for (std::size_t at = 0; at < payloads.size(); at += payload_bytes_)
            append(self, self.term, payloads.data() + at);
        peers_[0].match = self.last;
        const auto place = beside_end_;
        std::memcpy(beside_.data() + place, payloads.data(), payloads.size());
        beside_end_ += payloads.size();
        broadcast(prev, place);
    }

    void deliver_all() {
        while (read_ != written_) {
            const auto& each = fifo_[read_++ % fifo_messages];
            if (each.what == kind::append)
                on_append(each);
            else
                on_reply(each);
            ++delivered_;
        }
        // What is empty begins again where the cache is warm.
        read_ = written_ = 0;
        beside_end_ = 0;
    }

    void check_all_applied(std::uint64_t commands) const {
        for (const auto& each : servers_)
            check(each.count == commands && each.sum == servers_[0].sum);
    }

    [[nodiscard]] std::uint64_t messages() const { return delivered_; }

private:
    static constexpr std::size_t records = 2048;
    static constexpr std::size_t fifo_messages = 1024;

    enum class kind : std::uint16_t { append, reply };

    struct alignas(64) message {
        kind what;
        std::uint16_t from;
        std::uint16_t to;
        std::uint64_t term;
        std::uint64_t prev;
        std::uint64_t prev_term;
        std::uint64_t last;
        std::uint64_t commit;
        std::uint64_t place;  ///< Of the payloads of (prev, last], among what travels beside.
    };
    static_assert(sizeof(message) == 64);

    struct record {
        std::uint64_t place;
        std::uint64_t term;
    };
    static_assert(sizeof(record) == 16);

    struct server {
        explicit server(std::size_t payload_bytes) : log(records), bytes(records * payload_bytes) {}

        std::uint64_t term = 1;
        std::uint64_t last = 0;
        std::uint64_t commit = 0;
        std::uint64_t bytes_end = 0;
        std::uint64_t count = 0;
        std::uint64_t sum = 0;
        std::vector<record> log;
        std::vector<std::byte> bytes;
    };

    struct progress {
        std::uint64_t match = 0;
        std::uint64_t next = 1;
    };

    void append(server& to, std::uint64_t term, const std::byte* payload) const {
        const auto place = to.bytes_end & (to.bytes.size() - 1);
        std::memcpy(to.bytes.data() + place, payload, payload_bytes_);
        to.bytes_end += payload_bytes_;
        to.log[++to.last % records] = {place, term};
    }

    static void commit_through(server& at, std::uint64_t commit) {
        while (at.commit < commit) {
            const auto& each = at.log[++at.commit % records];
            at.sum += std::to_integer<std::uint64_t>(at.bytes[each.place]);
            ++at.count;
        }
    }

    /// Emits a message where the receiver reads it.
    message& emit() { return fifo_[written_++ % fifo_messages]; }

    void broadcast(std::uint64_t prev, std::uint64_t place) {
        const auto& self = servers_[0];
        for (std::uint16_t to = 1; to < servers_.size(); ++to) {
            peers_[to].next = self.last + 1;
            emit() = {.what = kind::append,
                      .from = 0,
                      .to = to,
                      .term = self.term,
                      .prev = prev,
                      .prev_term = self.log[prev % records].term,
                      .last = self.last,
                      .commit = self.commit,
                      .place = place};
        }
    }

    void on_append(const message& m) {
        auto& self = servers_[m.to];
        check(m.term == self.term && m.prev == self.last);
        check(self.log[m.prev % records].term == m.prev_term);
        for (auto at = m.place; self.last < m.last; at += payload_bytes_)
            append(self, m.term, beside_.data() + at);
        commit_through(self, m.commit < self.last ? m.commit : self.last);
        emit() = {.what = kind::reply,
                  .from = m.to,
                  .to = m.from,
                  .term = self.term,
                  .prev = m.prev,
                  .prev_term = m.prev_term,
                  .last = self.last,
                  .commit = self.commit,
                  .place = 0};
    }

    void on_reply(const message& m) {
        auto& self = servers_[m.to];
        auto& peer = peers_[m.from];
        check(m.term == self.term && m.last < peer.next);
        if (m.last <= peer.match) return;
        peer.match = m.last;
        if (m.last <= self.commit) return;
        std::size_t holders = 0;
        for (const auto& each : peers_) holders += each.match >= m.last ? 1 : 0;
        if (holders * 2 <= peers_.size()) return;
        commit_through(self, m.last);
        broadcast(self.last, beside_end_);
    }

    std::size_t payload_bytes_;
    std::vector<server> servers_;
    std::vector<progress> peers_;
    std::vector<message> fifo_ = std::vector<message>(fifo_messages);
    std::vector<std::byte> beside_;
    std::uint64_t beside_end_ = 0;
    std::uint64_t read_ = 0;
    std::uint64_t written_ = 0;
    std::uint64_t delivered_ = 0;
};

}  // namespace bench
