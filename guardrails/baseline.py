"""The baseline: findings that were there before, by fingerprint, in a file of one line each."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field

from guardrails.finding import Finding, Suppressed
from guardrails.model import LiveLocation, Location, Origin

FILE = ".guardrails-baseline.json"
MAX_BYTES = 100_000_000
_FINGERPRINT = re.compile(r'"fingerprint": ?"([^"]*)"')


class BaselineError(Exception):
    """A baseline that cannot be used; the text names the file."""


class Entry(Struct, frozen=True, order=True):
    """One finding that is known."""

    path: str
    """The file, relative to the baseline's folder; the ARN of a live resource; empty where there is neither."""
    resource: str
    check: str
    source: str
    fingerprint: str


class Baseline(Struct, frozen=True):
    """The entries of a file."""

    path: str
    """As seen from the working directory, with `/`."""
    entries: Mapping[str, Entry] = field(default_factory=dict)
    """By fingerprint."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """Where in the file each stands, by fingerprint."""

    def entry_for(self, finding: Finding) -> Entry | None:
        """The entry that knows a finding. One that says it were something else does not."""
        entry = self.entries.get(finding.fingerprint)
        if entry is None or (entry.check, entry.resource) != (finding.check, finding.resource):
            return None
        return entry

    def hidden(self, finding: Finding, entry: Entry) -> Suppressed:
        """A finding that has an entry, as the report shows it."""
        return Suppressed(finding, "it is in the baseline", by=Origin(self.place(entry.fingerprint)))

    def place(self, fingerprint: str) -> Location:
        """The line of an entry."""
        return Location(self.path, self.lines.get(fingerprint, 1))

    def path_of(self, entry: Entry) -> str:
        """The file of an entry, as seen from the working directory."""
        return os.path.normpath(os.path.join(os.path.dirname(self.path), entry.path))


def load(path: str) -> Baseline:
    """Read a baseline. Raises `BaselineError`."""
    shown = path.replace(os.sep, "/")
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe would block
        raise BaselineError(f"{shown}: it is no regular file")
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(MAX_BYTES)
        content = json.loads(text)
    except OSError as error:
        raise BaselineError(f"{shown}: {error.strerror}") from None
    except ValueError as error:
        raise BaselineError(f"{shown}: {error}") from None
    except RecursionError:
        raise BaselineError(f"{shown}: it is nested too deeply") from None
    if not isinstance(content, dict) or content.get("version") != 1:
        raise BaselineError(f"{shown}: this is no baseline of version 1")
    entries = {entry.fingerprint: entry for entry in _entries(content.get("findings"), shown)}
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        for fingerprint in _FINGERPRINT.findall(line):
            lines[fingerprint] = number
    return Baseline(shown, entries, lines)


def _entries(rows: object, shown: str) -> Iterator[Entry]:
    if not isinstance(rows, list):
        raise BaselineError(f"{shown}: there is no list `findings`")
    names = ("path", "resource", "check", "source", "fingerprint")
    for number, row in enumerate(rows, 1):
        values = [row.get(name) for name in names] if isinstance(row, dict) else [None]
        if not all(isinstance(value, str) for value in values):
            raise BaselineError(f"{shown}: finding {number} has not the texts {', '.join(names)}")
        yield Entry(*values)


def entry_of(finding: Finding, path: str) -> Entry:
    """The entry for a finding in the baseline at `path`."""
    place = ""
    match finding.origin.location:
        case Location(path=file):
            place = os.path.relpath(file, os.path.dirname(path) or ".").replace(os.sep, "/")
        case LiveLocation(arn=arn):
            place = arn
    return Entry(place, finding.resource, finding.check, finding.source, finding.fingerprint)


def dump(entries: Iterable[Entry]) -> str:
    """The text of a baseline: sorted, a line for each finding, so that a change of it reads as what it is."""
    rows = [
        json.dumps(
            {
                "path": each.path,
                "resource": each.resource,
                "check": each.check,
                "source": each.source,
                "fingerprint": each.fingerprint,
            },
            ensure_ascii=False,
        )
        for each in sorted(set(entries))
    ]
    inside = ",\n  ".join(rows)
    return '{\n "version": 1,\n "findings": [' + (f"\n  {inside}\n " if rows else "") + "]\n}\n"
