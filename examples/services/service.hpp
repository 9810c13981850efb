// SPDX-License-Identifier: BSL-1.0
//
// What the services have in common: a server is a replica of a state machine, and clients who send
// lines and get lines. Each client has a thread, which may wait for the cluster.
#pragma once

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <asio/ip/tcp.hpp>
#include <asio/signal_set.hpp>
#include <asio/use_future.hpp>
#include <sys/socket.h>

#include <raft/battery/asio_replica.hpp>
#include <raft/battery/log_time.hpp>
#include <raft/codec/saved_value.hpp>
#include <raft/describe.hpp>

namespace services {

using words = std::vector<std::string>;

[[nodiscard]] inline words split(const std::string& line) {
    std::istringstream in{line};
    words all;
    for (std::string word; in >> word;) all.push_back(word);
    return all;
}

/// What there is to say of a proposal that was not applied, or a query that was not answered.
[[nodiscard]] inline std::string trouble(const auto& outcome) {
    if (const auto* refused = std::get_if<raft::refusal>(&outcome))
        return "REFUSED " + std::string{describe(*refused)} + "; nothing was done";
    return "UNKNOWN it may have been done, or may be yet";
}

/// Has a command applied, and says what `in_words` makes of its result.
template <class Machine, class InWords>
[[nodiscard]] std::string propose(raft::replica<Machine>& cluster, typename Machine::command asked,
                                  InWords in_words) {
    const auto outcome = cluster.propose(std::move(asked), asio::use_future).get();
    const auto* done = std::get_if<raft::applied<typename Machine::result>>(&outcome);
    return done != nullptr ? in_words(done->result) : trouble(outcome);
}

/// The same, of a machine whose results are what is said to the client.
template <class Machine>
[[nodiscard]] std::string propose(raft::replica<Machine>& cluster,
                                  typename Machine::command asked) {
    return propose(cluster, std::move(asked), [](const std::string& said) { return said; });
}

/// The same, with the log's time, which the replica puts in.
template <class Machine, class Command>
[[nodiscard]] std::string propose(raft::replica<raft::timing::timed<Machine>>& cluster,
                                  Command asked) {
    raft::timing::stamped<typename Machine::command> bare{{}, std::move(asked)};
    return propose(cluster, std::move(bare), [](const std::string& said) { return said; });
}

/// Has a query answered with a line, by what all servers agree on now.
template <class Machine, class Query>
[[nodiscard]] std::string look_up(raft::replica<Machine>& cluster, Query asked) {
    const auto outcome = cluster.read(std::move(asked), asio::use_future).get();
    const auto* found = std::get_if<raft::query_answer<std::string>>(&outcome);
    return found != nullptr ? found->value : trouble(outcome);
}

/// "2=127.0.0.1:7002"
[[nodiscard]] inline raft::transport::peer member_of(const std::string& text) {
    const auto equals = text.find('=');
    const auto colon = text.rfind(':');
    if (equals == text.npos || colon == text.npos || colon < equals)
        throw std::invalid_argument{text + " is not ID=HOST:PORT"};
    return {{std::stoull(text)},
            text.substr(equals + 1, colon - equals - 1),
            static_cast<std::uint16_t>(std::stoul(text.substr(colon + 1)))};
}

template <class Machine, class Answer>
void answer_line(raft::replica<Machine>& cluster, const std::string& line, Answer& answer,
                 asio::ip::tcp::iostream& client) try {
    if (const auto asked = split(line); !asked.empty()) answer(cluster, asked, client);
} catch (const std::logic_error&) {
    client << "ERROR a word is missing, or is no number" << std::endl;
}

/// Whether a client has closed its connection.
[[nodiscard]] inline bool has_gone(asio::ip::tcp::iostream& client) {
    char byte = 0;
    const auto handle = client.socket().native_handle();
    return ::recv(handle, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/// Rings when the state has changed: whoever waits for that looks again.
class bell {
public:
    static bell& of_this_process() {
        static bell only;
        return only;
    }
    void ring() {
        const std::lock_guard lock{mutex_};
        ++rung_;
        changed_.notify_all();
    }
    [[nodiscard]] std::uint64_t rung() {
        const std::lock_guard lock{mutex_};
        return rung_;
    }
    /// Until it has rung more often than `seen` times, or a second has passed.
    void await(std::uint64_t seen) {
        std::unique_lock lock{mutex_};
        changed_.wait_for(lock, std::chrono::seconds{1}, [&] { return rung_ > seen; });
    }

private:
    std::mutex mutex_{};
    std::condition_variable changed_{};
    std::uint64_t rung_ = 0;
};

/// Serves until the process is asked to end. `answer(cluster, words, client)` writes to `client`.
template <class Machine, class Answer>
void serve(const words& given, Answer answer) {
    raft::replica_options options{.id = {std::stoull(given.at(1))}, .directory = given.at(2)};
    options.log = [](std::string_view line) { std::cerr << line << std::endl; };
    for (std::size_t i = 4; i < given.size(); ++i) options.members.push_back(member_of(given[i]));
    raft::replica<Machine> cluster{std::move(options)};
    if (const auto wrong = cluster.start()) throw std::runtime_error{*wrong};

    using asio::ip::tcp;
    asio::io_context io;
    tcp::acceptor acceptor{
        io, {asio::ip::address_v4::any(), static_cast<std::uint16_t>(std::stoul(given.at(3)))}};
    const std::function<void()> accept = [&] {
        acceptor.async_accept([&](asio::error_code error, tcp::socket socket) {
            if (error) std::this_thread::sleep_for(std::chrono::milliseconds{100});
            if (!error)
                std::thread{[&cluster, answer, socket = std::move(socket)]() mutable {
                    tcp::iostream client{std::move(socket)};
                    for (std::string line; std::getline(client, line);)
                        answer_line<Machine>(cluster, line, answer, client);
                }}.detach();
            accept();
        });
    };
    accept();
    asio::signal_set signals{io, SIGINT, SIGTERM};
    signals.async_wait([&](asio::error_code, int) { io.stop(); });
    io.run();
    cluster.stop(asio::use_future).get();
    std::quick_exit(0);  // The threads of clients still wait for lines.
}

/// The whole program.
template <class Machine, class Answer>
int run(int count, char** arguments, Answer answer) try {
    const words given{arguments + 1, arguments + count};
    if (given.size() == 3 && given[0] == "prepare") {
        const raft::history_id history{std::stoull(given[2])};
        const auto wrong = raft::replica<Machine>::prepare(given[1], history);
        if (wrong) throw std::runtime_error{*wrong};
        return 0;
    }
    if (given.size() < 5 || given[0] != "serve")
        throw std::runtime_error{
            "prepare DIRECTORY HISTORY      once: the same random number on all servers\n"
            "serve ID DIRECTORY PORT ID=HOST:PORT…   clients' port; where the servers listen"};
    serve<Machine>(given, answer);
    return 0;
} catch (const std::exception& wrong) {
    std::cerr << wrong.what() << "\n";
    return 1;
}

}  // namespace services
