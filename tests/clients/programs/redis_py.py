# SPDX-License-Identifier: BSL-1.0
#
# python3 redis_py.py OPTIONS PORT…
import json
import sys

import redis
from redis.cluster import ClusterNode, RedisCluster

ports = [int(port) for port in sys.argv[2:]]
options = json.loads(sys.argv[1])
cluster = None


def connect():
    global cluster
    cluster = RedisCluster(startup_nodes=[ClusterNode("127.0.0.1", port) for port in ports],
                           decode_responses=True, **options)


def pipeline(keys):
    commands = cluster.pipeline()
    for key in keys:
        commands.incr(key)
    return commands.execute()


def transaction(key, counter):
    commands = cluster.pipeline(transaction=True)
    commands.set(key, "set")
    commands.incr(counter)
    commands.get(key)
    return commands.execute()


verbs = {
    "version": lambda: redis.__version__,
    "connect": connect,
    "set": lambda key, value: cluster.set(key, value),
    "get": lambda key: cluster.get(key),
    "incr": lambda key: cluster.incr(key),
    "mset": lambda pairs: cluster.mset(pairs),
    "mget": lambda keys: cluster.mget(keys),
    "pipeline": pipeline,
    "transaction": transaction,
}
for line in sys.stdin:
    told = json.loads(line)
    try:
        said = {"ok": verbs[told["verb"]](*told["args"])}
    except Exception as error:
        said = {"error": str(error) or type(error).__name__}
    print(json.dumps({"id": told["id"], **said}), flush=True)
