// SPDX-License-Identifier: BSL-1.0
//
// The logs as the paper draws them: an entry is a box with its term, in the term's colour; filled
// once its server knows that it is committed.

class Logs {
  constructor(table, run) {
    Object.assign(this, {table, run});
  }

  /// How many entries there is room for.
  get columns() {
    const wide = this.table.parentElement.clientWidth;
    return Math.max(5, Math.floor((wide - 300) / 26.5));
  }

  show(states) {
    const last = Math.max(1, ...states.map(state => state.last));
    const first = Math.max(1, last - this.columns + 1);
    const rows = [this.heading(first, last)];
    this.run.lanes.forEach((lane, place) => {
      if (lane.isKnown && states[place].begun) rows.push(this.row(lane, states[place], first, last));
    });
    this.table.innerHTML = rows.join('');
  }

  heading(first, last) {
    const cells = [];
    const every = last < 1000 ? 1 : 5;  // Longer numbers need more room.
    for (let index = first; index <= last; ++index)
      cells.push(`<th class="index">${(last - index) % every === 0 ? index : ''}</th>`);
    return `<tr><th></th><th></th>${cells.join('')}</tr>`;
  }

  row(lane, state, first, last) {
    const cells = [];
    for (let index = first; index <= Math.max(last, first); ++index)
      cells.push(this.cell(state, index));
    const role = roleNames[state.role];
    return `<tr data-server="${lane.id}"><th class="who"><b>${lane.id}</b>` +
           `<span class="role ${role}">${role}</span></th>` +
           `<th class="who numbers">term <span class="term">${state.term}</span>, committed ` +
           `<span class="commit">${state.commit}</span></th>${cells.join('')}</tr>`;
  }

  cell(state, index) {
    if (index <= state.base)
      return `<td class="gone" title="entry ${index}: in the snapshot"></td>`;
    const term = termAt(state, index);
    if (term === undefined) return '<td></td>';
    const isCommitted = index <= state.commit;
    const kind = (isCommitted ? 'entry' : 'entry open') + (index === state.commit ? ' at-commit' : '');
    return `<td class="${kind}" style="--term: var(--${termColour(term)})" title="entry ${index} ` +
           `of term ${term}, ${isCommitted ? '' : 'not '}known to be committed">${term}</td>`;
  }
}

/// The events around the cursor.
class Story {
  constructor(list, run, moments, view) {
    Object.assign(this, {list, run, moments, view});
  }

  show() {
    const {run, view} = this;
    const rows = Math.max(7, Math.floor((this.list.clientHeight - 4) / 20));
    const before = this.visible(view.cursor, -1, Math.floor(rows / 2));
    const numbers = [...before.reverse(), ...this.visible(view.cursor + 1, 1, rows - before.length)];
    let states = this.moments.after((numbers[0] ?? 0) - 1);
    let next = numbers[0] ?? 0;
    this.list.replaceChildren(...numbers.map(number => {
      for (; next < number; ++next) states = this.moments.next(states, run.events[next]);
      return this.item(number, states);
    }));
  }

  /// The numbers of events that are not hidden, from one on.
  visible(from, direction, most) {
    const found = [];
    for (let i = from; i >= 0 && i < this.run.events.length && found.length < most; i += direction)
      if (!this.view.isHidden(this.run.events[i])) found.push(i);
    return found;
  }

  item(number, states) {
    const event = this.run.events[number];
    const item = document.createElement('li');
    item.className = event[WHAT];
    item.dataset.event = number;
    if (number === this.view.cursor) item.setAttribute('aria-current', 'step');
    const add = (tag, kind, text) => {
      const part = document.createElement(tag);
      part.className = kind;
      part.textContent = text;
      item.append(part);
    };
    add('time', 'when', moment(this.run, event[AT]));
    add('span', 'who', event[SERVER] || '');
    add('span', 'text', inWords(this.run, event, states[this.run.places.get(event[SERVER])] ??
                                                 blankServer));
    return item;
  }
}
