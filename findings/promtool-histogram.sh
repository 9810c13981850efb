#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# `promtool check metrics` passes a histogram whose buckets fall, that has no +Inf bucket, and whose
# count fits none of them. It passes one series told twice with two values as well.
#
# Version:  prometheus 2.42.0+ds-5+deb12u1 (Debian 12).
# Expected: its help: "lint them for consistency and correctness". The text format asks for a bucket
#           le="+Inf" with the value of _count, and buckets are cumulative: they cannot fall.
# Seen:     exit code 0 and not a word for all of these, although the same command refuses a counter
#           for the lack of "_total" in its name (exit code 3). It judges names, not numbers.
# It hurts: a server that writes its own /metrics and tests the page with promtool learns nothing of
#           a histogram of commit latencies that is wrong; histogram_quantile then gives nonsense.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get update -qq
apt-get install -y -qq --no-install-recommends prometheus=2.42.0+ds-5+deb12u1 >install.log

cat >falling.txt <<'EOF'
# HELP commit_latency_seconds Time from proposal to commit.
# TYPE commit_latency_seconds histogram
commit_latency_seconds_bucket{le="0.1"} 5
commit_latency_seconds_bucket{le="1"} 3
commit_latency_seconds_sum 2
commit_latency_seconds_count 9
EOF
cat >twice.txt <<'EOF'
# HELP raft_term The current term.
# TYPE raft_term gauge
raft_term{member="1"} 5
raft_term{member="1"} 6
EOF
cat >name.txt <<'EOF'
# HELP raft_elections Elections begun.
# TYPE raft_elections counter
raft_elections 5
EOF

for page in falling twice; do
  said=$(promtool check metrics <"$page.txt" 2>&1)
  [[ -z $said ]]
  echo "$page.txt: passed without a word"
done
code=0
promtool check metrics <name.txt || code=$?
[[ $code -eq 3 ]]
