// SPDX-License-Identifier: BSL-1.0
// What can be done to a server, the stages of the story, and the settings.

/** Beside each server: what makes sense now. */
function choicesFor(each, seen) {
  const id = each.id;
  const isApart = seen.servers.length > 1 && seen.servers.every(other => other.id === id ||
    seen.cuts.some(([a, b]) => a === id && b === other.id) &&
    seen.cuts.some(([a, b]) => b === id && a === other.id));
  const all = [];
  all.push(each.runs ? ["Crash (C)", "crash", id] : ["Restart (C)", "restart", id]);
  all.push(isApart ? ["Reach again (I)", "reach", id] : ["Cut off (I)", "isolate", id]);
  if (each.runs) {
    if (each.role !== "leader") all.push(["Let it stand (E)", "stand", id]);
    all.push(each.slow ? ["As fast as the others (S)", "fast", id] : ["Slow down (S)", "slow", id]);
    all.push(["Read here (G)", "read", id], ["Take a snapshot (P)", "snapshot", id]);
  }
  all.push(each.part === "outside" ? ["Make it a member", "add", id] : ["Remove it", "remove", id]);
  return all;
}

/** The ways from it to each of the others, which can be cut one by one. */
function waysFrom(each, seen) {
  return seen.servers.filter(other => other.id !== each.id).map(other => {
    const isCut = seen.cuts.some(([a, b]) => a === each.id && b === other.id);
    return [`→${other.id}`, isCut ? "mend" : "cut", each.id, other.id];
  });
}

const KEY_OF = {c: ["crash", "restart"], i: ["isolate", "reach"], e: ["stand"], s: ["slow", "fast"],
  g: ["read"], p: ["snapshot"]};

const KEYS = [["Space", "play, or stop"], ["→", "to what happens next"], ["←", "a step back"],
  ["N", "the next stage of the story"], ["W", "a client writes"], ["A", "clients write, or not"],
  ["1 to 7", "choose a server"], ["C", "crash or restart it"], ["I", "cut it off, or reach it again"],
  ["E", "let it stand for election"], ["S", "slow it down, or not"], ["G", "read from it"],
  ["P", "let it take a snapshot"], ["H", "heal the network"], ["M", "add a server"], ["R", "begin anew"],
  ["L", "copy the link"], ["D", "light or dark"], ["?", "these keys"]];

function drawMenu(menu, run, chosen, place, act) {
  const each = chosen === null ? undefined : run.server(chosen);
  menu.hidden = !each;
  if (!each) return;
  menu.replaceChildren(Object.assign(document.createElement("strong"), {textContent: `Server ${chosen}`}));
  const add = (parent, [words, ...action]) => {
    const button = Object.assign(document.createElement("button"), {textContent: words});
    button.dataset.action = action[0];
    if (action[0] === "mend") button.setAttribute("aria-pressed", true);
    button.addEventListener("click", () => act(...action));
    parent.append(button);
  };
  for (const choice of choicesFor(each, run.seen)) add(menu, choice);
  const ways = document.createElement("div");
  ways.append("Cut");
  for (const way of waysFrom(each, run.seen)) add(ways, way);
  menu.append(ways);
  menu.style.left = `${place.x}px`;
  menu.style.top = `${place.y}px`;
}

function drawStages(list, run) {
  list.replaceChildren();
  if (run.story < 0) return;
  const told = run.stagesTold;
  STORIES[run.story].stages.forEach((each, i) => {
    const item = Object.assign(document.createElement("li"), {textContent: each.words});
    item.className = i === told - 1 ? "now" : i < told ? "before" : "later";
    list.append(item);
  });
  list.querySelector(".now")?.scrollIntoView({block: "nearest"});
}

function showSettings(form, options) {
  form.servers.value = options.servers;
  form.seed.value = options.seed;
  for (const name of ["preVote", "checkQuorum", "leases"]) form[name].checked = options[name];
}

function settingsIn(form) {
  return {servers: Number(form.servers.value), seed: Number(form.seed.value) || 1,
    preVote: form.preVote.checked, checkQuorum: form.checkQuorum.checked, leases: form.leases.checked};
}
