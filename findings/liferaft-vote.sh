#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# liferaft votes for a candidate whose log lacks entries that the voter has: it refuses only who is
# behind in index and in term at once. Committed entries can be lost in an ordinary election.
#
# Version:  npm liferaft 1.0.0; the fork @markwylde/liferaft 1.4.0 beside it.
# Expected: the Raft paper, section 5.4.1: the voter denies its vote if its own log is more
#           up-to-date: a later last term, or the same last term and a higher last index. liferaft's
#           comments name that section.
# Seen:     a voter whose last entry is (index 10, term 3) grants its vote to a candidate with
#           (5, 3), who lacks five entries, and to one with (11, 2), who lacks all of term 3.
#           It refuses (9, 2). The fork refuses all three.
# It hurts: a leader commits with two of three servers and stops; the third, five entries behind,
#           gets the second's vote, leads, and the entries are gone.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

npm init -y >install.log
npm install --silent --ignore-scripts --no-audit --no-fund \
  liferaft@1.0.0 @markwylde/liferaft@1.4.0 memdown@6.1.1 >install.log

cat >vote.js <<'EOF'
async function ask(name) {
  const Raft = require(name);
  const voter = new Raft('tcp://127.0.0.1:1', {
    'election min': '60 s', 'election max': '61 s',
    Log: require(name + '/log'), adapter: require('memdown'), path: name,
  });
  for (let index = 1; index <= 10; index++) await voter.log.saveCommand({ index }, 3, index);

  let electionTerm = 10;
  for (const [index, term] of [[10, 3], [5, 3], [11, 2], [9, 2]]) {
    const request = {
      type: 'vote', state: Raft.CANDIDATE, address: 'tcp://127.0.0.1:2', leader: '',
      term: ++electionTerm, last: { index, term, committedIndex: 0 },
    };
    const answer = await new Promise((resolve) => voter.emit('data', request, resolve));
    const verdict = answer.data.granted ? 'granted' : 'refused';
    console.log(`${name}: the candidate's last entry is (${index}, term ${term}): ${verdict}`);
  }
  voter.end();
}

ask('liferaft').then(() => ask('@markwylde/liferaft'));
EOF
node vote.js | tee seen.txt
diff seen.txt - <<'EOF'
liferaft: the candidate's last entry is (10, term 3): granted
liferaft: the candidate's last entry is (5, term 3): granted
liferaft: the candidate's last entry is (11, term 2): granted
liferaft: the candidate's last entry is (9, term 2): refused
@markwylde/liferaft: the candidate's last entry is (10, term 3): granted
@markwylde/liferaft: the candidate's last entry is (5, term 3): refused
@markwylde/liferaft: the candidate's last entry is (11, term 2): refused
@markwylde/liferaft: the candidate's last entry is (9, term 2): refused
EOF
