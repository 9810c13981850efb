# SPDX-License-Identifier: BSL-1.0
"""Three real servers with all defaults, and what can happen to them."""

import json
import signal
import subprocess
import time

PATIENCE = 30.0  # Seconds that no wait takes unless something is wrong.


class Failure(Exception):
    """What was seen is not what must be."""


def holds_within(patience, condition):
    """The first true value of the condition, which is asked until then, or None."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    return None


def eventually(what, condition, patience=PATIENCE):
    """As holds_within(), but fails when it does not."""
    value = holds_within(patience, condition)
    if not value:
        raise Failure(f"within {patience:.0f} s: not {what}")
    return value


class Cluster:
    """Servers 1 to 3. Their clients' ports are `ports`; `base` and the five after it are taken."""

    def __init__(self, raft_kv, base, folder):
        self.raft_kv = raft_kv
        self.folder = folder
        self.ports = {id: base + id - 1 for id in (1, 2, 3)}
        self.processes = {}
        self.file = folder / "cluster.txt"
        lines = [f"{id} 127.0.0.1 {port + 3} {port}" for id, port in self.ports.items()]
        self.file.write_text("cluster clients\n" + "\n".join(lines) + "\n")

    def __enter__(self):
        for id in self.ports:
            self.start(id)
        subprocess.run([self.raft_kv, "init", "--cluster", self.file], check=True,
                       timeout=PATIENCE, stdout=subprocess.DEVNULL)
        self.leader()
        return self

    def __exit__(self, *_):
        for process in self.processes.values():
            process.kill()
            process.wait()

    def start(self, id):
        with open(self.folder / f"log-{id}", "ab") as log:
            self.processes[id] = subprocess.Popen(
                [self.raft_kv, "serve", "--cluster", self.file, "--id", str(id),
                 "--data", self.folder / f"data-{id}"], stdout=log, stderr=log)

    def kill(self, id):
        process = self.processes.pop(id)
        process.kill()
        process.wait()

    def restart(self, ids):
        for id in ids:
            self.start(id)
        self.leader()

    def leave_one(self):
        """Kills the others. The one that is left knows no leader."""
        alive = self.others(self.leader())[0]
        for id in self.others(alive):
            self.kill(id)
        eventually("a server without a leader",
                   lambda: (self.ask(alive, "RAFT", "STATUS") or {"leader": 0})["leader"] is None)
        return alive

    def freeze(self, id):
        self.processes[id].send_signal(signal.SIGSTOP)

    def thaw(self, id):
        self.processes[id].send_signal(signal.SIGCONT)

    def ask(self, id, *words, patience=2.0):
        """The answer as redis-cli has it in JSON. None if there is none: an error, or silence."""
        try:
            said = subprocess.run(
                ["redis-cli", "-e", "--json", "-p", str(self.ports[id]), *map(str, words)],
                capture_output=True, text=True, timeout=patience)
        except subprocess.TimeoutExpired:
            return None
        return json.loads(said.stdout) if said.returncode == 0 else None

    def leader(self, among=(1, 2, 3)):
        """The one that leads, when all of these know it."""

        def agreed():
            views = [self.ask(id, "CLUSTER", "SLOTS") for id in among]
            ports = {view[0][2][1] for view in views if view}
            if not all(views) or len(ports) != 1:
                return None
            id = ports.pop() - self.ports[1] + 1
            return id if id in among else None

        return eventually("a leader that all know", agreed)

    def others(self, id):
        return [other for other in self.ports if other != id]

    def transfer(self):
        """Another one leads afterwards, and all know it."""
        old = self.leader()
        to = self.others(old)[0]
        eventually("a transfer", lambda: self.ask(old, "RAFT", "TRANSFER", to, patience=PATIENCE)
                   or self.leader() == to)
        return eventually("a new leader", lambda: self.leader() == to)

    def has_unread(self, id):
        """Whether a client has sent what the server, which is frozen, has not read."""
        local = f":{self.ports[id]:04X}"
        with open("/proc/net/tcp") as sockets:
            rows = [line.split() for line in sockets.readlines()[1:]]
        return any(row[1].endswith(local) and int(row[4].split(":")[1], 16) for row in rows
                   if row[3] == "01")

    def values(self, keys):
        """What the leader has under each of the keys."""
        leader, found = self.leader(), {}
        for start in range(0, len(keys), 1000):
            part = keys[start:start + 1000]
            got = eventually("an MGET", lambda: self.ask(leader, "MGET", *part, patience=PATIENCE))
            found.update(zip(part, got))
        return found
