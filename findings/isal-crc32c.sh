#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# Two CRC functions of one header disagree about who inverts: ISA-L's crc32_iscsi from 0 is not the
# CRC32C that every log format means, while its crc32_gzip_refl from 0 is the CRC-32 of zlib.
#
# Version:  libisal-dev 2.30.0-5 (Debian 12).
# Expected: the published check values of "123456789": CRC32C (iSCSI) is e3069283, CRC-32 cbf43926.
#           crc.h calls the parameter "initial CRC value" in both.
# Seen:     crc32_gzip_refl(0, …) is cbf43926, but crc32_iscsi(…, 0) is 58e3fa20. The caller has
#           to invert before and after, ~crc32_iscsi(…, ~0), to get e3069283, and not in between
#           where a second part goes on from the first. The order of arguments differs as well.
# It hurts: a write-ahead log whose checksums come from here agrees with itself and with no other
#           tool; and from 0 without inverting, any number of zero bytes has the checksum 0, so a
#           zeroed record passes as whole.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get update -qq
apt-get install -y -qq --no-install-recommends libisal-dev=2.30.0-5 gcc libc6-dev >install.log

cat >crc.c <<'EOF'
#include <isa-l.h>
#include <stdio.h>

int main(void) {
  unsigned char nine[] = "123456789";
  unsigned char zeros[64] = {0};
  printf("crc32_gzip_refl from 0: %08x\n", crc32_gzip_refl(0, nine, 9));
  printf("crc32_iscsi from 0: %08x\n", crc32_iscsi(nine, 9, 0));
  printf("crc32_iscsi inverted twice: %08x\n", ~crc32_iscsi(nine, 9, ~0u));
  printf("crc32_iscsi in two parts: %08x\n", ~crc32_iscsi(nine + 4, 5, crc32_iscsi(nine, 4, ~0u)));
  printf("crc32_iscsi from 0 of 64 zero bytes: %08x\n", crc32_iscsi(zeros, 64, 0));
}
EOF
gcc crc.c -o crc -lisal
./crc | tee seen.txt
diff seen.txt - <<'EOF'
crc32_gzip_refl from 0: cbf43926
crc32_iscsi from 0: 58e3fa20
crc32_iscsi inverted twice: e3069283
crc32_iscsi in two parts: e3069283
crc32_iscsi from 0 of 64 zero bytes: 00000000
EOF
