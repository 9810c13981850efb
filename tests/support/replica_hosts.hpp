// SPDX-License-Identifier: BSL-1.0
//
// Hosts of many counters in one process, with real files and real connections, each on its thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <asio/use_future.hpp>
#include <demo/free_ports.hpp>
#include <demo/wait.hpp>
#include <unistd.h>

#include <raft/battery/asio_replica_host.hpp>
#include <support/replicas.hpp>

namespace support {

class replica_hosts {
public:
    using host = raft::replica_host<counter>;
    using group = host::group_type;

    explicit replica_hosts(std::uint64_t count = 3)
        : count_{count}, ports_{raft_kv::outside::free_ports(count)} {
        std::string name = (std::filesystem::temp_directory_path() / "raft-hosts-XXXXXX");
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
        root_ = name;
        of_group.config.election_timeout = raft::milliseconds(300);
        of_group.config.heartbeat_interval = raft::milliseconds(60);
        of_group.segment_bytes = 64 * 1024;
        for (std::uint64_t id = 1; id <= count_; ++id) prepare(id);
    }
    replica_hosts(const replica_hosts&) = delete;
    replica_hosts& operator=(const replica_hosts&) = delete;
    ~replica_hosts() {
        running_.clear();
        std::filesystem::remove_all(root_);
    }

    [[nodiscard]] std::string directory(std::uint64_t id) const {
        return (root_ / std::to_string(id)).string();
    }
    void prepare(std::uint64_t id) {
        if (const auto wrong = host::prepare(directory(id), {7})) throw std::runtime_error{*wrong};
    }

    host& start(std::uint64_t id) {
        raft::replica_host_options options{.id = {id}, .directory = directory(id)};
        for (std::uint64_t each = 1; each <= count_; ++each)
            options.hosts.push_back({{each}, "127.0.0.1", ports_.at(each - 1)});
        auto made = std::make_unique<host>(std::move(options));
        if (const auto wrong = made->start()) throw std::runtime_error{*wrong};
        return *(running_[id] = std::move(made));
    }
    void start_all() {
        for (std::uint64_t id = 1; id <= count_; ++id) start(id);
    }
    /// As if the process was killed, but for what the system still has in its buffers.
    void kill(std::uint64_t id) { running_.erase(id); }

    [[nodiscard]] host& at(std::uint64_t id) { return *running_.at(id); }

    [[nodiscard]] raft::replica_group_options options_of(std::uint64_t number) const {
        auto all = of_group;
        all.history = {1000 + number};
        if (all.hosts.empty()) all.hosts = {{1}, {2}, {3}};
        return all;
    }
    /// What is wrong, if anything is.
    std::optional<std::string> try_to_add(std::uint64_t id, std::uint64_t number,
                                          raft::replica_group_options options) {
        auto made = await(at(id).add({number}, std::move(options), counter{}, asio::use_future));
        const auto* wrong = std::get_if<std::string>(&made);
        return wrong == nullptr ? std::nullopt : std::optional{*wrong};
    }
    void add(std::uint64_t id, std::uint64_t number) {
        if (const auto wrong = try_to_add(id, number, options_of(number)))
            throw std::runtime_error{*wrong};
    }
    void add_everywhere(std::uint64_t number) { add_everywhere(number, number); }
    void add_everywhere(std::uint64_t first, std::uint64_t last) {
        std::vector<std::future<host::added>> coming;
        for (std::uint64_t id = 1; id <= count_; ++id)
            for (auto number = first; number <= last; ++number)
                coming.push_back(
                    at(id).add({number}, options_of(number), counter{}, asio::use_future));
        for (auto& each : coming) {
            const auto made = await(std::move(each));
            if (const auto* wrong = std::get_if<std::string>(&made))
                throw std::runtime_error{*wrong};
        }
    }
    void let_lead(std::uint64_t id, std::uint64_t number) {
        const raft::member_id wanted{id};
        const auto leads = raft_kv::outside::eventually(replica_patience, [&] {
            const auto leader = status(id, number).leader;
            if (!leader || *leader == wanted) return leader.has_value();
            static_cast<void>(
                await(of(leader->value, number).transfer_leadership(wanted, asio::use_future)));
            return status(id, number).leader == wanted;
        });
        if (!leads) throw std::runtime_error{"it does not lead"};
    }

    [[nodiscard]] group of(std::uint64_t id, std::uint64_t number) {
        return at(id).find({number}).value();
    }
    [[nodiscard]] std::optional<std::int64_t> count(std::uint64_t id, std::uint64_t number,
                                                    std::int64_t amount) {
        const auto given = await(of(id, number).propose({amount, {}}, asio::use_future));
        const auto* done = std::get_if<raft::applied<std::int64_t>>(&given);
        return done == nullptr ? std::nullopt : std::optional{done->result};
    }
    [[nodiscard]] std::optional<std::int64_t> value(std::uint64_t id, std::uint64_t number) {
        const auto given = await(
            of(id, number)
                .read([](const counter& machine) { return machine.value; }, asio::use_future));
        const auto* done = std::get_if<raft::query_answer<std::int64_t>>(&given);
        return done == nullptr ? std::nullopt : std::optional{done->value};
    }
    [[nodiscard]] raft::replica_status status(std::uint64_t id, std::uint64_t number) {
        return await(of(id, number).status(asio::use_future));
    }

    raft::replica_group_options of_group{};

private:
    std::uint64_t count_;
    std::vector<std::uint16_t> ports_;
    std::filesystem::path root_{};
    std::map<std::uint64_t, std::unique_ptr<host>> running_{};
};

}  // namespace support
