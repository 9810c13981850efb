// SPDX-License-Identifier: BSL-1.0
// The page: what it shows of the run, and how it lets time go on.

const at = id => document.getElementById(id);
let run, chosen = null, playing = false, until = Infinity, before = null, shown = {};

const arena = new Arena(at("arena"), choose, n => act("drop", n));

function draw() {
  const {seen} = run;
  arena.draw(seen, chosen);
  at("time").textContent = `${(seen.now / 1000).toFixed(2)} s in the world`;
  at("safety").textContent = seen.violation || "Figure 3 holds";
  at("safety").className = seen.violation ? "broken" : "";
  at("figures").textContent = `${seen.written} written, ${seen.acknowledged} acknowledged`;
  at("clients").setAttribute("aria-pressed", seen.clients);
  at("play").textContent = playing ? "Stop" : "Play";
  const told = run.stagesTold;
  const isOver = run.story < 0 || told >= STORIES[run.story].stages.length;
  at("next").hidden = run.story < 0;
  at("next").disabled = isOver;
  at("next").textContent = told === 0 ? "Begin" : isOver ? "The end" : "Next";
  const logs = JSON.stringify(seen.servers.map(each => ({...each, due: 0, votes: 0})));
  if (logs !== shown.logs) drawLogs(document.querySelector("#logs table"), seen);
  if (told !== shown.told || run !== shown.run) drawStages(at("stages"), run);
  if (logs !== shown.logs || chosen !== shown.chosen || String(seen.cuts) !== shown.cuts)
    drawMenu(at("menu"), run, chosen, menuPlace(), act);
  shown = {logs, told, run, chosen, cuts: String(seen.cuts)};
}

function menuPlace() {
  const server = chosen === null ? null : arena.made.get(chosen);
  if (!server) return {x: 0, y: 0};
  const stage = at("stage").getBoundingClientRect(), body = server.getBoundingClientRect();
  const right = body.right - stage.left + 170 < stage.width;
  return {x: right ? body.right - stage.left + 4 : body.left - stage.left - 170,
    y: Math.max(4, Math.min(body.top - stage.top - 20, stage.height - 300))};
}

// ------------------------------------------------------------------------------------------ time

/** Of the world's milliseconds, how many pass in one of ours. */
function pace() { return 0.02 * 10 ** (at("speed").value / 50); }

function showPace() {
  const slower = 1 / pace();
  at("speed-text").textContent = slower >= 1 ? `${slower.toFixed(slower < 10 ? 1 : 0)} times slower`
    : `${(1 / slower).toFixed(1)} times faster`;
}

function frame(when) {
  if (!playing) return;
  const passed = Math.min(100, when - (before ?? when));
  before = when;
  const wanted = run.exact + passed * pace();
  run.exact = Math.min(wanted, until);
  if (Math.floor(run.exact) > run.now) run.goOn(Math.floor(run.exact));
  if (run.exact >= until) stop();
  draw();
  if (playing) requestAnimationFrame(frame);
}

function play(end = Infinity) {
  run.exact = run.now;
  until = end;
  if (!playing) { playing = true; before = null; requestAnimationFrame(frame); }
  draw();
}

function stop() {
  playing = false;
  until = Infinity;
}

// --------------------------------------------------------------------------------------- doings

function act(...action) {
  at("note").textContent = run.act(...action);
  draw();
}

function choose(id) {
  chosen = chosen === id ? null : id;
  draw();
}

function show(next) {
  stop();
  run = next;
  chosen = null;
  at("note").textContent = "";
  at("stories").value = run.story;
  showSettings(at("settings"), run.options);
  draw();
}

function nextStage() {
  if (run.story < 0) return;
  const stages = STORIES[run.story].stages, told = run.stagesTold;
  if (told >= stages.length) return;
  if (playing && until !== Infinity) run.goOn(until);  // Who is in a hurry.
  stop();
  at("note").textContent = run.act("stage", run.story, told);
  if (stages[told].ms) play(run.now + stages[told].ms);
  draw();
}

function addServer() {
  const known = run.seen.servers;
  const outside = known.find(each => each.part === "outside" && each.runs);
  const id = outside ? outside.id : Math.max(...known.map(each => each.id)) + 1;
  if (id > 7) at("note").textContent = "there are seven servers already";
  else act("add", id);
}

const DO = {
  write: () => act("write"),
  clients: () => act(run.seen.clients ? "clientsOff" : "clientsOn"),
  add: addServer,
  heal: () => act("heal"),
  play: () => { if (playing) { stop(); draw(); } else play(); },
  step: () => { stop(); run.goToNext(); draw(); },
  back: () => { stop(); run.goBackTo(Math.max(0, run.now - 50)); draw(); },
  anew: () => show(new Run(settingsIn(at("settings")))),
  share: () => {
    location.hash = run.toLink();
    navigator.clipboard?.writeText(location.href).catch(() => {});
    at("note").textContent = "the link holds the whole run, and is in the address bar";
  },
  theme: () => {
    const isDark = document.documentElement.dataset.theme === "dark";
    document.documentElement.dataset.theme = isDark ? "light" : "dark";
  },
  help: () => at("help").showModal(),
};

const KEY = {" ": DO.play, ArrowRight: DO.step, ArrowLeft: DO.back, n: nextStage, w: DO.write, a: DO.clients,
  h: DO.heal, m: DO.add, r: DO.anew, l: DO.share, d: DO.theme, "?": DO.help, Escape: () => choose(chosen)};

function toChosen(names) {
  const each = chosen === null ? undefined : run.server(chosen);
  const found = each && choicesFor(each, run.seen).find(([, name]) => names.includes(name));
  if (found) act(...found.slice(1));
  else at("note").textContent = "choose a server first: 1 to 7";
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT)$/.test(event.target.tagName)) return;
  if (event.key === " " && event.target.tagName === "BUTTON") return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (/^[1-7]$/.test(key) && run.server(Number(key))) choose(Number(key));
  else if (KEY_OF[key]) toChosen(KEY_OF[key]);
  else if (KEY[key]) KEY[key]();
  else return;
  event.preventDefault();
}

// ------------------------------------------------------------------------------------ beginning

at("stories").append(new Option("none: do what you like", -1),
  ...STORIES.map((each, i) => new Option(`${each.name} (${each.source})`, i)));
at("stories").addEventListener("change", event => {
  const number = Number(event.target.value);
  show(number < 0 ? new Run(settingsIn(at("settings"))) : Run.ofStory(number));
});
at("next").addEventListener("click", nextStage);
for (const [id, name] of [["play", "play"], ["step", "step"], ["back", "back"], ["share", "share"],
  ["theme", "theme"], ["help-button", "help"]]) at(id).addEventListener("click", DO[name]);
for (const button of document.querySelectorAll("[data-do]"))
  button.addEventListener("click", () => DO[button.dataset.do]());
at("settings").addEventListener("submit", event => { event.preventDefault(); DO.anew(); });
at("speed").addEventListener("input", showPace);
addEventListener("keydown", onKey);
addEventListener("hashchange", fromAddress);
for (const [key, words] of KEYS) {
  const row = at("keys").insertRow();
  row.insertCell().textContent = key;
  row.insertCell().textContent = words;
}
if (matchMedia("(prefers-color-scheme: dark)").matches) document.documentElement.dataset.theme = "dark";
for (const [kind, words] of [["candidacy", "candidacy and vote"], ["entries", "entries"], ["heartbeat", "heartbeat"],
  ["reply", "reply"], ["rejection", "rejection"], ["snapshot", "snapshot"]]) {
  const colour = document.createElement("i");
  colour.style.background = `var(--${kind})`;
  at("legend").append(colour, words);
}
showPace();

function fromAddress() {
  if (location.hash.length < 2) return show(Run.ofStory(0));
  if (run && location.hash === `#${run.toLink()}`) return;
  const sent = Run.fromLink(decodeURIComponent(location.hash.slice(1)));
  show(sent ?? Run.ofStory(0));
  if (!sent) at("note").textContent = "the link holds no run that this page can play";
}
fromAddress();
