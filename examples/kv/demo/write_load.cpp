// SPDX-License-Identifier: BSL-1.0
//
// The clients of the load: each a thread that keeps a pipeline of writes on their way.
#include "write_load.hpp"

#include <cstdio>
#include <utility>

namespace raft_kv::outside {

namespace {

constexpr std::chrono::seconds client_patience{5};
constexpr std::chrono::seconds hopeless_after{40};
constexpr std::chrono::milliseconds retry_pause{10};

}  // namespace

std::string key_of(std::size_t number) {
    char text[32];
    std::snprintf(text, sizeof(text), "key:%08zu", number);
    return text;
}

/// Another for each number, so that a value under the wrong key is noticed, and of about 64 bytes.
std::string value_of(std::size_t number) {
    const auto mixed = (number + 1) * std::size_t{0x9e3779b97f4a7c15};
    char text[96];
    std::snprintf(text, sizeof(text), "value %zu: %016zx%016zx%016zx", number, mixed, ~mixed,
                  mixed * 3);
    return text;
}

write_load::write_load(const cluster_layout& layout, load_options options)
    : layout_{layout}, options_{options} {
    for (std::size_t i = 0; i < options_.clients; ++i)
        threads_.emplace_back([this, i] { run_client(i); });
}

bool write_load::await(std::size_t count, std::chrono::milliseconds limit) {
    return eventually(limit, [&] {
        throw_if_hopeless();
        return acknowledged_ >= count;
    });
}

void write_load::stop() {
    stops_ = true;
    for (auto& each : threads_)
        if (each.joinable()) each.join();
}

void write_load::run_client(std::size_t number) {
    leader_client client{layout_, client_patience, number};
    std::vector<write> writes;
    std::vector<leader_client::words> commands;
    while (!stops_) {
        refill(writes);
        if (writes.empty()) return;
        commands.clear();
        for (auto& each : writes) commands.push_back(each.command);
        const auto server = client.server().id;
        const auto outcomes = client.exchange(commands);
        if (keep_unfinished(writes, outcomes, server)) {
            std::this_thread::sleep_for(options_.pause);
            continue;
        }
        {
            const std::scoped_lock lock{mutex_};
            last_error_ = client.last_error();
        }
        std::this_thread::sleep_for(retry_pause);
    }
}

void write_load::refill(std::vector<write>& writes) {
    while (writes.size() < options_.pipeline) {
        const auto number = next_++;
        if (number >= options_.writes) break;
        writes.push_back({.number = number, .command = {"SET", key_of(number), value_of(number)}});
    }
    const auto now = steady::now();
    for (auto& each : writes)
        if (each.sent == steady::time_point{}) each.sent = now;
}

bool write_load::keep_unfinished(std::vector<write>& writes, std::span<const outcome> outcomes,
                                 std::uint64_t server) {
    const std::scoped_lock lock{mutex_};
    std::size_t kept = 0;
    for (std::size_t i = 0; i < writes.size(); ++i) {
        const auto& what = outcomes[i];
        if (what.what == fate::answered && what.said.is_ok()) {
            all_.push_back({.number = writes[i].number,
                            .server = server,
                            .sent = writes[i].sent,
                            .received = what.at});
            continue;
        }
        if (what.what == fate::answered || what.what == fate::rejected) {
            was_rejected_ = true;
            last_error_ = what.said.text;
        }
        std::swap(writes[kept++], writes[i]);
    }
    const auto acknowledged = kept < writes.size();
    writes.resize(kept);
    acknowledged_ = all_.size();
    if (acknowledged) last_progress_ = steady::now();
    return acknowledged;
}

void write_load::throw_if_hopeless() {
    const std::scoped_lock lock{mutex_};
    if (was_rejected_) throw failure{"a server rejected a write: " + last_error_};
    if (acknowledged_ < options_.writes && steady::now() - last_progress_ > hopeless_after)
        throw failure{"no write was acknowledged for " + std::to_string(hopeless_after.count()) +
                      " seconds; the last error: " + last_error_};
}

}  // namespace raft_kv::outside
