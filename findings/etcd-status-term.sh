#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# The RAFT TERM of `etcdctl endpoint status` is not the member's term but that of the last entry it
# applied: of a member that campaigns in term 6 it says 2.
#
# Version:  etcd-server and etcd-client 3.4.23-4+b4 (Debian 12).
# Expected: the column is named RAFT TERM, the field raftTerm; the API describes it as the current
#           Raft term of the member that answers.
# Seen:     two of three members are killed. The third campaigns, a term each time, as its log
#           shows; endpoint status of it keeps saying term 2 for as long as nothing is applied.
# It hurts: the one number that would tell an operator, or a test, that a member which is cut off
#           raises its term, and will depose the leader when it is back, stands still until then.
set -euo pipefail
dir=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>kill.log || true; rm -rf "$dir"' EXIT
cd "$dir"

apt-get update -qq
apt-get install -y -qq --no-install-recommends \
  etcd-server=3.4.23-4+b4 etcd-client=3.4.23-4+b4 jq >install.log

peers=a=http://127.0.0.1:29361,b=http://127.0.0.1:29362,c=http://127.0.0.1:29363
port=29350
for name in a b c; do
  port=$((port + 1))
  client=http://127.0.0.1:$port
  peer=http://127.0.0.1:$((port + 10))
  etcd --name $name --data-dir $name --listen-client-urls $client --advertise-client-urls $client \
    --listen-peer-urls $peer --initial-advertise-peer-urls $peer \
    --initial-cluster $peers >$name.log 2>&1 &
  servers+=($!)
  disown
done

export ETCDCTL_API=3 ETCDCTL_ENDPOINTS=http://127.0.0.1:29353
for _ in {1..100}; do
  etcdctl endpoint health >health.log 2>&1 && break
  sleep 0.2
done

told_term() { etcdctl endpoint status -w json 2>status.log | jq '.[0].Status.raftTerm'; }
own_term() { sed -n 's/.* became .* at term \([0-9]*\)$/\1/p' c.log | tail -n 1; }

before=$(told_term)
[[ $before -eq $(own_term) ]]
kill -9 "${servers[@]:0:2}"
for _ in {1..100}; do
  [[ $(own_term) -ge $((before + 3)) ]] && break
  sleep 0.2
done
echo "the log of c: term $(own_term); endpoint status of c: term $(told_term)"
[[ $(own_term) -ge $((before + 3)) && $(told_term) -eq $before ]]
