# SPDX-License-Identifier: BSL-1.0
"""The faults written down, in seeded_mutants.txt and in the form that it describes."""
import re

from mutation.mutants import BEFORE_ALL, Edit, Mutant, around

LIVES = "::raft::mutation::lives({n})"
DECLARATION = re.compile(r"(?!return\b|else\b)(?:const )?[\w:]+(?:<.*>)?[&*]? \w+(?: =|\{|;|\(.*\{)"
                         r"|\[\[|case\b|\w.*\bconstexpr\b")
# Code of which the group may be another, and what stands before and after it in the choice.
EXPRESSION = f"{LIVES} ? (NEW) : (", ")"
BODY = f" if ({LIVES}) {{NEW}} else {{", "}"
FORMS = [(re.compile(form, re.DOTALL), *parts) for form, parts in [
    (r"\s*(?:const )?[\w:]+ \w+ =\s([^;]*);\n", EXPRESSION),
    (r"\s*\.\w+ = (?:\{\w+, )?([^;{}]*)(?:\},|,|\};)\n", EXPRESSION),
    (r"\s*(?:\} else )?(?:if|while) \(([^;]*)\)(?: \[\[(?:un)?likely\]\])?(?: \{| [^;()]*;)?\n",
     EXPRESSION),
    (r" *[^\n;]*\{ return ([^;]*); \}\n", EXPRESSION),
    (r" *[^\n;]*\)(?: const)? \{( [^{}]*; )\}\n", BODY)]]


def blocks(text):
    """Of each fault the title, the file, the old lines and the new ones."""
    for block in text.split("\n\n"):
        lines = [line for line in block.strip("\n").split("\n") if not line.startswith("#")]
        head = [line for line in lines if not line.startswith(("-", "+"))]
        if len(head) > 1:
            old, new = ("".join(line[1:] + "\n" for line in lines if line.startswith(sign))
                        for sign in "-+")
            yield " ".join(head[:-1]), head[-1], old, new


def trimmed(old, new):
    """Where the lines that differ are in either: begin, end of the old, end of the new."""
    olds, news = old.splitlines(True), new.splitlines(True)
    shorter = min(len(olds), len(news))
    first = next((at for at in range(shorter) if olds[at] != news[at]), shorter)
    last = next((at for at in range(shorter - first) if olds[-1 - at] != news[-1 - at]),
                shorter - first)
    begin, tail = len("".join(olds[:first])), len("".join(olds[len(olds) - last:]))
    return begin, len(old) - tail, len(new) - tail


def is_balanced(code):
    return all(code.count(one) == code.count(other) for one, other in ["()", "{}", "[]"])


def is_statement(code, may_declare):
    """Whether these are whole statements, and whether others may use what they declare."""
    lines = code.strip("\n").split("\n")
    indent = len(lines[0]) - len(lines[0].lstrip())
    outermost = [line[indent:] for line in lines if len(line) > indent and line[indent] != " "]
    return (is_balanced(code) and code.rstrip().endswith((";", "}")) and
            not code.lstrip().startswith(("else", "}", ".")) and
            (may_declare or not any(DECLARATION.match(line) for line in outermost)))


def around_group(found):
    """The words of what was matched but for the group."""
    return found.string[:found.start(1)].split(), found.string[found.end(1):].split()


def choice(place, old, new):
    """The edits that make the old code here a choice between both; none if there is no form."""
    if not old.strip():
        return [Edit(place, 0, f"if ({LIVES}) {{\n{new}}}\n", BEFORE_ALL)]
    for form, before, after in FORMS:
        a, b = form.fullmatch(old), form.fullmatch(new)
        if a and b and around_group(a) == around_group(b):
            return around(place + a.start(1), before.replace("NEW", b[1]),
                          place + a.end(1), after)
    if is_statement(old, False) and (not new.strip() or is_statement(new, True)):
        return around(place, f"if ({LIVES}) {{\n{new}}} else {{\n", place + len(old), "}\n")
    return None


def is_within(line):
    """Whether what follows this line belongs to the same statement."""
    code = line.split("//")[0].rstrip()
    return code != "" and not code.endswith((";", "{", "}", ")", ":", ",", "]", "else"))


def schema_of(text, place, old, new):
    """The lines that differ, and of those around them what belongs to the same statement."""
    first, old_end, new_end = trimmed(old, new)
    before, after = old[first:old_end], new[first:new_end]
    begin, end = place + first, place + old_end
    while before and is_within(line := text[:begin].splitlines(True)[-1]):
        before, after, begin = line + before, line + after, begin - len(line)
    while before and is_within(before.splitlines()[-1]):
        line = text[end:text.index("\n", end) + 1]
        before, after, end = before + line, after + line, end + len(line)
    return choice(begin, before, after)


def change(title, file, old, new, text):
    """The mutant; it does not apply if the old lines are not in the text exactly once."""
    if not text or text.count(old) != 1:
        return Mutant(title, file, None)
    place = text.index(old)
    return Mutant(title, file, [Edit(place, len(old), new)], schema_of(text, place, old, new))


def read(path, include):
    """The faults in a list of them."""
    for title, file, old, new in blocks(path.read_text()):
        changed = include / "raft" / file
        yield change(title, file, old, new, changed.read_text() if changed.exists() else "")
