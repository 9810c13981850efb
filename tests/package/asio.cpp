// SPDX-License-Identifier: BSL-1.0
//
// A program outside the project that listens with raft::asio, and says where.
#include <cstdio>

#include <raft/battery/asio_transport.hpp>

int main() {
    asio::io_context io;
    raft::transport::options options;
    options.self = {1};
    options.listen = {asio::ip::make_address("127.0.0.1"), 0};
    raft::asio_transport<int> transport{io, options};
    const auto error = transport.start([](auto, const auto&, const auto&) {});
    std::printf("raft listens on port %d\n", transport.local_endpoint().port());
    return error ? 1 : 0;
}
