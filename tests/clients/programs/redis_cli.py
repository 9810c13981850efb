# SPDX-License-Identifier: BSL-1.0
#
# python3 redis_cli.py OPTIONS PORT…: one redis-cli -c that is told what to do as by a person. It
# takes a single address.
import json
import subprocess
import sys

ports = sys.argv[2:]
cli = None
asked = 0


def connect():
    global cli
    if cli:
        cli.kill()
    answering = [port for port in ports if subprocess.run(
        ["redis-cli", "-p", port, "PING"], capture_output=True).returncode == 0]
    cli = subprocess.Popen(["redis-cli", "-c", "--json", "-p", answering[0]], text=True,
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def ask(*commands):
    """The last of what it prints until it has answered an ECHO behind the commands."""
    global asked
    asked += 1
    mark = f"answer {asked} ends here"
    cli.stdin.write("".join(command + "\n" for command in (*commands, f'ECHO "{mark}"')))
    cli.stdin.flush()
    said, failed = [], []
    for line in cli.stdout:
        if mark in line:
            break
        if line.startswith(("Error: ", "Could not connect", "error:")):
            failed.append(line.strip())
            if len(failed) > len(commands):
                break
        elif line.strip() and not line.startswith("->"):
            said.append(line)
    if failed or not said:
        raise RuntimeError(failed[0] if failed else "it says nothing")
    return json.loads(said[-1])


def transaction(key, counter):
    return ask("MULTI", f"SET {key} set", f"INCR {counter}", f"GET {key}", "EXEC")


verbs = {
    "version": lambda: subprocess.run(["redis-cli", "--version"], capture_output=True,
                                      text=True).stdout.split()[1],
    "connect": connect,
    "set": lambda key, value: ask(f"SET {key} {value}"),
    "get": lambda key: ask(f"GET {key}"),
    "incr": lambda key: ask(f"INCR {key}"),
    "mset": lambda pairs: ask("MSET " + " ".join(f"{key} {value}" for key, value in pairs.items())),
    "mget": lambda keys: ask("MGET " + " ".join(keys)),
    "transaction": transaction,
}
for line in sys.stdin:
    told = json.loads(line)
    try:
        said = {"ok": verbs[told["verb"]](*told["args"])}
    except Exception as error:
        said = {"error": str(error) or type(error).__name__}
    print(json.dumps({"id": told["id"], **said}), flush=True)
