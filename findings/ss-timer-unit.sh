#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# `ss -o` writes a timer of 1.6 seconds as "1.656ms".
#
# Version:  iproute2 6.1.0-3 (Debian 12).
# Expected: the manual of ss: the second word of timer:(…) says how long until the timer expires.
#           So "1.656ms" reads as under two milliseconds: the next keepalive probe or retransmission
#           is all but due.
# Seen:     a keepalive of two seconds counts down as 1.656ms, 1.304ms, 948ms, 584ms. From a second
#           on, the digits before the point are seconds and the unit is wrong by a thousand.
# It hurts: who looks at a connection between two members of a cluster that was cut, and asks how
#           long TCP will wait before it tries again, sees "12.800ms" where the truth is 13 seconds.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get update -qq
apt-get install -y -qq --no-install-recommends iproute2=6.1.0-3 python3=3.11.2-1+b1 >install.log

cat >keepalive.py <<'EOF'
import re, socket, subprocess, time

server = socket.create_server(("127.0.0.1", 0))
client = socket.socket()
client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 3)
client.connect(server.getsockname())

def timer():
    shown = subprocess.run(["ss", "-tnoH", "dport", "=", str(server.getsockname()[1])],
                           capture_output=True, text=True, check=True).stdout
    return re.search(r"keepalive,([^,]*),", shown).group(1)

first = timer()
time.sleep(1.0)
second = timer()
print("a timer of three seconds:", first, "and a second later:", second)
shape = re.compile(r"[12]\.\d{3}ms")
assert shape.fullmatch(first) and shape.fullmatch(second), "the unit has changed"
assert float(first[:-2]) - float(second[:-2]) > 0.5, "the digits are not seconds"
EOF
/usr/bin/python3 keepalive.py
