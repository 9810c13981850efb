#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# WAIT as the first command of a connection counts every replica that is connected, also one that
# has acknowledged nothing; after any other command on the same connection it counts truly.
#
# Version:  redis-server and redis-tools 5:7.0.15-1~deb12u10 (Debian 12), one primary, one replica.
# Expected: its documentation: it waits until the writes "sent in the context of the current
#           connection" are acknowledged. A connection without writes could wait for nothing, or, as
#           it does after a mere GET, for all that the primary had written.
# Seen:     the replica is stopped (SIGSTOP), a write follows. `redis-cli WAIT 1 500` says 1 at
#           once. GET and WAIT on one connection say 0 after half a second, as do SET and WAIT.
# It hurts: a script that runs `redis-cli SET`, then `redis-cli WAIT`, and a pool that hands out
#           another connection for WAIT, take an unreplicated write for replicated.
set -euo pipefail
dir=$(mktemp -d)
servers=()
trap 'kill -CONT "${servers[@]}"; kill "${servers[@]}"; wait; rm -rf "$dir"' EXIT
cd "$dir"

apt-get update -qq
apt-get install -y -qq --no-install-recommends \
  redis-server=5:7.0.15-1~deb12u10 redis-tools=5:7.0.15-1~deb12u10 >install.log

mkdir primary replica
redis-server --port 29371 --dir primary --save '' >primary.log &
servers+=($!)
redis-server --port 29372 --dir replica --save '' --replicaof 127.0.0.1 29371 >replica.log &
servers+=($!)
for _ in {1..100}; do
  [[ $(redis-cli -p 29372 INFO replication 2>cli.log) == *master_link_status:up* ]] && break
  sleep 0.1
done

kill -STOP "${servers[1]}"
redis-cli -p 29371 SET index 7 >cli.log
alone=$(redis-cli -p 29371 WAIT 1 500)
after_get=$(printf 'GET index\nWAIT 1 500\n' | redis-cli -p 29371 | sed -n 2p)
after_set=$(printf 'SET index 8\nWAIT 1 500\n' | redis-cli -p 29371 | sed -n 2p)
echo "replicas counted: WAIT alone $alone, after GET $after_get, after SET $after_set"
[[ $alone -eq 1 && $after_get -eq 0 && $after_set -eq 0 ]]
