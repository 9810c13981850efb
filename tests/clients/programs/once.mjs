// SPDX-License-Identifier: BSL-1.0
//
// node once.mjs PACKAGE WRAPPER WRITES PORT…: what comes of so many INCR, each of a key of its own,
// through the wrapper of the manual, or without one if that is "none".
import { installed } from "./lines.mjs";

const [name, wrapper, writes, ...ports] = process.argv.slice(2);
const { Cluster } = installed(name);
const cluster = new Cluster(ports.map((port) => ({ host: "127.0.0.1", port: Number(port) })));
cluster.on("error", () => {});

const write = wrapper === "none"
  ? (...words) => cluster.call(...words)
  : await (await import(wrapper)).once(cluster);
const said = { acknowledged: 0, failed: {} };
let next = 0;
// So many at a time as the wrapper has on their way.
await Promise.all(Array.from({ length: 64 }, async () => {
  while (next < writes) {
    try {
      await write("INCR", `once:${next++}`);
      ++said.acknowledged;
    } catch (error) {
      said.failed[error.message] = (said.failed[error.message] ?? 0) + 1;
    }
  }
}));
console.log(JSON.stringify(said));
cluster.disconnect();
