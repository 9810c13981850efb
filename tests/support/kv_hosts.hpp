// SPDX-License-Identifier: BSL-1.0
//
// raft-kv on hosts of a network that can be cut: server i is on host i.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "network_namespaces.hpp"
#include "small_disk.hpp"
#include <demo/child_process.hpp>
#include <demo/leader_client.hpp>
#include <demo/local_cluster.hpp>
#include <demo/status.hpp>
#include <demo/wait.hpp>
#include <unistd.h>

namespace support {

class kv_hosts {
public:
    /// Starts all, and returns when they have a leader. Each has a disk of its own of that size, if
    /// one is given.
    kv_hosts(network_of_hosts& net, std::size_t count, std::vector<std::string> flags,
             std::size_t disk_mebibytes = 0)
        : net_{net}, flags_{std::move(flags)} {
        std::ofstream file{directory_ + "/cluster"};
        for (std::uint64_t id = 1; id <= count; ++id) {
            layout_.servers.push_back({.id = id,
                                       .host = network_of_hosts::address(id),
                                       .peer_port = 7001,
                                       .client_port = 6001});
            file << id << ' ' << network_of_hosts::address(id) << " 7001 6001\n";
        }
        file.close();
        if (!file) throw std::runtime_error{"no cluster file can be written in " + directory_};
        for (std::uint64_t id = 1; id <= count && disk_mebibytes != 0; ++id)
            mount_disk(id, disk_mebibytes);
        for (std::uint64_t id = 1; id <= count; ++id) start(id);
        {
            const auto there = net_.visit_hub();
            raft_kv::outside::be_born(RAFT_KV_PATH, directory_ + "/cluster",
                                      directory_ + "/init.log");
        }
        static_cast<void>(leader_of(all()));
    }
    kv_hosts(const kv_hosts&) = delete;
    kv_hosts& operator=(const kv_hosts&) = delete;
    ~kv_hosts() {
        processes_.clear();
        disks_.clear();
        std::error_code ignored;
        if (!keeps_logs_) std::filesystem::remove_all(directory_, ignored);
    }

    /// What servers log is there when the object is gone.
    void keep_logs() {
        keeps_logs_ = true;
        std::fprintf(stderr, "logs are kept in %s\n", directory_.c_str());
    }

    void start(std::uint64_t id) {
        const auto there = net_.visit(id);
        std::vector<std::string> words{
            RAFT_KV_PATH,       "serve",  "--cluster",  directory_ + "/cluster", "--id",
            std::to_string(id), "--data", data_path(id)};
        words.insert(words.end(), flags_.begin(), flags_.end());
        processes_.erase(id);
        processes_.try_emplace(id, std::move(words), log_path(id));
    }
    [[nodiscard]] raft_kv::outside::child_process& process(std::uint64_t id) {
        return processes_.at(id);
    }
    [[nodiscard]] small_disk& disk(std::uint64_t id) { return disks_.at(id); }
    [[nodiscard]] const raft_kv::cluster_layout& layout() const { return layout_; }

    [[nodiscard]] std::vector<std::uint64_t> all() const {
        std::vector<std::uint64_t> ids;
        for (const auto& each : layout_.servers) ids.push_back(each.id);
        return ids;
    }

    /// Asked on its own host, so that it also answers while it is cut off.
    [[nodiscard]] std::optional<raft_kv::outside::server_status> status(std::uint64_t id) {
        if (processes_.at(id).ended()) return std::nullopt;
        const auto there = net_.visit(id);
        return raft_kv::outside::status_of(*layout_.find(id));
    }

    /// The one that leads those servers, and that they follow, all in the same term; 0: none does.
    [[nodiscard]] std::uint64_t common_leader(const std::vector<std::uint64_t>& of) {
        std::optional<raft_kv::outside::server_status> first;
        bool leads = false;
        for (const auto id : of) {
            auto one = status(id);
            if (!one || !one->leader) return 0;
            if (!first) first = one;
            if (one->term != first->term || one->leader != first->leader) return 0;
            leads = leads || one->leads();
        }
        return leads ? *first->leader : 0;
    }

    /// As `common_leader`, and waits until there is one.
    [[nodiscard]] std::uint64_t leader_of(const std::vector<std::uint64_t>& servers) {
        std::uint64_t leader = 0;
        const auto in_time = raft_kv::outside::eventually(patience_, [&] {
            leader = common_leader(servers);
            return leader != 0;
        });
        if (!in_time) throw std::runtime_error{"the servers have no leader in common" + logs()};
        return leader;
    }

    /// The command's answer, by whoever leads. From the hub: not of servers that are cut off.
    [[nodiscard]] std::optional<raft_kv::outside::answer>
    ask(const raft_kv::outside::leader_client::words& command) {
        const auto there = net_.visit_hub();
        raft_kv::outside::leader_client client{layout_, std::chrono::seconds{1}};
        return client.persist(command, patience_);
    }

    [[nodiscard]] std::string log(std::uint64_t id) const {
        std::ifstream file{log_path(id)};
        return {std::istreambuf_iterator<char>{file}, {}};
    }
    [[nodiscard]] std::string logs() const {
        std::string text;
        for (const auto id : all())
            text += "\nthe log of server " + std::to_string(id) + ":\n" + log(id);
        return text;
    }

private:
    [[nodiscard]] static std::string make_directory() {
        auto path = (std::filesystem::temp_directory_path() / "raft-kv-XXXXXX").string();
        if (::mkdtemp(path.data()) == nullptr)
            throw std::runtime_error{"no directory can be made as " + path};
        return path;
    }
    void mount_disk(std::uint64_t id, std::size_t mebibytes) {
        const auto& disk = disks_.try_emplace(id, data_path(id), mebibytes).first->second;
        if (!disk.is_there()) throw std::runtime_error{"no disk can be mounted: " + disk.error()};
    }
    [[nodiscard]] std::string data_path(std::uint64_t id) const {
        return directory_ + "/data-" + std::to_string(id);
    }
    [[nodiscard]] std::string log_path(std::uint64_t id) const {
        return directory_ + "/log-" + std::to_string(id);
    }

    static constexpr std::chrono::seconds patience_{60};

    network_of_hosts& net_;
    std::vector<std::string> flags_;
    std::string directory_ = make_directory();
    bool keeps_logs_ = false;
    raft_kv::cluster_layout layout_{};
    std::map<std::uint64_t, small_disk> disks_{};
    std::map<std::uint64_t, raft_kv::outside::child_process> processes_{};
};

}  // namespace support
