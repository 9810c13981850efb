# SPDX-License-Identifier: BSL-1.0
"""A client: a program that is told what to call, a line of JSON each, and says what came of it."""

import json
import queue
import subprocess
import threading
import time

from cluster import PATIENCE, Failure


class Program:
    def __init__(self, command, folder, log):
        self.command = command
        self.answers = {}
        self.lines = queue.Queue()
        self.next_id = 0
        self.process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, stderr=open(log, "a"))
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def close(self):
        self.process.kill()
        self.process.wait()

    def begin(self, verb, *args):
        """The number of a call that is on its way."""
        self.next_id += 1
        told = {"id": self.next_id, "verb": verb, "args": args}
        try:
            self.process.stdin.write(json.dumps(told) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.answers[self.next_id] = {"error": "the program has ended"}
        return self.next_id

    def finish(self, id, patience=PATIENCE):
        """{"ok": …}, {"error": …}, or None if the call does not come to an end."""
        end = time.monotonic() + patience
        while id not in self.answers:
            try:
                line = self.lines.get(timeout=max(end - time.monotonic(), 0.001))
            except queue.Empty:
                return None
            if line is None:
                return {"error": "the program has ended"}
            said = json.loads(line)
            self.answers[said["id"]] = said
        return self.answers.pop(id)

    def await_end(self, id, patience):
        """As finish(), which gives the answer afterwards."""
        said = self.finish(id, patience)
        if said is not None:
            self.answers[id] = said

    def call(self, verb, *args, patience=PATIENCE):
        return self.finish(self.begin(verb, *args), patience)

    def must(self, verb, *args):
        said = self.call(verb, *args)
        if said is None or "ok" not in said:
            raise Failure(f"{verb}{args}: {said}")
        return said["ok"]
