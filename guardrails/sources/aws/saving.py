"""Saves what an audit reads, account by account, so that a run that was killed goes on where it was."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import time
from collections.abc import Generator, Iterable
from pathlib import Path

import msgspec
from msgspec.structs import replace

from guardrails.model import Model
from guardrails.sources.aws.audit import Options
from guardrails.sources.document import Unusable
from guardrails.sources.snapshot import read_snapshot, write_snapshot

FRESH = 12 * 3600
"""Seconds for which an account that an unfinished run saved is taken over instead of read again."""


class Parts:
    """The accounts of an unfinished run, in a folder beside the snapshot that will hold them all."""

    def __init__(self, path: Path, options: Options) -> None:
        self._path = path
        asked = msgspec.json.encode(
            [options.access, sorted(options.regions), sorted(options.services), options.org_role]
        )
        # What was asked for otherwise is none of ours.
        self._folder = path.with_name(f"{path.name}.{hashlib.sha256(asked).hexdigest()[:12]}.parts")
        now = time.time()  # what is fresh now is taken over, however long this run takes
        self._fresh = sorted(p for p in self._folder.glob("*.json.gz") if now - p.stat().st_mtime < FRESH)
        self._kept: list[Path] = []

    def done(self) -> frozenset[str]:
        """The accounts that are there and fresh."""
        return frozenset(path.name.removesuffix(".json.gz") for path in self._fresh)

    def options(self, options: Options) -> Options:
        """The same, without the accounts that are there."""
        return replace(options, skip=options.skip | self.done())

    def keep(self, models: Iterable[Model]) -> Generator[Model, None, None]:
        """Save each account as it comes, and pass it on. First come those that are there. Raises `OSError`."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for path in self._fresh:
            try:
                self._kept.append(path)
                yield from read_snapshot(path)
            except Unusable:  # cannot be: a part is whole or not there; read it again next time
                path.unlink()
                raise
        for model in models:
            path = self._folder / f"{model.name}.json.gz"
            write_snapshot(path, [model])
            self._kept.append(path)
            yield model

    def finish(self) -> int:
        """Make the snapshot of all accounts, one in memory at a time, and drop the parts; how many there were."""
        count = write_snapshot(self._path, (model for part in sorted(self._kept) for model in read_snapshot(part)))
        with contextlib.suppress(OSError):  # what is left behind is only room
            shutil.rmtree(self._folder)
        return count
