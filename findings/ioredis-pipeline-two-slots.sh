#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# A pipeline of ioredis' Cluster with keys of two slots, which one node had and another has now,
# fails, and so does every other one after it: it is neither sent again, as documented, nor is the
# table of slots asked for anew.
#
# Version:  ioredis 6.0.0 (npm), redis-server 5:7.0.15-1~deb12u10 (Debian 12), Node.js 20.
# Expected: its README, Transaction and Pipeline in Cluster Mode: on MOVED "ioredis will resend the
#           whole pipeline to the specified node automatically", if all errors are the same ("we
#           won't resend the pipeline if we got two MOVED errors pointing to different nodes"), and
#           if what succeeded only read. Here all point to one node, and nothing succeeds.
# Seen:     with one slot the pipeline is sent again. With two slots each command is answered by
#           MOVED, at every try: the slot's number is in the text that is compared. After one get()
#           the same pipeline works.
# It hurts: after a planned failover, behind which the old primary goes on as a replica, a program
#           that sends nothing but pipelines fails until it is started anew.
set -euo pipefail
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
cd "$dir"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  redis-server=5:7.0.15-1~deb12u10 >install.log
npm install --silent --ignore-scripts --no-audit --no-fund --no-package-lock ioredis@6.0.0 \
  >>install.log

first=7391 second=7393
for port in $first $second; do
  redis-server --port $port --save '' --cluster-enabled yes --cluster-port $((port + 1)) \
    --cluster-config-file nodes-$port.conf >server-$port.log &
  until redis-cli -p $port ping >/dev/null 2>&1; do sleep 0.1; done
done
redis-cli -p $first cluster addslotsrange 0 16383 >/dev/null
redis-cli -p $first cluster meet 127.0.0.1 $second $((second + 1)) >/dev/null
until redis-cli -p $second cluster replicate "$(redis-cli -p $first cluster myid)" | grep -q OK; do
  sleep 0.1
done
until redis-cli -p $second info replication | grep -q master_link_status:up &&
  redis-cli -p $first cluster info | grep -q cluster_state:ok; do sleep 0.1; done

cat >pipeline.cjs <<'EOF'
const { execFileSync } = require("node:child_process");
const { Cluster } = require("ioredis");
const [first, second] = process.argv.slice(2);
const ask = (port, ...words) => execFileSync("redis-cli", ["-p", port, ...words]).toString();
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// A planned failover: all slots move to the other node, and the primary becomes its replica.
async function failover(from, to) {
  ask(to, "cluster", "failover");
  while (!ask(to, "role").startsWith("master") || !ask(from, "role").includes("connected"))
    await pause(100);
}

(async () => {
  const cluster = new Cluster([{ host: "127.0.0.1", port: Number(first) }]);
  const show = async (what, ...keys) => {
    const pipeline = cluster.pipeline();
    for (const key of keys) pipeline.incr(key);
    const results = await pipeline.exec();
    console.log(`${what}: ${results.map(([error, value]) => error?.message ?? value).join(", ")}`);
  };
  await cluster.set("before", "the connection stands");
  await failover(first, second);
  await show("one slot", "{a}1", "{a}2");
  await failover(second, first);
  for (let n = 0; n < 3; ++n) await show("two slots", "b", "c");
  await pause(3000);
  await show("3 s later", "b", "c");
  await cluster.get("b");
  await pause(3000);
  await show("3 s behind a get()", "b", "c");
  cluster.disconnect();
})();
EOF
timeout 60 node pipeline.cjs $first $second | tee seen.txt
diff seen.txt - <<'EOF'
one slot: 1, 1
two slots: MOVED 3300 127.0.0.1:7391, MOVED 7365 127.0.0.1:7391
two slots: MOVED 3300 127.0.0.1:7391, MOVED 7365 127.0.0.1:7391
two slots: MOVED 3300 127.0.0.1:7391, MOVED 7365 127.0.0.1:7391
3 s later: MOVED 3300 127.0.0.1:7391, MOVED 7365 127.0.0.1:7391
3 s behind a get(): 1, 1
EOF
