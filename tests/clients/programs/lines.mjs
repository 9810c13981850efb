// SPDX-License-Identifier: BSL-1.0
//
// A program that does what it is told: {"id":1,"verb":"set","args":["key","value"]}, a line each,
// is answered {"id":1,"ok":"OK"} or {"id":1,"error":"why"} when it is done, in whatever order.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

/// What npm has put into the folder that the program runs in.
export const installed = createRequire(process.cwd() + "/");
export const version = (name) =>
  JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version;

export function obey(verbs) {
  const say = (said) => process.stdout.write(JSON.stringify(said) + "\n");
  // What a client throws beside its calls would end the program of whoever used it.
  for (const beside of ["uncaughtException", "unhandledRejection"])
    process.on(beside, (error) => console.error(beside, error));
  createInterface({ input: process.stdin }).on("line", async (line) => {
    const { id, verb, args } = JSON.parse(line);
    try {
      say({ id, ok: (await verbs[verb](...args)) ?? null });
    } catch (error) {
      say({ id, error: String(error?.message || error) });
    }
  }).on("close", () => process.exit(0));
}
