// SPDX-License-Identifier: BSL-1.0
//
// A session without a network or a cluster: what the server would do with writes and reads, the
// test does when it likes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>
#include <session.hpp>

namespace raft_kv {

class fake_server final : public service {
public:
    std::uint64_t identity() const override { return 7; }
    const birth_record& birth() const override { return birth_; }
    const cluster_layout& layout() const override { return layout_; }
    const keys& own_keys() const override { return keys_; }
    const std::string& directory() const override { return directory_; }
    void refused(const client_state& /*client*/, std::string_view reason) override {
        refused_.emplace_back(reason);
    }
    server_report report() const override {
        return {.id = 1,
                .role = leader_ == 1 ? "leader" : "follower",
                .term = 7,
                .leader = leader_,
                .commit = 9,
                .applied = 8,
                .last = 10,
                .snapshot = 0,
                .storage_failed = false,
                .configuration = 3,
                .members = {{.id = 1, .match = 10, .behind = 0, .heard_ms = 7},
                            {.id = 2, .part = raft::member_part::learner, .leaving = true}},
                .clients = {.connected = 1},
                .uptime_seconds = 5};
    }
    const kv& store() const override { return store_; }
    raft::log_index applied() const override { return applied_; }
    std::optional<raft::refusal> not_taking_writes() const override { return not_leading(); }
    std::optional<raft::refusal> not_leading() const override {
        if (leader_ == 1) return std::nullopt;
        raft::refusal refused{raft::refusal_reason::not_leader, std::nullopt};
        if (leader_) refused.leader = raft::member_id{*leader_};
        return refused;
    }
    std::string client_lines(const client_filter& which) const override {
        return which.of_other_type ? "" : "a line\n";
    }
    std::size_t close_clients(const client_filter& which) override {
        to_close_.push_back(which);
        return 1;
    }
    std::optional<std::string> take_snapshot() override {
        return "ERR nothing was applied since the last snapshot";
    }
    void took_command() override {}
    write_times times() const override { return times_; }
    std::string* batch() override { return overloaded_ ? nullptr : &batch_; }
    void wrote(session& by, std::uint64_t sequence, std::size_t bytes) override {
        CHECK(bytes > 0);
        writers_.emplace_back(&by, sequence);
    }
    std::uint64_t join_read(session& by, const raft::core::read_requested& wanted) override {
        readers_.push_back(&by);
        wanted_ = wanted;
        return round_;
    }
    void begin(session& /*by*/, std::uint64_t sequence, const cluster_request& asked) override {
        requests_.emplace_back(sequence, asked);
    }
    void await_leader(session& by, std::uint64_t sequence) override {
        awaiting_leader_.emplace_back(&by, sequence);
    }
    std::optional<std::string> use_lease(bool on) override {
        if (on) return "ERR no lease here";
        return std::nullopt;
    }

    void apply() {
        applied_ = next(applied_);
        const auto results = store_.apply(applied_, std::exchange(batch_, {}));
        const auto writers = std::exchange(writers_, {});
        REQUIRE(results.size() == writers.size());
        for (std::size_t i = 0; i < results.size(); ++i)
            writers[i].first->write_done(writers[i].second, results[i]);
        for (const auto& writer : writers) writer.first->pump();
    }

    /// A leader is known, or was not for too long.
    void end_wait_for_leader() {
        for (const auto& [waiting, sequence] : std::exchange(awaiting_leader_, {})) {
            waiting->leader_awaited(sequence);
            waiting->pump();
        }
    }

    void confirm() {
        const auto confirmed = round_++;
        for (auto* reader : std::exchange(readers_, {})) {
            reader->reads_ready(confirmed);
            reader->pump();
        }
    }

    cluster_layout layout_ =
        std::get<cluster_layout>(parse_cluster("1 one 7001 6001\n2 two 7002 6002\n"));
    std::vector<client_filter> to_close_{};
    birth_record birth_{.history = {5}, .founders = {}};
    keys keys_{};
    std::string directory_ = "/nowhere";
    std::vector<std::string> refused_{};
    kv store_{};
    std::optional<std::uint64_t> leader_ = 1;
    std::uint64_t round_ = 1;
    bool overloaded_ = false;
    write_times times_{.log = {1'000'000'000}, .unix_ms = 1'700'000'000'000};
    raft::log_index applied_{};
    std::string batch_{};
    std::vector<std::pair<session*, std::uint64_t>> writers_{};
    std::vector<std::pair<session*, std::uint64_t>> awaiting_leader_{};
    std::vector<session*> readers_{};
    raft::core::read_requested wanted_{};
    std::vector<std::pair<std::uint64_t, cluster_request>> requests_{};
};

class fake_client final : public session {
public:
    explicit fake_client(service& server) : session{server, 42} {}
    void comes_from(std::string address, bool is_local) {
        set_addresses(std::move(address), "10.0.0.1:6001", is_local);
    }
    void comes_by_tls() { speaks_tls(); }
    void settle() override {}
    void flush() override {}

    std::string says(std::string_view bytes) {
        receive(bytes);
        pump();
        return fetched();
    }
    std::string fetched() {
        std::string bytes{begin_sending()};
        sent();
        pump();
        return bytes;
    }
};

struct one_client {
    fake_server server{};
    fake_client client{server};
    std::string says(std::string_view bytes) { return client.says(bytes); }
};

}  // namespace raft_kv
