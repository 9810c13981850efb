// SPDX-License-Identifier: BSL-1.0
//
// What answers the question where a peer is can be cut off together with it, and for longer (fault
// 2): then a peer is looked for where it was.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "asio_on_hosts.hpp"
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

namespace {

using namespace asio_test;

/// A file that the calling thread, and the threads that it starts, see in the place of a system's.
class stand_in {
public:
    stand_in(const char* path, std::string_view text) {
        const auto file = ::mkstemp(path_.data());
        if (file >= 0) ::close(file);
        write(text);
        CHECK(::unshare(CLONE_NEWNS) == 0);
        CHECK(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
        CHECK(::mount(path_.c_str(), path, nullptr, MS_BIND, nullptr) == 0);
    }
    stand_in(const stand_in&) = delete;
    stand_in& operator=(const stand_in&) = delete;
    ~stand_in() { std::filesystem::remove(path_); }

    void write(std::string_view text) const { std::ofstream{path_} << text; }

private:
    std::string path_ = (std::filesystem::temp_directory_path() / "raft-etc-XXXXXX").string();
};

/// On a thread of its own, which sees its own files.
void check_peer_found_without_its_name() {
    const stand_in hosts{"/etc/hosts", "10.0.0.2 two.test\n"};
    const stand_in servers_of_names{"/etc/resolv.conf", "nameserver 10.0.0.99\n"};  // Nobody's.
    network_of_hosts net{2};
    auto options = options_on(1, {2});
    options.peers.front().host = "two.test";
    options.guests_max = 0;  // Nor is it answered where it calls from.
    speaker<as_message> a{net, options, 2, true};
    speaker<as_message> b{net, options_on(2, {1}), 1, true};
    CHECK(eventually(20s, [&] { return b.heard() > 0; }));
    hosts.write("");
    net.cut(2);
    let_pass(3400ms);
    net.heal(2);
    const auto said = a.said();
    CHECK(eventually(2s, [&] { return b.heard() > said; }));
    INFO(a.events());
    CHECK(a.was_told(transport::event_kind::disconnected));
}

}  // namespace

TEST_CASE("F2 a peer whose name nobody knows any more is looked for where it was") {
    SKIP_WITHOUT_NETWORK_NAMESPACES();
    std::thread{check_peer_found_without_its_name}.join();
}
