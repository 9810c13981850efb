# SPDX-License-Identifier: BSL-1.0
"""Clicks through the page of the run that is told by hand, and asks what stands there.

    click_through.py --told-page PROGRAM --work DIR
"""

import argparse
import pathlib
import subprocess
import sys

from browser import Browser, Failure


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--told-page", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    return parser.parse_args()


class Page:
    def __init__(self, browser):
        self.browser = browser

    def expect(self, what, found, wanted):
        if found != wanted:
            raise Failure(f"{what} is {found!r}, not {wanted!r}")

    def current(self):
        return self.browser.text("#story [aria-current] .text")

    def says(self, wanted):
        self.expect("the event", self.current(), wanted)

    def server(self, number):
        """Role, term, commit index, and the terms in the log with what is known committed."""
        return self.browser.script("""
            const row = document.querySelector(`#logs [data-server="${arguments[0]}"]`);
            const of = kind => row.querySelector(kind).textContent;
            const cells = [...row.querySelectorAll('td')].map(cell =>
                cell.className.includes('gone') ? 'gone'
                    : cell.textContent + (cell.className.includes('open') ? '?' : ''));
            return [of('.role'), of('.term'), of('.commit'), cells.filter(Boolean).join(' ')];
        """, number)

    def is_server(self, number, *wanted):
        self.expect(f"server {number}", self.server(number), list(wanted))

    def jump(self, kind, direction):
        self.browser.click(f'[data-kind="{kind}"][data-direction="{direction}"]')

    def may_jump(self, kind, direction):
        return not self.browser.script(
            "return document.querySelector(arguments[0]).disabled",
            f'[data-kind="{kind}"][data-direction="{direction}"]')


def figures(page):
    shown = page.browser.script("""
        return Object.fromEntries([...document.querySelectorAll('#figures div')].map(
            each => [each.querySelector('dt').textContent, each.querySelector('dd').textContent]));
    """)
    del shown["events"]
    page.expect("what is counted", shown, {"elections": "2", "committed": "2", "faults": "4",
                                           "violations": "1"})


def begins_at_the_violation(page):
    page.says("violation: two entries committed at one index")
    page.is_server(1, "leader", "1", "2", "1 1 1?")
    page.is_server(2, "leader", "2", "2", "gone 2")
    page.is_server(3, "follower", "2", "1", "1 2?")
    page.expect("a violation after it", page.may_jump("violation", 1), False)


def jumps(page):
    page.browser.click('[data-do="first"]')
    page.says("starts, a follower of term 0")
    page.expect("an election before the first", page.may_jump("election", -1), False)
    page.jump("election", 1)
    page.says("becomes leader of term 1")
    page.is_server(1, "leader", "1", "0", "")
    page.jump("commit", 1)
    page.says("knows entry 1 committed")
    page.is_server(1, "leader", "1", "1", "1")
    page.is_server(2, "follower", "1", "0", "1?")
    page.jump("fault", 1)
    page.says("fault: kill")
    page.browser.press("e")
    page.says("becomes leader of term 2")
    page.browser.press("E")
    page.says("becomes leader of term 1")
    page.browser.press("v")
    page.says("violation: two entries committed at one index")
    page.browser.press("F")
    page.says("fault: pause, for 60.0 ms")


def steps(page):
    page.jump("election", -1)
    page.says("becomes leader of term 1")
    page.browser.press("ArrowRight")
    page.says("appends entry 1 of term 1")
    page.is_server(1, "leader", "1", "0", "1?")
    page.browser.click('[data-do="on"]')
    page.says("→ 2  append_entries(entries 1 of term 1)")
    page.browser.press("ArrowLeft")
    page.browser.press("ArrowLeft")
    page.says("becomes leader of term 1")
    page.browser.press("End")
    page.says("its members are {1 2 3}")
    page.is_server(1, "follower", "2", "2", "1")
    page.browser.press("ArrowRight")
    page.says("its members are {1 2 3}")  # There is nothing after the end.
    page.browser.press("Home")
    page.says("starts, a follower of term 0")


def hides_messages(page):
    page.jump("election", 1)
    page.browser.press("ArrowRight")
    page.browser.click('#legend .chip[data-class="1"]')  # Entries.
    page.browser.press("ArrowRight")
    page.says("appends entry 1 of term 1")
    page.browser.press("ArrowRight")
    page.says("→ 1  append_entries_reply(match 1)")
    page.browser.click('#legend .chip[data-class="1"]')


def opens_an_address(page, file):
    page.browser.open(file, "#event=3")
    page.expect("the place", page.browser.text("#place b:nth-of-type(2)"), "3")


def tells_what_is_under_the_pointer(page):
    """Between the lanes of 1 and 2 there are messages, and their words are told."""
    page.browser.click('[data-do="fit"]')
    box = page.browser.script("""
        const box = document.querySelector('#timeline').getBoundingClientRect();
        return [box.left, box.top, box.width, box.height];
    """)
    said = set()
    for x in range(420, 620, 5):
        page.browser.move_to(box[0] + x, box[1] + box[3] * 0.36)
        if not page.browser.script("return document.querySelector('#tip').hidden"):
            said.add(page.browser.text("#tip"))
    for words in ["2 → 1: request_vote_reply(term 1, yes)",
                  "1 → 3, lost: request_vote(term 1, last 0/0)"]:
        if words not in said:
            raise Failure(f"{words} is not told, but {said}")


def main():
    given = parse()
    given.work.mkdir(parents=True, exist_ok=True)
    file = given.work / "told.html"
    subprocess.run([given.told_page, file], check=True)
    with Browser() as browser:
        page = Page(browser)
        browser.open(file)
        figures(page)
        begins_at_the_violation(page)
        jumps(page)
        steps(page)
        hides_messages(page)
        tells_what_is_under_the_pointer(page)
        opens_an_address(page, file)
        page.expect("what the page complains of", browser.errors(), [])


if __name__ == "__main__":
    try:
        main()
    except Failure as wrong:
        sys.exit(f"failed: {wrong}")
