# SPDX-License-Identifier: BSL-1.0
"""The tables of the manual that are generated: a row for each client, between two marks."""

from clients import CLIENTS
from cluster import Failure


def row_of(client, seen):
    name = f"{client.title} {client.version}"
    cells = [f"{name}, {client.option}" if client.option else name, *seen.values()]
    return "| " + " | ".join(cells) + " |"


class Table:
    """The lines between the marks `<!-- clients: NAME -->` and `<!-- end -->`."""

    def __init__(self, file, name):
        self.file = file
        self.lines = file.read_text().split("\n")
        try:
            self.begin = self.lines.index(f"<!-- clients: {name} -->") + 1
            self.end = self.lines.index("<!-- end -->", self.begin)
        except ValueError:
            raise Failure(f"{file} has no table '{name}'") from None

    def rows(self):
        return self.lines[self.begin + 2:self.end]

    def put(self, heads, row):
        """In place of the client's row, or as a new one, in the order of the clients."""
        names = [row_of(client, {}).removesuffix(" |") for client in CLIENTS.values()]
        place = {name: number for number, name in enumerate(names)}

        def name_of(row):
            return row[:row.index(" |", 2)]

        rows = [other for other in self.rows() if name_of(other) != name_of(row)]
        rows = sorted((other for other in [*rows, row] if name_of(other) in place),
                      key=lambda other: place[name_of(other)])
        head = "| " + " | ".join(["client", *heads]) + " |"
        self.lines[self.begin:self.end] = [head, "|---" * (len(heads) + 1) + "|", *rows]
        self.file.write_text("\n".join(self.lines))


def hold(client, seen, file, update):
    """Fails unless the client's row is what was seen; with `update` makes it so."""
    table = Table(file, "options" if client.option else "defaults")
    row = row_of(client, seen)
    if update:
        table.put(list(seen), row)
    elif row not in table.rows():
        raise Failure(f"{file} lacks what was seen (--update writes it):\n{row}")
