// SPDX-License-Identifier: BSL-1.0
//
// What clients saw of their transactions, and whether one order explains it: the order in which
// they are in the log. It is known, since each transaction also appends its name to one key.
//
// Checked, for that order:
//  - who was told that a transaction was carried out, or not, was told the truth, and it is there
//    once;
//  - each was carried out whole: what it answered, what it had read of keys that it watched, and
//    what stands there at the end, is what a store gives that carries them out one after another;
//  - one that was answered before another was sent is before it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

struct store_command {
    enum class kind : std::uint8_t { set, get, increment, remove, append };
    kind what = kind::get;
    std::string key{};
    std::string value{};  ///< Of set and append.

    [[nodiscard]] std::vector<std::string_view> words() const {
        switch (what) {
        case kind::set: return {"SET", key, value};
        case kind::get: return {"GET", key};
        case kind::increment: return {"INCR", key};
        case kind::remove: return {"DEL", key};
        case kind::append: return {"APPEND", key, value};
        }
        return {};
    }
};

/// Where each transaction appends its name, which ends with a semicolon.
inline constexpr std::string_view order_key = "order";

struct seen_transaction {
    enum class fate : std::uint8_t { done, refused, unknown };

    std::string name{};
    /// The keys that it watched, with what it had read there; none: there was no such key.
    std::vector<std::pair<std::string, std::optional<std::string>>> watched{};
    std::vector<store_command> commands{};
    fate what = fate::unknown;
    std::vector<std::string> answers{};  ///< Of each command, as redis-cli shows them; if done.
    std::chrono::steady_clock::time_point sent{};
    std::chrono::steady_clock::time_point answered{};
};

using store_contents = std::map<std::string, std::string, std::less<>>;

/// Strings and numbers, one command after another.
class store_model {
public:
    [[nodiscard]] std::optional<std::string> value(const std::string& key) const {
        const auto found = all_.find(key);
        return found == all_.end() ? std::nullopt : std::optional{found->second};
    }

    /// What it answers.
    std::string carry_out(const store_command& command) {
        using kind = store_command::kind;
        switch (command.what) {
        case kind::set: all_[command.key] = command.value; return "OK";
        case kind::get: return value(command.key).value_or("(nil)");
        case kind::increment: {
            auto& number = all_[command.key];
            number = std::to_string(number.empty() ? 1 : std::stoll(number) + 1);
            return "(integer) " + number;
        }
        case kind::remove: return "(integer) " + std::to_string(all_.erase(command.key));
        case kind::append: {
            auto& text = all_[command.key].append(command.value);
            return "(integer) " + std::to_string(text.size());
        }
        }
        return {};
    }

    [[nodiscard]] const store_contents& all() const { return all_; }

private:
    store_contents all_{};
};

/// The first thing that no order in the log explains; none if all is well. `held`: what all servers
/// hold at the end.
class history_check {
public:
    using problem = std::optional<std::string>;

    explicit history_check(const std::vector<seen_transaction>& all) {
        for (const auto& each : all) by_name_.emplace(each.name, &each);
    }

    [[nodiscard]] problem find_problem(const store_contents& held) {
        if (auto wrong = read_order(held)) return wrong;
        if (auto wrong = check_fates()) return wrong;
        if (auto wrong = check_times()) return wrong;
        store_model store;
        for (const auto* each : order_)
            if (auto wrong = carry_out(store, *each)) return wrong;
        return store.all() == held ? problem{} : "what is held at the end comes of no such order";
    }

    /// Of those that were carried out, in the order of the log; once there was a check.
    [[nodiscard]] const std::vector<const seen_transaction*>& order() const { return order_; }

private:
    [[nodiscard]] problem read_order(const store_contents& held) {
        const auto found = held.find(order_key);
        std::string_view names = found == held.end() ? std::string_view{} : found->second;
        while (!names.empty()) {
            const auto end = names.find(';');
            const std::string name{names.substr(0, end == names.npos ? end : end + 1)};
            names.remove_prefix(name.size());
            const auto known = by_name_.find(name);
            if (known == by_name_.end()) return name + " is in the log, and nobody sent it";
            if (++times_[name] > 1) return name + " is in the log twice";
            order_.push_back(known->second);
        }
        return std::nullopt;
    }

    [[nodiscard]] problem check_fates() const {
        using fate = seen_transaction::fate;
        for (const auto& [name, each] : by_name_) {
            const auto is_there = times_.contains(name);
            if (each->what == fate::done && !is_there) return name + " was done, and is not there";
            if (each->what == fate::refused && is_there) return name + " was refused, and is there";
        }
        return std::nullopt;
    }

    /// None was answered before one was sent that is before it.
    [[nodiscard]] problem check_times() const {
        auto latest_sent = std::chrono::steady_clock::time_point::min();
        for (const auto* each : order_) {
            latest_sent = std::max(latest_sent, each->sent);
            if (each->what == seen_transaction::fate::done && each->answered < latest_sent)
                return each->name +
                       " was answered before one was sent that is before it in the log";
        }
        return std::nullopt;
    }

    [[nodiscard]] static problem carry_out(store_model& store, const seen_transaction& one) {
        for (const auto& [key, read] : one.watched)
            if (store.value(key) != read)
                return one.name + " watched " + key + ", which had changed since: it had read " +
                       read.value_or("nothing") + ", and there was " +
                       store.value(key).value_or("nothing");
        for (std::size_t i = 0; i < one.commands.size(); ++i) {
            const auto answer = store.carry_out(one.commands[i]);
            if (one.what != seen_transaction::fate::done) continue;
            if (one.answers.size() != one.commands.size())
                return one.name + " has an answer too many or too few";
            if (one.answers[i] != answer)
                return one.name + " was answered " + one.answers[i] + " in place of " + answer;
        }
        return std::nullopt;
    }

    std::map<std::string, const seen_transaction*> by_name_{};
    std::map<std::string, std::size_t> times_{};
    std::vector<const seen_transaction*> order_{};
};

}  // namespace support
