"""A headless Chromium that a test drives over its debugging pipe: pages are opened, clicked and looked at."""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), "")
MISSING = "no Chromium on PATH: install it to test what a browser shows"
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--no-first-run",
    "--window-size=1200,1600",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)

Object = dict[str, Any]
"""A JSON object of the DevTools protocol."""


class Page:
    """One tab. https://chromedevtools.github.io/devtools-protocol/"""

    def __init__(self, orders: int, answers: int) -> None:
        self._orders = orders
        self._answers = answers
        self._buffer = b""
        self._numbers = itertools.count(1)
        self._session = ""
        self.errors: list[str] = []
        """Exceptions, console errors and refused loads."""
        self.requests: list[str] = []
        """Every address that was asked for."""
        self._loaded = False
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: object) -> Object:
        """Call a method of the protocol. Raises `RuntimeError` for what it refuses."""
        number = next(self._numbers)
        order: Object = {"id": number, "method": method, "params": parameters}
        if self._session:
            order["sessionId"] = self._session
        os.write(self._orders, json.dumps(order).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: Object = answer["result"]
                return result
            self._note(answer)

    def _read(self) -> Object:
        while b"\0" not in self._buffer:
            data = os.read(self._answers, 1 << 16)
            if not data:
                raise RuntimeError("Chromium ended")
            self._buffer += data
        first, _, self._buffer = self._buffer.partition(b"\0")
        answer: Object = json.loads(first)
        return answer

    def _note(self, event: Object) -> None:
        given = event.get("params", {})
        match event.get("method"):
            case "Page.loadEventFired":
                self._loaded = True
            case "Network.requestWillBeSent":
                self.requests.append(given["request"]["url"])
            case "Runtime.exceptionThrown":
                self.errors.append(str(given["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if given["type"] in ("error", "assert", "warning"):
                self.errors.append(str(given["args"]))
            case "Log.entryAdded" if given["entry"]["level"] in ("error", "warning"):
                self.errors.append(given["entry"]["text"])
            case "Page.javascriptDialogOpening":
                self.errors.append(f"dialog: {given['message']}")

    def open(self, path: Path) -> None:
        """Load a file and wait for it."""
        self._loaded = False
        self.call("Page.navigate", url=path.as_uri())
        self._wait()

    def follow(self, selector: str) -> None:
        """Click on a link and wait for the page that it leads to."""
        self._loaded = False
        self.click(selector)
        self._wait()

    def _wait(self) -> None:
        while not self._loaded:
            self._note(self._read())

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """Click into the middle of the first element that fits, as a mouse does."""
        where = self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center'});"
            " const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=where[0], y=where[1], button="left", clickCount=1)

    def type(self, selector: str, text: str) -> None:
        """Write into a field, in place of what is in it, and wait until the page has taken it."""
        self.evaluate(f"document.querySelector({json.dumps(selector)}).select()")
        self.call("Input.insertText", text=text)
        self.evaluate("new Promise(done => setTimeout(done, 300))")  # the page waits for the end of a word

    def screenshot(self) -> bytes:
        """What is seen, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])


@contextmanager
def page() -> Iterator[Page]:
    """A tab of a browser of its own, which has no network."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        read_orders, orders = os.pipe()
        answers, write_answers = os.pipe()
        # The pipe is on the descriptors 3 and 4: away from there first, so that neither stands in the other's way.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (read_orders, write_answers)]
        process = os.posix_spawn(
            PROGRAM,
            [PROGRAM, *OPTIONS, f"--user-data-dir={profile}"],
            os.environ,
            file_actions=[
                *((os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in range(3)),
                (os.POSIX_SPAWN_DUP2, ends[0], 3),
                (os.POSIX_SPAWN_DUP2, ends[1], 4),
            ],
        )
        for end in (read_orders, write_answers, *ends):
            os.close(end)
        try:
            yield Page(orders, answers)
        finally:
            os.close(orders)
            os.close(answers)
            os.kill(process, signal.SIGTERM)
            os.waitpid(process, 0)
