# SPDX-License-Identifier: BSL-1.0
"""What one client does with three real servers, held against its row of the manual's table.

    run_client.py NAME --raft-kv FILE --packages DIR --work DIR --manual FILE [--update]
"""

import argparse
import pathlib
import shutil
import sys
import time

import benchmark
import manual
import scenarios
from clients import CLIENTS
from cluster import Cluster, Failure
from trial import Trial


def run(client, options, folder):
    """What was seen in each column."""
    kind, columns = {
        "benchmark": (benchmark.Trial, benchmark.SCENARIOS),
        "options": (Trial, scenarios.WITH_OPTION),
        "defaults": (Trial, scenarios.WITH_DEFAULTS),
    }[client.kind]
    seen = {}
    with Cluster(options.raft_kv, client.base_port, folder) as cluster:
        with kind(client, cluster, options.packages) as trial:
            for column, scenario in columns.items():
                began = time.monotonic()
                trial.errors.clear()
                seen[column] = scenario(trial)
                print(f"{column}: {seen[column]} ({time.monotonic() - began:.1f} s;"
                      f" errors: {trial.errors[:5]})", flush=True)
            trial.nothing_is_lost()
    return seen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--raft-kv", type=pathlib.Path, required=True)
    parser.add_argument("--packages", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--manual", type=pathlib.Path, required=True)
    parser.add_argument("--update", action="store_true", help="writes the row that was seen")
    options = parser.parse_args()
    client = CLIENTS[options.name]
    folder = options.work.resolve() / client.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    manual.hold(client, run(client, options, folder), options.manual, options.update)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
