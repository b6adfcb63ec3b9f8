"""One run of another tool: bounded in time and output, in an empty folder, without our environment."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence

from msgspec import Struct

MAX_BYTES = 1 << 30
"""A longer answer is not read."""
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "PATHEXT", "WINDIR")
_NOWHERE = "http://127.0.0.1:9"


class Unanswered(Exception):  # noqa: N818  # it says something of the tool, not of the program
    """Why there is no answer."""


class Answer(Struct, frozen=True):
    """What a tool said before it ended by itself."""

    code: int
    output: bytes
    errors: str
    """The end of what it wrote to stderr."""


class Process:
    """A tool that runs. Close it, whether its answer was read or not."""

    def __init__(self, command: Sequence[str], seconds: float, extra: Mapping[str, str] | None = None) -> None:
        """Start it. Raises `Unanswered`."""
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        # An empty folder to stand in and to be at home in: no configuration is found, no module imported from there.
        self._folder = tempfile.mkdtemp(prefix="guardrails-")
        self._process: subprocess.Popen[bytes] | None = None
        try:
            with open(self._path("out"), "wb") as out, open(self._path("err"), "wb") as err:
                home = self._path("home")
                os.mkdir(home)
                self._process = subprocess.Popen(
                    list(command),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    cwd=home,
                    env=environment(home, extra),
                    start_new_session=True,  # so that its workers can be ended with it
                )
        except OSError as error:
            self.close()
            raise Unanswered(f"{command[0]} cannot be started: {error.strerror}") from None

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)

    def answer(self) -> Answer:
        """Wait for the answer. Raises `Unanswered` for one that comes too late or is too long."""
        assert self._process is not None  # noqa: S101  # else there was no object
        try:
            code = self._process.wait(max(self._until - time.monotonic(), 0.0))
        except subprocess.TimeoutExpired:
            self.close()
            raise Unanswered(f"did not answer within {self._seconds:g} s") from None
        if os.path.getsize(self._path("out")) > MAX_BYTES:
            raise Unanswered(f"answered with more than {MAX_BYTES >> 20} MB")
        with open(self._path("out"), "rb") as file:
            output = file.read()
        with open(self._path("err"), "rb") as file:
            file.seek(max(os.path.getsize(self._path("err")) - 65_536, 0))
            errors = file.read().decode("utf-8", "replace")
        return Answer(code, output, errors)

    def close(self) -> None:
        """End it if it still runs, and remove what it left."""
        process = self._process
        if process is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if sys.platform == "win32":
                    process.kill()
                else:
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def environment(home: str, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a tool: no credentials, no settings of its own or of Python, no way to the network."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    if "PATH" in kept:  # a relative entry would be looked up where the tool stands
        kept["PATH"] = os.pathsep.join(entry for entry in kept["PATH"].split(os.pathsep) if os.path.isabs(entry))
    proxies = {name: _NOWHERE for base in ("http_proxy", "https_proxy", "all_proxy") for name in (base, base.upper())}
    return {**kept, **proxies, "HOME": home, "USERPROFILE": home, "TMPDIR": home, "TEMP": home, **(extra or {})}
