#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# libfiu with all of its failure points of I/O on fails write, fdatasync and rename, and lets their
# younger siblings through: openat, pwritev2, fallocate, sync_file_range, renameat and unlinkat.
#
# Version:  fiu-utils 1.1-3+b2 (Debian 12).
# Expected: its manual: `fiu-run -x` "allows simulate failures in the POSIX and C standard library
#           functions". With `enable name=posix/io/*` one expects that no I/O goes through.
# Seen:     the list below. Naming a failure point that does not exist is no error either.
# It hurts: a write-ahead log that is written with pwritev2(RWF_DSYNC) or preallocated with
#           fallocate passes its fault injection because there was none.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get update -qq
apt-get install -y -qq --no-install-recommends fiu-utils=1.1-3+b2 gcc libc6-dev >install.log

cat >calls.c <<'EOF'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#define SHOW(name, call) printf("%s %s\n", (call) < 0 ? "fails" : "works", name)

int main(void) {
  struct iovec part = {"entry", 5};
  int log = openat(AT_FDCWD, "log", O_CREAT | O_RDWR, 0600);
  SHOW("openat", log);
  SHOW("open", open("log", O_RDWR));
  SHOW("fallocate", fallocate(log, 0, 0, 4096));
  SHOW("ftruncate", ftruncate(log, 4096));
  SHOW("write", write(log, "entry", 5));
  SHOW("pwritev", pwritev(log, &part, 1, 0));
  SHOW("pwritev2", pwritev2(log, &part, 1, 0, RWF_DSYNC));
  SHOW("fdatasync", fdatasync(log));
  SHOW("sync_file_range", sync_file_range(log, 0, 5, SYNC_FILE_RANGE_WRITE));
  SHOW("rename", rename("log", "old"));
  SHOW("renameat", renameat(AT_FDCWD, "log", AT_FDCWD, "old"));
  SHOW("unlink", unlink("old"));
  SHOW("unlinkat", unlinkat(AT_FDCWD, "old", 0));
}
EOF
gcc calls.c -o calls
fiu-run -x -c 'enable name=posix/io/*' -c 'enable name=posix/io/rw/pwritev2' ./calls >seen.txt
sort seen.txt
diff <(sort seen.txt) - <<'EOF'
fails fdatasync
fails ftruncate
fails open
fails pwritev
fails rename
fails unlink
fails write
works fallocate
works openat
works pwritev2
works renameat
works sync_file_range
works unlinkat
EOF
