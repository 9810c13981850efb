#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# Linux's ext4: a part of a file that was preallocated and never written is a hole to SEEK_DATA, until
# somebody reads there: then it is data, and so is what the kernel has read ahead.
#
# Version:  ext4 of e2fsprogs 1.47.0-2 (Debian 12), on Linux 6.18; the kernel at hand is printed.
# Expected: lseek(2): a hole is "a sequence of zeros that (normally) has not been allocated in the
#           underlying file storage"; file systems "are not obliged to report holes". One expects that
#           reading a file changes nothing of what lseek says of it.
# Seen:     no data in 8 MiB that fallocate has allocated; after a pread of 4,096 bytes at the beginning
#           the first 16 KiB are data. Who reads as SEEK_DATA leads him is led through the whole file,
#           since each read has the kernel read ahead.
# It hurts: a log that is preallocated, and asks at a start where its end can be, reads tens of
#           megabytes of zeros at each one. Ask for all of the map before the first read.
set -euo pipefail
dir=$(mktemp -d)
trap 'umount "$dir/mounted" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"

apt-get update -qq
apt-get install -y -qq --no-install-recommends e2fsprogs=1.47.0-2* python3 >install.log

truncate -s 64M image
mkfs.ext4 -q image
mkdir mounted
mount -o loop image mounted
cat >look.py <<'EOF'
import os

file = os.open("mounted/log", os.O_CREAT | os.O_RDWR)
os.posix_fallocate(file, 0, 8 << 20)


def data():
    found, at = [], 0
    while True:
        try:
            begin = os.lseek(file, at, os.SEEK_DATA)
        except OSError:
            return found
        at = os.lseek(file, begin, os.SEEK_HOLE)
        found.append((begin, at))


before = data()
os.pread(file, 4096, 0)
after = data()
print(f"Linux {os.uname().release}: data before the read: {before}, after it: {after}")
assert before == [] and after[0][0] == 0 and after[0][1] > 4096
EOF
python3 look.py
