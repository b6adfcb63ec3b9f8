"""What a cleanup did, as it did it: one JSON object a line, on disk before the next call is made."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

Event = Literal["begin", "before", "calling", "done", "kept", "skipped", "failed", "removed", "end"]


class Journal:
    """A file that is only ever appended to, readable by its owner alone."""

    def __init__(self, path: Path) -> None:
        """Open or make the file. Raises `OSError`."""
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, event: Event, **facts: Any) -> None:
        """Append one event in one write, and wait until it is on disk. Raises `OSError`."""
        entry: Mapping[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **facts}
        line = json.dumps(entry, default=str) + "\n"
        data = line.encode()
        if os.write(self._file, data) != len(data):
            raise OSError(errno.ENOSPC, "the journal could not be written whole")
        os.fsync(self._file)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        os.close(self._file)
