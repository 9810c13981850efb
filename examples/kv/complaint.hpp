// SPDX-License-Identifier: BSL-1.0
//
// What is wrong with a request, as its client is told, or nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace raft_kv {

/// Most texts are always the same, and live for ever; some quote the request.
class complaint {
public:
    complaint(std::nullopt_t /*none*/) {}
    complaint(std::string_view text) : constant_{text} {}
    complaint(const char* text) : constant_{text} {}
    complaint(std::string text) : made_{std::move(text)} {}
    complaint(std::optional<std::string_view> text)
        : constant_{text.value_or(std::string_view{})} {}

    [[nodiscard]] explicit operator bool() const { return !constant_.empty() || !made_.empty(); }
    /// Of one that there is.
    [[nodiscard]] std::string_view operator*() const {
        return made_.empty() ? constant_ : std::string_view{made_};
    }

private:
    std::string_view constant_{};
    std::string made_{};
};

}  // namespace raft_kv
