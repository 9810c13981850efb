// SPDX-License-Identifier: BSL-1.0
//
// The demo itself: a small one to its end, and one that is interrupted.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <support/kv_servers.hpp>

using namespace raft_kv::outside;
using support::patience;
using support::run_program;

namespace {

/// A demo under way, and what it has said so far.
class running_demo {
public:
    running_demo() : process_{{RAFT_KV_PATH, "demo", "--writes", "1000000"}, log_path()} {
        const auto writes =
            eventually(patience, [&] { return output().find("writing ") != std::string::npos; });
        if (!writes) throw std::runtime_error{"the demo does not begin:\n" + output()};
    }

    [[nodiscard]] child_process& process() { return process_; }
    [[nodiscard]] std::string output() const {
        std::ifstream file{log_path()};
        return {std::istreambuf_iterator<char>{file}, {}};
    }
    [[nodiscard]] std::string directory() const { return word_behind(output(), "their data in "); }

    [[nodiscard]] std::vector<int> servers() const {
        std::vector<int> ids;
        std::istringstream lines{output()};
        for (std::string line; std::getline(lines, line);)
            if (const auto id = word_behind(line, ": process "); !id.empty())
                ids.push_back(std::atoi(id.c_str()));
        return ids;
    }

private:
    /// In a directory that the cluster takes away with it.
    [[nodiscard]] std::string log_path() const { return directory_.directory() + "/demo.log"; }

    static std::string word_behind(const std::string& text, const std::string& mark) {
        const auto found = text.find(mark);
        if (found == text.npos) return {};
        const auto begin = found + mark.size();
        return text.substr(begin, text.find_first_of(",\n", begin) - begin);
    }

    local_cluster directory_{RAFT_KV_PATH, 1};
    child_process process_;
};

/// A process that has ended stays in the table until its parent, or init, has seen it.
bool is_gone(int process) {
    std::ifstream file{"/proc/" + std::to_string(process) + "/stat"};
    std::string stat;
    if (!std::getline(file, stat)) return true;
    const auto behind_name = stat.rfind(") ");
    return behind_name != stat.npos && stat.substr(behind_name + 2, 1) == "Z";
}

bool all_gone(const std::vector<int>& processes) {
    for (const auto each : processes)
        if (!is_gone(each)) return false;
    return true;
}

}  // namespace

TEST_CASE("e2e: a small demo tells its story in plain lines and loses nothing") {
    const auto demo = run_program({RAFT_KV_PATH, "demo", "--writes", "20000"});
    CAPTURE(demo.output);
    CHECK(demo.how == ending{.by_signal = false, .number = 0});
    for (const auto text :
         {"is killed (SIGKILL)", "starts again", "has caught up", "20,000 of 20,000 writes",
          "20,000 keys, 0 missing, 0 different", "  writes: 20,000\n", "    lost: 0\n"})
        CHECK(demo.output.find(text) != std::string::npos);
    CHECK(demo.output.find('\r') == std::string::npos);
    CHECK(demo.output.find('\x1b') == std::string::npos);
}

TEST_CASE("e2e: a demo that is interrupted leaves nothing behind") {
    running_demo demo;
    const auto servers = demo.servers();
    CHECK(servers.size() == 3);
    CHECK(std::filesystem::exists(demo.directory()));
    demo.process().signal(SIGINT);
    CHECK(demo.process().wait(patience) == ending{.by_signal = false, .number = 130});
    CHECK(all_gone(servers));
    CHECK_FALSE(std::filesystem::exists(demo.directory()));
}

TEST_CASE("e2e: no server survives a demo that is killed") {
    running_demo demo;
    const auto servers = demo.servers();
    CHECK(servers.size() == 3);
    demo.process().kill();
    CHECK(eventually(patience, [&] { return all_gone(servers); }));
    std::filesystem::remove_all(demo.directory());
}

TEST_CASE("e2e: a demo whose servers cannot start shows why") {
    const auto demo = run_program({"TMPDIR=/none/there", RAFT_KV_PATH, "demo"});
    CAPTURE(demo.output);
    CHECK(demo.how == ending{.by_signal = false, .number = 1});
    CHECK(demo.output.starts_with("failed: "));
}
