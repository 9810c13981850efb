// SPDX-License-Identifier: BSL-1.0
//
// The bar is drawn over itself, and gives way to each line that is told.
#include "progress.hpp"

#include <algorithm>

#include "text.hpp"

namespace raft_kv::outside {

namespace {

constexpr std::size_t bar_width = 40;
constexpr std::string_view clear_line = "\r\x1b[K";

}  // namespace

std::string bar(std::size_t done, std::size_t total) {
    const auto part = [&](std::size_t whole) {
        return total == 0 ? whole : whole * std::min(done, total) / total;
    };
    char percent[16];
    std::snprintf(percent, sizeof(percent), "%3zu %%", part(100));
    return "[" + std::string(part(bar_width), '#') + std::string(bar_width - part(bar_width), '-') +
           "] " + percent;
}

void progress::say(std::string_view line) {
    clear();
    std::fprintf(out_, "%.*s\n", static_cast<int>(line.size()), line.data());
    std::fflush(out_);
}

void progress::show(std::size_t done, std::size_t total, double per_second) {
    const auto figures = grouped(done) + " of " + grouped(total) + " writes, " +
                         grouped(static_cast<std::uint64_t>(std::max(per_second, 0.0))) +
                         " a second";
    if (is_terminal_) {
        clear();
        std::fprintf(out_, "%s  %s", bar(done, total).c_str(), figures.c_str());
        std::fflush(out_);
        bar_is_shown_ = true;
        return;
    }
    const auto tenths = total == 0 ? std::size_t{10} : 10 * done / total;
    if (tenths <= tenths_told_) return;
    tenths_told_ = tenths;
    say("  " + figures);
}

void progress::clear() {
    if (bar_is_shown_)
        std::fprintf(out_, "%.*s", static_cast<int>(clear_line.size()), clear_line.data());
    bar_is_shown_ = false;
}

}  // namespace raft_kv::outside
