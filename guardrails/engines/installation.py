"""Where checkov is: given by the user, on PATH, or installed once into an environment of its own."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence

from msgspec import Struct

from guardrails import workspace
from guardrails.engines.cache import user_folder
from guardrails.engines.process import Process, Unanswered

OLDEST, TESTED = "3.2.300", "3.3.30"
"""The versions that the tests run against; `TESTED` is the one that is installed."""
VARIABLE = "GUARDRAILS_CHECKOV"
"""Names the executable."""
_COMPLETE = ".complete"


class EngineError(Exception):
    """Why there is no checkov to run."""


class Executable(Struct, frozen=True):
    """A checkov to run."""

    path: str
    found: str
    """How it was found."""
    version: str = ""
    """Empty where only running it can tell."""
    identity: str = ""
    """Changes when the program changes; empty where only running it can tell."""


def find(given: str = "", avoid: Sequence[str] = ()) -> Executable:
    """The checkov to run. Raises `EngineError`.

    `given` is what the user's own configuration names. What is installed inside the trees to `avoid` is not run:
    somebody may have put it there.
    """
    if given:
        return _checked(given, "configured")
    if named := os.environ.get(VARIABLE, ""):
        return _checked(named, VARIABLE)
    if on_path := workspace.program("checkov"):
        return _described(on_path, "on PATH")
    home = _home()
    path = _program(home, "checkov")
    if os.path.isfile(os.path.join(home, _COMPLETE)) and os.path.isfile(path) and not _is_inside_any(home, avoid):
        return _described(path, "installed by guardrails")
    raise EngineError("checkov is not there: `guardrails engines install checkov` installs it")


def _checked(path: str, how: str) -> Executable:
    path = os.path.abspath(os.path.expanduser(path))
    if not os.path.isfile(path) or not os.access(path, os.X_OK):
        raise EngineError(f"there is no program {path} ({how})")
    return _described(path, how)


def _described(path: str, how: str) -> Executable:
    """With its version, read from the environment that it is in: asking it takes seconds."""
    try:
        with open(os.path.realpath(path), "rb") as file:
            start = file.read(1024)
    except OSError:
        return Executable(path, how)
    interpreter = re.match(rb"#!\s*(/\S+python[\d.]*)\s*\n|#!/bin/sh\n'''exec' \"?(/[^\"\n]+?)\"? ", start)
    if interpreter is None:
        return Executable(path, how)
    prefix = os.path.dirname(os.path.dirname(os.fsdecode(interpreter[1] or interpreter[2])))
    records = glob.glob(
        os.path.join(glob.escape(prefix), "lib", "python*", "site-packages", "checkov-*.dist-info/RECORD")
    )
    if len(records) != 1:
        return Executable(path, how)
    version = os.path.basename(os.path.dirname(records[0])).removeprefix("checkov-").removesuffix(".dist-info")
    facts = [f"{each} {os.stat(each).st_mtime_ns} {os.stat(each).st_size}" for each in (path, records[0])]
    return Executable(path, how, version, hashlib.sha256("\n".join(facts).encode()).hexdigest())


def ask_version(executable: Executable) -> str:
    """The version, by running it if need be. Raises `EngineError`."""
    if executable.version:
        return executable.version
    try:
        process = Process([executable.path, "--version"], 60, {"CKV_SKIP_PACKAGE_UPDATE_CHECK": "true"})
    except Unanswered as error:
        raise EngineError(str(error)) from None
    try:
        answer = process.answer()
    except Unanswered as error:
        raise EngineError(f"checkov {error}") from None
    finally:
        process.close()
    version = re.search(rb"\d+\.\d+\.\d+", answer.output)
    if answer.code or version is None:
        raise EngineError(f"{executable.path} does not say its version")
    return version[0].decode()


def is_supported(version: str) -> bool:
    """Whether a version is not older than the oldest that the tests run against."""
    return _numbers(version) >= _numbers(OLDEST)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _is_inside_any(path: str, folders: Sequence[str]) -> bool:
    return any(workspace.is_inside(path, folder) for folder in folders)


def _home() -> str:
    return os.path.join(user_folder("cache"), "engines", f"checkov-{TESTED}")


def _program(home: str, name: str) -> str:
    return os.path.join(home, "Scripts", f"{name}.exe") if os.name == "nt" else os.path.join(home, "bin", name)


def install(say: Callable[[str], None], avoid: Sequence[str] = ()) -> Executable:
    """Install the tested version into an environment of its own, once. Raises `EngineError`."""
    home = _home()
    if _is_inside_any(home, avoid):
        raise EngineError(f"{home} is inside the tree that you stand in: set XDG_CACHE_HOME to a folder of your own")
    marker = os.path.join(home, _COMPLETE)
    if not os.path.isfile(marker):
        say(f"installing checkov {TESTED} into {home}")
        try:
            os.makedirs(os.path.dirname(home), mode=0o700, exist_ok=True)
            shutil.rmtree(home, ignore_errors=True)  # what an interrupted run left
            # -I: nothing of the folder that the user stands in is imported.
            _run([sys.executable, "-I", "-m", "venv", home])
            pip = [_program(home, "python"), "-I", "-m", "pip", "--disable-pip-version-check"]
            _run([*pip, "install", "--quiet", f"checkov=={TESTED}"])
            executable = _described(_program(home, "checkov"), "installed by guardrails")
            if (version := ask_version(executable)) != TESTED:
                raise EngineError(f"checkov {TESTED} was asked for, and {version} came")
            with open(marker, "wb"):
                pass
        except OSError as error:
            raise EngineError(f"{home}: {error.strerror}") from None
        except BaseException:
            with contextlib.suppress(OSError):
                shutil.rmtree(home)
            raise
    return _described(_program(home, "checkov"), "installed by guardrails")


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise EngineError(f"`{' '.join(command[1:])}` failed: {said[-1] if said else done.returncode}")
