# SPDX-License-Identifier: BSL-1.0
"""Plays in the playground as a visitor would, asks what stands there, and compares two pictures.

    click_through.py --page playground.html --work DIR [--update]

--update makes the pictures of now the ones to compare with: look at them first. browser.py and
compare_picture.py are those of tests/browser.
"""

import argparse
import pathlib
import sys
import time

from browser import Browser, Failure
from compare_picture import MOST_DIFFERENT, compare_with

PICTURES = pathlib.Path(__file__).resolve().parent / "pictures"
PATIENCE = 60.0  # Seconds, for what the page does by itself.
FIRST_STORY, LEADER_CUT_OFF, FIGURE_8_D, FREE = 0, 3, 10, -1


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--page", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--update", action="store_true")
    return parser.parse_args()


def expect(what, found, wanted):
    if found != wanted:
        raise Failure(f"{what} is {found!r}, not {wanted!r}")


class Page:
    def __init__(self, browser):
        self.browser = browser

    def choose_story(self, number):
        self.browser.script("""
            const select = document.getElementById('stories');
            select.value = arguments[0];
            select.dispatchEvent(new Event('change'));
        """, number)

    def hurry(self):
        self.browser.script("""
            const speed = document.getElementById('speed');
            speed.value = 100;
            speed.dispatchEvent(new Event('input'));
        """)

    def wait(self, what, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise Failure(f"waited in vain: {what}")
            self.browser.settle()

    def next_stage(self):
        self.browser.click("#next")
        self.wait("the stage's end", lambda: self.browser.text("#play") == "Play")

    def server(self, number):
        """The words beside it, and the terms in its log; '?' after what it does not know committed."""
        return self.browser.script("""
            const words = document.querySelector(`#arena [data-server="${arguments[0]}"] .role`);
            const row = document.querySelector(`#logs [data-server="${arguments[0]}"]`);
            const cells = [...row.querySelectorAll('td')].map(cell => cell.className === 'gone' ? '~'
                : cell.textContent + (cell.className === 'open' ? '?' : ''));
            return [words.textContent, cells.filter(Boolean).join(' ')];
        """, number)

    def leader(self):
        return self.browser.script("""
            const found = document.querySelector('#arena .leader');
            return found ? Number(found.dataset.server) : null;
        """)

    def is_safe(self):
        expect("the judgement", self.browser.text("#safety"), "Figure 3 holds")


def tells_an_election(page):
    expect("the story", page.browser.text("#stages .now"), None)
    page.hurry()
    page.next_stage()
    page.next_stage()
    first = page.leader()
    if first is None:
        raise Failure("nobody was elected")
    for _ in range(4):
        page.next_stage()
    second = page.leader()
    if second in (None, first):
        raise Failure(f"after {first} {second} leads")
    expect("the end", page.browser.text("#next"), "The end")
    page.is_safe()


def kills_and_restarts(page):
    page.choose_story(FREE)
    page.browser.press(" ")
    page.wait("a leader", lambda: page.leader() is not None)
    page.browser.press("w")
    page.wait("an answer", lambda: page.browser.text("#figures") == "1 written, 1 acknowledged")
    leader = page.leader()
    page.browser.press(str(leader))
    page.browser.click('#menu [data-action="crash"]')
    expect("the server", page.server(leader)[0], "down")
    page.wait("another leader", lambda: page.leader() not in (None, leader))
    page.browser.press("c")
    page.wait("it follows", lambda: page.server(leader)[0] == "follower")
    page.browser.press("i")
    expect("what is cut", page.browser.script("return document.querySelectorAll('.way.cut').length"), 4)
    page.browser.press("h")
    expect("what is cut", page.browser.script("return document.querySelectorAll('.way.cut').length"), 0)
    page.browser.press("m")
    page.wait("six members", lambda: page.browser.script(
        "return document.querySelectorAll('.server:not(.outside)').length") == 6)
    page.browser.press(" ")
    page.is_safe()


def tells_figure_8(page):
    page.choose_story(FIGURE_8_D)
    for _ in range(3):
        page.next_stage()
    expect("server 1", page.server(1), ["★ leader", "1? 2? 4?"])
    expect("server 3", page.server(3), ["follower", "1? 2?"])
    expect("server 5", page.server(5), ["down", "1? 3?"])
    page.next_stage()
    expect("server 3", page.server(3), ["follower", "1 3 5"])
    page.is_safe()


def sends_the_run(page, file):
    page.choose_story(LEADER_CUT_OFF)
    for _ in range(3):
        page.next_stage()
    page.browser.press("l")
    link = page.browser.script("return location.hash")
    told = [page.server(number) for number in range(1, 6)]
    when = page.browser.text("#time")
    page.browser.open(file, link)
    expect("the run of the link", [page.server(number) for number in range(1, 6)], told)
    expect("its time", page.browser.text("#time"), when)
    page.hurry()
    page.browser.press("ArrowLeft")
    if page.browser.text("#time") >= when:
        raise Failure("time does not go back")
    page.browser.press("ArrowRight")
    for broken in ["#1~9~1~3~0~10~", "#nonsense", "#1~5~1~3~0~10~0.99.1.1", "#1~5~1~3~0~10~0.x.1.1"]:
        page.browser.open(file, broken)
        page.is_safe()


def looks_as_it_did(page, given):
    page.choose_story(FIGURE_8_D)
    for _ in range(3):
        page.next_stage()
    for name, key in [("light.png", None), ("dark.png", "d")]:
        if key:
            page.browser.press(key)
        found = page.browser.picture()
        (given.work / name).write_bytes(found)
        if given.update:
            PICTURES.mkdir(exist_ok=True)
            (PICTURES / name).write_bytes(found)
        if compare_with(PICTURES / name, page.browser, found) > MOST_DIFFERENT:
            raise Failure(f"see {given.work}, and {PICTURES}")


def main():
    given = parse()
    given.work.mkdir(parents=True, exist_ok=True)
    with Browser(1280, 940) as browser:
        browser.open(given.page)
        page = Page(browser)
        tells_an_election(page)
        kills_and_restarts(page)
        tells_figure_8(page)
        sends_the_run(page, given.page)
        looks_as_it_did(page, given)
        if errors := browser.errors():
            raise Failure("the page complains: " + "; ".join(errors))
    print("played")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(str(failure))
