// SPDX-License-Identifier: BSL-1.0
//
// node node_redis.mjs PACKAGE OPTIONS PORT…
import { installed, obey, version } from "./lines.mjs";

const [name, options, ...ports] = process.argv.slice(2);
const { createCluster } = installed(name);
let cluster;

obey({
  version: () => version(name),
  connect: async () => {
    cluster?.destroy();
    const rootNodes = ports.map((port) => ({ url: `redis://127.0.0.1:${port}` }));
    cluster = createCluster({ rootNodes, ...JSON.parse(options) });
    cluster.on("error", () => {});
    await cluster.connect();
  },
  set: (key, value) => cluster.set(key, value),
  get: (key) => cluster.get(key),
  incr: (key) => cluster.incr(key),
  mset: (pairs) => cluster.mSet(pairs),
  mget: (keys) => cluster.mGet(keys),
  // It has no pipeline for itself: what is called at once is sent at once.
  pipeline: (keys) => Promise.all(keys.map((key) => cluster.incr(key))),
  transaction: (key, counter) =>
    cluster.multi().set(key, "set").incr(counter).get(key).exec(),
});
