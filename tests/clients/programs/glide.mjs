// SPDX-License-Identifier: BSL-1.0
//
// node glide.mjs PACKAGE OPTIONS PORT…
import { installed, obey, version } from "./lines.mjs";

const [name, options, ...ports] = process.argv.slice(2);
const { ClusterBatch, GlideClusterClient, Logger } = installed(name);
Logger.setLoggerConfig("off");
let client;

const filled = (batch, keys) => keys.reduce((all, key) => all.incr(key), batch);

obey({
  version: () => version(name),
  connect: async () => {
    client?.close();
    const addresses = ports.map((port) => ({ host: "127.0.0.1", port: Number(port) }));
    client = await GlideClusterClient.createClient({ addresses, ...JSON.parse(options) });
  },
  set: (key, value) => client.set(key, value),
  get: (key) => client.get(key),
  incr: (key) => client.incr(key),
  mset: (pairs) => client.mset(pairs),
  mget: (keys) => client.mget(keys),
  pipeline: (keys) => client.exec(filled(new ClusterBatch(false), keys), true),
  transaction: (key, counter) =>
    client.exec(new ClusterBatch(true).set(key, "set").incr(counter).get(key), true),
});
