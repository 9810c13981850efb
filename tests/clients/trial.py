# SPDX-License-Identifier: BSL-1.0
"""A client at its servers, and what became of each of its writes."""

import time

from cluster import PATIENCE, Failure, eventually
from program import Program


class Trial:
    """Each key is written by one call, so that what became of the call is known from it."""

    def __init__(self, client, cluster, packages):
        self.client, self.cluster, self.packages = client, cluster, packages
        self.keys = 0
        self.acknowledged = []
        self.errors = []  # Of the writes since they were cleared.
        self.begin_program()

    def __enter__(self):
        version = self.program.must("version")
        if version != self.client.version:
            raise Failure(f"{self.client.title} is {version} and not {self.client.version}")
        return self

    def __exit__(self, *_):
        self.program.close()

    def begin_program(self):
        command = self.client.command(self.packages, self.cluster.ports.values())
        self.program = Program(command, self.packages, self.cluster.folder / "program-log")

    def begin_write(self):
        self.keys += 1
        key = f"key:{self.keys}"
        return key, self.program.begin("incr", key)

    def end_write(self, write, patience=PATIENCE):
        """Whether it is acknowledged."""
        key, call = write
        said = self.program.finish(call, patience)
        if said and "ok" in said:
            self.acknowledged.append(key)
            return True
        self.errors.append(str(said["error"]) if said else "no answer")
        return False

    def write(self, patience=PATIENCE):
        return self.end_write(self.begin_write(), patience)

    def write_until(self, end):
        """Whether a write was acknowledged before then."""
        while (left := end - time.monotonic()) > 0:
            if self.write(left):
                return True
            time.sleep(0.05)  # An error that comes at once is not asked for all the time.
        return False

    def goes_on(self, write):
        """Whether it is acknowledged, or one after it, without a new connection by us."""
        return self.end_write(write) or self.write_until(time.monotonic() + PATIENCE)

    def connect(self):
        """As a program does that begins, or gives its broken client up."""
        if "ok" not in (self.program.call("version", patience=1.0) or {}):
            self.program.close()  # It hangs in a call.
            self.begin_program()
        eventually("a new connection that writes", lambda: "ok" in (
            self.program.call("connect") or {}) and self.write(5.0))
        for _ in range(10):
            eventually("a write", self.write)
        self.errors.clear()

    def nothing_is_lost(self):
        found = self.cluster.values(self.acknowledged)
        lost = [key for key, value in found.items() if value is None]
        if lost:
            raise Failure(f"acknowledged and lost: {lost}")
