// SPDX-License-Identifier: BSL-1.0
//
// Hosts on a network of their own, within this process: network namespaces of Linux on one bridge.
// What is cut is lost beyond the host that sent it and without a word, as when a cable is pulled.
// Needs root and the programs ip, bridge and tc of iproute2.
//
// Nothing has a name that another process could see, and nothing is left behind, however the
// process ends: the namespaces go with the last process that is in them or has them open.
#pragma once

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

/// A cut is as long as it is: nothing can be waited for meanwhile.
inline void let_pass(std::chrono::milliseconds length) { std::this_thread::sleep_for(length); }

/// A namespace, which exists at least as long as this.
class network_namespace {
public:
    /// The one that the calling thread is in.
    [[nodiscard]] static network_namespace current() {
        return network_namespace{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
    }
    /// A new one, without any network. The calling thread stays where it is.
    [[nodiscard]] static network_namespace make() {
        const auto here = current();
        if (::unshare(CLONE_NEWNET) != 0) fail("no network namespace can be made");
        auto made = current();
        here.enter();
        return made;
    }
    network_namespace(network_namespace&& from) noexcept : file_{std::exchange(from.file_, -1)} {}
    network_namespace& operator=(network_namespace&& from) noexcept {
        std::swap(file_, from.file_);
        return *this;
    }
    ~network_namespace() {
        if (file_ >= 0) ::close(file_);
    }

    /// Puts the calling thread into it: the sockets that it opens, and the processes and threads
    /// that it starts, are there.
    void enter() const {
        if (::setns(file_, CLONE_NEWNET) != 0) fail("a network namespace cannot be entered");
    }
    /// As programs find it.
    [[nodiscard]] std::string path() const {
        return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file_);
    }

private:
    explicit network_namespace(int file) : file_{file} {
        if (file_ < 0) fail("the network namespace cannot be opened");
    }
    [[noreturn]] static void fail(const std::string& text) {
        throw std::runtime_error{text + ": " + std::strerror(errno)};
    }

    int file_;
};

/// The calling thread is in a namespace for as long as this lives.
class namespace_visit {
public:
    explicit namespace_visit(const network_namespace& where) { where.enter(); }
    namespace_visit(const namespace_visit&) = delete;
    namespace_visit& operator=(const namespace_visit&) = delete;
    ~namespace_visit() { before_.enter(); }

private:
    network_namespace before_ = network_namespace::current();
};

/// To be made, used and destroyed by one thread, but for `visit`.
class network_of_hosts {
public:
    using host = std::size_t;  ///< From 1 on.

    static constexpr host hosts_max = 200;

    /// Why no network can be made here; none: it can.
    [[nodiscard]] static std::optional<std::string> obstacle() {
        try {
            network_of_hosts probe{2};
            probe.cut_way(1, 2);
            return std::nullopt;
        } catch (const std::runtime_error& error) {
            return error.what();
        }
    }

    explicit network_of_hosts(host count) {
        if (count > hosts_max) throw std::runtime_error{"too many hosts"};
        in_hub("ip link set lo up");
        in_hub("ip link add hub type bridge mcast_snooping 0");
        in_hub("ip address add " + address_of_hub() + "/24 dev hub && ip link set hub up");
        in_hub("ip link add sink type veth peer name void");
        in_hub("ip link set sink up && ip link set void up");
        for (host each = 1; each <= count; ++each) power_on(each);
    }
    network_of_hosts(const network_of_hosts&) = delete;
    network_of_hosts& operator=(const network_of_hosts&) = delete;
    ~network_of_hosts() = default;

    [[nodiscard]] static std::string address(host of) { return "10.0.0." + std::to_string(of); }
    [[nodiscard]] static std::string address_of_hub() { return "10.0.0.254"; }

    /// The calling thread is on the host for as long as the result lives. Any thread may.
    [[nodiscard]] namespace_visit visit(host at) const { return namespace_visit{spaces_.at(at)}; }
    /// As `visit`, where all hosts can be reached that are not cut off.
    [[nodiscard]] namespace_visit visit_hub() const { return namespace_visit{hub_}; }

    /// Nothing reaches the host any more, and nothing that it sends reaches anyone.
    void cut(host off) { set_port(off, "0"); }
    void heal(host off) { set_port(off, "3"); }

    /// What `from` sends does not reach `to` any more. The other way is as it was.
    void cut_way(host from, host to) {
        if (cut_ways_.emplace(from, to).second) drop(from, to);
    }
    void heal_way(host from, host to) {
        if (cut_ways_.erase({from, to}) == 0) return;
        in_hub("tc filter delete dev " + port(from) + " ingress pref " + std::to_string(to));
    }
    void cut_pair(host one, host other) {
        cut_way(one, other);
        cut_way(other, one);
    }
    void heal_pair(host one, host other) {
        heal_way(one, other);
        heal_way(other, one);
    }

    /// Gone from one moment to the next, with all connections. The processes on it are the
    /// caller's to kill: nobody hears any more what their systems say of that.
    void power_off(host gone) {
        in_hub("ip link delete " + port(gone));
        spaces_.erase(gone);
    }
    /// At the address of before. Ways from it that were cut still are.
    void power_on(host back) {
        const auto& space = spaces_.emplace(back, network_namespace::make()).first->second;
        in_hub("ip link add " + port(back) + " type veth peer name eth0 address " + hardware(back) +
               " netns " + space.path());
        in_hub("ip link set " + port(back) + " master hub up");
        in_hub("tc qdisc add dev " + port(back) + " clsact");
        for (const auto& [from, to] : cut_ways_)
            if (from == back) drop(from, to);
        const namespace_visit there{space};
        run("ip link set lo up && ip link set eth0 up");
        run("ip address add " + address(back) + "/24 dev eth0");
    }

private:
    [[nodiscard]] static std::string port(host of) { return "host" + std::to_string(of); }
    /// The same after each start, as a machine has it.
    [[nodiscard]] static std::string hardware(host of) {
        std::array<char, 18> text{};
        std::snprintf(text.data(), text.size(), "02:00:00:00:00:%02x", static_cast<unsigned>(of));
        return text.data();
    }

    // A port that is no part of the bridge's tree: it passes nothing, and its link stays up.
    void set_port(host off, std::string_view state) const {
        in_hub("bridge link set dev " + port(off) + " state " + std::string{state});
    }

    // Sent on to where nobody is: to drop would need one module of the kernel more.
    void drop(host from, host to) const {
        in_hub("tc filter add dev " + port(from) + " ingress pref " + std::to_string(to) +
               " protocol ip u32 match ip dst " + address(to) +
               " action mirred egress redirect dev sink");
    }

    void in_hub(const std::string& command) const {
        const namespace_visit here{hub_};
        run(command);
    }

    static void run(const std::string& command) {
        auto* const output = ::popen(("(" + command + ") 2>&1").c_str(), "r");
        if (output == nullptr) throw std::runtime_error{command + ": " + std::strerror(errno)};
        std::string said;
        std::array<char, 256> part{};
        while (std::fgets(part.data(), part.size(), output) != nullptr) said += part.data();
        if (::pclose(output) != 0) throw std::runtime_error{command + ": " + said};
    }

    network_namespace hub_ = network_namespace::make();
    std::map<host, network_namespace> spaces_{};
    std::set<std::pair<host, host>> cut_ways_{};
};

}  // namespace support

/// To begin a test with that needs them. ctest knows a test by these words that was skipped.
#define SKIP_WITHOUT_NETWORK_NAMESPACES()                                                          \
    if (const auto obstacle = support::network_of_hosts::obstacle()) {                             \
        MESSAGE("skipped: no network namespaces can be made: " << *obstacle);                      \
        return;                                                                                    \
    }
