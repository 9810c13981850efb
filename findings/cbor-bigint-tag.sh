#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# The npm package cbor writes every BigInt, 5n too, as a tagged byte string. libcbor finds no
# integer there. The successor by the same author, cbor2, writes an integer.
#
# Version:  npm cbor 10.0.12 and cbor2 2.3.0; libcbor-dev 0.8.0-2+b1 (C).
# Expected: RFC 8949, section 3.4.3: in preferred serialization a bignum that fits major type 0 or 1
#           (below 2^64) is encoded there. cbor's documentation calls the result RFC 8949.
# Seen:     cbor: 5n is c2 41 05, and 2^63 is c2 48 80 …: tag 2 around a byte string. The number
#           5 is 05. cbor2: 05 and 1b 80 …; libcbor tells a tag there and an unsigned integer here.
# It hurts: terms and indexes are BigInt in JavaScript for good reason, and members in C or Go do
#           not take a tag for an integer; and one value has two encodings, 05 and c24105, so
#           hashes of equal entries differ.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get update -qq
apt-get install -y -qq --no-install-recommends libcbor-dev=0.8.0-2+b1 gcc libc6-dev >install.log
npm init -y >install.log
npm install --silent --ignore-scripts --no-audit --no-fund cbor@10.0.12 cbor2@2.3.0 >install.log

cat >read.c <<'EOF'
#include <cbor.h>
#include <stdio.h>

int main(void) {
  unsigned char bytes[32];
  size_t size = fread(bytes, 1, sizeof bytes, stdin);
  struct cbor_load_result result;
  cbor_item_t* item = cbor_load(bytes, size, &result);
  if (item == NULL) return 1;
  puts(cbor_isa_uint(item) ? "unsigned" : cbor_isa_tag(item) ? "tag" : "something else");
  cbor_decref(&item);
}
EOF
gcc read.c -o read -lcbor
cat >write.mjs <<'EOF'
import cbor from 'cbor';
import { encode } from 'cbor2';
const encoders = { cbor: cbor.encode, cbor2: encode };
const bytes = Buffer.from(encoders[process.argv[2]](eval(process.argv[3])));
process.stdout.write(process.argv[4] ? bytes : bytes.toString('hex'));
EOF
for package in cbor cbor2; do
  for value in 5 5n 2n**63n; do
    echo "$package $value: $(node write.mjs $package $value)" \
      "$(node write.mjs $package $value raw | ./read)"
  done
done | tee seen.txt
diff seen.txt - <<'EOF'
cbor 5: 05 unsigned
cbor 5n: c24105 tag
cbor 2n**63n: c2488000000000000000 tag
cbor2 5: 05 unsigned
cbor2 5n: 05 unsigned
cbor2 2n**63n: 1b8000000000000000 unsigned
EOF
