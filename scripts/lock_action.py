"""Writes `templates/requirements.txt`: what the GitHub action installs, by version and hash.

    python scripts/lock_action.py

pip resolves the package's own requirements, and what builds it, for the Python of the action on Linux.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "templates" / "requirements.txt"
PYTHON = "3.13"
MACHINES = ("x86_64", "aarch64")
LIBRARIES = ("manylinux_2_28", "manylinux2014")
HEAD = """\
# Made by scripts/lock_action.py; do not edit. What the GitHub action installs, on Linux with Python 3.13.
"""


def wanted() -> list[str]:
    """What the package and its build need."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return [*project["project"]["dependencies"], *project["build-system"]["requires"]]


def resolved(requirements: Iterable[str], python: str, machine: str) -> dict[tuple[str, str], set[str]]:
    """The SHA-256 of each wheel that pip would take, by name and version."""
    platforms = [f"--platform={library}_{machine}" for library in LIBRARIES]
    options = ["--dry-run", "--quiet", "--ignore-installed", "--only-binary=:all:", "--target=unused", "--report=-"]
    command = [sys.executable, "-m", "pip", "install", *options, f"--python-version={python}", *platforms]
    done = subprocess.run([*command, *requirements], capture_output=True, text=True, check=True)
    found: dict[tuple[str, str], set[str]] = {}
    for each in json.loads(done.stdout)["install"]:
        name = each["metadata"]["name"].lower().replace("_", "-")
        found[name, each["metadata"]["version"]] = {each["download_info"]["archive_info"]["hashes"]["sha256"]}
    return found


def lock(python: str = PYTHON) -> str:
    """The whole file."""
    found: dict[tuple[str, str], set[str]] = {}
    for machine in MACHINES:
        for key, hashes in resolved(wanted(), python, machine).items():
            found.setdefault(key, set()).update(hashes)
    lines = [HEAD]
    for (name, version), hashes in sorted(found.items()):
        lines.append(" \\\n".join([f"{name}=={version}", *(f"    --hash=sha256:{each}" for each in sorted(hashes))]))
        lines.append("\n")
    return "".join(lines)


if __name__ == "__main__":
    LOCK.write_text(lock(), encoding="utf-8")
    print(f"{LOCK.relative_to(ROOT)} is written")
