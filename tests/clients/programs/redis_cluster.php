<?php
// SPDX-License-Identifier: BSL-1.0
//
// php redis_cluster.php OPTIONS PORT…: the RedisCluster of phpredis.
require __DIR__ . '/lines.php';

$at = new stdClass;
// An error of the server is no exception, but `false`.
$checked = fn($result) => $result !== false ? $result
    : throw new Exception($at->cluster->getLastError() ?? 'it says false');
obey([
    'version' => fn() => phpversion('redis'),
    'connect' => function () use ($at) {
        $at->cluster = new RedisCluster(null, addresses(), ...options());
    },
    'set' => fn($key, $value) => $checked($at->cluster->set($key, $value)),
    'get' => fn($key) => $checked($at->cluster->get($key)),
    'incr' => fn($key) => $checked($at->cluster->incr($key)),
    'mset' => fn($pairs) => $checked($at->cluster->mset($pairs)),
    'mget' => fn($keys) => $checked($at->cluster->mget($keys)),
    'transaction' => function ($key, $counter) use ($at) {
        try {
            return $at->cluster->multi()->set($key, 'set')->incr($counter)->get($key)->exec();
        } catch (RedisClusterException $refused) {
            $at->cluster->discard();  // Or every later call is refused.
            throw $refused;
        }
    },
]);
