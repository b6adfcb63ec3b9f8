"""Progress of long runs."""

from __future__ import annotations

import io
import re
import time

import pytest

from guardrails.commands import _progress
from guardrails.commands._progress import Progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show progress at once."""
    monkeypatch.setattr(_progress, "_PATIENCE", 0.01)


def work(text: str, *, quiet: bool = False) -> None:
    """Take a while."""
    with Progress(quiet=quiet) as progress:
        progress(text)
        time.sleep(0.1)


@pytest.mark.usefixtures("impatient")
def test_a_long_run_says_what_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the current step is shown without control characters of the design, and taken away at the end."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)

    work("reading \x1b[2Jx")

    assert re.fullmatch(r"(\r\x1b\[K0 s  reading \\u001b\[2Jx)+\r\x1b\[K", terminal.getvalue())


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("stream", "quiet"), [(io.StringIO(), False), (Terminal(), True)])
def test_nothing_is_shown_where_nobody_looks(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, quiet: bool) -> None:
    """A pipe and a quiet run get nothing."""
    monkeypatch.setattr("sys.stderr", stream)

    work("reading", quiet=quiet)

    assert stream.getvalue() == ""


def test_a_short_run_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing flickers."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)

    work("reading")

    assert terminal.getvalue() == ""
