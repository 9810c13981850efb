# SPDX-License-Identifier: BSL-1.0
"""Scrolls and zooms through a run of a hundred thousand events, and times the frames.

    time_frames.py --raft-sim PROGRAM --work DIR

Of each way, 95 of a hundred frames must take the page no more than 33 ms of the processor; what it
took by the clock, which depends on what else the machine does, is printed beside it. The last line is
`frames: …`.
"""

import argparse
import pathlib
import subprocess
import sys

from browser import Browser, Failure

LONGEST_MS = 33.0
FRAMES = 200
WANTED = "--seeds 9..9 --profile network --servers 5 --events 50000".split()
# What is looked at, from where the page was before: the keys, and how the wheel turns then.
WAYS = [("near", [], (40, 0, False)),
        ("crowded", ["-"] * 7, (40, 0, False)),
        ("whole", ["0", "+"], (25, 0, False)),
        ("zooming", ["0"], (0, -60, True))]

# Turns the wheel once a frame, there and back, and says how long each frame took by the clock.
SCROLL = """
const [count, deltaX, deltaY, ctrlKey, done] = arguments;
const canvas = document.querySelector('#timeline'), box = canvas.getBoundingClientRect();
const between = [];
let before = performance.now();
function next() {
  const begin = performance.now();
  between.push(begin - before);
  before = begin;
  const back = between.length > count / 2 + 1 ? -1 : 1;
  canvas.dispatchEvent(new WheelEvent('wheel', {
    deltaX: back * deltaX, deltaY: back * deltaY, ctrlKey, cancelable: true,
    clientX: box.left + box.width / 2, clientY: box.top + 50}));
  requestAnimationFrame(between.length < count ? next : () => done(between));
}
requestAnimationFrame(next);
"""


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--raft-sim", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    return parser.parse_args()


def percentile(times, part):
    return sorted(times)[min(len(times) - 1, int(len(times) * part))]


def processor_times(browser, wheel):
    """What each of so many frames takes the page's thread, in milliseconds."""
    x, y, is_zoom = wheel
    times, before = [], browser.thread_ms()
    for i in range(FRAMES):
        back = -1 if i >= FRAMES / 2 else 1
        browser.async_script(SCROLL, 1, back * x, back * y, is_zoom)
        now = browser.thread_ms()
        times.append(now - before)
        before = now
    return times


def main():
    given = parse()
    given.work.mkdir(parents=True, exist_ok=True)
    file = given.work / "long.html"
    subprocess.run([given.raft_sim, *WANTED, "--html", file], check=True,
                   stdout=subprocess.DEVNULL)
    slowest = 0.0
    with Browser(1440, 900) as browser:
        browser.open(file)
        events = browser.script(
            "return Number(document.querySelector('#figures dd').textContent.replace(/,/g, ''))")
        if events < 100_000:
            raise Failure(f"the run has {events} events only")
        for way, keys, wheel in WAYS:
            for key in keys:
                browser.press(key)
            by_clock = percentile(browser.async_script(SCROLL, FRAMES, *wheel)[2:], 0.95)
            p95 = percentile(processor_times(browser, wheel), 0.95)
            slowest = max(slowest, p95)
            print(f"{way}: p95={p95:.1f} ms, by the clock {by_clock:.1f} ms", flush=True)
        if errors := browser.errors():
            raise Failure(f"the page complains: {errors}")
    print(f"frames: events={events} p95_ms={slowest:.1f}")
    if slowest > LONGEST_MS:
        raise Failure(f"{slowest:.1f} ms a frame are more than {LONGEST_MS:.0f}")


if __name__ == "__main__":
    try:
        main()
    except Failure as wrong:
        sys.exit(f"failed: {wrong}")
