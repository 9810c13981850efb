#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# msgpackr writes a whole number as an integer up to 2^32 - 1 and as a floating-point number from
# 2^32 on. A C program that reads the index of a log breaks at entry 4,294,967,296.
#
# Version:  npm msgpackr 2.1.3, and @msgpack/msgpack 3.1.3 beside it; libmsgpack-dev 4.0.0-3 (C).
# Expected: the MessagePack specification has int formats up to 64 bits, and a serializer "SHOULD"
#           use the format with the fewest bytes: 4294967296 as uint 64, as @msgpack/msgpack does.
# Seen:     4294967295 is "ce ff ff ff ff" (uint 32), 4294967296 is "cb 41 f0 …" (float 64). The C
#           library then says FLOAT64 where it said POSITIVE_INTEGER one entry before, and a reader
#           that takes `via.u64` without a look at the type reads 4751297606875873280.
# It hurts: tests with small numbers pass, and the cluster meets the other type years later. Only a
#           BigInt keeps an integer an integer there.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get update -qq
apt-get install -y -qq --no-install-recommends libmsgpack-dev=4.0.0-3 gcc libc6-dev >install.log
npm init -y >install.log
npm install --silent --ignore-scripts --no-audit --no-fund \
  msgpackr@2.1.3 @msgpack/msgpack@3.1.3 >install.log

cat >read.c <<'EOF'
#include <inttypes.h>
#include <msgpack.h>
#include <stdio.h>

int main(void) {
  char bytes[16];
  size_t size = fread(bytes, 1, sizeof bytes, stdin);
  msgpack_unpacked index;
  msgpack_unpacked_init(&index);
  msgpack_unpack_next(&index, bytes, size, NULL);
  printf("%s, u64 %" PRIu64 "\n",
         index.data.type == MSGPACK_OBJECT_POSITIVE_INTEGER ? "integer" : "not an integer",
         index.data.via.u64);
  msgpack_unpacked_destroy(&index);
}
EOF
gcc read.c -o read -lmsgpackc
for number in 4294967295 4294967296 4294967296n; do
  echo "msgpackr $number: $(node -p "require('msgpackr').pack($number)" | tr -d '<>');" \
    "C: $(node -e "process.stdout.write(require('msgpackr').pack($number))" | ./read)"
done | tee seen.txt
other="process.stdout.write(require('@msgpack/msgpack').encode(4294967296))"
echo "@msgpack/msgpack 4294967296: C: $(node -e "$other" | ./read)" | tee -a seen.txt
diff seen.txt - <<'EOF'
msgpackr 4294967295: Buffer ce ff ff ff ff; C: integer, u64 4294967295
msgpackr 4294967296: Buffer cb 41 f0 00 00 00 00 00 00; C: not an integer, u64 4751297606875873280
msgpackr 4294967296n: Buffer d3 00 00 00 01 00 00 00 00; C: integer, u64 4294967296
@msgpack/msgpack 4294967296: C: integer, u64 4294967296
EOF
