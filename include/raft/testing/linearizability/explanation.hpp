// SPDX-License-Identifier: BSL-1.0
//
// Of operations that cannot be ordered, few that say why, and that in words. Until it is found, an
// operation is set aside not by leaving it out, or a read would lack its write: a read is left out,
// any other may have happened at any time, or never. What still cannot be ordered then is a
// contradiction whatever the rest did.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <raft/testing/linearizability/registers.hpp>
#include <raft/testing/linearizability/search.hpp>

namespace raft::testing::detail::linearizing {

[[nodiscard]] inline history_operation with_unknown_outcome(history_operation one) {
    one.status = history_status::unknown;
    for (auto& each : one.commands) {
        each.result.reset();
        each.absent = false;
    }
    return one;
}

[[nodiscard]] inline linearizability decide(const operations& kept,
                                            const std::vector<history_operation>& others,
                                            const linearizability_limits& limits) {
    preparation made;
    for (const auto* each : kept) made.add(*each);
    for (const auto& each : others) made.add(each);
    auto ready = made.finish();
    return search{ready, limits}.run();
}

/// The fewest operations that cannot be ordered, of some that cannot.
class narrowing {
public:
    explicit narrowing(operations all) : kept_{std::move(all)} {}

    [[nodiscard]] operations run() {
        std::sort(kept_.begin(), kept_.end(), [](auto* a, auto* b) { return a->call < b->call; });
        cut_end();
        for (auto part = kept_.size(); part > 0; part /= 2)
            for (auto end = kept_.size(); end > 0; end = end > part ? end - part : 0)
                set_aside(end > part ? end - part : 0, end);
        return kept_;
    }

private:
    /// Each question by itself is a small one, or is not worth it.
    static constexpr linearizability_limits small{200'000, std::size_t{64} << 20U};

    [[nodiscard]] bool fails() const {
        return decide(kept_, aside_, small) == linearizability::violated;
    }

    /// The shortest beginning that cannot be ordered: what had not returned by then is not known.
    void cut_end() {
        std::vector<std::int64_t> ends;
        for (const auto* each : kept_)
            if (each->status == history_status::ok) ends.push_back(each->finish);
        std::sort(ends.begin(), ends.end());
        const auto all = std::exchange(kept_, {});
        const auto first = std::partition_point(ends.begin(), ends.end(), [&](std::int64_t end) {
            keep_until(all, end);
            return !fails();
        });
        keep_until(all, first == ends.end() ? never : *first);
    }
    void keep_until(const operations& all, std::int64_t end) {
        kept_.clear();
        aside_.clear();
        for (const auto* each : all) {
            if (each->call > end) continue;
            if (each->status == history_status::ok && each->finish <= end)
                kept_.push_back(each);
            else
                aside_.push_back(with_unknown_outcome(*each));
        }
    }

    void set_aside(std::size_t from, std::size_t to) {
        const auto kept = kept_;
        const auto count = aside_.size();
        for (auto i = from; i < to; ++i) {
            aside_.push_back(with_unknown_outcome(*kept[i]));
            aside_.back().call = std::numeric_limits<std::int64_t>::min();
        }
        kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(from),
                    kept_.begin() + static_cast<std::ptrdiff_t>(to));
        if (fails()) return;
        kept_ = kept;
        aside_.resize(count);
    }

    operations kept_;
    std::vector<history_operation> aside_{};
};

[[nodiscard]] inline std::string quoted(const std::string& text) {
    constexpr std::size_t shown = 40;
    std::string out;
    append_json(out, text.substr(0, shown));
    return text.size() <= shown ? out : out + "… (" + std::to_string(text.size()) + " bytes)";
}

[[nodiscard]] inline std::string in_words(const history_command& one) {
    const auto answer = one.absent ? "nothing" : one.result ? quoted(*one.result) : "";
    const auto told = answer.empty() ? "" : ", was answered " + answer;
    switch (one.op) {
    case history_op::get: return "read " + one.key + ": " + (answer.empty() ? "?" : answer);
    case history_op::put: return "wrote " + quoted(one.value) + " to " + one.key;
    case history_op::cas:
        return "changed " + one.key + " from " + (one.expect ? quoted(*one.expect) : "nothing") +
               " to " + quoted(one.value) + told;
    case history_op::append: return "appended " + quoted(one.value) + " to " + one.key + told;
    case history_op::increment: return "added " + one.value + " to " + one.key + told;
    case history_op::remove: return "removed " + one.key + told;
    }
    return "";
}

[[nodiscard]] inline std::string name_of(const history_operation& one) {
    return "the one of line " + std::to_string(one.line);
}

[[nodiscard]] inline std::string in_words(const history_operation& one) {
    auto text = "line " + std::to_string(one.line) + ": client " + std::to_string(one.client) +
                ", from " + std::to_string(one.call) + " to " +
                (one.status == history_status::ok ? std::to_string(one.finish) : "?") + ": ";
    for (const auto& each : one.commands)
        text += (&each == &one.commands.front() ? "" : "; and at the same time ") + in_words(each);
    return text;
}

[[nodiscard]] inline bool may_leave(const history_operation& one, const history_command& read) {
    return std::any_of(one.commands.begin(), one.commands.end(), [&](const auto& each) {
        if (each.key != read.key || each.op == history_op::get) return false;
        if (each.op == history_op::remove) return read.absent;
        const bool adds = each.op == history_op::append || each.op == history_op::increment;
        if (adds && !each.result) return !read.absent;
        return !read.absent && (adds ? each.result : each.value) == read.result;
    });
}

/// Of which write a read speaks, and what stands between the two.
inline void tell_read(std::string& text, const operations& core, const operations& all,
                      const history_operation& reader, const history_command& read) {
    operations writes;
    for (const auto* each : all)
        if (each != &reader && may_leave(*each, read)) writes.push_back(each);
    if (writes.empty() && !read.absent && reader.commands.size() == 1)
        text += "  Nobody wrote what " + name_of(reader) + " read.\n";
    if (writes.size() != 1) return;
    const auto& write = *writes.front();
    if (reader.finish < write.call)
        text += "  What " + name_of(reader) + " read was only written later, by " + name_of(write) +
                ".\n";
    else
        text += "  What " + name_of(reader) + " read was written by " + name_of(write) +
                ", which must be before it.\n";
    for (const auto* over : core)
        if (over != &write && !may_leave(*over, read) && write.status == history_status::ok &&
            write.finish < over->call && over->finish < reader.call)
            text += "  But " + name_of(*over) +
                    " began after that write, and had returned before " + name_of(reader) +
                    " was called.\n";
}

/// Why these cannot be ordered, of all those on their keys.
[[nodiscard]] inline std::string explain(const operations& core, const operations& all) {
    std::string text;
    for (const auto* each : core) text += "  " + in_words(*each) + "\n";
    for (std::size_t i = 1; i < core.size(); ++i)
        if (core[i - 1]->status == history_status::ok && core[i - 1]->finish < core[i]->call)
            text += "  " + name_of(*core[i - 1]) + " had returned before " + name_of(*core[i]) +
                    " was called, so it is before it.\n";
    for (const auto* each : core)
        for (const auto& command : each->commands)
            if (command.op == history_op::get && each->status == history_status::ok)
                tell_read(text, core, all, *each, command);
    return text + "  No order of these gives these answers, whatever else happened and whenever.\n";
}

}  // namespace raft::testing::detail::linearizing
