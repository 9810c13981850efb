// SPDX-License-Identifier: BSL-1.0
//
// Tells a story on the standard output, with a progress bar below what was told. Where there is no
// terminal there is a plain line for each tenth instead.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

namespace raft_kv::outside {

class progress {
public:
    progress(std::FILE* out, bool is_terminal) : out_{out}, is_terminal_{is_terminal} {}
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;
    ~progress() { clear(); }

    /// A line of the story.
    void say(std::string_view line);
    void show(std::size_t done, std::size_t total, double per_second);
    /// Takes the bar away.
    void clear();

private:
    std::FILE* out_;
    bool is_terminal_;
    bool bar_is_shown_ = false;
    std::size_t tenths_told_ = 0;
};

/// "[#####---------------]  25 %".
[[nodiscard]] std::string bar(std::size_t done, std::size_t total);

}  // namespace raft_kv::outside
