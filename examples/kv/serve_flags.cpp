// SPDX-License-Identifier: BSL-1.0
//
// The flags of `raft-kv serve`: a table, each with what takes its value.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "serve.hpp"
#include "server_id.hpp"

namespace raft_kv {

namespace {

template <class Integer>
bool read_number(std::string_view text, Integer least, Integer most, Integer& number) {
    const auto end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    return parsed.ec == std::errc{} && parsed.ptr == end && number >= least && number <= most;
}

bool read_text(std::string_view value, std::string& text) {
    text = value;
    return !text.empty();
}

bool read_listen(std::string_view value, listen_address& address) {
    const auto found = listen_address_in(value);
    if (found) address = *found;
    return found.has_value();
}

bool read_certificates(std::string_view value, client_certificates& asked) {
    using enum client_certificates;
    asked = value == "yes" ? required : value == "optional" ? optional : none;
    return asked != none || value == "no";
}

/// Takes the value; false if it is none for this flag.
using reader = bool (*)(std::string_view value, serve_flags& flags);

struct flag {
    std::string_view name;
    reader read;
    bool is_switch = false;  ///< It is there or not, without a value.
};

constexpr std::int64_t milliseconds_max = 600'000;

constexpr std::array all_flags{
    flag{"--cluster", [](auto value, auto& to) { return read_text(value, to.cluster_file); }},
    flag{"--id",
         [](auto value, auto& to) {
             to.id = id_in(value).value_or(0);
             return to.id != 0;
         }},
    flag{"--data", [](auto value, auto& to) { return read_text(value, to.directory); }},
    flag{"--listen", [](auto value, auto& to) { return read_listen(value, to.listen); }},
    flag{"--listen-peers",
         [](auto value, auto& to) { return read_listen(value, to.listen_peers); }},
    flag{"--join", [](auto, auto& to) { return to.join = true; }, true},
    flag{"--recover-damaged-log", [](auto, auto& to) { return to.recover_damaged_log = true; },
         true},
    flag{"--forward", [](auto, auto& to) { return to.forward = true; }, true},
    flag{"--stay-when-failed", [](auto, auto& to) { return to.stay_when_failed = true; }, true},
    flag{"--election-timeout-ms",
         [](auto value, auto& to) {
             return read_number(value, std::int64_t{10}, milliseconds_max, to.election_timeout_ms);
         }},
    flag{"--heartbeat-ms",
         [](auto value, auto& to) {
             return read_number(value, std::int64_t{1}, milliseconds_max, to.heartbeat_ms);
         }},
    flag{"--snapshot-entries",
         [](auto value, auto& to) {
             return read_number(value, std::uint64_t{1}, ~std::uint64_t{0}, to.snapshot_entries);
         }},
    flag{"--compare-entries",
         [](auto value, auto& to) {
             return read_number(value, std::uint64_t{0}, ~std::uint64_t{0}, to.compare_entries);
         }},
    flag{"--clock-drift-ppm",
         [](auto value, auto& to) {
             return read_number(value, std::uint16_t{0}, std::uint16_t{60'000},
                                to.clock_drift_ppm.emplace());
         }},
    flag{"--election-rank",
         [](auto value, auto& to) {
             return read_number(value, std::uint8_t{0}, std::uint8_t{100}, to.election_rank);
         }},
    flag{"--client-idle-seconds",
         [](auto value, auto& to) {
             return read_number(value, std::uint32_t{0}, std::uint32_t{31'536'000},
                                to.client_idle_seconds);
         }},
    flag{"--maxmemory-clients-mib",
         [](auto value, auto& to) {
             return read_number(value, std::uint64_t{limits::requests_mib_min},
                                std::uint64_t{1} << 20U, to.maxmemory_clients_mib);
         }},
    flag{"--metrics", [](auto value, auto& to) { return read_listen(value, to.metrics); }},
    flag{"--flight-recorder-kib",
         [](auto value, auto& to) {
             return read_number(value, std::uint64_t{8}, std::uint64_t{1} << 20U, to.recorder_kib);
         }},
    flag{"--peer-secret-file",
         [](auto value, auto& to) { return read_text(value, to.key_paths.peer_secret); }},
    flag{"--peer-tls-cert",
         [](auto value, auto& to) { return read_text(value, to.key_paths.peer_certificate); }},
    flag{"--peer-tls-key",
         [](auto value, auto& to) { return read_text(value, to.key_paths.peer_key); }},
    flag{"--peer-tls-ca",
         [](auto value, auto& to) { return read_text(value, to.key_paths.peer_authority); }},
    flag{"--tls-port",
         [](auto value, auto& to) {
             return read_number(value, std::uint16_t{1}, std::uint16_t{65'535}, to.tls.port);
         }},
    flag{"--tls-cert-file",
         [](auto value, auto& to) { return read_text(value, to.tls.files.certificate); }},
    flag{"--tls-key-file", [](auto value, auto& to) { return read_text(value, to.tls.files.key); }},
    flag{"--tls-ca-cert-file",
         [](auto value, auto& to) { return read_text(value, to.tls.files.authority); }},
    flag{"--tls-auth-clients",
         [](auto value, auto& to) { return read_certificates(value, to.tls.asked); }},
    flag{"--requirepass-file",
         [](auto value, auto& to) { return read_text(value, to.key_paths.password); }},
    flag{"--operatorpass-file",
         [](auto value, auto& to) { return read_text(value, to.key_paths.operator_password); }},
    flag{"--protected-mode",
         [](auto value, auto& to) {
             to.is_protected = value == "yes";
             return value == "yes" || value == "no";
         }},
};

const flag* find_flag(std::string_view name) {
    const auto found = std::ranges::find(all_flags, name, &flag::name);
    return found == all_flags.end() ? nullptr : &*found;
}

/// What is missing, or does not go together; empty if nothing is wrong.
std::string check(const serve_flags& flags) {
    if (flags.cluster_file.empty()) return "--cluster is missing";
    if (flags.id == 0) return "--id is missing";
    if (flags.directory.empty()) return "--data is missing";
    if (flags.heartbeat_ms * 2 > flags.election_timeout_ms)
        return "--heartbeat-ms must be at most half of --election-timeout-ms";
    const auto& files = flags.key_paths;
    const auto given =
        !files.peer_certificate.empty() + !files.peer_key.empty() + !files.peer_authority.empty();
    if (given != 0 && given != 3)
        return "--peer-tls-cert, --peer-tls-key and --peer-tls-ca go together";
    if (auto wrong = obstacle_to_tls(flags.tls); !wrong.empty()) return wrong;
    if (flags.metrics != listen_address{} && flags.metrics.port == 0)
        return "--metrics needs a port";
    return {};
}

}  // namespace

std::variant<serve_flags, std::string> parse_serve_flags(std::span<char*> arguments) {
    serve_flags flags;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view word{arguments[i]};
        const auto equals = word.find('=');
        const auto name = word.substr(0, equals);
        if (name == "--help") {
            flags.help = true;
            return flags;
        }
        const auto* known = find_flag(name);
        if (known == nullptr) return "unknown flag '" + std::string{name} + "'";
        std::string_view value;
        if (equals != word.npos) {
            value = word.substr(equals + 1);
        } else if (!known->is_switch && i + 1 < arguments.size()) {
            value = arguments[++i];
        }
        if (!known->read(value, flags))
            return "'" + std::string{value} + "' is no value for " + std::string{name};
    }
    if (auto wrong = check(flags); !wrong.empty()) return wrong;
    return flags;
}

}  // namespace raft_kv
