# SPDX-License-Identifier: BSL-1.0
"""A mutant: a fault in one file, by itself or as a choice among others at run time."""
import re

# At one place what ends goes before what begins, and a statement by itself between them.
ENDING, BEFORE_ALL = -2**62, -2**61


class Edit:
    """Puts a text in place of `length` characters. The least rank goes first at one place."""

    def __init__(self, place, length, text, rank=0):
        self.place, self.length, self.text, self.rank = place, length, text, rank


def around(begin, before, end, after):
    """Two insertions that hold a stretch of text. A wider one begins before, and ends after."""
    return [Edit(begin, 0, before, -end), Edit(end, 0, after, ENDING - begin)]


def edited(text, edits):
    done, at = [], 0
    for edit in sorted(edits, key=lambda each: (each.place, each.length > 0, each.rank)):
        if edit.place < at:
            raise ValueError(f"two changes of {text[edit.place:at]!r}")
        done += [text[at:edit.place], edit.text]
        at = edit.place + edit.length
    return "".join(done) + text[at:]


class Mutant:
    """The edits make the fault. Those of the schema make it a choice at run time, by `{n}`, the
    mutant's number; it is none where there is no such choice."""

    def __init__(self, title, file, edits, schema=None):
        """No edits: the fault has no place in the file."""
        self.title, self.file, self.edits, self.schema = title, file, edits, schema

    def part(self):
        """`core`, `node` or `battery`."""
        return re.match(r"\w+", self.file)[0]

    def applies(self):
        return self.edits is not None

    def mutated(self, text):
        return edited(text, self.edits)

    def apply(self, include):
        """Changes the copy; false if the fault has no place in it."""
        if self.applies():
            path = include / "raft" / self.file
            path.write_text(self.mutated(path.read_text()))
        return self.applies()
