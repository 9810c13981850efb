// SPDX-License-Identifier: BSL-1.0
//
// What happens to a server, one line for each event, on the standard error output.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>

#include "incarnation.hpp"

namespace raft_kv {

class event_log {
public:
    explicit event_log(std::uint64_t id) : id_{id} {}

    /// "2026-03-01T12:00:00.123Z server 2: leads in term 5".
    void operator()(std::string_view event) const {
        using namespace std::chrono;
        const auto now = system_clock::now();
        const auto seconds = system_clock::to_time_t(now);
        const auto milliseconds_of_second =
            duration_cast<milliseconds>(now.time_since_epoch()).count() % 1000;
        std::tm parts{};
        gmtime_r(&seconds, &parts);
        char day[32];
        std::strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &parts);
        char head[80];
        std::snprintf(head, sizeof(head), "%s.%03dZ server %s: ", day,
                      static_cast<int>(milliseconds_of_second), id_text(id_).c_str());
        auto line = head + printable(event) + "\n";
        std::fwrite(line.data(), 1, line.size(), stderr);
    }

private:
    /// A peer's words may be in an event; they must not make lines of their own.
    static std::string printable(std::string_view event) {
        std::string text{event};
        for (auto& byte : text)
            if (static_cast<unsigned char>(byte) < ' ' || byte == 0x7f) byte = '?';
        return text;
    }

    std::uint64_t id_;
};

}  // namespace raft_kv
