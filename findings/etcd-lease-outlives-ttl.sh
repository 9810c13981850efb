#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# In etcd a lease of 5 seconds that nobody keeps alive lives for as long as leaders change more
# often than every 5 seconds.
#
# Version:  etcd-server and etcd-client 3.4.23-4+b4 (Debian 12), three members, default options.
# Expected: the documentation of leases: a lease expires if the cluster does not receive a keepAlive
#           within its time to live. An expert grants it one election more.
# Seen:     a new leader gives each lease its whole time again, every time. After five transfers,
#           three times the time to live, `lease timetolive` still says "remaining(5s)" or (4s), and
#           the key is there. Left alone it goes within seconds. (An experimental option that
#           replicates what remains of a lease is off by default.)
# It hurts: a dead holder's lock or registration stays through an unstable phase or a rolling
#           restart, which is when others wait for it most.
set -euo pipefail
dir=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" || true; rm -rf "$dir"' EXIT
cd "$dir"

apt-get update -qq
apt-get install -y -qq --no-install-recommends \
  etcd-server=3.4.23-4+b4 etcd-client=3.4.23-4+b4 >install.log

peers=a=http://127.0.0.1:29331,b=http://127.0.0.1:29332,c=http://127.0.0.1:29333
port=29320
for name in a b c; do
  port=$((port + 1))
  client=http://127.0.0.1:$port
  peer=http://127.0.0.1:$((port + 10))
  etcd --name $name --data-dir $name --listen-client-urls $client --advertise-client-urls $client \
    --listen-peer-urls $peer --initial-advertise-peer-urls $peer \
    --initial-cluster $peers >$name.log 2>&1 &
  servers+=($!)
done

export ETCDCTL_API=3
export ETCDCTL_ENDPOINTS=http://127.0.0.1:29321,http://127.0.0.1:29322,http://127.0.0.1:29323
for _ in {1..50}; do
  [[ $(etcdctl endpoint status 2>status.log | grep -c true) == 1 ]] && break
  sleep 0.2
done

lease=$(etcdctl lease grant 5 | awk '{ print $2 }')
etcdctl put holder gone --lease="$lease" >put.log
granted=$SECONDS

for _ in 1 2 3 4 5; do
  sleep 3
  etcdctl endpoint status >members.txt
  leader=$(awk -F ', ' '$5 == "true" { print $1 }' members.txt)
  follower=$(awk -F ', ' '$5 == "false" { print $2; exit }' members.txt)
  ETCDCTL_ENDPOINTS=$leader etcdctl move-leader "$follower" >move.log
done

age=$((SECONDS - granted))
holder=$(etcdctl get --print-value-only holder)
echo "after $age s: $(etcdctl lease timetolive "$lease"); holder: $holder"
[[ $age -ge 15 && $holder == gone ]]

sleep 9
echo "after 9 s in peace: $(etcdctl lease timetolive "$lease")"
[[ -z $(etcdctl get holder) ]]
