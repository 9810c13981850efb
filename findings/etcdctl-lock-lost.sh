#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# `etcdctl lock NAME -- COMMAND` lets its command run on after it lost the lock, tells nobody, and
# exits with 0. What the command itself says by its exit code is lost too: 7 becomes 1.
#
# Version:  etcd-server and etcd-client 3.4.23-4+b4 (Debian 12).
# Expected: its documentation: "Once the lock is acquired, it will be held until etcdctl is
#           terminated." One who knows leases expects it to end the command, or at least to fail.
# Seen:     the lease of the lock is revoked (as it is when it expires in a network cut); a second
#           `etcdctl lock` gets the lock at once; the first command ends its work in peace, later,
#           and the first etcdctl exits with 0 and not a word.
# It hurts: cron jobs on several hosts under one lock run side by side, and every log says success.
set -euo pipefail
dir=$(mktemp -d)
trap 'kill $(jobs -p) || true; rm -rf "$dir"' EXIT
cd "$dir"

apt-get update -qq
apt-get install -y -qq --no-install-recommends \
  etcd-server=3.4.23-4+b4 etcd-client=3.4.23-4+b4 >install.log

url=http://127.0.0.1:29340
peer=http://127.0.0.1:29341
etcd --data-dir data --listen-client-urls $url --advertise-client-urls $url \
  --listen-peer-urls $peer --initial-advertise-peer-urls $peer \
  --initial-cluster default=$peer >etcd.log 2>&1 &
export ETCDCTL_API=3 ETCDCTL_ENDPOINTS=$url
for _ in {1..50}; do
  etcdctl endpoint health >health.log 2>&1 && break
  sleep 0.2
done

# The first holder works until the file `enough` is there.
work='touch first-in; while [[ ! -e enough ]]; do sleep 0.1; done; touch first-done'
etcdctl lock job -- bash -c "$work" >first.out 2>first.err &
first=$!
for _ in {1..50}; do
  [[ -e first-in ]] && break
  sleep 0.1
done

# The lock is a key that ends in its lease: the lease goes, the lock goes.
key=$(etcdctl get --prefix --keys-only job/ | sed -n 1p)
etcdctl lease revoke "${key##*/}"
timeout 10 etcdctl lock job -- touch second-in
[[ -e second-in && ! -e first-done ]]
echo "the second holder was in while the first was still at work"

touch enough
code=0
wait $first || code=$?
[[ $code -eq 0 && -e first-done && ! -s first.err ]]
echo "the first ended its work, exit code $code, standard error empty"

code=0
etcdctl lock job -- bash -c 'exit 7' >seven.out 2>&1 || code=$?
echo "a command that exits with 7: etcdctl exits with $code"
[[ $code -eq 1 ]]
