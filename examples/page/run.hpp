// SPDX-License-Identifier: BSL-1.0
//
// A run of a cluster as plain data, however it came about: what can be shown of it. Those who make
// one append events in the order in which they happened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace raft_page {

/// What the moments of a run are counted in.
enum class time_unit : std::uint8_t { nanoseconds, steps };

enum class standing : std::uint8_t {
    down,
    follower,
    pre_candidate,
    candidate,
    leader,
    halted,  ///< It runs, and takes part no more.
};

enum class message_class : std::uint8_t { election, entries, heartbeat, reply, snapshot, other };

/// From where to where. One end may never have been seen: then only the other has an event.
struct message {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    message_class what{};
    std::string words{};
};

/// What can happen to a server. Logs are told by what changes in them, in runs of one term.
namespace happened {

struct stood {
    standing as{};
    std::uint64_t term = 0;
    std::uint64_t voted_for = 0;  ///< 0: for nobody.
};
struct appended {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t term = 0;
};
struct cut_after {
    std::uint64_t last = 0;
};
struct compacted {  ///< Up to this entry: a snapshot has what was there.
    std::uint64_t index = 0;
    std::uint64_t term = 0;
};
struct committed {
    std::uint64_t index = 0;
};
struct sent {
    std::size_t message = 0;  ///< Its place in `run::messages`.
};
struct arrived {
    std::size_t message = 0;
};
struct lost {
    std::size_t message = 0;
};
struct went_wrong {  ///< On purpose.
    std::string what{};
    std::int64_t until = 0;  ///< 0: it has no length.
};
struct broke_rule {
    std::string rule{};
};
struct noted {
    std::string what{};
};

}  // namespace happened

struct event {
    std::int64_t at = 0;
    std::uint64_t server = 0;  ///< 0: all of them.
    std::variant<happened::stood, happened::appended, happened::cut_after, happened::compacted,
                 happened::committed, happened::sent, happened::arrived, happened::lost,
                 happened::went_wrong, happened::broke_rule, happened::noted>
        what{};
};

struct run {
    std::string title{};
    std::string made_by{};  ///< The command that makes it again.
    time_unit unit = time_unit::nanoseconds;
    std::vector<std::uint64_t> servers{};  ///< Those whose states are known …
    std::vector<std::uint64_t> others{};   ///< … and those that are only spoken to.
    std::vector<message> messages{};
    std::vector<event> events{};

    void add(std::int64_t at, std::uint64_t server, decltype(event::what) what) {
        events.push_back({at, server, std::move(what)});
    }
    /// The place of a new message.
    std::size_t add(message given) {
        messages.push_back(std::move(given));
        return messages.size() - 1;
    }
};

}  // namespace raft_page
