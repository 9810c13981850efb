// SPDX-License-Identifier: BSL-1.0
//
// The run as the page has it: read once, with an index by time of all that is drawn.

const Role = {down: 0, follower: 1, preCandidate: 2, candidate: 3, leader: 4, halted: 5};
const roleNames = ['down', 'follower', 'pre-candidate', 'candidate', 'leader', 'halted'];
const classNames = ['election', 'entries', 'heartbeat', 'reply', 'snapshot', 'other'];
const Fate = {open: 0, arrived: 1, lost: 2};

// An event is [moment, server, word, …]; these are the places of the first three.
const AT = 0, SERVER = 1, WHAT = 2;

/// The first place in a sorted array whose value is at least `value`.
function lowerBound(sorted, value, size = sorted.length) {
  let low = 0, high = size;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1; else high = middle;
  }
  return low;
}

/// What crosses the picture: each message once for each time that it comes, or once if it never
/// does. An end that nobody saw is NaN.
class Flights {
  constructor(run) {
    const all = [];
    const latest = new Map();
    run.events.forEach((event, number) => {
      const [at, , what, message] = event;
      const flight = latest.get(message);
      if (what === 'sent') {
        latest.set(message, {message, begin: at, end: NaN, fate: Fate.open, sent: number});
        all.push(latest.get(message));
      } else if (what === 'arrived' || what === 'lost') {
        const fate = what === 'arrived' ? Fate.arrived : Fate.lost;
        if (flight && flight.fate === Fate.open) {
          Object.assign(flight, {end: at, fate, ended: number});
        } else {
          all.push({message, begin: flight ? flight.begin : NaN, end: at, fate,
                    sent: flight?.sent, ended: number});
        }
      }
    });
    for (const each of all) each.from = Number.isNaN(each.begin) ? each.end : each.begin;
    all.sort((a, b) => a.from - b.from);
    this.all = all;
    this.from = Float64Array.from(all, each => each.from);
    this.latestEnd = new Float64Array(all.length);
    let latestEnd = -Infinity;
    all.forEach((each, i) => {
      latestEnd = Math.max(latestEnd, Number.isNaN(each.end) ? each.from : each.end);
      this.latestEnd[i] = latestEnd;
    });
  }
  /// The places of the first and behind the last of those that may be seen then.
  between(begin, end) {
    return [lowerBound(this.latestEnd, begin), lowerBound(this.from, end)];
  }
}

/// What one server's lane shows, by time.
class Lane {
  constructor(id, isKnown) {
    Object.assign(this, {id, isKnown});
    this.standings = {at: [], role: [], term: []};
    this.sent = [];
    this.lost = [];
    this.commits = {at: [], index: []};
    this.faults = {at: [], number: []};
    this.pauses = [];  // The faults that last.
  }
}

class Run {
  constructor(text) {
    Object.assign(this, JSON.parse(text));
    this.lanes = [...this.servers.map(id => new Lane(id, true)),
                  ...this.others.map(id => new Lane(id, false))].sort((a, b) => a.id - b.id);
    this.places = new Map(this.lanes.map((lane, place) => [lane.id, place]));
    this.at = Float64Array.from(this.events, event => event[AT]);
    this.begin = this.at.length ? this.at[0] : 0;
    this.end = Math.max(this.begin + 1, this.at.length ? this.at[this.at.length - 1] : 1);
    this.jumps = {election: [], commit: [], fault: [], violation: []};
    this.highestCommit = 0;
    this.events.forEach((event, number) => this.index(event, number));
    this.flights = new Flights(this);
    // Those that come before anybody leads are there from the beginning.
    const firstElection = this.at[this.jumps.election[0]] ?? Infinity;
    for (const lane of this.lanes) {
      const first = lane.isKnown ? lane.standings.at[0] ?? Infinity : -Infinity;
      lane.appears = first <= firstElection ? -Infinity : first;
    }
  }

  index([at, server, what, ...more], number) {
    const lane = this.lanes[this.places.get(server)];
    if (what === 'stood') {
      const roles = lane.standings.role;
      const led = roles[roles.length - 1] === Role.leader &&
                  lane.standings.term[roles.length - 1] === more[1];
      if (more[0] === Role.leader && !led) this.jumps.election.push(number);
      lane.standings.at.push(at);
      roles.push(more[0]);
      lane.standings.term.push(more[1]);
    } else if (what === 'committed') {
      if (more[0] > (lane.commits.index[lane.commits.index.length - 1] ?? 0)) {
        lane.commits.at.push(at);
        lane.commits.index.push(more[0]);
      }
      if (more[0] > this.highestCommit) this.jumps.commit.push(number);
      this.highestCommit = Math.max(this.highestCommit, more[0]);
    } else if (what === 'fault') {
      this.jumps.fault.push(number);
      for (const each of lane ? [lane] : this.lanes) {
        each.faults.at.push(at);
        each.faults.number.push(number);
        if (more[1] > at) each.pauses.push(number);
      }
    } else if (what === 'violation') {
      this.jumps.violation.push(number);
    } else if (what === 'sent' && lane) {
      lane.sent.push(at);
    } else if (what === 'lost') {
      const from = this.lanes[this.places.get(this.messages[more[0]][0])];
      if (from) from.lost.push(at);
    }
  }

  /// The last event at or before a moment; -1 if none is.
  eventAt(moment) { return lowerBound(this.at, moment + 1e-6) - 1; }
}
