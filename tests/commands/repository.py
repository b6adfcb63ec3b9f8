"""A git repository with a check of its own, for the tests of commands."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from guardrails import cli

Run = Callable[..., tuple[int, str, str]]

CHECK = '''\
from guardrails import Check, Kind, Resource, Severity


class ShortPet(Check[Resource]):
    """A name is short."""

    id = "short-pet"
    kind = Kind.COST
    severity = Severity.%s
    hint = "Make it longer."
    types = ("random_pet",)

    def check(self, pet, /):
        if pet.number("length") < 10:
            yield self.finding(pet, f"its length is {pet.number('length')}", path="length")
'''


def pet(name: str, length: object = 1) -> str:
    """A resource that the check flags."""
    return f'resource "random_pet" "{name}" {{\n  length = {length}\n}}\n'


def git(*command: str) -> None:
    """Run git without what the user has configured."""
    settings = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *settings, *command], check=True, capture_output=True)


def commit(**files: str) -> None:
    """Commit files; `a__b_tf` is `a/b.tf`."""
    write(**files)
    git("add", "--all")
    git("commit", "--allow-empty", "--quiet", "--message", "x")


def write(**files: str) -> None:
    """Write files; `a__b_tf` is `a/b.tf`."""
    for name, text in files.items():
        path = Path(name.replace("__", "/").replace("_tf", ".tf"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, severity: str = "MEDIUM") -> None:
    """Stand in an empty repository, with the check in the folder `ours` beside it."""
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/short_pet.py").write_text(CHECK % severity)
    (tmp_path / "tree").mkdir()
    monkeypatch.chdir(tmp_path / "tree")
    monkeypatch.setenv("HOME", str(tmp_path))
    git("init", "--quiet")


def runner(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command: exit code, stdout, stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.run(arguments)
        captured = capsys.readouterr()
        code = ended.value.code
        return code if isinstance(code, int) else 0, captured.out, captured.err

    return call
