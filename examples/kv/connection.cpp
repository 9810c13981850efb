// SPDX-License-Identifier: BSL-1.0
//
// Reads and writes of a client's socket.
#include "connection.hpp"

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/write.hpp>

namespace raft_kv {

void connection::flush() {
    if (closed_) return;
    if (overflowed()) {
        owner_.too_slow(*this);
        return close();
    }
    if (!is_sending() && has_output()) write();
    if (finished() && !is_sending()) return close();
    if (wants_input() && !reading_) read();
}

void connection::close() {
    if (closed_) return;
    closed_ = true;
    end_of_input();
    asio::error_code ignored;
    socket_.close(ignored);
    owner_.closed(*this);
}

std::shared_ptr<connection> connection::self() {
    return std::static_pointer_cast<connection>(shared_from_this());
}

void connection::read() {
    reading_ = true;
    socket_.async_read_some(asio::buffer(input_),
                            [here = self()](const asio::error_code& error, std::size_t count) {
                                here->was_read(error, count);
                            });
}

void connection::was_read(const asio::error_code& error, std::size_t count) {
    reading_ = false;
    if (closed_) return;
    if (error == asio::error::eof) {
        end_of_input();
    } else if (error) {
        return close();
    } else {
        receive({input_.data(), count});
    }
    owner_.changed(*this);
}

void connection::write() {
    const auto bytes = begin_sending();
    asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()),
                      [here = self()](const asio::error_code& error, std::size_t /*count*/) {
                          here->was_written(error);
                      });
}

void connection::was_written(const asio::error_code& error) {
    if (closed_) return;
    sent();
    if (error) return close();
    owner_.changed(*this);
}

}  // namespace raft_kv
