// SPDX-License-Identifier: BSL-1.0
//
// An event loop with a thread of its own.
#pragma once

#include <thread>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

namespace raft::detail {

struct own_thread {
    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
    std::thread thread{};

    void begin() {
        thread = std::thread{[this] { io.run(); }};
    }
    /// Returns when the loop has nothing more to do. Not from within it.
    void end() {
        work.reset();
        if (thread.joinable())
            thread.join();
        else
            io.run();
    }
};

}  // namespace raft::detail
