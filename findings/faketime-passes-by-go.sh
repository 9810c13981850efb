#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# faketime starts etcd with libfaketime loaded, says nothing, and etcd lives in the true time: the
# Go runtime asks the kernel's vDSO, not the C library, although the program is linked with it.
#
# Version:  faketime 0.9.10-2.1 and etcd-server 3.4.23-4+b4 (Debian 12).
# Expected: its manual names programs that are linked statically as the ones that it cannot reach.
#           This etcd is linked dynamically with libc, and the library is in its memory.
# Seen:     `faketime -f +3650d date` is ten years ahead; the log of etcd, started in the same way,
#           has today's year. The exit code and the standard error tell nothing.
# It hurts: a test of clock skew between members, or of leases under a clock that jumps, passes
#           because no clock was moved.
set -euo pipefail
dir=$(mktemp -d)
wrapper=
trap '[[ -z $wrapper ]] || pkill -P "$wrapper"; wait; rm -rf "$dir"' EXIT
cd "$dir"

apt-get update -qq
apt-get install -y -qq --no-install-recommends \
  faketime=0.9.10-2.1 etcd-server=3.4.23-4+b4 procps >install.log

year=$(date +%Y)
faked=$(faketime -f +3650d date +%Y)
ldd "$(command -v etcd)" | grep -q libc.so

client=http://127.0.0.1:29391
peer=http://127.0.0.1:29392
faketime -f +3650d etcd --logger zap --data-dir data --listen-client-urls $client \
  --advertise-client-urls $client --listen-peer-urls $peer --initial-advertise-peer-urls $peer \
  --initial-cluster default=$peer 2>etcd.log &
wrapper=$!
for _ in {1..50}; do
  grep -q '"ts":' etcd.log && break
  sleep 0.2
done
grep -q libfaketime "/proc/$(pgrep -P $wrapper)/maps"
told=$(sed -n '0,/"ts":/s/.*"ts":"\([0-9]*\)-.*/\1/p' etcd.log)
echo "true year $year, date under faketime $faked, etcd under faketime $told"
[[ $faked -ge $((year + 9)) && $told -eq $year ]]
