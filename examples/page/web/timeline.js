// SPDX-License-Identifier: BSL-1.0
//
// The lanes. Only what is in sight is drawn; where that is more than one can tell apart, how many
// messages there are is drawn in their place.

const messagesMost = 1500;
const head = 132;  // Pixels to the left of time, for the names of the lanes.
const axisHeight = 24;
const messageColours = ['election', 'entries', 'heartbeat', 'reply', 'snapshot', 'other'];
const barHeights = [0, 7, 13, 13, 24, 7];  // By role.

/// A canvas as sharp as the screen, with the colours of the page.
class Sheet {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext('2d');
    this.readColours();
  }
  readColours() {
    const style = getComputedStyle(document.documentElement);
    this.colour = name => this.colours[name] ??= style.getPropertyValue(`--${name}`).trim();
    this.colours = {};
    this.font = getComputedStyle(document.body).fontFamily;
  }
  fitScreen() {
    const {width, height} = this.canvas.getBoundingClientRect();
    const ratio = window.devicePixelRatio || 1;
    this.width = width;
    this.height = height;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== w || this.canvas.height !== h)
      Object.assign(this.canvas, {width: w, height: h});
    this.pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  }
  /// `halo`: what is behind the text does not run into it.
  write(text, x, y, {size = 12, weight = 400, colour = 'ink', halo = ''} = {}) {
    this.pen.font = `${weight} ${size}px ${this.font}`;
    this.pen.textBaseline = 'middle';
    if (halo) {
      this.pen.strokeStyle = this.colour(halo);
      this.pen.lineWidth = 3.5;
      this.pen.lineJoin = 'round';
      this.pen.strokeText(text, x, y);
    }
    this.pen.fillStyle = this.colour(colour);
    this.pen.fillText(text, x, y);
  }
}

const termColour = term => term === 0 ? 'term-0' : `term-${1 + (term - 1) % 6}`;

class Timeline extends Sheet {
  constructor(canvas, run, view) {
    super(canvas);
    Object.assign(this, {run, view});
    this.isCrowded = false;
  }

  x(at) { return head + (at - this.view.begin) * this.scale; }
  momentAt(x) { return this.view.begin + (x - head) / this.scale; }
  middleOf(place) { return axisHeight + (place + 0.5) * this.laneHeight; }
  placeAt(y) {
    const place = Math.floor((y - axisHeight) / this.laneHeight);
    return place >= 0 && place < this.lanes.length ? place : -1;
  }
  get squeeze() { return Math.min(1, this.laneHeight / 52); }

  draw(states) {
    this.fitScreen();
    this.chooseLanes();
    this.scale = (this.width - head) / this.view.span;
    const {pen} = this;
    pen.clearRect(0, 0, this.width, this.height);
    this.drawLanes();
    this.drawAxis();
    pen.save();
    pen.beginPath();
    pen.rect(head, 0, this.width - head, this.height);
    pen.clip();
    this.drawPauses();
    this.drawCursor();
    const [first, last] = this.run.flights.between(this.view.begin, this.view.end);
    this.isCrowded = last - first > messagesMost;
    this.isCrowded ? this.drawCrowd() : this.drawFlights(first, last);
    this.lanes.forEach((lane, place) => this.drawMarks(lane, place));
    this.lanes.forEach((lane, place) => this.drawStandings(lane, place));
    if (!this.isCrowded) this.drawHeads(first, last);
    this.drawViolations();
    pen.restore();
    this.drawNames(states);
    this.drawn = [first, last];
  }

  /// A server that comes later has no lane yet.
  chooseLanes() {
    const all = this.run.lanes, isThere = lane => lane.appears <= this.view.end;
    this.lanes = all.slice(0, Math.max(1, all.findLastIndex(isThere) + 1));
    this.isLater = all.length - this.lanes.length;
    this.laneHeight = (this.height - axisHeight - (this.isLater ? 20 : 0)) / this.lanes.length;
  }

  // ------------------------------------------------------------------------------ what is behind

  drawLanes() {
    const {pen} = this;
    this.lanes.forEach((_, place) => {
      if (place % 2 === 0) {
        pen.fillStyle = this.colour('lane');
        pen.fillRect(0, axisHeight + place * this.laneHeight, this.width, this.laneHeight);
      }
    });
  }

  drawAxis() {
    const {pen, view} = this;
    const wanted = view.span / Math.max(2, (this.width - head) / 120);
    const power = 10 ** Math.floor(Math.log10(wanted));
    let step = [1, 2, 5, 10].find(each => each * power >= wanted) * power;
    if (this.run.unit === 'step') step = Math.max(1, Math.round(step));
    pen.fillStyle = this.colour('faint');
    for (let at = Math.ceil(view.begin / step) * step; at <= view.end; at += step) {
      if (at < 0) continue;
      const x = Math.round(this.x(at));
      pen.fillStyle = this.colour('faint');
      pen.fillRect(x, axisHeight - 5, 1, this.height);
      this.write(moment(this.run, at, step), x + 4, axisHeight / 2 - 1, {size: 11, colour: 'soft'});
    }
  }

  drawNames(states) {
    if (this.isLater)
      this.write(`${this.isLater} more come later`, 12, this.height - 10, {size: 11, colour: 'soft'});
    this.lanes.forEach((lane, place) => {
      const y = this.middleOf(place), state = states[place];
      const isTight = this.laneHeight < 34;
      this.write(String(lane.id), 12, y, {size: isTight ? 14 : 20, weight: 650});
      if (!lane.isKnown) return this.write('not recorded', 44, y, {size: 11, colour: 'soft'});
      if (!state.begun) return this.write('not yet there', 44, y, {size: 11, colour: 'soft'});
      const role = state.role;
      this.write(roleNames[role], 44, isTight ? y : y - 8,
                 {size: 12, weight: role === Role.leader ? 700 : 400,
                  colour: role === Role.down ? 'soft' : 'ink'});
      if (isTight) return;
      this.pen.fillStyle = this.colour(termColour(state.term));
      this.pen.fillRect(44, y + 3, 9, 9);
      this.write(`term ${state.term}`, 58, y + 8, {size: 11, colour: 'soft'});
    });
  }

  drawPauses() {
    this.lanes.forEach((lane, place) => {
      for (const number of lane.pauses) {
        const [at, , , , until] = this.run.events[number];
        if (until < this.view.begin || at > this.view.end) continue;
        const x = this.x(at), top = axisHeight + place * this.laneHeight;
        this.pen.globalAlpha = 0.16;
        this.pen.fillStyle = this.colour('fault');
        this.pen.fillRect(x, top, Math.max(1, this.x(until) - x), this.laneHeight);
        this.pen.globalAlpha = 1;
      }
    });
  }

  // ------------------------------------------------------------------------------------- messages

  /// Half the height of a server's bar at a moment: there messages begin and end.
  edge(place, at) {
    const {at: since, role} = this.run.lanes[place].standings;
    const i = lowerBound(since, at + 0.5) - 1;
    return i < 0 ? 1 : Math.max(2, barHeights[role[i]] * this.squeeze / 2);
  }

  /// Where a flight is drawn. One end that nobody saw is a little way off.
  ends(flight) {
    const [from, to] = this.run.messages[flight.message];
    const [sender, receiver] = [this.run.places.get(from) ?? 0, this.run.places.get(to) ?? 0];
    const down = receiver < sender ? -1 : 1;
    const y0 = this.middleOf(sender) + down * this.edge(sender, flight.begin);
    const y1 = this.middleOf(receiver) - down * this.edge(receiver, flight.end);
    const isShort = Number.isNaN(flight.begin) || Number.isNaN(flight.end);
    let x0 = this.x(flight.begin), x1 = this.x(flight.end), part = 1;
    if (isShort) {
      const dx = Math.min(16, Math.abs(y1 - y0) * 0.3), reach = 0.42;
      if (Number.isNaN(x0)) return {x0: x1 - dx, y0: y1 + (y0 - y1) * reach, x1, y1};
      return {x0, y0, x1: x0 + dx, y1: y0 + (y1 - y0) * reach};
    }
    if (flight.fate === Fate.lost) {
      part = 0.55;
      x1 = Math.max(x1, x0 + Math.min(24, Math.abs(y1 - y0) * 0.4));
    }
    return {x0, y0, x1: x0 + (x1 - x0) * part, y1: y0 + (y1 - y0) * part};
  }

  forEachFlight(first, last, visit) {
    const {all} = this.run.flights;
    for (let i = first; i < last; ++i) {
      const flight = all[i];
      const end = Number.isNaN(flight.end) ? flight.from : flight.end;
      const of = this.run.messages[flight.message][2];
      if (end < this.view.begin - 30 / this.scale || this.view.hidden.has(of)) continue;
      visit(flight, of);
    }
  }

  drawFlights(first, last) {
    const lines = messageColours.map(() => new Path2D());
    this.forEachFlight(first, last, (flight, of) => {
      const {x0, y0, x1, y1} = this.ends(flight);
      lines[of].moveTo(x0, y0);
      lines[of].lineTo(x1, y1);
    });
    const {pen} = this;
    pen.globalAlpha = last - first > 400 ? 0.6 : 0.9;
    lines.forEach((path, of) => {
      pen.lineWidth = classNames[of] === 'heartbeat' || classNames[of] === 'reply' ? 1 : 1.6;
      pen.strokeStyle = this.colour(messageColours[of]);
      pen.stroke(path);
    });
    pen.globalAlpha = 1;
  }

  /// Arrows, and the crosses of those that are lost: over the bars, so that they are seen.
  drawHeads(first, last) {
    const arrows = messageColours.map(() => new Path2D());
    const crosses = new Path2D();
    this.forEachFlight(first, last, (flight, of) => {
      const {x0, y0, x1, y1} = this.ends(flight);
      if (flight.fate === Fate.lost) {
        crosses.moveTo(x1 - 4, y1 - 4);
        crosses.lineTo(x1 + 4, y1 + 4);
        crosses.moveTo(x1 + 4, y1 - 4);
        crosses.lineTo(x1 - 4, y1 + 4);
      } else if (flight.fate === Fate.arrived) {
        const long = Math.hypot(x1 - x0, y1 - y0) || 1;
        const [ux, uy] = [(x1 - x0) / long, (y1 - y0) / long];
        const [bx, by] = [x1 - 8 * ux, y1 - 8 * uy];
        arrows[of].moveTo(x1, y1);
        arrows[of].lineTo(bx - 3.5 * uy, by + 3.5 * ux);
        arrows[of].lineTo(bx + 3.5 * uy, by - 3.5 * ux);
      }
    });
    const {pen} = this;
    arrows.forEach((path, of) => {
      pen.fillStyle = this.colour(messageColours[of]);
      pen.fill(path);
    });
    pen.lineWidth = 1.8;
    pen.strokeStyle = this.colour('fault');
    pen.stroke(crosses);
    this.drawChosen();
  }

  /// The message of the event under the cursor.
  drawChosen() {
    const event = this.run.events[this.view.cursor];
    if (!event || !['sent', 'arrived', 'lost'].includes(event[WHAT])) return;
    const {pen} = this;
    this.forEachFlight(...this.run.flights.between(event[AT], event[AT] + 1), flight => {
      if (flight.message !== event[3]) return;
      const {x0, y0, x1, y1} = this.ends(flight);
      pen.strokeStyle = this.colour('ink');
      pen.lineWidth = 3;
      pen.beginPath();
      pen.moveTo(x0, y0);
      pen.lineTo(x1, y1);
      pen.stroke();
    });
  }

  /// How many messages each server sends, and how many of them are lost, by columns.
  drawCrowd() {
    const {pen, view} = this, wide = 4;
    this.lanes.forEach((lane, place) => {
      const bottom = Math.round(axisHeight + (place + 1) * this.laneHeight) - 2;
      const most = this.laneHeight / 2 - 17 * this.squeeze - 2;
      const columns = (times, colour) => {
        pen.fillStyle = this.colour(colour);
        let before = lowerBound(times, view.begin);
        for (let x = head; x < this.width; x += wide) {
          const behind = lowerBound(times, this.momentAt(x + wide));
          const high = Math.round(Math.min(most, 3.2 * Math.log2(1 + behind - before)));
          if (behind > before) pen.fillRect(x, bottom - high, wide - 1, high);
          before = behind;
        }
      };
      columns(lane.sent, 'reply');
      columns(lane.lost, 'fault');
    });
  }

  // ------------------------------------------------------------------------- what servers are, do

  drawStandings(lane, place) {
    const {pen, view} = this;
    const {at, role, term} = lane.standings;
    const y = this.middleOf(place);
    if (!lane.isKnown) {
      pen.fillStyle = this.colour('faint');
      pen.fillRect(head, y - 1, this.width - head, 2);
      return;
    }
    let drawnTo = -Infinity, drawnRole = -1;
    for (let i = Math.max(0, lowerBound(at, view.begin) - 1); i < at.length; ++i) {
      if (at[i] > view.end) break;
      const begin = Math.max(this.x(at[i]), head);
      const end = Math.min(i + 1 < at.length ? this.x(at[i + 1]) : this.x(this.run.end), this.width);
      if (end <= head || (end < drawnTo + 1 && role[i] <= drawnRole)) continue;
      this.drawStanding(role[i], term[i], begin, Math.max(end, begin + 1), y);
      [drawnTo, drawnRole] = [end, role[i]];
    }
  }

  drawStanding(role, term, begin, end, y) {
    const {pen} = this;
    if (role === Role.down) {
      pen.fillStyle = this.colour('soft');
      for (let x = begin + 2; x < end; x += 7) pen.fillRect(x, y - 1, 3, 1.5);
      if (end - begin > 40) this.write('✕ down', begin + 5, y - 9, {size: 10.5, colour: 'soft', halo: 'ground'});
      return;
    }
    const high = Math.max(4, barHeights[role] * this.squeeze);
    pen.fillStyle = this.colour(termColour(term));
    pen.fillRect(begin, y - high / 2, end - begin, high);
    if (role === Role.leader || role === Role.halted) {
      pen.strokeStyle = this.colour(role === Role.leader ? 'ink' : 'violation');
      pen.lineWidth = 1.5;
      if (end - begin > 3) pen.strokeRect(begin + 0.75, y - high / 2, end - begin - 1.5, high);
    }
    if (role === Role.candidate || role === Role.preCandidate)
      this.hatch(begin, end, y, high, role === Role.candidate ? 6 : 11);
    const room = end - begin - 10;
    if (role === Role.leader && high >= 14 && room > 26) {
      const text = room > 92 ? `leader, term ${term}` : room > 44 ? `lead ${term}` : `L${term}`;
      this.write(text, begin + 6, y + 0.5, {size: 12, weight: 650, colour: 'on-term'});
    } else if (role !== Role.leader && room > 44 && this.laneHeight > 30) {
      const text = role === Role.follower ? `term ${term}`
                 : room > 110 ? `${roleNames[role]}, ${term}`
                 : role === Role.halted ? 'halted' : `cand. ${term}`;
      this.write(text, begin + 4, y - high / 2 - 7,
                 {size: 10.5, colour: 'soft', halo: 'ground'});
    }
  }

  hatch(begin, end, y, high, distance) {
    const {pen} = this;
    pen.save();
    pen.beginPath();
    pen.rect(begin, y - high / 2, end - begin, high);
    pen.clip();
    pen.strokeStyle = this.colour('on-term');
    pen.lineWidth = 1.4;
    pen.beginPath();
    for (let x = begin - high; x < end; x += distance) {
      pen.moveTo(x, y + high / 2);
      pen.lineTo(x + high, y - high / 2);
    }
    pen.stroke();
    pen.restore();
  }

  drawMarks(lane, place) {
    const {pen} = this, y = this.middleOf(place);
    const high = Math.max(9, 17 * this.squeeze);
    const {index} = lane.commits, isRoomy = this.laneHeight >= 58;
    // Commits: a tick below the bar.
    pen.fillStyle = this.colour('commit');
    const below = Math.round(y + high - 4), long = this.isCrowded ? 3 : 6;
    const commits = this.apart(lane.commits.at, 4,
                               x => pen.fillRect(Math.round(x) - 1, below, 2, long));
    this.name(commits, i => `✓${index[i]}`, y + high + 2, 3, 'soft');
    // Faults: a triangle above it, or where they are close together, a tick.
    const triangles = new Path2D(), top = Math.round(y - high - (isRoomy ? 14 : 2));
    pen.fillStyle = this.colour('fault');
    const faults = this.apart(lane.faults.at, 4, x => {
      if (this.isCrowded) return pen.fillRect(Math.round(x) - 1, top, 3, 8);
      triangles.moveTo(x, top + 8);
      triangles.lineTo(x - 4.5, top);
      triangles.lineTo(x + 4.5, top);
    });
    pen.fill(triangles);
    if (isRoomy)
      this.name(faults, i => named(this.run.events[lane.faults.number[i]][3]), top + 3, 7, 'fault');
  }

  /// Calls `draw` where these moments are, of those that would be one on the other only once. Gives
  /// which they are, and where.
  apart(moments, distance, draw) {
    const drawn = [];
    let i = lowerBound(moments, this.view.begin);
    while (i < moments.length && moments[i] <= this.view.end) {
      const x = this.x(moments[i]);
      draw(x);
      drawn.push([i, x]);
      i = Math.max(i + 1, lowerBound(moments, this.momentAt(x + distance)));
    }
    return drawn;
  }

  /// Writes beside marks what they are, where there is room for it.
  name(marks, wordsOf, y, beside, colour) {
    if (this.isCrowded || this.laneHeight < 46) return;
    let writtenTo = -Infinity;
    marks.forEach(([i, x], place) => {
      const words = wordsOf(i), wide = beside + 3 + 6 * words.length;
      const next = place + 1 < marks.length ? marks[place + 1][1] : Infinity;
      if (x < writtenTo || next < x + wide) return;
      this.write(words, x + wide > this.width ? x - wide : x + beside, y,
                 {size: 10.5, colour, halo: 'ground'});
      writtenTo = x + wide;
    });
  }

  drawViolations() {
    for (const number of this.run.jumps.violation) {
      const [at, , , rule] = this.run.events[number];
      const x = this.x(at);
      if (x < head - 2 || x > this.width + 2) continue;
      const {pen} = this;
      pen.fillStyle = this.colour('violation');
      pen.fillRect(x - 1.5, 0, 3, this.height);
      pen.font = `650 12px ${this.font}`;
      const wide = pen.measureText(rule).width + 14;
      const left = x + wide > this.width ? x - wide : x;
      pen.fillRect(left, axisHeight, wide, 20);
      this.write(rule, left + 7, axisHeight + 10.5, {weight: 650, colour: 'ground'});
    }
  }

  drawCursor() {
    const {pen} = this, x = this.x(this.view.cursorAt);
    pen.fillStyle = this.colour('accent');
    pen.fillRect(x - 1, axisHeight - 6, 2, this.height);
    pen.beginPath();
    pen.moveTo(x - 6, axisHeight - 13);
    pen.lineTo(x + 6, axisHeight - 13);
    pen.lineTo(x, axisHeight - 3);
    pen.fill();
  }

  // --------------------------------------------------------------------------- what is at a place

  /// The message nearest to a place of the picture, within a few pixels.
  flightAt(x, y) {
    if (this.isCrowded || !this.drawn) return null;
    let nearest = null, distance = 6;
    this.forEachFlight(...this.drawn, flight => {
      const {x0, y0, x1, y1} = this.ends(flight);
      const dx = x1 - x0, dy = y1 - y0;
      const part = ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy || 1);
      const on = Math.min(1, Math.max(0, part));
      const off = Math.hypot(x - x0 - on * dx, y - y0 - on * dy);
      if (off < distance) [nearest, distance] = [flight, off];
    });
    return nearest;
  }
  faultAt(x, y) {
    const place = this.placeAt(y);
    if (place < 0 || y > this.middleOf(place) - 8) return null;
    const {at, number} = this.run.lanes[place].faults;
    const i = lowerBound(at, this.momentAt(x - 6));
    return i < at.length && at[i] <= this.momentAt(x + 6) ? this.run.events[number[i]] : null;
  }
}
