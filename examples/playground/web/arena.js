// SPDX-License-Identifier: BSL-1.0
// The servers in a ring, and the messages on their ways.

const SVG = "http://www.w3.org/2000/svg";
const CENTRE = {x: 340, y: 190}, RADIUS = {x: 235, y: 138}, BODY = 32;

function shape(parent, name, attributes = {}) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent.append(made);
  return made;
}

function termColour(term) { return term === 0 ? "var(--term-0)" : `var(--term-${(term - 1) % 6 + 1})`; }

class Arena {
  constructor(svg, onServer, onMessage) {
    this.svg = svg;
    this.onServer = onServer;
    this.onMessage = onMessage;
    this.ways = shape(svg, "g");
    this.messages = shape(svg, "g");
    this.servers = shape(svg, "g");
    this.made = new Map();
  }

  place(index, count) {
    const angle = -Math.PI / 2 + 2 * Math.PI * index / count;
    return {x: CENTRE.x + RADIUS.x * Math.cos(angle), y: CENTRE.y + RADIUS.y * Math.sin(angle)};
  }

  draw(seen, chosen) {
    this.places = new Map(seen.servers.map((each, i) => [each.id, this.place(i, seen.servers.length)]));
    this.drawWays(seen);
    this.drawMessages(seen);
    const kept = new Set(seen.servers.map(each => each.id));
    for (const [id, group] of this.made)
      if (!kept.has(id)) { group.remove(); this.made.delete(id); }
    for (const each of seen.servers) this.drawServer(each, seen, each.id === chosen);
  }

  drawWays(seen) {
    const cut = new Set(seen.cuts.map(([a, b]) => `${a}>${b}`));
    const state = seen.servers.map(each => each.id).join() + [...cut].join();
    if (state === this.waysState) return;
    this.waysState = state;
    this.ways.replaceChildren();
    for (const {id: a} of seen.servers)
      for (const {id: b} of seen.servers) {
        if (a >= b) continue;
        const [one, other] = [this.places.get(a), this.places.get(b)];
        const broken = cut.has(`${a}>${b}`) || cut.has(`${b}>${a}`);
        shape(this.ways, "line", {x1: one.x, y1: one.y, x2: other.x, y2: other.y,
          class: broken ? "way cut" : "way"});
      }
  }

  drawMessages(seen) {
    this.messages.replaceChildren();
    for (const each of seen.flights) {
      const [from, to] = [this.places.get(each.from), this.places.get(each.to)];
      const part = Math.min(1, Math.max(0, (seen.now - each.sent) / Math.max(1, each.arrives - each.sent)));
      const length = Math.hypot(to.x - from.x, to.y - from.y);
      const [ux, uy] = [(to.x - from.x) / length, (to.y - from.y) / length];
      const along = BODY + part * (length - 2 * BODY);
      const [x, y] = [from.x + ux * along - uy * 6, from.y + uy * along + ux * 6];
      const turn = Math.atan2(uy, ux) * 180 / Math.PI;
      const group = shape(this.messages, "g", {class: "message", transform: `translate(${x} ${y})`,
        "data-message": each.n});
      shape(group, "path", {d: "M9 0 L-7 -6 L-3 0 L-7 6 Z", transform: `rotate(${turn})`,
        fill: `var(--${each.kind})`});
      if (each.kind !== "heartbeat" && each.kind !== "reply")
        shape(group, "text", {y: -10}).textContent = each.kind;
      shape(group, "circle", {r: 13, class: "hit"}).append(
        Object.assign(document.createElementNS(SVG, "title"), {textContent: `${each.kind}: click to lose it`}));
      group.addEventListener("pointerdown", () => this.onMessage(each.n));
    }
  }

  drawServer(each, seen, isChosen) {
    if (!this.made.has(each.id)) this.made.set(each.id, this.makeServer(each.id));
    const group = this.made.get(each.id);
    const {x, y} = this.places.get(each.id);
    const standing = each.role === "asks for pre-votes" ? "candidate" : each.role;
    group.setAttribute("class", ["server", standing, each.part === "outside" ? "outside" : "",
      isChosen ? "chosen" : ""].join(" "));
    group.setAttribute("transform", `translate(${x} ${y})`);
    group.querySelector(".body").style.fill = termColour(each.term);
    group.querySelector(".term").textContent = `term ${each.term}`;
    group.querySelector(".role").textContent = this.words(each);
    group.setAttribute("aria-label", `Server ${each.id}: ${this.words(each)}, term ${each.term}`);
    this.drawTimer(group.querySelector(".timer"), each, seen.now);
  }

  words(each) {
    const also = [];
    if (each.votes.length) also.push(`${each.votes.length} vote${each.votes.length > 1 ? "s" : ""}`);
    if (each.part === "learner") also.push("learner");
    if (each.part === "outside" && each.runs) also.push("no member");
    if (each.joint) also.push("joint");
    if (each.slow) also.push("slow");
    return (each.role === "leader" ? "★ leader" : each.role) + (also.length ? ` (${also.join(", ")})` : "");
  }

  /** What is left until it stands for election: a whole ring is two seconds. */
  drawTimer(ring, each, now) {
    const left = each.due < 0 || each.role === "leader" ? 0 : Math.min(0.999, Math.max(0, (each.due - now) / 2000));
    const r = BODY + 6, angle = 2 * Math.PI * left - Math.PI / 2;
    ring.setAttribute("d", left === 0 ? "" : `M0 ${-r} A${r} ${r} 0 ${left > 0.5 ? 1 : 0} 1 ` +
      `${r * Math.cos(angle)} ${r * Math.sin(angle)}`);
  }

  makeServer(id) {
    const group = shape(this.servers, "g", {tabindex: 0, role: "button", "data-server": id});
    shape(group, "circle", {r: BODY + 12, class: "halo"});
    shape(group, "circle", {r: BODY, class: "body"});
    shape(group, "path", {class: "timer"});
    shape(group, "text", {class: "name", y: 3}).textContent = id;
    shape(group, "text", {class: "term", y: 19});
    shape(group, "text", {class: "role", y: BODY + 22});
    group.addEventListener("click", () => this.onServer(id));
    group.addEventListener("keydown", event => {
      if (event.key === "Enter") this.onServer(id);
    });
    return group;
  }
}
