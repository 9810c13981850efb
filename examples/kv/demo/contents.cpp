// SPDX-License-Identifier: BSL-1.0
//
// Reads that a server answers from what it has itself, whatever it knows of others.
#include "contents.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "wait.hpp"

namespace raft_kv::outside {

namespace {

constexpr std::chrono::seconds patience{20};
constexpr std::size_t keys_at_once = 1000;

answer ask(connection& server, std::span<const std::string_view> words) {
    auto said = server.call(words);
    if (!said) throw failure{"the contents cannot be read: " + server.error()};
    if (said->is_error()) throw failure{"the contents cannot be read: " + said->text};
    return std::move(*said);
}

}  // namespace

contents contents_of(const server_address& server) {
    connection asked{server, patience};
    using request = std::vector<std::string_view>;
    static_cast<void>(ask(asked, request{"READONLY"}));
    static_cast<void>(ask(asked, request{"RAFT", "READS", "stale"}));
    const auto keys = ask(asked, std::vector<std::string_view>{"KEYS", "*"}).elements;
    contents held;
    for (std::size_t begin = 0; begin < keys.size(); begin += keys_at_once) {
        const auto count = std::min(keys_at_once, keys.size() - begin);
        std::vector<std::string_view> words{"MGET"};
        for (std::size_t i = 0; i < count; ++i) words.push_back(keys[begin + i].text);
        auto values = ask(asked, words).elements;
        if (values.size() != count) throw failure{"MGET did not answer with a value for each key"};
        for (std::size_t i = 0; i < count; ++i)
            if (values[i].what == answer::kind::text)
                held.emplace(keys[begin + i].text, std::move(values[i].text));
    }
    return held;
}

losses lost_from(const contents& held, std::span<const acknowledgement> acknowledged) {
    losses found;
    for (const auto& each : acknowledged) {
        const auto key = key_of(each.number);
        const auto value = held.find(key);
        const auto missing = value == held.end();
        if (!missing && value->second == value_of(each.number)) continue;
        if (found.count() == 0)
            found.example = key + (missing ? " is missing" : " is '" + value->second + "'");
        ++(missing ? found.missing : found.different);
    }
    return found;
}

std::string first_difference(const contents& one, const contents& other) {
    const auto [left, right] = std::ranges::mismatch(one, other);
    if (left == one.end() && right == other.end()) return {};
    if (left == one.end()) return right->first;
    if (right == other.end()) return left->first;
    return std::min(left->first, right->first);
}

}  // namespace raft_kv::outside
