#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# etcd promotes a learner that is dead and lacks entries, as long as it once had 90 % of the log. A
# cluster of one voter loses its majority by that: nothing can be written, nor the dead removed.
#
# Version:  etcd-server and etcd-client 3.4.23-4+b4 (Debian 12).
# Expected: its own refusal: "can only promote a learner member which is in sync with leader". The
#           documentation calls the check a guard against just this loss of quorum.
# Seen:     a learner catches up, is killed (SIGKILL), two writes follow that it never gets. Five
#           seconds later `member promote` says "promoted". From then on put times out, and so does
#           `member remove` of the dead one.
# It hurts: a script that adds a member, waits until it once was in sync and promotes it, takes the
#           cluster down if the new machine fails in between; the way back is a forced new cluster.
set -euo pipefail
dir=$(mktemp -d)
servers=()
trap 'kill -9 "${servers[@]}" 2>kill.log || true; rm -rf "$dir"' EXIT
cd "$dir"

apt-get update -qq
apt-get install -y -qq --no-install-recommends \
  etcd-server=3.4.23-4+b4 etcd-client=3.4.23-4+b4 >install.log

start() {
  local name=$1 port=$2 state=$3 members=$4
  etcd --name "$name" --data-dir "$name" --initial-cluster-state "$state" \
    --initial-cluster "$members" \
    --listen-client-urls "http://127.0.0.1:$port" --advertise-client-urls "http://127.0.0.1:$port" \
    --listen-peer-urls "http://127.0.0.1:$((port + 1))" \
    --initial-advertise-peer-urls "http://127.0.0.1:$((port + 1))" >"$name.log" 2>&1 &
  servers+=($!)
  disown
}
until_true() {
  for _ in {1..100}; do
    "$@" >until.log 2>&1 && return
    sleep 0.2
  done
}
index() { etcdctl --endpoints "$1" endpoint status | awk -F ', ' '{ print $8 }'; }
caught_up() { [[ $(index "$voter") -gt 50 && $(index "$learner") == $(index "$voter") ]]; }

export ETCDCTL_API=3
voter=http://127.0.0.1:29381
learner=http://127.0.0.1:29383
export ETCDCTL_ENDPOINTS=$voter

start voter 29381 new voter=http://127.0.0.1:29382
until_true etcdctl endpoint health
for number in {1..50}; do etcdctl put "key$number" value >put.log; done
id=$(etcdctl member add learner --learner --peer-urls http://127.0.0.1:29384 |
  sed -n 's/^Member *\([0-9a-f]*\) added.*/\1/p')
start learner 29383 existing voter=http://127.0.0.1:29382,learner=http://127.0.0.1:29384
until_true caught_up

kill -9 "${servers[1]}"
etcdctl put missing 1
etcdctl put missing 2
sleep 5
etcdctl member promote "$id"
sleep 2
for command in "put more 1" "member remove $id"; do
  # shellcheck disable=SC2086
  if etcdctl $command 2>error.log; then echo "etcdctl $command works now"; exit 1; fi
  echo "etcdctl $command: $(tail -n 1 error.log)"
done
