#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# ioredis' Cluster sends a command again whose connection was lost before its answer, INCR too,
# though both options that promise otherwise are set: it is carried out twice, without an error.
# A Redis object of the same package, with the same options, reports an error.
#
# Version:  ioredis 6.0.0 (npm), redis-server 5:7.0.15-1~deb12u10 (Debian 12), Node.js 20.
# Expected: the documentation of `autoResendUnfulfilledCommands`: "Whether or not to resend
#           unfulfilled commands on reconnect", and of `maxRetriesPerRequest`: pending commands are
#           flushed "with a `MaxRetriesPerRequestError` error" after so many reconnections. They are
#           passed as `redisOptions`, where a Cluster takes those of its connections.
# Seen:     with false and 0 one incr() of a Redis object rejects, and the key holds 1; one incr()
#           of a Cluster resolves to 2, and the key holds 2.
# It hurts: a counter, a balance or a queue is wrong after a failover, and nobody hears of it.
set -euo pipefail
dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  redis-server=5:7.0.15-1~deb12u10 >install.log
npm install --silent --ignore-scripts --no-audit --no-fund --no-package-lock ioredis@6.0.0 \
  >>install.log

# The server knows its clients by way of the relay below, which has the next port.
port=7397
redis-server --port $port --save '' --cluster-enabled yes --cluster-announce-ip 127.0.0.1 \
  --cluster-announce-port $((port + 1)) --cluster-port 7399 >server.log &
server=$!
until redis-cli -p $port ping >/dev/null 2>&1; do sleep 0.1; done
redis-cli -p $port cluster addslotsrange 0 16383 >/dev/null
until redis-cli -p $port cluster info | grep -q cluster_state:ok; do sleep 0.1; done

cat >resend.cjs <<'EOF'
const net = require("node:net");
const { Cluster, Redis } = require("ioredis");
const port = Number(process.argv[2]);
const node = { host: "127.0.0.1", port: port + 1 };
const options = { autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 };

// Relays everything, but once: the answer to the first INCR, and the connection with it, is lost.
function relay() {
  let lose = true;
  return net.createServer((client) => {
    const server = net.connect(port, "127.0.0.1");
    let counted = false;
    client.on("data", (data) => {
      counted ||= lose && /\r\nincr\r\n/i.test(data);
      server.write(data);
    });
    server.on("data", (data) => {
      if (!counted) return client.write(data);
      lose = counted = false;
      client.destroy();
    });
    for (const [one, other] of [[client, server], [server, client]])
      one.on("error", () => {}).on("close", () => other.destroy());
  }).listen(port + 1, "127.0.0.1");
}

async function show(name, connect) {
  const door = relay();
  const client = connect();
  client.on("error", () => {});
  const said = await client.incr(name).then((value) => `resolves to ${value}`, () => "rejects");
  const held = await client.get(name);
  console.log(`${name}: one incr() ${said}, the key holds ${held}`);
  client.disconnect();
  door.close();
}

(async () => {
  await show("Redis", () => new Redis({ ...node, ...options }));
  await show("Cluster", () => new Cluster([node], { redisOptions: options }));
})();
EOF
timeout 60 node resend.cjs $port | tee seen.txt
diff seen.txt - <<'EOF'
Redis: one incr() rejects, the key holds 1
Cluster: one incr() resolves to 2, the key holds 2
EOF
