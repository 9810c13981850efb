# SPDX-License-Identifier: BSL-1.0
"""A headless Chromium, driven by the WebDriver protocol. As a program: names what is not there."""

import base64
import json
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

PROGRAMS = {"chromedriver": "chromium-driver", "chromium": "chromium"}  # And Debian's packages.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # The protocol's key of a reference.
PATIENCE = 60.0
KEYS = {"ArrowRight": "\ue014", "ArrowLeft": "\ue012", "Home": "\ue011", "End": "\ue010"}


class Failure(Exception):
    pass


class Browser:
    def __init__(self, width=1280, height=860):
        self.process = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        try:
            self.url = f"http://127.0.0.1:{self._port()}/session"
            arguments = ["--headless=new", "--no-sandbox", "--hide-scrollbars", "--disable-gpu",
                         "--force-device-scale-factor=1", f"--window-size={width},{height}"]
            wanted = {"browserName": "chrome", "goog:chromeOptions": {"args": arguments},
                      "goog:loggingPrefs": {"browser": "ALL"}}
            made = self._ask("POST", "", {"capabilities": {"alwaysMatch": wanted}})
            self.url += "/" + made["sessionId"]
        except BaseException:
            self.process.kill()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._ask("DELETE", "")
        finally:
            self.process.terminate()
            self.process.wait()

    def _port(self):
        for line in self.process.stdout:
            if found := re.search(r"started successfully on port (\d+)", line):
                return found[1]
        raise Failure("chromedriver does not start")

    def _ask(self, method, path, body=None):
        given = json.dumps(body).encode() if body is not None else None
        asked = urllib.request.Request(self.url + path, given, method=method,
                                       headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as wrong:
            raise Failure(json.load(wrong)["value"]["message"]) from None

    def open(self, page, fragment=""):
        self._ask("POST", "/url", {"url": "about:blank"})
        self._ask("POST", "/url", {"url": page.resolve().as_uri() + fragment})
        self.settle()

    def script(self, body, *arguments):
        return self._ask("POST", "/execute/sync", {"script": body, "args": arguments})

    def async_script(self, body, *arguments):
        """The last argument of the script is to be called with the result."""
        return self._ask("POST", "/execute/async", {"script": body, "args": arguments})

    def settle(self):
        """Until what is due is drawn: two frames."""
        self.async_script("const done = arguments[0];"
                          "requestAnimationFrame(() => requestAnimationFrame(() => done()));")

    def click(self, selector):
        found = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        self._ask("POST", f"/element/{found[ELEMENT]}/click", {})
        self.settle()

    def press(self, key):
        value = KEYS.get(key, key)
        keys = [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self._ask("POST", "/actions", {"actions": [{"type": "key", "id": "k", "actions": keys}]})
        self.settle()

    def move_to(self, x, y):
        move = {"type": "pointerMove", "duration": 0, "x": int(x), "y": int(y)}
        self._ask("POST", "/actions",
                  {"actions": [{"type": "pointer", "id": "p", "actions": [move]}]})
        self.settle()

    def text(self, selector):
        return self.script("return document.querySelector(arguments[0])?.textContent", selector)

    def thread_ms(self):
        """How long the page's main thread has had a processor."""
        self._developers("Performance.enable")
        found = self._developers("Performance.getMetrics")["metrics"]
        return 1000 * next(each["value"] for each in found if each["name"] == "ThreadTime")

    def _developers(self, command):
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": {}})

    def picture(self):
        return base64.b64decode(self._ask("GET", "/screenshot"))

    def errors(self):
        """What the page has complained of."""
        said = self._ask("POST", "/se/log", {"type": "browser"})
        return [each["message"] for each in said if each["level"] == "SEVERE"]


def main():
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    if missing:
        sys.exit("not there: " + ", ".join(missing))


if __name__ == "__main__":
    main()
