// SPDX-License-Identifier: BSL-1.0
// The module, and a run of it: where it began, what was done and when. The same list of actions is
// the same run, so it can be sent, and time can go back.

const ACTIONS = ["crash", "restart", "stand", "isolate", "reach", "cut", "mend", "heal", "slow", "fast",
  "drop", "snapshot", "write", "clientsOn", "clientsOff", "read", "add", "remove", "stage"];
const number = new Map(ACTIONS.map((name, i) => [name, i]));

const bytes = Uint8Array.from(moduleText.match(/../g), pair => parseInt(pair, 16));
const exported = new WebAssembly.Instance(new WebAssembly.Module(bytes), {}).exports;
exported._initialize();

function textAt(pointer) {
  const memory = new Uint8Array(exported.memory.buffer);
  return new TextDecoder().decode(memory.subarray(pointer, memory.indexOf(0, pointer)));
}

const STORIES = JSON.parse(textAt(exported.list_stories()));
const DEFAULTS = {servers: 5, seed: 1, preVote: true, checkQuorum: true, leases: false};

function settingsNumber(options) {
  return (options.preVote ? 1 : 0) | (options.checkQuorum ? 2 : 0) | (options.leases ? 4 : 0);
}

class Run {
  /** `story`: its number, or -1. */
  constructor(options, story = -1) {
    this.options = {...DEFAULTS, ...options};
    this.story = story;
    this.done = [];
    this.begin();
  }

  begin() {
    exported.begin(this.options.servers, this.options.seed, settingsNumber(this.options));
    this.look();
  }

  look() { this.seen = JSON.parse(textAt(exported.view())); }

  get now() { return this.seen.now; }
  server(id) { return this.seen.servers.find(each => each.id === id); }
  get stagesTold() { return this.done.filter(each => each.what === number.get("stage")).length; }

  goOn(end) {
    exported.run_until(end);
    this.look();
  }

  goToNext() {
    const when = exported.next_at();
    if (when >= 0) this.goOn(Math.max(when, this.now + 1));
  }

  /** Says what there is to say of it. */
  act(name, a = 0, b = 0) {
    const each = {at: this.now, what: number.get(name), a, b};
    if (!exported.act(each.what, a, b)) return "that is not possible here";
    this.done.push(each);
    this.look();
    return textAt(exported.note());
  }

  /** Plays again what was done until then, and forgets what came later. */
  goBackTo(when) {
    const kept = this.done.filter(each => each.at <= when);
    this.replay(kept, when);
  }

  replay(done, end) {
    this.begin();
    this.done = [];
    for (const each of done) {
      if (each.at > this.now) exported.run_until(each.at);
      if (exported.act(each.what, each.a, each.b)) this.done.push(each);
      exported.note();
      this.look();
    }
    if (end > this.now) this.goOn(end);
  }

  toLink() {
    const {servers, seed} = this.options;
    const done = this.done.map(each => [each.at, each.what, each.a, each.b].join("."));
    return ["1", servers, seed, settingsNumber(this.options), this.story, Math.round(this.now),
      done.join("_")].join("~");
  }

  static fromLink(text) {
    const parts = text.split("~");
    const numbers = parts.slice(1, 6).map(Number);
    if (parts[0] !== "1" || parts.length !== 7 || !numbers.every(Number.isInteger)) return null;
    const [servers, seed, settings, story, end] = numbers;
    if (servers < 3 || servers > 7 || seed < 0 || end < 0 || end > 1e7 || story >= STORIES.length) return null;
    const done = parts[6].split("_").filter(Boolean).map(each => each.split(".").map(Number))
      .map(([at, what, a, b]) => ({at, what, a, b}));
    if (!done.every(each => Object.values(each).every(value => Number.isInteger(value) && value >= 0)))
      return null;
    const run = new Run({servers, seed, preVote: !!(settings & 1), checkQuorum: !!(settings & 2),
      leases: !!(settings & 4)}, story);
    run.replay(done, end);
    return run;
  }

  static ofStory(number) { return new Run(STORIES[number], number); }
}
