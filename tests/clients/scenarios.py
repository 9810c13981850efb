# SPDX-License-Identifier: BSL-1.0
"""What happens to a client, and what it makes of that in the words of the manual's table."""

import itertools
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


def once_more(trial, call):
    """The words for a call that was refused whole by a server which leads no more."""
    if holds_within(10.0, call):
        return "yes; the first after a transfer is refused"
    eventually("a write", trial.write)
    if holds_within(10.0, call):
        return "yes; refused after a transfer, until another write"
    trial.connect()
    eventually("the call of a new object", call)
    return "yes; refused after a transfer, until connected anew"


def pipeline(trial):
    """One of a thousand commands, and one that meets a server which leads no more."""
    trial.connect()
    if not trial.client.pipelines:
        return "has none"

    def call(name):
        keys = [f"{name}:{n}" for n in range(1000)]
        said = trial.program.call("pipeline", keys) or {}
        done = set(trial.cluster.values(keys).values())
        if "ok" in said and (said["ok"] != [1] * len(keys) or done != {"1"}):
            raise Failure(f"a pipeline was answered {said} and left {done}")
        return said, done

    said, _ = call("first")
    if "ok" not in said:
        raise Failure(f"a pipeline: {said}")
    trial.cluster.transfer()
    said, done = call("second")
    if "ok" in said:
        return "yes"
    trial.errors.append(str(said.get("error")))
    if done != {None}:
        return "yes; after a transfer an error, and a part is done"
    number = itertools.count()
    return once_more(trial, lambda: "ok" in call(f"further:{next(number)}")[0])


def transaction(trial):
    """One, and one that meets a server which leads no more: it must be done whole or not at all."""
    trial.connect()

    def call(name):
        key, counter = f"{{{name}}}key", f"{{{name}}}counter"
        said = trial.program.call("transaction", key, counter) or {}
        left = list(trial.cluster.values([key, counter]).values())
        if "ok" in said and (said["ok"][1:] != [1, "set"] or left != ["set", "1"]):
            raise Failure(f"a transaction was answered {said} and left {left}")
        return said, left

    said, left = call("first")
    if "error" in said and left == [None, None]:
        return "refuses it"
    trial.cluster.transfer()
    said, left = call("second")
    if "ok" in said:
        return "yes"
    trial.errors.append(str(said.get("error")))
    if left != [None, None]:
        return "**not** after a transfer: it follows `MOVED` out of it, and writes one by one"
    number = itertools.count()
    return once_more(trial, lambda: "ok" in call(f"further:{next(number)}")[0])


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
