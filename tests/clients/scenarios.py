# SPDX-License-Identifier: BSL-1.0
"""What happens to a client, and what it makes of that in the words of the manual's table."""

import time

from cluster import PATIENCE, Failure, eventually, holds_within

STOPPED = 10.0  # Seconds of SIGSTOP.
NEVER = "**never**; connected anew it does"


def connect_with_leader(trial):
    """The first calls of all: nothing is tried twice."""
    for verb, args in (("connect", []), ("set", ["first", "value"]), ("get", ["first"])):
        trial.program.must(verb, *args)
    return "yes"


def connect_without_leader(trial):
    """The others come back when it has said what it makes of one server alone, or 5 s later."""
    cluster, program = trial.cluster, trial.program
    alive = cluster.leave_one()
    connecting = program.begin("connect")
    connected = program.finish(connecting, 5.0)
    writing = None
    if connected and "ok" in connected:
        writing = trial.begin_write()
        program.await_end(writing[1], 5.0)
    cluster.restart(cluster.others(alive))
    if writing is None:
        connected = connected or program.finish(connecting)
        if "ok" not in (connected or {}):
            trial.errors.append(str(connected))
            trial.connect()
            return "an error at connecting; again, and it does"
        writing = trial.begin_write()
    at_once = trial.end_write(writing)
    if at_once or trial.write_until(time.monotonic() + PATIENCE):
        return "waits, then writes" if at_once else "connects, writes after an error"
    trial.connect()
    return NEVER


def killed_leader(trial):
    """A call is on its way to the leader when it ends."""
    cluster = trial.cluster
    trial.connect()
    leader = cluster.leader()
    cluster.freeze(leader)
    write = trial.begin_write()
    eventually("a call at the leader", lambda: cluster.has_unread(leader))
    cluster.kill(leader)
    goes_on = trial.goes_on(write)
    cluster.leader(cluster.others(leader))
    if not goes_on:
        trial.connect()
    cluster.restart([leader])
    if not goes_on:
        return NEVER
    return "goes on after an error" if trial.errors else "goes on"


def transferred_leader(trial):
    """Five times, and calls are made meanwhile."""
    trial.connect()
    for _ in range(5):
        write = trial.begin_write()
        trial.cluster.transfer()
        if not trial.goes_on(write):
            trial.connect()
            return NEVER
    return "goes on"


def stopped_leader(trial):
    cluster = trial.cluster
    trial.connect()
    leader = cluster.leader()
    cluster.freeze(leader)
    end = time.monotonic() + STOPPED
    meanwhile = trial.write_until(end)
    errors = [error for error in trial.errors if error != "no answer"]
    cluster.leader(cluster.others(leader))
    eventually("the end of that time", lambda: time.monotonic() >= end)
    cluster.thaw(leader)
    cluster.leader()
    if not trial.write_until(time.monotonic() + PATIENCE):
        trial.connect()
        return NEVER
    if meanwhile:
        return "goes on after an error" if errors else "goes on"
    return "errors until it is back" if errors else "waits until it is back"


def several_keys(trial):
    """MSET and MGET of keys in different slots."""
    trial.connect()
    keys = [f"several:{n}" for n in range(20)]
    wrote = trial.program.call("mset", {key: key for key in keys})
    if wrote and "error" in wrote:
        return "refuses them"
    read = trial.program.must("mget", keys)
    if read != keys:
        raise Failure(f"MGET: {read}")
    return "yes"


def pipeline(trial):
    trial.connect()
    if not trial.client.pipelines:
        return "has none"
    keys = [f"pipeline:{n}" for n in range(1000)]
    results = trial.program.must("pipeline", keys)
    if results != [1] * len(keys) or set(trial.cluster.values(keys).values()) != {"1"}:
        raise Failure(f"a pipeline: {results}")
    return "yes"


def transaction(trial):
    """One, and one that meets a server which leads no more: it must be done whole or not at all."""
    trial.connect()
    said = trial.program.call("transaction", "{one}key", "{one}counter")
    if said and "error" in said:
        return "refuses it"
    if not said or said["ok"][1:] != [1, "set"]:
        raise Failure(f"a transaction: {said}")
    trial.cluster.transfer()
    moved = trial.program.call("transaction", "{two}key", "{two}counter") or {}
    left = list(trial.cluster.values(["{two}key", "{two}counter"]).values())
    if "ok" in moved and left != ["set", "1"]:
        raise Failure(f"a transaction was answered {moved} and left {left}")
    if "error" in moved and left != [None, None]:
        return "**not** after a transfer: it follows `MOVED` out of it, and writes one by one"
    if "ok" in moved:
        return "yes"
    trial.errors.append(str(moved.get("error")))

    def again():
        return "ok" in (trial.program.call("transaction", "{three}key", "{three}counter") or {})

    if holds_within(10.0, again):
        return "yes; after a transfer the first is refused"
    eventually("a write", trial.write)
    eventually("a transaction behind it", again)
    return "yes; after a transfer refused until another write"


WITH_DEFAULTS = {
    "connects": connect_with_leader,
    "without a leader": connect_without_leader,
    "`kill -9` of the leader": killed_leader,
    "a transfer": transferred_leader,
    "10 s of `SIGSTOP`": stopped_leader,
    "keys of several slots": several_keys,
    "pipeline": pipeline,
    "transaction": transaction,
}
WITH_OPTION = {
    "`kill -9` of the leader": killed_leader,
    "10 s of `SIGSTOP`": stopped_leader,
}
