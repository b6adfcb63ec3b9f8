"""The real checkov keeps to what the engine relies on.

GUARDRAILS_TEST_CHECKOV lists the programs to try, as PATH lists folders: the oldest and the newest supported version.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.engines.checkovs import FIXTURES, PLAN, RECORDED, VERSIONS, Run, real, runner, said, told

pytestmark = pytest.mark.skipif(not real(), reason="there is no checkov: GUARDRAILS_TEST_CHECKOV can list some")
PLANS = [PLAN, FIXTURES / "plans" / "services" / "plan.json"]
each_checkov = pytest.mark.parametrize("program", real())


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `check` in the folder `tree`."""
    return runner(monkeypatch, capsys, tmp_path / "tree")


def alone(program: str, *what: str) -> list[tuple[str, str]]:
    """Ids and resources that checkov gives by itself."""
    command = [program, *what, "-o", "json", "--skip-download"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return said(json.loads(done.stdout))


@each_checkov
@pytest.mark.parametrize("folder", [RECORDED / "configuration", FIXTURES / "demo"], ids=lambda path: path.name)
def test_a_folder_gives_what_checkov_alone_gives(
    run: Run, monkeypatch: pytest.MonkeyPatch, program: str, folder: Path
) -> None:
    """Ids and resources are the same, less what a comment to us hides."""
    monkeypatch.setenv("GUARDRAILS_CHECKOV", program)
    shutil.copytree(folder, ".", dirs_exist_ok=True)

    _, report, _ = run("--with", "checkov")

    theirs = alone(program, "-d", ".", "--framework", "terraform", "terraform_json")
    hidden = {(each["check"], each["resource"]) for each in report["suppressed"]}
    assert told(report) == [each for each in theirs if each not in hidden]
    assert theirs
    assert [each for each in report["errors"] if each["stage"] == "engine"] == []


@each_checkov
@pytest.mark.parametrize(
    "plan", [PLAN, PLAN.parent.parent / "services" / "plan.json"], ids=lambda path: path.parent.name
)
def test_a_plan_gives_what_checkov_alone_gives(
    run: Run, monkeypatch: pytest.MonkeyPatch, program: str, plan: Path
) -> None:
    """Ids and resources are the same."""
    monkeypatch.setenv("GUARDRAILS_CHECKOV", program)
    shutil.copyfile(plan, "plan.json")

    _, report, _ = run("--with", "checkov", "plan.json")

    theirs = alone(program, "-f", "plan.json", "--framework", "terraform_plan")
    assert told(report) == theirs
    assert theirs


@each_checkov
def test_nothing_in_the_tree_tells_it_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Neither a configuration in the folder, nor external checks that it names, nor those of a home in the tree."""
    monkeypatch.setenv("GUARDRAILS_CHECKOV", program)
    monkeypatch.setenv("HOME", str(Path.cwd()))
    shutil.copytree(RECORDED / "configuration", ".", dirs_exist_ok=True)
    expected = told(run("--with", "checkov")[1])
    evil = Path("evil")
    evil.mkdir()
    (evil / "__init__.py").write_text(f"open({str(Path.cwd() / 'executed')!r}, 'w')\n")
    (evil / "check.py").write_text(f"open({str(Path.cwd() / 'executed')!r}, 'w')\n")
    settings = f"skip-check: [CKV_AWS_23]\nexternal-checks-dir: [{Path.cwd()}/evil]\n"
    for name in (".checkov.yaml", ".checkov.yml"):
        Path(name).write_text(settings)
    Path("main.tf").write_text(Path("main.tf").read_text() + "\n")  # so that it is asked again

    assert told(run("--with", "checkov")[1]) == expected
    assert not Path("executed").exists()


@each_checkov
def test_a_file_that_it_cannot_parse_is_told(run: Run, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Its exit code would not say so."""
    monkeypatch.setenv("GUARDRAILS_CHECKOV", program)
    shutil.copytree(RECORDED / "broken", ".", dirs_exist_ok=True)

    code, report, _ = run("--with", "checkov")

    told_of = [each["message"] for each in report["errors"] if each["stage"] == "engine"]
    assert (code, told_of) == (4, ["checkov could not parse main.tf"])


@each_checkov
def test_it_is_of_a_version_whose_answers_are_recorded(program: str) -> None:
    """Else `scripts/record_checkov.py` is to be run with it."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    assert done.stdout.strip() in VERSIONS
