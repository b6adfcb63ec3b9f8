"""A program that gives recorded answers of checkov, and the real ones where there are any."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from guardrails import cli

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
RECORDED = FIXTURES / "checkov"
PLAN = FIXTURES / "plans" / "security-groups" / "plan.json"
VERSIONS = ("3.2.300", "3.3.30")
NOTHING = {
    "passed": 0,
    "failed": 0,
    "skipped": 0,
    "parsing_errors": 0,
    "resource_count": 0,
    "checkov_version": VERSIONS[1],
}

PROGRAM = """\
#!{python}
import json, os, pathlib, sys, time

run = {{"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.listdir("."), "pid": os.getpid()}}
with open({log!r}, "a") as log:
    log.write(json.dumps(run) + "\\n")
if sys.argv[1] == "--version":
    print({version!r})
    sys.exit(0)
time.sleep({seconds!r})
path = pathlib.Path(sys.argv[1].partition("=")[2])
sys.stdout.write(pathlib.Path({answer!r}).read_text().replace("@ROOT@", str(path.parent if path.is_file() else path)))
sys.stderr.write({errors!r})
sys.exit({code!r})
"""

Run = Callable[..., tuple[int, dict[str, Any], str]]


@dataclass(frozen=True)
class StandIn:
    """The program, as checkov lies in an environment of its own."""

    path: Path
    _log: Path

    def runs(self) -> list[dict[str, Any]]:
        """How it was run each time."""
        return [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []


def stand_in(
    folder: Path,
    answer: str | Path,
    *,
    version: str = VERSIONS[1],
    code: int = 1,
    seconds: float = 0.0,
    errors: str = "",
) -> StandIn:
    """A program in `folder` that gives an answer: a recorded one, or a text."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(answer, str):
        text, answer = answer, folder / "answer.json"
        answer.write_text(text)
    python = folder / "bin" / "python3"
    metadata = folder / "lib" / "python3.11" / "site-packages" / f"checkov-{version}.dist-info"
    if not python.exists():
        python.parent.mkdir()
        python.symlink_to(sys.executable)
        metadata.mkdir(parents=True)
        (metadata / "RECORD").write_text("")
    path, log = folder / "bin" / "checkov", folder / "runs.jsonl"
    path.write_text(
        PROGRAM.format(
            python=python,
            log=str(log),
            version=version,
            seconds=seconds,
            answer=str(answer),
            errors=errors,
            code=code,
        )
    )
    path.chmod(0o755)
    return StandIn(path, log)


def recorded(case: str, version: str = VERSIONS[1]) -> Path:
    """A recorded answer."""
    return RECORDED / "answers" / version / f"{case}.json"


def said(answer: Any) -> list[tuple[str, str]]:
    """Ids and resources of what fails in an answer."""
    parts = answer if isinstance(answer, list) else [answer]
    return sorted(
        (each["check_id"], each["resource_address"] or each["resource"])
        for part in parts
        for each in part.get("results", {}).get("failed_checks", [])
    )


def told(report: dict[str, Any]) -> list[tuple[str, str]]:
    """Ids and resources of what a report says by checkov's word: alone, or merged into a finding of ours."""
    return sorted(
        (rule, finding["resource"])
        for finding in report["findings"]
        for rule in (
            [finding["check"]]
            if finding["engine"] == "checkov"
            else [
                detail.removeprefix("checkov says so, too: ")
                for detail in finding["details"]
                if detail.startswith("checkov says so, too: ")
            ]
        )
    )


def runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> Run:
    """Runs `check` in a folder: exit code, JSON report, stderr. Caches lie beside the folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent / "caches"))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder.parent / "states"))
    monkeypatch.delenv("GUARDRAILS_CHECKOV", raising=False)
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)

    def run(*arguments: str) -> tuple[int, dict[str, Any], str]:
        with pytest.raises(SystemExit) as ended:
            cli.run(["check", "--format", "json", *arguments])
        captured = capsys.readouterr()
        code = ended.value.code
        return code if isinstance(code, int) else 0, json.loads(captured.out) if captured.out else {}, captured.err

    return run


def real() -> list[str]:
    """The real ones: those that GUARDRAILS_TEST_CHECKOV lists as PATH lists folders, else the one on PATH."""
    listed = [each for each in os.environ.get("GUARDRAILS_TEST_CHECKOV", "").split(os.pathsep) if each]
    on_path = shutil.which("checkov")
    return listed or ([on_path] if on_path else [])
