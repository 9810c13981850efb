# SPDX-License-Identifier: BSL-1.0
"""The tests that must find a fault: built once with all choices in, or anew for one mutant."""
import concurrent.futures
import math
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import tempfile

from mutation import explorer_sources

# Undefined behaviour that the sanitizers would find in other builds is found here, too.
FLAGS = ["-std=c++20", "-w", "-D_GLIBCXX_ASSERTIONS"]
ALONE = """#include <raft/battery/memory_network.hpp>
#include <raft/battery/memory_storage.hpp>
#include <raft/raft.hpp>
raft::core::transition step(const raft::core::state& s, const raft::core::input& in) { return raft::core::step(s, in, {}); }
"""


MEMORY = 4 * 2**30
# The patience with a test that was built for one mutant, in seconds of the processor.
ALONE_SECONDS = 20
# What is said instead of what found a mutant: the change does not compile; it does not show as a
# choice (schema.hpp).
NO_MUTANT, NO_CHOICE, NO_CHOICE_STATUS = "no mutant", "no choice", 77


class Program:
    """Sources that make one, with the main function of the tests or without."""

    def __init__(self, name, *patterns, is_test=True):
        self.name, self.patterns, self.is_test = name, patterns, is_test

    def sources(self, root):
        return sorted(source for pattern in self.patterns for source in root.glob(pattern))


QUICK = ["--abort-after=1", "--no-colors=1", "--test-case-exclude=*whenever*"]
SLOW = ["--abort-after=1", "--no-colors=1", "--test-case=*whenever*"]
CORE = Program("core", "tests/core/*.test.cpp")
NODE = Program("node", "tests/node/*.test.cpp")
STORAGE = Program("storage", "tests/battery/file_storage*.test.cpp")
EXPLORER = Program("explorer", *explorer_sources.PATTERNS, is_test=False)
# What is run for a fault in a file of the folder, until something fails: the quick ones first.
RUNS = {"core": [(CORE, QUICK), (NODE, QUICK), (CORE, SLOW), (EXPLORER, ["--preset", "mutants"])],
        "node": [(NODE, QUICK)],
        "battery": [(STORAGE, QUICK)]}


def limit_to(seconds):
    """Seconds of the processor, which do not depend on what else it does; and memory, since a loop
    without an end may fill it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    if seconds:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def seconds_of_children():
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


class Suite:
    def __init__(self, options, work):
        self.options, self.work, self.root = options, work, options.root
        self.patience = {}
        self.main, self.alone = work / "main.o", work / "alone.cpp"
        self.alone.write_text(ALONE)
        self.own_headers = explorer_sources.own_headers(self.root, work)
        self.compile(self.root / "include", self.root / "tests/main.cpp", self.main)

    def runs(self, mutant):
        return [(program, arguments) for program, arguments in RUNS[mutant.part()]
                if program is not EXPLORER or self.options.explore]

    def programs(self, mutant):
        return dict.fromkeys(program for program, _ in self.runs(mutant))

    # ----------------------------------------------------------------------------------- commands

    def compiler(self, include, *more):
        return [self.options.compiler, *FLAGS, "-I", include, *self.own_headers, *more]

    def compile(self, include, source, output):
        subprocess.run(self.compiler(include, "-O1", "-c", source, "-o", output), check=True)

    def compiles(self, include, source):
        return subprocess.run(self.compiler(include, "-fsyntax-only", source),
                              stderr=subprocess.DEVNULL).returncode == 0

    def link(self, objects, program, binary):
        parts = [*objects, self.main] if program.is_test else objects
        subprocess.run([self.options.compiler, *parts, "-o", binary, "-pthread"], check=True)

    def failure(self, name, command, patience, number=0):
        """What fails of the command while this mutant lives; none if nothing does."""
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              env=dict(os.environ, RAFT_MUTANT=str(number)),
                              preexec_fn=lambda: limit_to(patience))
        if -done.returncode in {signal.SIGXCPU, signal.SIGKILL}:
            return f"{name}: too slow"
        if done.returncode == NO_CHOICE_STATUS:
            return NO_CHOICE
        if done.returncode == 0:
            return None
        failed = re.search(r"TEST CASE: +(.*)", done.stdout.decode(errors="replace"))
        return f"{name}: {failed[1]}" if failed else name

    # ------------------------------------------------------------------------------ built once

    def build(self, include, mutants):
        """All that the mutants need. What an earlier run left stays where nothing has changed."""
        programs = {program for mutant in mutants for program in self.programs(mutant)}
        headers = max(each.stat().st_mtime for folder in (include, self.root / "tests")
                      for each in folder.rglob("*.hpp"))
        objects, outdated = {program: [] for program in programs}, []
        for program in programs:
            for source in program.sources(self.root):
                output = self.work / f"{program.name}-{source.stem}.o"
                objects[program].append(output)
                since = max(headers, source.stat().st_mtime)
                if not output.exists() or output.stat().st_mtime < since:
                    outdated.append((include, source, output))
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            list(pool.map(lambda each: self.compile(*each), outdated))
        for program in programs:
            self.link(objects[program], program, self.work / program.name)
        for part in {mutant.part(): mutant for mutant in mutants}.values():
            self.measure(part)

    def command(self, program, arguments):
        return [self.work / program.name, *arguments]

    def measure(self, mutant):
        """Without a mutant all passes, in a time by which those with one are judged."""
        for program, arguments in self.runs(mutant):
            begin, command = seconds_of_children(), self.command(program, arguments)
            if failed := self.failure(program.name, command, None):
                raise SystemExit(f"fails without a mutant: {failed}")
            self.patience[str(command)] = math.ceil(5 + 3 * (seconds_of_children() - begin))

    def killer(self, mutant, number, explores):
        """What finds the mutant that is this choice."""
        for program, arguments in self.runs(mutant):
            if program is EXPLORER and not explores:
                continue
            command = self.command(program, arguments)
            patience = self.patience[str(command)]
            if found := self.failure(program.name, command, patience, number):
                return found
        return None

    # ----------------------------------------------------------------------- built for one mutant

    def killer_anew(self, mutant, is_choice):
        """What finds the mutant when it is compiled; of one that was a choice only what no choice
        can change is left to see, that is the constant expressions."""
        with tempfile.TemporaryDirectory(dir=self.work) as name:
            folder = pathlib.Path(name)
            include = folder / "include"
            shutil.copytree(self.root / "include", include)
            mutant.apply(include)
            if not self.compiles(include, self.alone):
                return NO_MUTANT
            find = self.failing_assertion if is_choice else self.failing_test
            for program in self.programs(mutant):
                for source in program.sources(self.root):
                    if found := find(include, program, source):
                        return found
        return None

    def failing_assertion(self, include, program, source):
        if "static_assert" in source.read_text() and not self.compiles(include, source):
            return f"{program.name}: {source.stem} (compiling)"
        return None

    def failing_test(self, include, program, source):
        if not self.compiles(include, source):
            return f"{program.name}: {source.stem} (compiling)"
        built, binary = include.parent / "built.o", include.parent / "built"
        self.compile(include, source, built)
        self.link([built], program, binary)
        return self.failure(program.name, [binary, *QUICK], ALONE_SECONDS)
