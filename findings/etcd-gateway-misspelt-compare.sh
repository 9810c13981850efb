#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# etcd's JSON gateway ignores fields that it does not know: a compare-and-set with a misspelt
# "compare" becomes an unconditional write, and a lease of 60 seconds becomes one of 2.
#
# Version:  etcd-server 3.4.23-4+b4 (Debian 12).
# Expected: the protobuf JSON mapping: a parser rejects unknown fields by default. A misspelt enum
#           value is indeed refused here ("unknown value … for enum").
# Seen:     a transaction with "compares" instead of "compare" has no condition: "succeeded":true,
#           and the value is overwritten. A lease asked for with "ttl" instead of "TTL" has a time
#           to live of 0, which the server lifts to its least, two seconds.
# It hurts: a lock or an election through curl works in every test without contention, and two
#           holders appear at the first one with.
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$dir"' EXIT
cd "$dir"

apt-get update -qq
apt-get install -y -qq --no-install-recommends etcd-server=3.4.23-4+b4 curl jq >install.log

url=http://127.0.0.1:29310
peer=http://127.0.0.1:29311
etcd --data-dir data --listen-client-urls $url --advertise-client-urls $url \
  --listen-peer-urls $peer --initial-advertise-peer-urls $peer \
  --initial-cluster default=$peer >etcd.log 2>&1 &
server=$!

post() { curl -sf -m 5 -X POST "$url/v3/$1" -d "$2"; }
base64_of() { printf %s "$1" | base64; }
key=$(base64_of owner)
for _ in {1..100}; do
  post kv/put "{\"key\":\"$key\",\"value\":\"$(base64_of first)\"}" >put.json && break
  sleep 0.2
done

# "Take it only if nobody has it", spelt right and spelt wrong.
take() {
  post kv/txn "{\"$1\":[{\"key\":\"$key\",\"target\":\"VERSION\",\"version\":\"0\"}],
    \"success\":[{\"requestPut\":{\"key\":\"$key\",\"value\":\"$(base64_of second)\"}}]}"
}
owner() { post kv/range "{\"key\":\"$key\"}" | jq -r '.kvs[0].value' | base64 -d; }

[[ $(take compare | jq .succeeded) == null && $(owner) == first ]]
echo "compare:  not taken, the owner is the $(owner)"
[[ $(take compares | jq .succeeded) == true && $(owner) == second ]]
echo "compares: taken, the owner is the $(owner)"

[[ $(post lease/grant '{"TTL":"60"}' | jq -r .TTL) == 60 ]]
[[ $(post lease/grant '{"ttl":"60"}' | jq -r .TTL) == 2 ]]
echo 'a lease with "TTL":"60" lives 60 s, one with "ttl":"60" lives 2 s'
