// SPDX-License-Identifier: BSL-1.0
//
// What each server has after any event. The states between two that are kept are made again from
// the earlier one: a state is never changed, so that those kept share most of what they have.

const blankServer = {role: Role.down, term: 0, vote: 0, base: 0, baseTerm: 0, last: 0, runs: [],
                     commit: 0, begun: false};

/// The state of the server of an event, after it.
function after(state, [, , what, a, b, c]) {
  switch (what) {
    case 'stood': return {...state, role: a, term: b, vote: c, begun: true};
    case 'appended': {
      const ending = state.runs[state.runs.length - 1];
      const runs = ending && ending[1] === c ? state.runs : [...state.runs, [a, c]];
      return {...state, runs, last: b};
    }
    case 'cut': {
      if (a < state.base) return {...state, base: 0, baseTerm: 0, last: 0, runs: []};
      return {...state, last: Math.min(state.last, a), runs: state.runs.filter(run => run[0] <= a)};
    }
    case 'compacted': {
      const runs = state.runs.filter((_, i) =>
        (i + 1 < state.runs.length ? state.runs[i + 1][0] - 1 : state.last) > a);
      return {...state, base: a, baseTerm: b, runs, last: Math.max(state.last, a)};
    }
    case 'committed': return {...state, commit: a};
  }
  return state;
}

/// The term of an entry of a log; undefined if it has none there.
function termAt(state, index) {
  if (index <= state.base || index > state.last) return undefined;
  let low = 0, high = state.runs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (state.runs[middle][0] <= index) low = middle + 1; else high = middle;
  }
  return low > 0 ? state.runs[low - 1][1] : undefined;
}

class Moments {
  static distance = 256;

  constructor(run) {
    this.run = run;
    this.kept = [];
    let states = run.lanes.map(() => blankServer);
    run.events.forEach((event, number) => {
      if (number % Moments.distance === 0) this.kept.push(states);
      states = this.next(states, event);
    });
  }

  next(states, event) {
    const place = this.run.places.get(event[SERVER]);
    if (place === undefined) return states;
    const changed = after(states[place], event);
    if (changed === states[place]) return states;
    const all = states.slice();
    all[place] = changed;
    return all;
  }

  /// The servers, as in `run.lanes`, after this event; -1: before the first.
  after(number) {
    if (number < 0) return this.run.lanes.map(() => blankServer);
    const kept = Math.floor(number / Moments.distance);
    let states = this.kept[kept];
    for (let i = kept * Moments.distance; i <= number; ++i)
      states = this.next(states, this.run.events[i]);
    return states;
  }
}
