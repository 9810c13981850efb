# SPDX-License-Identifier: BSL-1.0
"""redis-benchmark: it knows one address, and a run of it is a call."""

import subprocess
import time

import scenarios
from cluster import PATIENCE, Failure, eventually


class Trial:
    def __init__(self, client, cluster, _packages):
        self.client, self.cluster = client, cluster
        self.errors = []
        self.runs = []

    def __enter__(self):
        shown = subprocess.run(["redis-benchmark", "--version"], capture_output=True, text=True)
        if shown.stdout.split()[1] != self.client.version:
            raise Failure(f"redis-benchmark is not {self.client.version}: {shown.stdout}")
        return self

    def __exit__(self, *_):
        for run in self.runs:
            run.kill()
            run.wait()

    def nothing_is_lost(self):
        """It counts, and keeps nothing."""

    def begin(self, server, *words):
        run = subprocess.Popen(["redis-benchmark", "-p", str(self.cluster.ports[server]), *words],
                               text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.runs.append(run)
        return run

    def begin_endless(self, server):
        """One that goes on, and has begun."""
        run = self.begin(server, "-q", "-c", "4", "-n", "100000000", "INCR", "endless")
        self.moves(server)
        return run

    def moves(self, server):
        """Writes are answered."""
        before = self.cluster.ask(server, "GET", "endless")
        eventually("writes", lambda: self.cluster.ask(server, "GET", "endless") != before)

    def end(self, run, patience=PATIENCE):
        """All that it printed."""
        try:
            return run.communicate(timeout=patience)[0]
        except subprocess.TimeoutExpired:
            raise Failure(f"{run.args} does not end") from None

    def must_say(self, text, server, *words):
        said = self.end(self.begin(server, *words))
        if text not in said:
            raise Failure(f"redis-benchmark {words} says\n{said}\nand not '{text}'")


ONE = ("-q", "-c", "1", "-n", "1")


def connect_with_leader(trial):
    leader = trial.cluster.leader()
    trial.must_say("requests per second", leader, *ONE, "SET", "first", "value")
    trial.must_say("MOVED", trial.cluster.others(leader)[0], *ONE, "SET", "first", "value")
    trial.must_say("Invalid cluster: 1 node(s)", leader, *ONE, "--cluster", "SET", "first", "value")
    return "yes, at the leader; with `--cluster` it refuses a cluster of one primary"


def connect_without_leader(trial):
    alive = trial.cluster.leave_one()
    trial.must_say("CLUSTERDOWN", alive, *ONE, "SET", "first", "value")
    trial.cluster.restart(trial.cluster.others(alive))
    return "ends with an error"


def killed_leader(trial):
    leader = trial.cluster.leader()
    run = trial.begin_endless(leader)
    trial.cluster.kill(leader)
    said = trial.end(run)
    trial.errors.append(said.replace("\r", "\n").strip().split("\n")[-1])
    trial.cluster.restart([leader])
    return "ends with an error"


def transferred_leader(trial):
    run = trial.begin_endless(trial.cluster.leader())
    trial.cluster.transfer()
    said = trial.end(run)
    trial.errors.append(said.replace("\r", "\n").strip().split("\n")[-1])
    return "ends with an error"


def stopped_leader(trial):
    leader = trial.cluster.leader()
    run = trial.begin_endless(leader)
    end = time.monotonic() + scenarios.STOPPED
    trial.cluster.freeze(leader)
    ended = scenarios.holds_within(end - time.monotonic(), lambda: run.poll() is not None)
    trial.cluster.leader(trial.cluster.others(leader))
    trial.cluster.thaw(leader)
    trial.cluster.leader()
    if ended:
        return "ends with an error"
    trial.end(run)
    return "waits until it is back, and ends"


def several_keys(trial):
    leader = trial.cluster.leader()
    trial.must_say("MSET (10 keys): ", leader, "-q", "-n", "100", "-r", "1000", "-t", "mset")
    return "yes"


def pipeline(trial):
    leader = trial.cluster.leader()
    trial.must_say("SET: ", leader, "-q", "-n", "1000", "-P", "100", "-t", "set")
    return "yes"


SCENARIOS = dict(zip(scenarios.WITH_DEFAULTS, (
    connect_with_leader, connect_without_leader, killed_leader, transferred_leader, stopped_leader,
    several_keys, pipeline, lambda trial: "has none")))
