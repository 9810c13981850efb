# SPDX-License-Identifier: BSL-1.0
"""The extents of operands in C++ as this project writes it.

It is no parser: clang-format has been here before, so an operator between two operands has white
space on both sides, and a bracket of a template has none before it. What rests on more than that
is refused.
"""
import re

TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w'.]*|<=>|<<=|>>=|->|::|&&|\|\||==|!=|<=|>=|\+\+|--"
                   r"|[-+*/%&|^]=|<<|(?<=\s)>>(?=\s)|\.\.\.|[^\s\w]")
BLANKED = re.compile(r'//[^\n]*|"(?:\\.|[^"\\\n])*"|^[ \t]*#[^\n]*', re.MULTILINE)
PRECEDENCE = {"*": 12, "/": 12, "%": 12, "+": 11, "-": 11, "<<": 10, ">>": 10, "<": 8, "<=": 8,
              ">": 8, ">=": 8, "==": 7, "!=": 7, "&": 6, "^": 5, "|": 4, "&&": 3, "||": 2}
LOOSEST = {"?", ":", "=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", ",", ";"}
KEYWORDS = {"return", "else", "case", "do", "throw"}
OPEN, CLOSE = {"(": ")", "[": "]", "{": "}", "<": ">"}, {")", "]", "}", ">"}


class Token:
    def __init__(self, text, begin, end, spaced):
        self.text, self.begin, self.end = text, begin, end
        self.spaced = spaced  # White space before and after it.
        self.partner = None   # The index of the bracket that belongs to it.

    def is_operator(self):
        return self.spaced and self.text in PRECEDENCE

    def ends_expressions(self):
        return self.text in KEYWORDS or self.text in LOOSEST


class Source:
    """The tokens of a file, its brackets in pairs; comments, strings and directives are blank."""

    def __init__(self, text):
        self.text = text
        self.code = BLANKED.sub(lambda found: " " * len(found[0]), text)
        self.tokens = [self.token(found) for found in TOKEN.finditer(self.code)]
        self.pair_brackets()

    def token(self, found):
        around = self.code[found.start() - 1:found.start()] + self.code[found.end():found.end() + 1]
        return Token(found[0], found.start(), found.end(), around.isspace() and len(around) == 2)

    def pair_brackets(self):
        opened = []
        for at, token in enumerate(self.tokens):
            if token.is_operator():
                continue
            if token.text in OPEN:
                opened.append(at)
            elif token.text in CLOSE:
                while opened and OPEN[self.tokens[opened[-1]].text] != token.text:
                    opened.pop()  # A `<` that was no bracket.
                if opened:
                    token.partner = opened.pop()
                    self.tokens[token.partner].partner = at

    def is_block(self, at):
        """Whether the brace here begins a block, as against a value in braces."""
        before = self.tokens[at - 1]
        return self.code[self.tokens[at].begin - 1].isspace() and before.text not in {
            "return", "=", ",", "(", "{"}

    def left_operand(self, at):
        """Where the left operand of the operator at this index begins."""
        precedence, first = PRECEDENCE[self.tokens[at].text], at
        while first > 0:
            token = self.tokens[first - 1]
            if token.ends_expressions() or (
                    token.is_operator() and PRECEDENCE[token.text] < precedence):
                break
            if token.text in CLOSE and token.partner is not None:
                if token.text == "}" and self.is_block(token.partner):
                    break
                first = token.partner
            elif token.text in OPEN and not token.is_operator():
                break
            else:
                first -= 1
        return self.tokens[first].begin

    def right_operand(self, at):
        """Where the right operand of the operator at this index ends."""
        return self.end_after(at, PRECEDENCE[self.tokens[at].text])

    def end_of_unary(self, at):
        """Where the operand of the prefix operator at this index ends."""
        return self.end_after(at, max(PRECEDENCE.values()))

    def end_after(self, at, precedence):
        last = at
        while last + 1 < len(self.tokens):
            token = self.tokens[last + 1]
            if token.ends_expressions() or (
                    token.is_operator() and PRECEDENCE[token.text] <= precedence):
                break
            if token.text in OPEN and not token.is_operator() and token.partner is not None:
                if token.text == "{" and self.is_block(last + 1):
                    break
                last = token.partner
            elif token.text in CLOSE and not token.is_operator():
                break
            else:
                last += 1
        return self.tokens[last].end

    def is_constant(self, at):
        """Whether the token stands in the condition of an `if constexpr`, or says what a constant
        is."""
        depth = 0
        for before in range(at - 1, 0, -1):
            text = self.tokens[before].text
            if text in {";", "{", "}"}:
                return self.tokens[before + 1].text == "constexpr"
            depth += (text == ")") - (text == "(")
            if depth < 0 and self.tokens[before - 1].text == "constexpr":
                return True
        return False
