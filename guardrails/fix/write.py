"""Writing of several files: all of them, or none."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Sequence

from guardrails.fix.text import Change

_BOM = b"\xef\xbb\xbf"


class WriteError(Exception):
    """Nothing was changed; its text is the reason."""


def write(changes: Sequence[Change]) -> None:
    """Put the new text of each file in its place. Raises `WriteError`, and then every file is as it was."""
    ready: list[tuple[str, str, bytes]] = []
    done: list[tuple[str, bytes]] = []
    try:
        for change in changes:
            ready.append(_prepared(change))  # noqa: PERF401  # what is there when one fails is cleared away
        for path, temporary, before in ready:
            os.replace(temporary, path)
            done.append((path, before))
    except (OSError, WriteError) as error:
        lost = [path for path, before in reversed(done) if not _restored(path, before)]
        for _, temporary, _ in ready[len(done) :]:
            _drop(temporary)
        reason = str(error) if isinstance(error, WriteError) else f"{error.filename}: {error.strerror or error}"
        if lost:
            reason += f"; these files have the new text and could not be put back: {', '.join(lost)}"
        raise WriteError(reason) from None


def _prepared(change: Change) -> tuple[str, str, bytes]:
    """The new text in a file beside the old one, which must still be what was read."""
    with open(change.path, "rb") as file:
        before = file.read()
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
    mark = _BOM if before.startswith(_BOM) else b""
    if before != mark + change.before.encode():
        raise WriteError(f"{change.shown} has changed while it was looked at")
    if not os.access(change.path, os.W_OK):
        raise WriteError(f"{change.shown} is not writable")
    return change.path, _temporary(change.path, mark + change.after.encode(), mode), before


def _temporary(path: str, content: bytes, mode: int) -> str:
    handle, name = tempfile.mkstemp(dir=os.path.dirname(path), prefix=f".{os.path.basename(path)}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
    except OSError:
        _drop(name)
        raise
    return name


def _restored(path: str, before: bytes) -> bool:
    try:
        os.replace(_temporary(path, before, stat.S_IMODE(os.stat(path).st_mode)), path)
    except OSError:
        return False
    return True


def _drop(path: str) -> None:
    with contextlib.suppress(OSError):  # a file that is left over does no harm
        os.unlink(path)
