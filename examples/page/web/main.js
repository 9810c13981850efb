// SPDX-License-Identifier: BSL-1.0
//
// Puts the page together: what is shown, and what keys, buttons and the pointer do.

const part = id => document.getElementById(id);
const run = new Run(part('run').textContent);
const moments = new Moments(run);
const view = new View(run);
const timeline = new Timeline(part('timeline'), run, view);
const overview = new Overview(part('overview'), run, view);
const logs = new Logs(part('logs'), run);
const story = new Story(part('story'), run, moments, view);

// --------------------------------------------------------------------------------------- drawing

let isDue = false;
let shownCursor = NaN;
let states = moments.after(-1);

function show() {
  isDue = false;
  if (shownCursor !== view.cursor) {
    shownCursor = view.cursor;
    states = moments.after(view.cursor);
    showMoment();
  }
  timeline.draw(states);
  overview.draw();
  part('crowd').textContent = timeline.isCrowded
    ? 'Bars: messages sent, and lost' : '';
}
function showSoon() {
  if (!isDue) requestAnimationFrame(show);
  isDue = true;
}
view.onChange = showSoon;

function showMoment() {
  logs.show(states);
  story.show();
  const when = moment(run, view.cursorAt, 1);
  part('logs-when').textContent = view.cursor < 0 ? 'before the beginning' : `at ${when}`;
  part('place').innerHTML = `<b>${when}</b> · event <b>${view.cursor + 1}</b> of ` +
                            `${run.events.length}`;
  for (const button of document.querySelectorAll('.jump button'))
    button.disabled = view.next(button.dataset.kind, Number(button.dataset.direction)) < 0;
}
function showAnew() {
  shownCursor = NaN;
  overview.forget();
  showSoon();
}

// ------------------------------------------------------------------------------------ what is done

let playing = 0;
function play() {
  if (playing) {
    clearInterval(playing);
    playing = 0;
  } else {
    playing = setInterval(() => {
      view.step(1);
      if (view.cursor === run.events.length - 1) play();
    }, 120);
  }
  part('play').textContent = playing ? '❚❚' : '▶▶';
}

function changeTheme(to) {
  document.documentElement.dataset.theme = to;
  timeline.readColours();
  overview.readColours();
  showAnew();
}
const darkness = matchMedia('(prefers-color-scheme: dark)');
darkness.addEventListener('change', () => changeTheme(darkness.matches ? 'dark' : 'light'));

const actions = {
  back: () => view.step(-1),
  on: () => view.step(1),
  first: () => view.goTo(0),
  last: () => view.goTo(run.events.length - 1),
  play,
  'zoom-in': () => view.zoom(0.5),
  'zoom-out': () => view.zoom(2),
  fit: () => view.fit(),
  left: () => view.move(-view.span / 4),
  right: () => view.move(view.span / 4),
  theme: () => changeTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark'),
  help: () => part('help').showModal(),
};
const keys = [
  [['ArrowRight'], '→', 'one event on', actions.on],
  [['ArrowLeft'], '←', 'one event back', actions.back],
  [['Home'], 'Home', 'to the beginning', actions.first],
  [['End'], 'End', 'to the end', actions.last],
  [[' '], 'Space', 'play, or stop', actions.play],
  ...Object.keys(run.jumps).flatMap(kind => [
    [[kind[0]], kind[0], `to the next ${kind}`, () => view.jump(kind, 1)],
    [[kind[0].toUpperCase()], `Shift ${kind[0]}`, `to the ${kind} before`,
     () => view.jump(kind, -1)],
  ]),
  [['+', '='], '+', 'show less time', actions['zoom-in']],
  [['-'], '−', 'show more time', actions['zoom-out']],
  [['0'], '0', 'show the whole run', actions.fit],
  [['a'], 'a', 'move to the left', actions.left],
  [['d'], 'd', 'move to the right', actions.right],
  [['D'], 'Shift d', 'light or dark', actions.theme],
  [['?'], '?', 'these keys', actions.help],
];

document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || part('help').open) return;
  const key = keys.find(([names]) => names.includes(event.key));
  if (!key) return;
  if (event.key === ' ' && event.target.tagName === 'BUTTON') return;
  event.preventDefault();
  key[3]();
});
document.addEventListener('click', event => {
  const button = event.target.closest('[data-do], [data-kind], [data-event], [data-class]');
  if (!button) return;
  const {do: name, kind, direction, event: number} = button.dataset;
  if (name) actions[name]();
  if (kind) view.jump(kind, Number(direction));
  if (number) view.goTo(Number(number));
});
part('theme').addEventListener('click', actions.theme);
part('help-button').addEventListener('click', actions.help);

// ----------------------------------------------------------------------------------- the pointer

/// While the button is down: what `move` does with each place.
function dragging(canvas, move) {
  canvas.addEventListener('pointerdown', event => {
    canvas.setPointerCapture(event.pointerId);
    move(event, true);
  });
  canvas.addEventListener('pointermove', event => {
    if (canvas.hasPointerCapture(event.pointerId)) move(event, false);
  });
}
const placeOn = (canvas, event) => event.clientX - canvas.getBoundingClientRect().left;

dragging(timeline.canvas, event => {
  const at = timeline.momentAt(placeOn(timeline.canvas, event));
  view.cursor = run.eventAt(Math.min(Math.max(at, view.begin), view.end));
  showSoon();
});
let grip = 0;
dragging(overview.canvas, (event, begins) => {
  const at = overview.momentAt(placeOn(overview.canvas, event));
  if (begins) grip = at >= view.begin && at <= view.end ? at - view.begin : view.span / 2;
  view.show(at - grip, at - grip + view.span);
});
for (const canvas of [timeline.canvas, overview.canvas])
  canvas.addEventListener('wheel', event => {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      const around = canvas === timeline.canvas ? timeline.momentAt(placeOn(canvas, event))
                                                : view.cursorAt;
      view.zoom(1.0015 ** event.deltaY, around);
    } else {
      view.move((event.deltaX + event.deltaY) / (timeline.width - head) * view.span);
    }
  }, {passive: false});

timeline.canvas.addEventListener('pointermove', event => {
  const box = timeline.canvas.getBoundingClientRect();
  const x = event.clientX - box.left, y = event.clientY - box.top;
  const fault = timeline.faultAt(x, y);
  const flight = fault ? null : timeline.flightAt(x, y);
  const tip = part('tip');
  tip.hidden = !fault && !flight;
  if (fault) tip.textContent = inWords(run, fault, blankServer);
  if (flight) {
    const [from, to, , words] = run.messages[flight.message];
    tip.textContent = `${from} → ${to}${flight.fate === Fate.lost ? ', lost' : ''}: ${words}`;
  }
  tip.style.left = `${Math.min(event.clientX + 14, innerWidth - 430)}px`;
  tip.style.top = `${event.clientY + 16}px`;
});
timeline.canvas.addEventListener('pointerleave', () => { part('tip').hidden = true; });

// ------------------------------------------------------------------------------------ what is said

function sayTitle() {
  part('title').textContent = document.title = run.title;
  part('made-by').textContent = run.madeBy;
  const figures = [
    ['events', run.events.length], ['elections', run.jumps.election.length],
    ['committed', run.highestCommit], ['faults', run.jumps.fault.length],
    ['violations', run.jumps.violation.length],
  ];
  part('figures').innerHTML = figures.map(([name, count]) =>
    `<div class="${name === 'violations' && count > 0 ? 'bad' : name}"><dt>${name}</dt>` +
    `<dd>${count.toLocaleString('en')}</dd></div>`).join('');
}

function sayJumps() {
  part('jumps').innerHTML = Object.keys(run.jumps).map(kind =>
    `<span class="jump"><button data-kind="${kind}" data-direction="-1" ` +
    `title="The ${kind} before (Shift ${kind[0]})">◀</button>` +
    `<span>${kind[0].toUpperCase()}${kind.slice(1)}</span>` +
    `<button data-kind="${kind}" data-direction="1" title="The next ${kind} (${kind[0]})">▶` +
    '</button></span>').join('');
  part('keys').innerHTML = keys.map(([, name, does]) =>
    `<tr><td><kbd>${name}</kbd></td><td>${does}</td></tr>`).join('');
}

/// What the signs mean. Those of the messages are buttons: each hides its messages.
function sayLegend() {
  const sign = (drawn, words) =>
    `<span><svg width="22" height="16" viewBox="0 0 22 16">${drawn}</svg>${words}</span>`;
  const bar = (high, more = '') =>
    `<rect x="0" y="${8 - high / 2}" width="22" height="${high}" fill="var(--term-1)" ${more}/>`;
  const hatch = '<path d="M3 13L9 3M10 13L16 3M16 13L22 3" stroke="var(--on-term)"/>';
  const signs = [
    sign(bar(15, 'stroke="var(--ink)" stroke-width="1.5"'), 'leader'),
    sign(bar(10) + hatch, 'candidate'),
    sign(bar(5), 'follower'),
    sign('<path d="M0 8H22" stroke="var(--soft)" stroke-width="2" stroke-dasharray="3 4"/>', 'down'),
    sign('<rect x="10" y="4" width="1.8" height="8" fill="var(--commit)"/>', 'commit'),
    sign('<path d="M6 4H16L11 13Z" fill="var(--fault)"/>', 'fault'),
    sign('<path d="M7 4L15 12M15 4L7 12" stroke="var(--fault)" stroke-width="2"/>', 'lost'),
  ];
  const counts = classNames.map(() => 0);
  for (const message of run.messages) ++counts[message[2]];
  const chips = classNames.map((name, of) => counts[of] === 0 ? '' :
    `<button class="chip" aria-pressed="true" data-class="${of}" title="Show them, or not">` +
    `<i style="background: var(--${messageColours[of]})"></i>${name}</button>`);
  part('legend').innerHTML = signs.join('') + '<span>Messages:</span>' + chips.join('') +
                             '<output id="crowd"></output>';
  part('legend').addEventListener('click', event => {
    const chip = event.target.closest('[data-class]');
    if (!chip) return;
    const of = Number(chip.dataset.class), isShown = view.hidden.has(of);
    isShown ? view.hidden.delete(of) : view.hidden.add(of);
    chip.setAttribute('aria-pressed', isShown);
    showAnew();
  });
}

/// All of a short run; of a long one, where it becomes interesting.
function begin() {
  const named = /^#event=(\d+)$/.exec(location.hash);
  const {violation, commit, election} = run.jumps;
  const first = violation[0] ?? commit[0] ?? election[0] ?? 0;
  const isShort = run.flights.all.length < 250;
  const chosen = named ? Number(named[1]) - 1 : first;
  if (!isShort) {
    const around = run.flights.from[Math.min(run.flights.all.length - 1,
                                             lowerBound(run.flights.from, run.at[chosen]) + 60)];
    const half = Math.max(around - run.at[chosen], view.shortest) * 1.4;
    view.show(run.at[chosen] - half, run.at[chosen] + half);
  }
  view.goTo(chosen);
}

sayTitle();
sayJumps();
sayLegend();
changeTheme(darkness.matches ? 'dark' : 'light');
begin();
addEventListener('hashchange', begin);
new ResizeObserver(showAnew).observe(document.body);
