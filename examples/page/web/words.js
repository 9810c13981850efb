// SPDX-License-Identifier: BSL-1.0
//
// Moments and events in words.

/// A moment, as precise as the distance between two that are told apart.
function moment(run, at, precision = 1000) {
  if (run.unit === 'step') return `step ${Math.round(at)}`;
  const digits = Math.min(9, Math.max(0, Math.ceil(9 - Math.log10(Math.max(precision, 1)))));
  return `${(at / 1e9).toFixed(digits).replace(/(\.\d{3}(\d{3})?)(000)+$/, '$1')} s`;
}

function length(nanoseconds) {
  if (nanoseconds >= 1e9) return `${(nanoseconds / 1e9).toPrecision(3)} s`;
  if (nanoseconds >= 1e6) return `${(nanoseconds / 1e6).toPrecision(3)} ms`;
  return `${(nanoseconds / 1e3).toPrecision(3)} µs`;
}

const range = (first, last) => first === last ? `entry ${first}` : `entries ${first}–${last}`;
const named = name => name.replace(/-/g, ' ');

function standingInWords(before, role, term, vote) {
  if (role === Role.down) return 'goes down';
  const votes = vote && (vote !== before.vote || term !== before.term) ? `, votes for ${vote}` : '';
  if (before.role === Role.down)
    return `${before.begun ? 'starts again' : 'starts'}, a ${roleNames[role]} of term ${term}`;
  if (role !== before.role) return `becomes ${roleNames[role]} of term ${term}${votes}`;
  if (term !== before.term) return `is in term ${term}${votes}`;
  return votes ? `votes for ${vote} in term ${term}` : `is ${roleNames[role]} of term ${term}`;
}

/// `before`: the state of its server before it.
function inWords(run, event, before) {
  const [at, , what, a, b, c] = event;
  const message = () => run.messages[a];
  switch (what) {
    case 'stood': return standingInWords(before, a, b, c);
    case 'appended': return `appends ${range(a, b)} of term ${c}`;
    case 'cut': return a === 0 ? 'has no log' : `cuts its log off after entry ${a}`;
    case 'compacted': return `has a snapshot of all up to entry ${a}`;
    case 'committed':
      return a > before.commit ? `knows ${range(before.commit + 1, a)} committed`
                               : `forgets what is committed after entry ${a}`;
    case 'sent': return `→ ${message()[1]}  ${message()[3]}`;
    case 'arrived': return `← ${message()[0]}  ${message()[3]}`;
    case 'lost': return `lost: ${message()[0]} → ${message()[1]}  ${message()[3]}`;
    case 'fault': return `fault: ${named(a)}${b > at ? `, for ${length(b - at)}` : ''}`;
    case 'violation': return `violation: ${a}`;
    case 'note': return a;
  }
  return what;
}
