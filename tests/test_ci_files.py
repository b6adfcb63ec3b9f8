"""The GitHub action and the GitLab component: pinned, and nothing from outside becomes part of a script."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from scripts import lock_action

ROOT = Path(__file__).parent.parent
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
HEADER, JOBS = yaml.safe_load_all((ROOT / "templates" / "guardrails.yml").read_text())
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
JOB = JOBS["guardrails"]
BASH = shutil.which("bash")

OPEN = """\
resource "aws_db_instance" "orders" {
  publicly_accessible       = true
  final_snapshot_identifier = "orders-final"
}
"""


def test_every_action_is_pinned_by_its_commit() -> None:
    """A tag can be moved, a commit cannot."""
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used
    assert [each for each in used if not re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40}", each)] == []


def test_no_script_has_an_expression_in_it() -> None:
    """An expression would be pasted into the script before the shell reads it, whatever it says."""
    assert [step["name"] for step in STEPS if "${{" in step.get("run", "")] == []
    assert [line for line in JOB["script"] if "$[[" in line] == []


def test_every_variable_of_a_script_is_quoted() -> None:
    """Unquoted, a path with a blank or a star would become several."""
    scripts = [step["run"] for step in STEPS if "run" in step] + JOB["script"]
    bare = re.compile(r"(?<!\\)\$[A-Za-z_{]")
    lines = "\n".join(scripts).splitlines()
    assert [line for line in lines if bare.search(re.sub(r"\"[^\"]*\"|'[^']*'", "", line))] == []


def test_no_module_is_taken_from_the_folder_that_is_scanned() -> None:
    """`python -m pip` runs a `pip.py` of the working directory; isolated it does not."""
    scripts = [step["run"] for step in STEPS if "run" in step] + JOB["script"]
    calls = re.findall(r"\bpython\"? .*", "\n".join(scripts))
    assert len(calls) == 4
    assert [call for call in calls if not re.match(r'python"? -I -m ', call)] == []


def test_every_input_is_used() -> None:
    """No input does nothing."""
    text = (ROOT / "action.yml").read_text()
    assert [name for name in ACTION["inputs"] if f"inputs.{name}" not in text] == []
    component = (ROOT / "templates" / "guardrails.yml").read_text()
    assert [name for name in HEADER["spec"]["inputs"] if f"inputs.{name} ]]" not in component] == []


def test_what_the_action_installs_is_pinned_by_hash() -> None:
    """The lock has all that the package and its build need, each in a version that they take, with hashes."""
    text = (ROOT / "templates" / "requirements.txt").read_text()
    locked = dict(
        re.findall(r"^([\w.-]+)==([\w.]+) \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", text, re.MULTILINE)
    )
    needed = [Requirement(each) for each in lock_action.wanted()]

    assert len(locked) == text.count("==")
    assert [str(each) for each in needed if not each.specifier.contains(locked.get(each.name.lower(), "0"))] == []


def test_the_image_is_pinned_by_its_digest() -> None:
    """A tag can be moved, a digest cannot."""
    assert re.fullmatch(r"python:[\w.-]+@sha256:[0-9a-f]{64}", HEADER["spec"]["inputs"]["image"]["default"])


def run_check(folder: Path, **inputs: str) -> tuple[str, str]:
    """Run the action's own script with its inputs: what it prints, and the exit code that it hands on."""
    if BASH is None:
        pytest.skip("no bash on PATH: it runs the action's scripts")
    step = next(each for each in STEPS if each.get("id") == "check")
    program = folder / "temp" / "guardrails" / "bin" / "guardrails"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m guardrails "$@"\n')
    program.chmod(0o755)
    environment = {
        name: inputs.get(value[len("${{ inputs.") : -len(" }}")], "") or default(value)
        for name, value in step["env"].items()
    }
    environment |= {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "RUNNER_TEMP": str(folder / "temp"),
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "step.md"),
    }
    options = ["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]]
    done = subprocess.run([BASH, *options], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout, (folder / "output").read_text()


def default(expression: str) -> str:
    """The default of the input that an expression names."""
    value: str = ACTION["inputs"][expression[len("${{ inputs.") : -len(" }}")]]["default"]
    return value


def test_the_action_checks_and_hands_on_the_exit_code(tmp_path: Path) -> None:
    """Annotations are printed, SARIF, HTML and summaries are written, and the code is an output."""
    (tmp_path / "main.tf").write_text(OPEN)

    printed, output = run_check(tmp_path, html="report.html")

    assert "title=public-database (" in printed
    assert output == "exit-code=1\n"
    written = ["guardrails.sarif", "report.html", "step.md", "temp/guardrails-summary.md"]
    assert [name for name in written if "public-database" not in (tmp_path / name).read_text()] == []


def test_the_action_runs_nothing_that_an_input_says(tmp_path: Path) -> None:
    """Paths are paths, whatever they look like: several of them, with blanks, commands and options."""
    hostile = '$(touch pwned) "`touch pwned`"; touch pwned'
    for folder in (hostile, "--version"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "main.tf").write_text(OPEN)

    printed, output = run_check(tmp_path, paths=f"{hostile}\n--version\n")

    assert not (tmp_path / "pwned").exists()
    assert printed.count("title=public-database (") == 2
    assert output == "exit-code=1\n"
