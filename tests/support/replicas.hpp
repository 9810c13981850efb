// SPDX-License-Identifier: BSL-1.0
//
// Replicas of a counter in one process, with real files and real connections, each on its thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <asio/use_future.hpp>
#include <demo/free_ports.hpp>
#include <demo/wait.hpp>
#include <unistd.h>

#include <raft/battery/asio_replica.hpp>
#include <raft/codec/saved_value.hpp>

namespace support {

/// Adds up; a command of many bytes is of some size.
struct counter {
    struct command {
        std::int64_t amount = 0;
        std::string ballast{};
    };
    using result = std::int64_t;

    result apply(raft::log_index, const command& asked) { return value += asked.amount; }
    void save(auto& sink) const { raft::save_value(sink, value); }
    [[nodiscard]] bool restore(auto& source) { return raft::restore_value(source, value); }

    std::int64_t value = 0;
};

using counter_replica = raft::replica<counter>;

/// What comes is waited for no longer than anything of a test.
inline constexpr std::chrono::seconds replica_patience{30};

template <class T>
T await(std::future<T> coming) {
    if (coming.wait_for(replica_patience) != std::future_status::ready)
        throw std::runtime_error{"no answer"};
    return coming.get();
}

class replicas {
public:
    /// Of so many servers the first members are those up to `founders`.
    explicit replicas(std::size_t founders = 3, std::size_t all = 0)
        : founders_{founders}, ports_{raft_kv::outside::free_ports(std::max(founders, all))} {
        std::string name = (std::filesystem::temp_directory_path() / "raft-replica-XXXXXX");
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
        root_ = name;
        options.config.election_timeout = raft::milliseconds(300);
        options.config.heartbeat_interval = raft::milliseconds(60);
        for (std::uint64_t id = 1; id <= founders_; ++id) prepare(id);
    }
    replicas(const replicas&) = delete;
    replicas& operator=(const replicas&) = delete;
    ~replicas() {
        running_.clear();
        std::filesystem::remove_all(root_);
    }

    [[nodiscard]] std::string directory(std::uint64_t id) const {
        return (root_ / std::to_string(id)).string();
    }
    [[nodiscard]] raft::transport::peer address(std::uint64_t id) const {
        return {{id}, "127.0.0.1", ports_.at(id - 1)};
    }

    void prepare(std::uint64_t id) {
        const auto wrong = counter_replica::prepare(directory(id), history);
        if (wrong) throw std::runtime_error{*wrong};
    }
    void wipe(std::uint64_t id) { std::filesystem::remove_all(directory(id)); }

    [[nodiscard]] raft::replica_options options_of(std::uint64_t id) const {
        auto all = options;
        all.id = {id};
        all.directory = directory(id);
        all.joins = id > founders_;
        for (std::uint64_t each = 1; each <= founders_; ++each)
            all.members.push_back(address(each));
        if (all.joins) all.members.push_back(address(id));
        return all;
    }

    counter_replica& start(std::uint64_t id) {
        auto made = std::make_unique<counter_replica>(options_of(id));
        if (const auto wrong = made->start()) throw std::runtime_error{*wrong};
        return *(running_[id] = std::move(made));
    }
    void start_all() {
        for (std::uint64_t id = 1; id <= founders_; ++id) start(id);
    }
    /// As if the process was killed, but for what the system still has in its buffers.
    void kill(std::uint64_t id) { running_.erase(id); }

    [[nodiscard]] counter_replica& at(std::uint64_t id) { return *running_.at(id); }

    [[nodiscard]] std::uint64_t leader() {
        std::uint64_t found = 0;
        const auto is_there = raft_kv::outside::eventually(replica_patience, [&] {
            for (const auto& [id, each] : running_)
                if (await(each->status(asio::use_future)).role == std::string{"leader"}) found = id;
            return found != 0;
        });
        if (!is_there) throw std::runtime_error{"nobody leads"};
        return found;
    }
    [[nodiscard]] std::uint64_t follower() {
        const auto leads = leader();
        for (const auto& [id, each] : running_)
            if (id != leads) return id;
        throw std::runtime_error{"nobody follows"};
    }

    [[nodiscard]] raft::outcome<std::int64_t> add(std::uint64_t at_id, std::int64_t amount) {
        return await(at(at_id).propose({amount, {}}, asio::use_future));
    }
    /// The value that a linearizable read finds; none if it is refused, or not answered.
    [[nodiscard]] std::optional<std::int64_t> value(std::uint64_t at_id) {
        const auto value_of = [](const counter& machine) { return machine.value; };
        const auto found = await(at(at_id).read(value_of, asio::use_future));
        const auto* known = std::get_if<raft::query_answer<std::int64_t>>(&found);
        return known != nullptr ? std::optional{known->value} : std::nullopt;
    }

    raft::history_id history = raft::mint_history();
    raft::replica_options options{};  ///< What all have in common.

private:
    std::size_t founders_;
    std::vector<std::uint16_t> ports_;
    std::filesystem::path root_;
    std::map<std::uint64_t, std::unique_ptr<counter_replica>> running_{};
};

}  // namespace support
