# SPDX-License-Identifier: BSL-1.0
"""The clients, at the versions that the table of the manual speaks of, and how each is run."""

import dataclasses
import json
import pathlib

PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"
PYTHON = "/usr/bin/python3"  # The system's own has Debian's packages.


@dataclasses.dataclass
class Client:
    name: str  # Of the test.
    title: str  # In the table.
    version: str
    program: tuple = ()  # What runs it, the file in programs/, and what npm calls the package.
    kind: str = "defaults"
    pipelines: bool = True
    option: str = ""  # As the table shows it.
    options: object = dataclasses.field(default_factory=dict)  # As the program takes them.
    base_port: int = 0

    def command(self, packages, ports):
        interpreter, file, *package = self.program
        if interpreter == "node":
            interpreter = packages / "node"
        return [str(word) for word in (interpreter, PROGRAMS / file, *package,
                                       json.dumps(self.options), *ports)]


def with_option(client, word, option, options):
    return dataclasses.replace(client, name=f"{client.name}-{word}", kind="options",
                               option=option, options=options)


node_redis_6 = Client("node-redis-6", "node-redis", "6.3.1", ("node", "node_redis.mjs", "redis-6"))
node_redis_5 = Client("node-redis-5", "node-redis", "5.9.0", ("node", "node_redis.mjs", "redis-5"))
ioredis_6 = Client("ioredis-6", "ioredis", "6.0.0", ("node", "ioredis.mjs", "ioredis-6"))
ioredis_5 = Client("ioredis-5", "ioredis", "5.9.2", ("node", "ioredis.mjs", "ioredis-5"))
iovalkey = Client("iovalkey", "iovalkey", "0.4.0", ("node", "ioredis.mjs", "iovalkey"))
glide = Client("valkey-glide", "valkey-glide", "2.5.2",
               ("node", "glide.mjs", "@valkey/valkey-glide"))
redis_py = Client("redis-py", "redis-py", "4.3.4", (PYTHON, "redis_py.py"))
php = Client("php-redis", "php `RedisCluster`", "5.3.7", ("php", "redis_cluster.php"),
             pipelines=False)
predis = Client("predis", "predis", "1.1.10", ("php", "predis.php"))
ruby = Client("ruby-redis", "ruby redis", "4.8.0", ("ruby", "redis_rb.rb"))
redis_cli = Client("redis-cli", "`redis-cli -c`", "7.0.15", (PYTHON, "redis_cli.py"),
                   pipelines=False)
redis_benchmark = Client("redis-benchmark", "`redis-benchmark`", "7.0.15", kind="benchmark")

# What helps where the defaults do not.
WITH_OPTIONS = (
    with_option(node_redis_6, "timeouts",
                "`topologyRefreshOnReconnectionAttemptStrategy: 300`, "
                "`defaults: {pingInterval: 500, "
                "socket: {socketTimeout: 1000, reconnectStrategy: 100}}`",
                {"topologyRefreshOnReconnectionAttemptStrategy": 300, "defaults": {
                    "pingInterval": 500,
                    "socket": {"socketTimeout": 1000, "reconnectStrategy": 100}}}),
    with_option(ioredis_6, "socketTimeout", "`redisOptions: {socketTimeout: 1000}`",
                {"redisOptions": {"socketTimeout": 1000}}),
    with_option(ioredis_5, "socketTimeout", "`redisOptions: {socketTimeout: 1000}`",
                {"redisOptions": {"socketTimeout": 1000}}),
    with_option(iovalkey, "socketTimeout", "`redisOptions: {socketTimeout: 1000}`",
                {"redisOptions": {"socketTimeout": 1000}}),
    with_option(predis, "timeout", "`'parameters' => ['timeout' => 1, 'read_write_timeout' => 1]`",
                {"parameters": {"timeout": 1, "read_write_timeout": 1}}),
)
CLIENTS = {client.name: client for client in (
    node_redis_6, node_redis_5, ioredis_6, ioredis_5, iovalkey, glide, redis_py, php, predis, ruby,
    redis_cli, redis_benchmark, *WITH_OPTIONS,
)}
for number, client in enumerate(CLIENTS.values()):
    client.base_port = 7298 + 6 * number

if __name__ == "__main__":
    print(*CLIENTS, sep="\n")
