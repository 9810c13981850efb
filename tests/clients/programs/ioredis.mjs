// SPDX-License-Identifier: BSL-1.0
//
// node ioredis.mjs PACKAGE OPTIONS PORT…: ioredis or iovalkey, whose interface is the same.
import { installed, obey, version } from "./lines.mjs";

const [name, options, ...ports] = process.argv.slice(2);
const { Cluster } = installed(name);
let cluster;

// Each command of a pipeline and of a transaction has an error of its own beside its result.
function results(answers) {
  return answers.map(([error, result]) => {
    if (error) throw error;
    return result;
  });
}

obey({
  version: () => version(name),
  connect: () => {
    cluster?.disconnect();
    cluster = new Cluster(ports.map((port) => ({ host: "127.0.0.1", port: Number(port) })),
      JSON.parse(options));
    cluster.on("error", () => {});
  },
  set: (key, value) => cluster.set(key, value),
  get: (key) => cluster.get(key),
  incr: (key) => cluster.incr(key),
  mset: (pairs) => cluster.mset(pairs),
  mget: (keys) => cluster.mget(keys),
  pipeline: async (keys) => {
    const pipeline = cluster.pipeline();
    for (const key of keys) pipeline.incr(key);
    return results(await pipeline.exec());
  },
  transaction: async (key, counter) =>
    results(await cluster.multi().set(key, "set").incr(counter).get(key).exec()),
});
