#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# Asio's connect over a list of endpoints throws the caller's socket away and opens a new one: every
# option set before is gone, and so is the local address that it was bound to. No error.
#
# Version:  libasio-dev 1:1.22.1-1 (Debian 12).
# Expected: its documentation: "repeated calls to the socket's connect member function", so one
#           expects what that function does: it connects an open socket as it is. The line of the
#           parameter says that an open socket "will be closed", and not what is lost with it.
# Seen:     with a list of a single endpoint TCP_USER_TIMEOUT reads 1000 before and 0 after, and the
#           local port is another than the bound one, for connect and for async_connect. The member
#           function async_connect(endpoint) keeps both.
# It hurts: a time limit on unacknowledged data, set before connecting so that it holds from the
#           first SYN on, is lost: a peer that is cut off is noticed after minutes. A source address
#           that firewalls ask for is lost, too.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get update -qq
apt-get install -y -qq --no-install-recommends libasio-dev=1:1.22.1-1 g++ libc6-dev >install.log

cat >connect.cpp <<'EOF'
#include <asio.hpp>
#include <iostream>
#include <netinet/tcp.h>
#include <vector>

using asio::ip::tcp;
using user_timeout = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;

template <class Connect> void show(const char* name, Connect connect) {
  asio::io_context context;
  const tcp::endpoint any_port{asio::ip::address_v4::loopback(), 0};
  tcp::acceptor acceptor{context, any_port};
  tcp::socket socket{context, any_port};
  socket.set_option(user_timeout{1000});
  const auto bound = socket.local_endpoint().port();
  connect(socket, acceptor.local_endpoint());
  context.run();
  user_timeout timeout;
  socket.get_option(timeout);
  std::cout << name << ": TCP_USER_TIMEOUT " << timeout.value() << ", the bound port is "
            << (socket.local_endpoint().port() == bound ? "kept" : "lost") << '\n';
}

int main() {
  const auto ignore = [](auto...) {};
  show("socket.async_connect", [&](auto& s, auto to) { s.async_connect(to, ignore); });
  show("connect over a list", [](auto& s, auto to) { asio::connect(s, std::vector{to}); });
  std::vector<tcp::endpoint> list;
  show("async_connect over a list", [&](auto& s, auto to) {
    list = {to};
    asio::async_connect(s, list, ignore);
  });
}
EOF
g++ -std=c++20 connect.cpp -o connect
./connect | tee seen.txt
diff seen.txt - <<'EOF'
socket.async_connect: TCP_USER_TIMEOUT 1000, the bound port is kept
connect over a list: TCP_USER_TIMEOUT 0, the bound port is lost
async_connect over a list: TCP_USER_TIMEOUT 0, the bound port is lost
EOF
