"""Files that are written as a whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets


def write_whole(path: str, data: bytes, *, mode: int = 0o666) -> None:
    """Write a file so that nobody ever sees a part of it; a link at the path is replaced. Raises `OSError`.

    `mode` is what a new file may be at most, less what the user's umask takes away.
    """
    temporary = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
