// SPDX-License-Identifier: BSL-1.0
#include "init.hpp"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <initializer_list>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "birth.hpp"
#include "cluster_file.hpp"
#include "cluster_inquiry.hpp"
#include "demo/connection.hpp"
#include "demo/wait.hpp"
#include "server_id.hpp"

namespace raft_kv {

namespace {

constexpr int failed = 1;
constexpr int wrong_usage = 2;
constexpr std::chrono::milliseconds patience{2000};

constexpr std::string_view help_text =
    R"(usage: raft-kv init --cluster FILE [options]

A cluster is born, once: all the servers in the file run, and have empty directories. They wait
until then. To do it again is no harm: a cluster that is born stays what it is.

  --cluster FILE           the file that its servers were started with
  --peer-secret-file FILE  the same, if they were; or else
  --requirepass-file FILE, --operatorpass-file FILE
  --wait-seconds N         how long to wait for all of them to be there (30)
  --help                   this text
)";

struct init_flags {
    std::string cluster_file{};
    key_files key_paths{};
    std::chrono::seconds wait{30};
};

std::uint64_t random_number() {
    std::random_device random;
    return std::uint64_t{random()} << 32U | random() | 1U;
}

int complain(std::string_view problem, int status) {
    std::fprintf(stderr, "raft-kv init: %.*s\n", static_cast<int>(problem.size()), problem.data());
    if (status == wrong_usage) std::fputs("See raft-kv init --help.\n", stderr);
    return status;
}

std::string name_of(const server_address& server) {
    return "server " + id_text(server.id) + " at " + host_and_port(server.host, server.client_port);
}

/// What all servers say; the first that says nothing, if one does.
struct round_of_answers {
    std::vector<birth_answer> said{};
    std::string silent{};
};

round_of_answers ask_all(const std::vector<server_address>& servers, const keys& own) {
    round_of_answers all;
    for (const auto& server : servers) {
        auto answer = ask_one_for_birth(server, own, patience);
        if (const auto* why = std::get_if<std::string>(&answer)) {
            all.silent = name_of(server) + " does not answer (" + *why + ")";
            return all;
        }
        all.said.push_back(std::get<birth_answer>(std::move(answer)));
    }
    return all;
}

/// Has one server carry it out; what is wrong, if anything is.
std::optional<std::string> order(const server_address& server, const keys& own,
                                 std::initializer_list<std::string_view> words) {
    outside::connection asked{server, patience};
    if (const auto refused = enter(asked, own)) return name_of(server) + ": " + *refused;
    const auto said = asked.call(words);
    if (said && said->is_ok()) return std::nullopt;
    return name_of(server) + (said ? ": " + said->text : " does not answer");
}

/// Nobody has run yet: a history is minted. Either all founders are prepared, or none begins. Who
/// misses the beginning then hears of it from the others.
int begin(const std::vector<server_address>& servers, const keys& own,
          const std::vector<birth_answer>& unborn_ones) {
    birth_record record{.history = {random_number()}, .founders = {}};
    for (const auto& each : unborn_ones) record.founders.push_back(std::get<unborn>(each).self);
    const auto token = hex_text(random_number());
    for (const auto& server : servers)
        if (const auto wrong = order(server, own, {"RAFT", "BIRTH", "PREPARE", token}))
            return complain(*wrong + "; nothing has begun", failed);
    const auto text = text_of(record);
    std::size_t begun = 0;
    std::string problems;
    for (const auto& server : servers) {
        const auto wrong = order(server, own, {"RAFT", "BIRTH", "BEGIN", token, text});
        if (wrong) problems += (problems.empty() ? "" : "; ") + *wrong;
        begun += !wrong;
    }
    if (begun == 0) return complain(problems, failed);
    std::printf("born: history %s, %zu servers\n", hex_text(record.history.value).c_str(),
                servers.size());
    if (!problems.empty())
        std::printf("%s: it hears of the birth from the others\n", problems.c_str());
    return 0;
}

/// Some have run: the cluster is what it was.
int tell_born(const std::vector<birth_answer>& said) {
    std::optional<birth_record> born;
    for (const auto& each : said)
        if (const auto* record = std::get_if<birth_record>(&each)) {
            if (born && born->history != record->history)
                return complain("the servers in the file are of two clusters: histories " +
                                    hex_text(born->history.value) + " and " +
                                    hex_text(record->history.value),
                                failed);
            born = *record;
        }
    for (const auto& each : said)
        if (const auto* waiting = std::get_if<unborn>(&each))
            if (const auto why = obstacle_to_founding(*born, waiting->self))
                return complain(*why, failed);
    std::printf("born already: history %s; nothing to do\n", hex_text(born->history.value).c_str());
    return 0;
}

std::variant<init_flags, std::string> parse(std::span<char*> arguments) {
    init_flags flags;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        std::string_view flag{arguments[i]};
        std::string_view value;
        if (const auto equals = flag.find('='); equals != flag.npos) {
            value = flag.substr(equals + 1);
            flag = flag.substr(0, equals);
        } else if (i + 1 < arguments.size()) {
            value = arguments[++i];
        }
        if (flag == "--cluster" && !value.empty()) {
            flags.cluster_file = value;
        } else if (flag == "--peer-secret-file" && !value.empty()) {
            flags.key_paths.peer_secret = value;
        } else if (flag == "--requirepass-file" && !value.empty()) {
            flags.key_paths.password = value;
        } else if (flag == "--operatorpass-file" && !value.empty()) {
            flags.key_paths.operator_password = value;
        } else if (flag == "--wait-seconds") {
            unsigned seconds = 0;
            const auto end = value.data() + value.size();
            const auto read = std::from_chars(value.data(), end, seconds);
            if (read.ec != std::errc{} || read.ptr != end || seconds > 86'400)
                return "'" + std::string{value} + "' is no value for --wait-seconds";
            flags.wait = std::chrono::seconds{seconds};
        } else {
            return "unknown flag '" + std::string{flag} + "'";
        }
    }
    if (flags.cluster_file.empty()) return "--cluster is missing";
    return flags;
}

int found(const std::vector<server_address>& servers, const keys& own, std::chrono::seconds wait) {
    round_of_answers answers;
    const auto all_are_there = outside::eventually(wait, [&] {
        answers = ask_all(servers, own);
        return answers.silent.empty();
    });
    if (!all_are_there)
        return complain(answers.silent +
                            ": a cluster is born when all its servers are there. Nothing has begun",
                        failed);
    for (const auto& each : answers.said)
        if (std::holds_alternative<birth_record>(each)) return tell_born(answers.said);
    return begin(servers, own, answers.said);
}

}  // namespace

int init(std::span<char*> arguments) {
    if (!arguments.empty() && std::string_view{arguments[0]} == "--help") {
        std::fwrite(help_text.data(), 1, help_text.size(), stdout);
        return 0;
    }
    const auto parsed = parse(arguments);
    if (const auto* wrong = std::get_if<std::string>(&parsed)) return complain(*wrong, wrong_usage);
    const auto& flags = std::get<init_flags>(parsed);
    auto read = read_cluster_file(flags.cluster_file);
    if (const auto* error = std::get_if<layout_error>(&read))
        return complain(flags.cluster_file + ": " + error->text, failed);
    const auto own = read_keys(flags.key_paths);
    if (const auto* wrong = std::get_if<std::string>(&own)) return complain(*wrong, failed);
    return found(std::get<cluster_layout>(read).servers, std::get<keys>(own), flags.wait);
}

}  // namespace raft_kv
