<?php
// SPDX-License-Identifier: BSL-1.0
//
// As lines.mjs, for PHP: one call after the other.

function addresses(string $scheme = ''): array
{
    return array_map(fn($port) => "{$scheme}127.0.0.1:$port", array_slice($_SERVER['argv'], 2));
}

function options(): array
{
    return json_decode($_SERVER['argv'][1], true);
}

function obey(array $verbs): void
{
    error_reporting(E_ERROR | E_PARSE);
    while (($line = fgets(STDIN)) !== false) {
        $told = json_decode($line, true);
        $said = ['id' => $told['id']];
        try {
            $verb = $verbs[$told['verb']] ?? throw new Exception('it has no such call');
            $said['ok'] = $verb(...$told['args']);
        } catch (Throwable $error) {
            $said['error'] = $error->getMessage() ?: get_class($error);
        }
        fwrite(STDOUT, json_encode($said) . "\n");
    }
}
