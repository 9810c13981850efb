# SPDX-License-Identifier: BSL-1.0
"""One copy of the headers with many mutants in it, each a choice at run time (mutant schemata)."""
import pathlib
import shutil

from mutation.mutants import Edit, edited

HELPERS = pathlib.Path(__file__).resolve().parent / "schema.hpp"
FIRST_LINE = "#pragma once\n"


class Extent:
    """The stretch of a file that a mutant chooses about."""

    def __init__(self, mutant):
        self.begin = min(edit.place for edit in mutant.schema)
        self.end = max(edit.place + edit.length for edit in mutant.schema)

    def crosses(self, other):
        return (self.begin < other.begin < self.end < other.end or
                other.begin < self.begin < other.end < self.end)


def choosable(mutants):
    """Those that have a schema and, of two that would cross one another, one."""
    extents, chosen = {}, []
    for mutant in mutants:
        if not mutant.schema:
            continue
        extent = Extent(mutant)
        others = extents.setdefault(mutant.file, [])
        if not any(extent.crosses(each) for each in others):
            others.append(extent)
            chosen.append(mutant)
    return chosen


def numbered(mutant, number):
    return [Edit(edit.place, edit.length, edit.text.replace("{n}", str(number)), edit.rank)
            for edit in mutant.schema]


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.hpp")}


def instrument(headers, include, mutants):
    """Makes `include` a copy of the headers with the choices in it, and leaves it alone if it is
    that already. The number of each mutant that has become a choice."""
    numbers = {mutant: number for number, mutant in enumerate(choosable(mutants), 1)}
    fresh = include.with_name("fresh")
    shutil.copytree(headers, fresh)
    for file in {mutant.file for mutant in numbers}:
        edits = [edit for mutant, number in numbers.items() if mutant.file == file
                 for edit in numbered(mutant, number)]
        path = fresh / "raft" / file
        text = edited(path.read_text(), edits)
        path.write_text(text.replace(FIRST_LINE, f'{FIRST_LINE}\n#include <raft/{HELPERS.name}>\n', 1))
    shutil.copy(HELPERS, fresh / "raft")
    if include.exists() and contents(include) == contents(fresh):
        shutil.rmtree(fresh)
    else:
        shutil.rmtree(include, ignore_errors=True)
        fresh.rename(include)
    return numbers
