// SPDX-License-Identifier: BSL-1.0
//
// Which part of the run is seen, and where the cursor is. Whoever shows it is told of changes.

class View {
  constructor(run) {
    this.run = run;
    this.margin = (run.end - run.begin) * 0.03;
    this.shortest = run.unit === 'step' ? 4 : 20_000;
    this.cursor = -1;
    this.hidden = new Set();  // Classes of messages.
    this.onChange = () => {};
    this.fit();
  }

  get span() { return this.end - this.begin; }

  show(begin, end) {
    const least = this.run.begin - this.margin, most = this.run.end + this.margin;
    const span = Math.min(Math.max(end - begin, this.shortest), most - least);
    this.begin = Math.min(Math.max(begin, least), most - span);
    this.end = this.begin + span;
    this.onChange();
  }
  fit() { this.show(this.run.begin - this.margin, this.run.end + this.margin); }
  move(by) { this.show(this.begin + by, this.end + by); }
  zoom(factor, around = this.cursorAt) {
    const span = Math.min(Math.max(this.span * factor, this.shortest),
                          this.run.end - this.run.begin + 2 * this.margin);
    const part = (around - this.begin) / this.span;
    this.show(around - part * span, around + (1 - part) * span);
  }

  get cursorAt() { return this.cursor < 0 ? this.run.begin : this.run.at[this.cursor]; }

  /// Puts the cursor on an event; what is seen moves if that is not well inside.
  goTo(number) {
    this.cursor = Math.min(Math.max(number, -1), this.run.events.length - 1);
    const at = this.cursorAt;
    if (at < this.begin + 0.08 * this.span || at > this.end - 0.08 * this.span)
      this.show(at - this.span / 2, at + this.span / 2);
    else
      this.onChange();
  }

  isHidden(event) {
    const of = event[WHAT];
    return (of === 'sent' || of === 'arrived' || of === 'lost') &&
           this.hidden.has(this.run.messages[event[3]][2]);
  }
  /// The next event in this direction that is not hidden.
  step(direction) {
    let to = this.cursor + direction;
    while (to >= 0 && to < this.run.events.length && this.isHidden(this.run.events[to]))
      to += direction;
    this.goTo(to);
  }
  /// The next event of this kind; -1 if there is none.
  next(kind, direction) {
    const numbers = this.run.jumps[kind];
    const place = direction > 0 ? lowerBound(numbers, this.cursor + 1)
                                : lowerBound(numbers, this.cursor) - 1;
    return numbers[place] ?? -1;
  }
  jump(kind, direction) {
    const to = this.next(kind, direction);
    if (to >= 0) this.goTo(to);
  }
}
