# SPDX-License-Identifier: BSL-1.0
"""Small changes of operators, each made wherever it can be."""
import re

from mutation.mutants import ENDING, Edit, Mutant, around
from mutation.source import KEYWORDS, Source

FILES = ["election", "replication", "durable", "role", "snapshot", "sending", "read", "forwarding",
         "forwarders", "transfer", "log", "reconfiguration", "configuration", "step", "membership",
         "quiescence", "lost_entries", "effects", "disk", "writing", "progress", "quorum", "round",
         "lease", "follower_read", "heartbeat", "steady", "missing_commands", "removal",
         "initial_state"]
NOT_CODE = re.compile(r"\s*(#|template|static_assert|friend|constexpr auto operator)")
# What becomes what, and which function of schema.hpp is either.
BINARY = {"<": ("<=", "less"), "<=": ("<", "at_most"), ">": (">=", "greater"),
          ">=": (">", "at_least"), "==": ("!=", "equal"), "!=": ("==", "unequal"),
          "+": ("-", "sum")}
CONNECTIVES = {"&&": "||", "||": "&&"}
FUNCTIONS = {"greatest": ("least", "greatest_of"), "least": ("greatest", "least_of"),
             "next": ("", "next_of"), "previous": ("", "previous_of")}
RESULTS = {"true": "false", "false": "true"}
HELPER = "::raft::mutation::"
LIVES = HELPER + "lives({n})"


def binary(source, at, new, before, between, after):
    """The operator between its operands, which stay the same whatever binds tighter now."""
    token = source.tokens[at]
    begin, end = source.left_operand(at), source.right_operand(at)
    edits = around(begin, "(", end, ")") + [Edit(token.begin, len(token.text), new)]
    schema = around(begin, before, end, after) + [Edit(token.begin, len(token.text), between)]
    return new, edits, schema


def comparison(source, at):
    new, helper = BINARY[source.tokens[at].text]
    return binary(source, at, new, f"{HELPER}{helper}({{n}}, ", ",", ")")


def connective(source, at):
    """By De Morgan: one is the other if both operands and the result are negated."""
    old = source.tokens[at].text
    return binary(source, at, CONNECTIVES[old], "(((static_cast<bool>(",
                  f") != {LIVES}) {old} (static_cast<bool>(", f") != {LIVES})) != {LIVES})")


def function(source, at):
    token = source.tokens[at]
    new, helper = FUNCTIONS[token.text]
    return (f"{new}(", [Edit(token.begin, len(token.text), new)],
            [Edit(token.begin, len(token.text) + 1, f"{HELPER}{helper}({{n}}, ")])


def increment(source, at):
    begin, end = source.tokens[at].begin, source.end_of_unary(at)
    return "--", [Edit(begin, 2, "--")], [Edit(begin, 2, f"{HELPER}increment({{n}}, "),
                                          Edit(end, 0, ")", ENDING - begin)]


def result(source, at):
    token = source.tokens[at]
    new = RESULTS[token.text]
    return (f"return {new};", [Edit(token.begin, len(token.text), new)],
            [Edit(token.begin, len(token.text), f"{HELPER}result({{n}}, {token.text})")])


def change_of(source, at):
    """What becomes of the token with this index, if anything."""
    before, token, after = source.tokens[at - 1:at + 2]
    if token.is_operator() and token.text in BINARY:
        return comparison(source, at)
    if token.is_operator() and token.text in CONNECTIVES:
        return connective(source, at)
    if token.text in FUNCTIONS and after.text == "(" and (
            before.text in KEYWORDS or not re.match(r"\w|[.:>]", before.text)):
        return function(source, at)
    if token.text == "++" and re.match(r"\w", after.text):
        return increment(source, at)
    if token.text in RESULTS and before.text == "return" and after.text == ";":
        return result(source, at)
    return None


def mutants_of(file, text):
    source, lines = Source(text), text.split("\n")
    for at in range(1, len(source.tokens) - 1):
        place = source.tokens[at].begin
        number = text.count("\n", 0, place)
        change = None if NOT_CODE.match(lines[number]) else change_of(source, at)
        if change is None:
            continue
        new, edits, schema = change
        column = place - text.rfind("\n", 0, place)
        old = "return" if new.startswith("return") else source.tokens[at].text
        yield Mutant(f"{file}:{number + 1}:{column}: '{old}' becomes '{new}'", file, edits,
                     None if source.is_constant(at) else schema)


def all_of(include):
    for name in FILES:
        file = f"core/{name}.hpp"
        yield from mutants_of(file, (include / "raft" / file).read_text())
