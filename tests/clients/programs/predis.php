<?php
// SPDX-License-Identifier: BSL-1.0
//
// php predis.php OPTIONS PORT…
require __DIR__ . '/lines.php';
require 'Predis/autoload.php';

$at = new stdClass;
obey([
    'version' => fn() => Predis\Client::VERSION,
    'connect' => function () use ($at) {
        $at->client = new Predis\Client(addresses('tcp://'), ['cluster' => 'redis'] + options());
    },
    'set' => fn($key, $value) => (string)$at->client->set($key, $value),
    'get' => fn($key) => $at->client->get($key),
    'incr' => fn($key) => $at->client->incr($key),
    'mset' => fn($pairs) => (string)$at->client->mset($pairs),
    'mget' => fn($keys) => $at->client->mget($keys),
    'pipeline' => fn($keys) => $at->client->pipeline(function ($pipeline) use ($keys) {
        foreach ($keys as $key) $pipeline->incr($key);
    }),
    'transaction' => fn($key, $counter) =>
        $at->client->transaction()->set($key, 'set')->incr($counter)->get($key)->execute(),
]);
