# SPDX-License-Identifier: BSL-1.0
"""The playground's module asks its page for nothing, and has no threads.

    module.py playground.wasm
"""

import pathlib
import sys

IMPORTS, MEMORY = 2, 5


def number(data, at):
    """An unsigned LEB128, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if byte < 0x80:
            return value, at


def sections(data):
    if data[:8] != b"\0asm\1\0\0\0":
        sys.exit("this is no WebAssembly")
    at = 8
    while at < len(data):
        kind = data[at]
        size, at = number(data, at + 1)
        yield kind, data[at:at + size]
        at += size


def main():
    data = pathlib.Path(sys.argv[1]).read_bytes()
    found = dict(sections(data))
    imports = number(found[IMPORTS], 0)[0] if IMPORTS in found else 0
    if imports:
        sys.exit(f"it imports {imports} things from its page, and may import none")
    shared = found[MEMORY][1] & 2  # The flags of the first memory.
    if shared:
        sys.exit("its memory is shared: it has threads")
    print(f"{len(data)} bytes, no imports, no threads")


if __name__ == "__main__":
    main()
