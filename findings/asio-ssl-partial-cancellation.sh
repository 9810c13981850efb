#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# A pending read of Asio's ssl::stream does not react to a partial cancellation, although the
# documentation names it. The same request ends a read of the plain socket below at once.
#
# Version:  libasio-dev 1:1.22.1-1, libssl-dev 3.0.22-1~deb12u2 (Debian 12).
# Expected: the documentation of ssl::stream::async_read_some: it supports cancellation_type
#           terminal and partial, "if they are also supported by the Stream type's" own operations;
#           tcp::socket supports both, and total.
# Seen:     at partial the read of the tcp::socket ends; that of the ssl::stream goes on, and ends
#           only at terminal.
# It hurts: a time limit that asks for a partial cancellation, so that the connection can be used
#           afterwards, works in the tests without TLS and never ends a read with it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get update -qq
apt-get install -y -qq --no-install-recommends libasio-dev=1:1.22.1-1 openssl g++ >install.log
apt-get download -qq libssl-dev=3.0.22-1~deb12u2 libssl3=3.0.22-1~deb12u2
for package in libssl*.deb; do dpkg-deb -x "$package" root; done  # The machine keeps its own.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=member \
  -keyout key.pem -out certificate.pem 2>openssl.log

cat >cancel.cpp <<'EOF'
#include <asio.hpp>
#include <asio/ssl.hpp>
#include <iostream>

using asio::ip::tcp;

template <class Stream> void show(const char* name, asio::io_context& context, Stream& stream) {
  char byte;
  bool done = false;
  asio::cancellation_signal signal;
  const auto finished = [&](auto...) { done = true; };
  stream.async_read_some(asio::buffer(&byte, 1),
                         asio::bind_cancellation_slot(signal.slot(), finished));
  for (const auto type : {asio::cancellation_type::partial, asio::cancellation_type::terminal}) {
    if (done) break;
    signal.emit(type);
    context.restart();
    context.run_for(std::chrono::milliseconds(200));
    std::cout << name << (type == asio::cancellation_type::partial ? ": partial " : ": terminal ")
              << (done ? "ends" : "leaves") << " the read\n";
  }
}

int main() {
  asio::io_context context;
  asio::ssl::context served{asio::ssl::context::tls_server};
  asio::ssl::context trusting{asio::ssl::context::tls_client};
  served.use_certificate_chain_file("certificate.pem");
  served.use_private_key_file("key.pem", asio::ssl::context::pem);
  asio::ssl::stream<tcp::socket> server{context, served};
  asio::ssl::stream<tcp::socket> client{context, trusting};
  tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
  client.next_layer().connect(acceptor.local_endpoint());
  acceptor.accept(server.next_layer());
  show("tcp::socket", context, client.next_layer());

  server.async_handshake(asio::ssl::stream_base::server, [](auto) {});
  client.async_handshake(asio::ssl::stream_base::client, [](auto) {});
  context.restart();
  context.run();
  show("ssl::stream", context, client);
}
EOF
triplet=$(g++ -dumpmachine)
export LD_LIBRARY_PATH=$PWD/root/usr/lib/$triplet
g++ -std=c++20 -Iroot/usr/include -I"root/usr/include/$triplet" cancel.cpp -o cancel \
  -L"$LD_LIBRARY_PATH" -lssl -lcrypto
./cancel | tee seen.txt
diff seen.txt - <<'EOF'
tcp::socket: partial ends the read
ssl::stream: partial leaves the read
ssl::stream: terminal ends the read
EOF
