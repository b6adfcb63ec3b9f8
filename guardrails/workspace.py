"""Where the user stands: the repository around the working directory, and the configuration in it."""

from __future__ import annotations

import os
import shutil

FILE = "guardrails.toml"
PYPROJECT = "pyproject.toml"


def root(folder: str = "") -> str:
    """The root of the git repository around a folder, else the folder. Absolute; without one, the working directory."""
    return _folders_above(os.path.realpath(folder) if folder else os.getcwd())[-1]


def find_config() -> str | None:
    """The nearest configuration file from the working directory up to the repository's root, relative to the former."""
    for folder in _folders_above(os.getcwd()):
        for name in (FILE, PYPROJECT):
            path = os.path.join(folder, name)
            if os.path.isfile(path) and (name == FILE or _has_table(path)):
                return os.path.relpath(path)
    return None


def program(name: str) -> str | None:
    """Where a program is on PATH. A relative entry of PATH is passed over: it is a folder of what is scanned."""
    folders = [each for each in os.environ.get("PATH", "").split(os.pathsep) if os.path.isabs(each)]
    found = shutil.which(name, path=os.pathsep.join(folders)) if folders else None
    return found if found and os.path.isabs(found) else None


def is_inside(path: str, folder: str) -> bool:
    """Whether a path, links followed, is a folder or below it."""
    real, folder = os.path.realpath(path), os.path.realpath(folder)
    return real == folder or real.startswith(folder.rstrip(os.sep) + os.sep)


def _folders_above(start: str) -> list[str]:
    """A folder and those above it, up to the root of its git repository; without one, only the folder itself."""
    folders = [start]
    while not os.path.exists(os.path.join(folders[-1], ".git")):
        parent = os.path.dirname(folders[-1])
        if parent == folders[-1]:
            return [start]
        folders.append(parent)
    return folders


def _has_table(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return b"tool.guardrails" in file.read()
    except OSError:
        return False
