#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# sqlite3_serialize, called while the same connection has a write transaction open, holds the rows
# that are not committed. Nothing says so, and a rollback afterwards does not take them back.
#
# Version:  libsqlite3-0 3.40.1-2+deb12u2 (Debian 12), through Python 3.11's Connection.serialize.
# Expected: its documentation: "For an ordinary on-disk database file, the serialization is just a
#           copy of the disk file." The disk file has no such row (a second connection shows it).
#           VACUUM INTO refuses to run within a transaction.
# Seen:     in both journal modes the image has the row of the open transaction. The image passes
#           PRAGMA integrity_check: nothing tells it from an honest one.
# It hurts: a state machine that applies its log in batches, one transaction each, and takes a
#           snapshot by serialize within one, ships entries to others that it then rolls back.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get update -qq
apt-get install -y -qq --no-install-recommends \
  libsqlite3-0=3.40.1-2+deb12u2 python3=3.11.2-1+b1 >install.log

cat >serialize.py <<'EOF'
import sqlite3

ROWS = "SELECT group_concat(entry) FROM applied"

for mode in "DELETE", "WAL":
    writer = sqlite3.connect(mode, isolation_level=None)
    writer.execute(f"PRAGMA journal_mode = {mode}")
    writer.execute("CREATE TABLE applied (entry INTEGER)")
    writer.execute("INSERT INTO applied VALUES (1)")

    writer.execute("BEGIN")
    writer.execute("INSERT INTO applied VALUES (2)")
    try:
        writer.execute("VACUUM INTO 'copy'")
        refused = "taken"
    except sqlite3.OperationalError as error:
        refused = str(error)
    seen_by_others = sqlite3.connect(mode).execute(ROWS).fetchone()[0]
    image = bytearray(writer.serialize())
    writer.execute("ROLLBACK")

    image[18] = image[19] = 1  # An image of a WAL database opens in memory as a plain one.
    copy = sqlite3.connect(":memory:")
    copy.deserialize(bytes(image))
    in_image = copy.execute(ROWS).fetchone()[0]
    whole = copy.execute("PRAGMA integrity_check").fetchone()[0]
    after = writer.execute(ROWS).fetchone()[0]
    print(f"{mode}: others see {seen_by_others}; the image has {in_image}, integrity {whole};",
          f"after the rollback {after}; VACUUM INTO: {refused}")
    assert (seen_by_others, in_image, whole, after) == ("1", "1,2", "ok", "1")
    assert refused != "taken"
EOF
/usr/bin/python3 serialize.py
