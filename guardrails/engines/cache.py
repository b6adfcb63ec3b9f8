"""What an engine said of input that has not changed since.

An entry is believed only if this user wrote it on this machine: its name and its content are keyed with a secret that
is kept apart from the entries, so that a cache that was restored from elsewhere, or planted, is not read. Nothing is
kept inside the tree that is scanned. Whatever goes wrong with the cache, the engine runs.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import stat
import time

from guardrails import workspace
from guardrails.files import write_whole

MAX_BYTES = 256 << 20
KEEP_DAYS = 30
KEEP_ENTRIES = 200
_MAC = hashlib.sha256().digest_size


def user_folder(kind: str) -> str:
    """Where this user keeps `cache` or `state` of programs, with our name below. Absolute."""
    variable, default = {
        "cache": ("XDG_CACHE_HOME", os.path.join("~", ".cache")),
        "state": ("XDG_STATE_HOME", os.path.join("~", ".local", "state")),
    }[kind]
    given = os.environ.get(variable, "")
    home = given if os.path.isabs(given) else os.path.expanduser(default)  # the XDG specification ignores others
    return os.path.join(os.path.abspath(home), "guardrails")


class Cache:
    """Entries of one engine. `avoid` are the scanned trees."""

    def __init__(self, engine: str, avoid: tuple[str, ...]) -> None:
        self._folder = os.path.join(user_folder("cache"), engine)
        self._secret = b""
        state = user_folder("state")
        if not any(workspace.is_inside(each, tree) for each in (self._folder, state) for tree in avoid):
            with contextlib.suppress(OSError):
                self._secret = _secret(os.path.join(state, "cache-key"))

    def key(self, parts: bytes) -> str:
        """The name of the entry for some input; empty where there can be no cache."""
        return hmac.new(self._secret, parts, hashlib.sha256).hexdigest() if self._secret else ""

    def get(self, key: str) -> bytes | None:
        """The entry, if there is one and it is ours."""
        if not key:
            return None
        try:
            data = _read_own(os.path.join(self._folder, key), MAX_BYTES)
        except OSError:
            return None
        mac, content = data[:_MAC], data[_MAC:]
        return content if hmac.compare_digest(mac, self._mac(key, content)) else None

    def put(self, key: str, content: bytes) -> None:
        """Write an entry: the whole or nothing."""
        if not key or len(content) > MAX_BYTES:
            return
        with contextlib.suppress(OSError):
            os.makedirs(self._folder, mode=0o700, exist_ok=True)
            write_whole(os.path.join(self._folder, key), self._mac(key, content) + content, mode=0o600)
            self._prune()

    def _mac(self, key: str, content: bytes) -> bytes:
        return hmac.digest(self._secret, key.encode() + content, "sha256")

    def _prune(self) -> None:
        with os.scandir(self._folder) as entries:
            ages = sorted(((entry.stat(follow_symlinks=False).st_mtime, entry.path) for entry in entries), reverse=True)
        oldest = time.time() - KEEP_DAYS * 86_400
        for number, (written, path) in enumerate(ages):
            if number >= KEEP_ENTRIES or written < oldest:
                with contextlib.suppress(OSError):  # another run may have been faster
                    os.unlink(path)


def _secret(path: str) -> bytes:
    """The secret of this user, made when it is first needed."""
    with contextlib.suppress(FileNotFoundError):
        secret = _read_own(path, 64)
        if len(secret) == 32:
            return secret
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    secret = secrets.token_bytes(32)
    write_whole(path, secret, mode=0o600)
    return secret


def _read_own(path: str, most: int) -> bytes:
    """A regular file that belongs to this user and that nobody else can write. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise PermissionError(path)
        if hasattr(os, "geteuid") and (status.st_uid != os.geteuid() or status.st_mode & 0o022):
            raise PermissionError(path)
        data = file.read(most + 1)
    if len(data) > most:
        raise PermissionError(path)
    return data
