// SPDX-License-Identifier: BSL-1.0
//
// Clients that send transactions to real servers, one after another, whatever happens to these, and
// keep what they saw.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <support/kv_servers.hpp>
#include <support/transaction_history.hpp>

namespace support {

/// A thread with one client of its own.
class transacting_client {
public:
    transacting_client(const raft_kv::cluster_layout& layout, std::size_t number,
                       std::uint64_t seed)
        : layout_{layout}, number_{number}, random_{seed + number}, thread_{[this] { run(); }} {}
    transacting_client(const transacting_client&) = delete;
    transacting_client& operator=(const transacting_client&) = delete;
    ~transacting_client() { stop(); }

    void stop() {
        stopping_ = true;
        if (thread_.joinable()) thread_.join();
    }
    [[nodiscard]] std::size_t done() const { return done_; }
    /// Valid once it was stopped.
    [[nodiscard]] const std::vector<seen_transaction>& seen() const { return seen_; }

private:
    using clock = std::chrono::steady_clock;
    /// So many names are as long as a value may be.
    static constexpr std::size_t transactions_max = 15'000;

    void run() {
        for (std::size_t server = number_; goes_on(); ++server) {
            connection to{layout_.servers[server % layout_.servers.size()], patience};
            while (goes_on() && to.usable() && try_one(to)) {
            }
            std::this_thread::yield();
        }
    }

    [[nodiscard]] bool goes_on() const { return !stopping_ && seen_.size() < transactions_max; }
    [[nodiscard]] bool chance(unsigned percent) { return random_() % 100 < percent; }
    [[nodiscard]] std::string any_text_key() { return "k" + std::to_string(random_() % 4); }

    /// False if another server is to be asked.
    bool try_one(connection& to) {
        seen_transaction one;
        one.name = std::to_string(number_) + "-" + std::to_string(seen_.size()) + ";";
        if (chance(70) && !watch(to, one)) return false;
        choose_commands(one);
        one.sent = clock::now();
        to.send(std::vector<std::string_view>{"MULTI"});
        for (const auto& each : one.commands) to.send(each.words());
        to.send(std::vector<std::string_view>{"EXEC"});
        std::optional<answer> said;
        for (std::size_t i = 0; i < one.commands.size() + 2; ++i) said = to.receive();
        one.answered = clock::now();
        take(one, said);
        seen_.push_back(std::move(one));
        return said && !said->is_error();
    }

    bool watch(connection& to, seen_transaction& one) {
        const auto key = any_text_key();
        to.send(std::vector<std::string_view>{"WATCH", key});
        to.send(std::vector<std::string_view>{"GET", key});
        const auto watched = to.receive();
        const auto read = to.receive();
        if (!watched || !watched->is_ok() || !read || read->is_error()) return false;
        const auto is_there = read->what != answer::kind::nothing;
        one.watched.emplace_back(key, is_there ? std::optional{read->text} : std::nullopt);
        return true;
    }

    void choose_commands(seen_transaction& one) {
        using kind = store_command::kind;
        const auto count = 1 + random_() % 4;
        for (std::size_t i = 0; i < count; ++i) {
            const auto key = any_text_key();
            switch (random_() % 4) {
            case 0: one.commands.push_back({kind::set, key, one.name + std::to_string(i)}); break;
            case 1: one.commands.push_back({kind::get, key}); break;
            case 2: one.commands.push_back({kind::increment, "n"}); break;
            default: one.commands.push_back({chance(30) ? kind::remove : kind::get, key}); break;
            }
        }
        const auto place =
            one.commands.begin() + static_cast<std::ptrdiff_t>(random_() % (count + 1));
        one.commands.insert(place, {kind::append, std::string{order_key}, one.name});
        // What it had read decides what it writes, as in programs.
        if (!one.watched.empty())
            one.commands.push_back({kind::set, one.watched.front().first, one.name + "w"});
    }

    void take(seen_transaction& one, const std::optional<answer>& said) {
        using fate = seen_transaction::fate;
        if (!said || said->text.starts_with("UNKNOWN")) return;
        one.what = said->what == answer::kind::array ? fate::done : fate::refused;
        for (const auto& each : said->elements) one.answers.push_back(shown(each));
        if (one.what == fate::done) ++done_;
    }

    const raft_kv::cluster_layout& layout_;
    std::size_t number_;
    std::mt19937_64 random_;
    std::vector<seen_transaction> seen_;
    std::atomic<std::size_t> done_ = 0;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

/// All of them.
class transaction_load {
public:
    transaction_load(const raft_kv::cluster_layout& layout, std::size_t count, std::uint64_t seed) {
        for (std::size_t i = 0; i < count; ++i)
            clients_.push_back(std::make_unique<transacting_client>(layout, i, seed));
    }

    /// Waits until so many more were carried out.
    [[nodiscard]] bool await_more(std::size_t count) const {
        const auto goal = done() + count;
        return raft_kv::outside::eventually(patience, [&] { return done() >= goal; });
    }

    [[nodiscard]] std::vector<seen_transaction> stop() {
        std::vector<seen_transaction> all;
        for (const auto& each : clients_) {
            each->stop();
            all.insert(all.end(), each->seen().begin(), each->seen().end());
        }
        return all;
    }

private:
    [[nodiscard]] std::size_t done() const {
        std::size_t sum = 0;
        for (const auto& each : clients_) sum += each->done();
        return sum;
    }

    std::vector<std::unique_ptr<transacting_client>> clients_{};
};

}  // namespace support
