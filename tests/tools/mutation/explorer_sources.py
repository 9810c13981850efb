# SPDX-License-Identifier: BSL-1.0
"""What raft-explore is built of, besides the headers that have the faults."""
import subprocess

PATTERNS = ["examples/explore/*.cpp", "examples/page/*.cpp"]


def sources(root):
    return sorted(source for pattern in PATTERNS for source in root.glob(pattern))


def own_headers(root, work):
    """The options that find them; one, the page of a run, is made in the folder for work."""
    page = root / "examples/page"
    subprocess.run(["cmake", f"-DSOURCE={page / 'web'}", f"-DOUTPUT={work / 'page_source.hpp'}",
                    "-P", page / "embed.cmake"], check=True)
    return ["-I", root / "tests", "-I", root / "examples", "-I", work]
