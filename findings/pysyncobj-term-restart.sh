#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# PySyncObj with a journal keeps its entries over a restart and forgets its term: the terms in its
# log go down, and a server may vote twice in one term.
#
# Version:  python3-pysyncobj 0.3.11-1 (Debian 12), three servers, journalFile and fullDumpFile set.
# Expected: the Raft paper, Figure 2: currentTerm and votedFor are updated on stable storage before
#           a server answers, and terms never decrease. With a journal on disk one expects the term
#           there as well.
# Seen:     after two elections all three are in term 2. All are stopped in order and started anew:
#           they are in term 1. The entries of the first run are there, and the next one gets term
#           1, after entries of term 2.
# It hurts: "whose last entry has the later term" decides elections. A log whose terms go down can
#           win against one that holds more committed entries.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get update -qq
apt-get install -y -qq --no-install-recommends python3-pysyncobj=0.3.11-1 >install.log

cat >restart.py <<'EOF'
import time
from pysyncobj import SyncObj, SyncObjConf, replicated

ADDRESSES = ["127.0.0.1:29411", "127.0.0.1:29412", "127.0.0.1:29413"]

class Counter(SyncObj):
    def __init__(self, me):
        super().__init__(me, [a for a in ADDRESSES if a != me], SyncObjConf(
            autoTick=False, journalFile="journal" + me[-1], fullDumpFile="dump" + me[-1]))
        self.value = 0

    @replicated
    def add(self):
        self.value += 1

def run(servers, until):
    end = time.monotonic() + 30
    while not until():
        assert time.monotonic() < end, "waited too long"
        for server in servers:
            server.doTick(0.01)

def leader(servers):
    return next((s for s in servers if s.getStatus()["state"] == 2), None)

def elect_and_add(servers, value):
    run(servers, lambda: leader(servers))
    leader(servers).add()
    run(servers, lambda: all(s.value == value for s in servers))

def terms(server):
    return [term for _, _, term in server._SyncObj__raftLog[:]]

first = [Counter(a) for a in ADDRESSES]
elect_and_add(first, 1)
silent = leader(first)
run([s for s in first if s is not silent], lambda: leader([s for s in first if s is not silent]))
run(first, lambda: len({s.getStatus()["raft_term"] for s in first}) == 1)
run(first, lambda: not silent.getStatus()["state"] == 2)
elect_and_add(first, 2)
before = first[0].getStatus()["raft_term"]
print("first run: term", before, "- the terms in the log:", terms(first[0]))
for server in first:
    server.destroy()
    server.doTick(0.01)
time.sleep(1)

second = [Counter(a) for a in ADDRESSES]
elect_and_add(second, 3)
after = second[0].getStatus()["raft_term"]
print("after a restart of all: term", after, "- the terms in the log:", terms(second[0]))
assert before >= 2 and after < before and terms(second[0]) != sorted(terms(second[0]))
EOF
/usr/bin/python3 restart.py
