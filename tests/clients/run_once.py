# SPDX-License-Identifier: BSL-1.0
"""The wrapper of the manual with a real client: nothing is carried out twice at a kill -9.

    run_once.py NAME --raft-kv FILE --packages DIR --work DIR --manual FILE [--plain]
"""

import argparse
import collections
import json
import pathlib
import re
import shutil
import subprocess
import sys

from clients import CLIENTS, PROGRAMS
from cluster import PATIENCE, Cluster, Failure, eventually

WRITES = 30_000
LINES = 15  # That the wrapper may have.


def wrapper_of(manual):
    """The JavaScript of the manual that exports `once`."""
    found = [code for code in re.findall(r"```js\n(.*?)```", manual.read_text(), re.DOTALL)
             if "export async function once(" in code]
    if len(found) != 1 or found[0].count("\n") > LINES:
        raise Failure(f"{manual} has no wrapper of {LINES} lines or fewer")
    return found[0]


def write_through_a_kill(client, cluster, packages, wrapper):
    """What the program says came of its writes."""
    program = subprocess.Popen(
        [packages.resolve() / "node", PROGRAMS / "once.mjs", client.program[-1], wrapper,
         str(WRITES), *map(str, cluster.ports.values())],
        cwd=packages, stdout=subprocess.PIPE, text=True)
    try:
        leader = cluster.leader()
        eventually("a tenth of the writes",
                   lambda: (cluster.ask(leader, "DBSIZE") or 0) > WRITES // 10)
        cluster.kill(leader)
        said = json.loads(program.communicate(timeout=4 * PATIENCE)[0])
        cluster.restart([leader])
        return said
    finally:
        program.kill()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--raft-kv", type=pathlib.Path, required=True)
    parser.add_argument("--packages", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--manual", type=pathlib.Path, required=True)
    parser.add_argument("--plain", action="store_true", help="without the wrapper")
    options = parser.parse_args()
    client = CLIENTS[options.name]
    folder = options.work.resolve() / f"once-{client.name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    wrapper = "none"
    if not options.plain:
        wrapper = folder / "once.mjs"
        wrapper.write_text(wrapper_of(options.manual))
    with Cluster(options.raft_kv, client.base_port, folder) as cluster:
        said = write_through_a_kill(client, cluster, options.packages, wrapper)
        held = collections.Counter(
            cluster.values([f"once:{number}" for number in range(WRITES)]).values())
    print(f"{client.title} {client.version}: {said}, the values of the keys: {dict(held)}")
    if said["acknowledged"] != WRITES or held != {"1": WRITES}:
        raise Failure("not each write was carried out once, and acknowledged")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
