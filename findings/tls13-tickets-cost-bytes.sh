#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# A TLS 1.3 client that only writes and then closes loses most of what it wrote, although each write
# said success: the server's session tickets, which it never read, turn its close into a reset.
#
# Version:  OpenSSL 3.0.22-1~deb12u2 (libssl3), through Python 3.11's ssl (Debian 12), Linux TCP.
# Expected: as with TLS 1.2 and with plain TCP: bytes that were written before an orderly close
#           arrive, however slowly the other side reads.
# Seen:     the client writes 300,000 bytes and closes; the server reads 0.3 s later. With TLS 1.3
#           as it comes, the server gets about a third, and here not even an error at its end. With
#           TLS 1.2, or with no tickets at the server, it gets all 300,000.
# It hurts: a member that sends on a connection of its own and reads nothing there (or not yet), and
#           that closes after the last message, loses what was in flight, on loaded receivers only.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get update -qq
apt-get install -y -qq --no-install-recommends openssl python3=3.11.2-1+b1 >install.log
apt-get download -qq libssl3=3.0.22-1~deb12u2  # The machine keeps its own.
dpkg-deb -x libssl3_*.deb root
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=member \
  -keyout key.pem -out certificate.pem 2>openssl.log

cat >close.py <<'EOF'
import socket, ssl, threading, time

assert ssl.OPENSSL_VERSION.startswith("OpenSSL 3.0.22 ")
WRITTEN = 300_000

def received(version, tickets):
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain("certificate.pem", "key.pem")
    served.num_tickets = tickets
    served.maximum_version = version
    listener = socket.create_server(("127.0.0.1", 0))

    def write_and_close():
        trusting = ssl.create_default_context(cafile="certificate.pem")
        trusting.check_hostname = False
        with trusting.wrap_socket(socket.create_connection(listener.getsockname())) as client:
            client.sendall(bytes(WRITTEN))

    writer = threading.Thread(target=write_and_close)
    writer.start()
    connection = served.wrap_socket(listener.accept()[0], server_side=True)
    time.sleep(0.3)
    count, end = 0, "end of file"
    try:
        while part := connection.recv(65536):
            count += len(part)
    except OSError as error:
        end = error.strerror or str(error)
    writer.join()
    print(f"{version.name}, {tickets} tickets: {count} of {WRITTEN} bytes, then {end}")
    return count

assert received(ssl.TLSVersion.TLSv1_2, 2) == WRITTEN
assert received(ssl.TLSVersion.TLSv1_3, 0) == WRITTEN
assert received(ssl.TLSVersion.TLSv1_3, 2) < WRITTEN
EOF
LD_LIBRARY_PATH=$(dirname root/usr/lib/*/libssl.so.3) /usr/bin/python3 close.py
