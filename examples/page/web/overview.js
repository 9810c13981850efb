// SPDX-License-Identifier: BSL-1.0
//
// The whole run in one strip: who leads in which term, how much is said, what goes wrong; and which
// part of it is seen.

class Overview extends Sheet {
  constructor(canvas, run, view) {
    super(canvas);
    Object.assign(this, {run, view});
    this.still = document.createElement('canvas');
  }

  x(at) {
    const {begin, end} = this.run, {margin} = this.view;
    return (at - begin + margin) / (end - begin + 2 * margin) * this.width;
  }
  momentAt(x) {
    const {begin, end} = this.run, {margin} = this.view;
    return begin - margin + x / this.width * (end - begin + 2 * margin);
  }

  draw() {
    this.fitScreen();
    if (this.still.width !== this.canvas.width) this.drawStill();
    const {pen, view} = this;
    pen.clearRect(0, 0, this.width, this.height);
    pen.drawImage(this.still, 0, 0, this.width, this.height);
    const x0 = this.x(view.begin), x1 = Math.max(this.x(view.end), x0 + 4);
    pen.fillStyle = this.colour('accent');
    pen.globalAlpha = 0.14;
    pen.fillRect(x0, 0, x1 - x0, this.height);
    pen.globalAlpha = 1;
    pen.strokeStyle = this.colour('accent');
    pen.strokeRect(x0 + 0.5, 0.5, x1 - x0 - 1, this.height - 1);
    pen.fillRect(this.x(view.cursorAt) - 1, 0, 2, this.height);
  }

  /// What does not depend on what is seen: drawn once for a width and a set of colours.
  drawStill() {
    const screen = this.pen;
    Object.assign(this.still, {width: this.canvas.width, height: this.canvas.height});
    this.pen = this.still.getContext('2d');
    this.pen.setTransform(this.canvas.width / this.width, 0, 0,
                          this.canvas.height / this.height, 0, 0);
    this.drawTraffic();
    this.drawLeaders();
    this.drawFaults();
    for (const number of this.run.jumps.violation) {
      this.pen.fillStyle = this.colour('violation');
      this.pen.fillRect(this.x(this.run.at[number]) - 1.5, 0, 3, this.height);
    }
    this.pen = screen;
  }
  forget() { this.still.width = 0; }

  drawTraffic() {
    const {from} = this.run.flights, counts = [];
    for (let x = 0; x < this.width; x += 2)
      counts.push(lowerBound(from, this.momentAt(x + 2)) - lowerBound(from, this.momentAt(x)));
    const most = Math.max(...counts, 1);
    this.pen.fillStyle = this.colour('heartbeat');
    counts.forEach((count, i) => {
      const high = 22 * Math.log2(1 + count) / Math.log2(1 + most);
      this.pen.fillRect(2 * i, 40 - high, 2, high);
    });
  }

  drawLeaders() {
    for (const lane of this.run.lanes) {
      const {at, role, term} = lane.standings;
      at.forEach((begin, i) => {
        if (role[i] !== Role.leader) return;
        const x = this.x(begin), end = this.x(at[i + 1] ?? this.run.end);
        this.pen.fillStyle = this.colour(termColour(term[i]));
        this.pen.fillRect(x, 4, Math.max(1.5, end - x), 10);
        if (end - x > 34) this.write(`term ${term[i]}`, x + 3, 9.5, {size: 9, colour: 'on-term'});
      });
    }
  }

  drawFaults() {
    this.pen.fillStyle = this.colour('fault');
    let drawnTo = -2;
    for (const number of this.run.jumps.fault) {
      const x = this.x(this.run.at[number]);
      if (x < drawnTo + 1.5) continue;
      this.pen.fillRect(x - 0.75, 43, 1.5, 7);
      drawnTo = x;
    }
  }
}
