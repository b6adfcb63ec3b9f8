"""Progress on stderr, for runs that take long enough to wonder."""

from __future__ import annotations

import sys
import threading
import time

_PATIENCE = 2.0
"""Seconds before anything is shown."""


class Progress:
    """Shows what is being done on a terminal, and nothing elsewhere. Use it as a context."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._text = ""
        self._shown = False
        self._done = threading.Event()
        wanted = not quiet and sys.stderr.isatty()
        self._thread = threading.Thread(target=self._show, daemon=True) if wanted else None

    def __call__(self, text: str) -> None:
        self._text = text

    def __enter__(self) -> Progress:
        if self._thread:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread:
            self._done.set()
            self._thread.join()
            if self._shown:
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()

    def _show(self) -> None:
        start = time.monotonic()
        wait = _PATIENCE
        while not self._done.wait(wait):
            from guardrails.reporters.safe import visible  # noqa: PLC0415  # long runs only

            self._shown = True
            seconds = int(time.monotonic() - start)
            sys.stderr.write(f"\r\x1b[K{seconds} s  {visible(self._text)[:70]}")
            sys.stderr.flush()
            wait = 0.2
