// SPDX-License-Identifier: BSL-1.0
//
// A client's connection to one server, by hiredis.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../cluster_file.hpp"
#include <hiredis/hiredis.h>

namespace raft_kv::outside {

/// What a server answered.
struct answer {
    enum class kind : std::uint8_t { status, error, integer, text, nothing, array };
    kind what = kind::nothing;
    std::string text{};  ///< Of a status, an error or a text.
    long long number = 0;
    std::vector<answer> elements{};
    friend bool operator==(const answer&, const answer&) = default;

    [[nodiscard]] bool is_ok() const { return what == kind::status && text == "OK"; }
    [[nodiscard]] bool is_error() const { return what == kind::error; }
};

/// Every wait has an end: a server that does not answer in time counts as one that is gone.
class connection {
public:
    connection(const server_address& server, std::chrono::milliseconds patience);

    [[nodiscard]] bool usable() const { return context_ != nullptr && context_->err == 0; }
    /// Why it is not usable.
    [[nodiscard]] std::string error() const;

    /// Put behind those that are already on their way; sent when the next answer is waited for.
    void send(std::span<const std::string_view> words);
    /// The next answer, in the order in which was sent. Nothing if the connection is lost.
    [[nodiscard]] std::optional<answer> receive();

    [[nodiscard]] std::optional<answer> call(std::span<const std::string_view> words);
    [[nodiscard]] std::optional<answer> call(std::initializer_list<std::string_view> words) {
        return call(std::span{words.begin(), words.size()});
    }

private:
    struct release {
        void operator()(redisContext* context) const { ::redisFree(context); }
    };
    std::unique_ptr<redisContext, release> context_;
};

}  // namespace raft_kv::outside
