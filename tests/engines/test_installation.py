"""Where checkov is found, and how it is installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from guardrails.engines.installation import TESTED, EngineError, find, install, is_supported
from guardrails.engines.process import Process, Unanswered
from tests.commands.repository import Run, runner
from tests.engines.checkovs import recorded, stand_in


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in an empty folder, with an empty cache and no checkov."""
    (tmp_path / "tree").mkdir()
    monkeypatch.chdir(tmp_path / "tree")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("GUARDRAILS_CHECKOV", raising=False)
    return runner(capsys)


def test_the_user_comes_before_path_and_path_before_what_we_installed(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Configuration, variable, PATH, installation."""
    del run
    names = ("configured", "variable", "path")
    configured, variable, on_path = (str(stand_in(tmp_path / name, "").path) for name in names)
    ours = stand_in(tmp_path / f"caches/guardrails/engines/checkov-{TESTED}", "").path
    with pytest.raises(EngineError, match="guardrails engines install checkov"):
        find()
    (ours.parent.parent / ".complete").touch()

    assert find().path == str(ours)
    monkeypatch.setenv("PATH", str(Path(on_path).parent))
    assert find().path == on_path
    monkeypatch.setenv("GUARDRAILS_CHECKOV", variable)
    assert find().path == variable
    assert find(configured).path == configured


def test_what_is_not_there_is_told(run: Run) -> None:
    """A program that the user names is not replaced by another."""
    del run
    with pytest.raises(EngineError, match=r"there is no program /gone/checkov \(configured\)"):
        find("/gone/checkov")


def test_the_version_is_read_from_its_environment(run: Run, tmp_path: Path) -> None:
    """It is not run for it; a program that does not show its environment has none to show."""
    del run
    program = stand_in(tmp_path / "checkov", "", version="3.2.500")
    assert (find(str(program.path)).version, program.runs()) == ("3.2.500", [])

    program.path.write_text("#!/usr/bin/env bash\nexec checkov\n")
    found = find(str(program.path))
    assert (found.version, found.identity) == ("", "")


@pytest.mark.parametrize(
    ("version", "supported"), [("3.2.299", False), ("3.2.300", True), ("3.10.0", True), ("2.9.999", False)]
)
def test_versions_are_compared_by_number(version: str, supported: bool) -> None:
    """Not by their text."""
    assert is_supported(version) is supported


def test_engines_says_what_is_there(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The version, the place and how it was found; or how to get it."""
    missing = "checkov  checkov is not there: `guardrails engines install checkov` installs it\n"
    assert run("engines") == (0, missing, "")
    Path("guardrails.toml").write_text('engines = ["checkov"]')
    assert run("engines") == (4, missing, "")

    program = stand_in(tmp_path / "checkov", recorded("nothing"))
    monkeypatch.setenv("GUARDRAILS_CHECKOV", str(program.path))
    assert run("engines") == (
        0,
        f"checkov 3.3.30  {program.path} (GUARDRAILS_CHECKOV); runs with every check, by configuration\n",
        "",
    )


def test_nothing_is_installed_into_the_tree(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program there would be the tree's to change."""
    del run
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path.cwd() / ".cache"))
    with pytest.raises(EngineError, match="is inside the tree"):
        install(print, [str(Path.cwd())])
    assert not Path(".cache").exists()


def test_an_installation_that_fails_leaves_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an index that has checkov, it is told, and the next run starts anew."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    code, out, error = run("engines", "install", "checkov")
    assert (code, out) == (4, "")
    assert error.splitlines()[-1].endswith("failed: ERROR: No matching distribution found for checkov==3.3.30")
    assert list((tmp_path / "caches/guardrails/engines").iterdir()) == []


def test_workers_are_ended_with_it(tmp_path: Path) -> None:
    """A process that is too late takes its children with it, and leaves no folder."""
    alive = tmp_path / "alive"
    child = f"import time\nfor _ in range(600): open({str(alive)!r}, 'a').write('x'); time.sleep(0.1)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    process = Process([sys.executable, "-c", code], 2.0)
    folder = Path(process._folder)

    with pytest.raises(Unanswered, match="did not answer within 2 s"):
        process.answer()

    size = alive.stat().st_size
    process.close()
    assert (folder.exists(), alive.stat().st_size) == (False, size)
