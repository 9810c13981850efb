# SPDX-License-Identifier: BSL-1.0
"""The automatic mutants that change nothing that anybody could see, each with the argument why.

They are written down as the seeded faults are, with the argument for a title. What counts is the
text of the file that comes out, not where in it: so lines may move, and an entry whose lines were
changed is void.
"""
from mutation import seeded


def as_entry(mutant, text):
    """The file and the lines of a mutant, as few as are in the file once."""
    new = mutant.mutated(text)
    begin, old_end, new_end = seeded.trimmed(text, new)
    while text.count(text[begin:old_end]) > 1:
        before = text.rfind("\n", 0, begin - 1) + 1
        old_end, new_end, begin = old_end, new_end, before
    signed = ["-" + line for line in text[begin:old_end].splitlines()]
    signed += ["+" + line for line in new[begin:new_end].splitlines()]
    return "\n".join([mutant.file, *signed])


class Equivalents:
    def __init__(self, path, include):
        self.include, self.arguments, self.void = include, {}, []
        for argument, file, old, new in seeded.blocks(path.read_text()):
            fault = seeded.change(argument, file, old, new, self.text(file))
            if fault.applies():
                self.arguments[file, fault.mutated(self.text(file))] = argument
            else:
                self.void.append(argument)

    def text(self, file):
        return (self.include / "raft" / file).read_text()

    def key(self, mutant):
        return mutant.file, mutant.mutated(self.text(mutant.file))

    def argument(self, mutant):
        """Why the mutant is equivalent; none if that is not known."""
        return self.arguments.get(self.key(mutant))

    def without_mutant(self, mutants):
        """The arguments of which the mutant is none of these."""
        keys = {self.key(mutant) for mutant in mutants}
        return self.void + [self.arguments[key] for key in self.arguments if key not in keys]
