"""What `check` and `checks` offer for reports: the step summary and the view by controls."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from guardrails import cli

OPEN = """\
resource "aws_db_instance" "orders" {
  publicly_accessible       = true
  final_snapshot_identifier = "orders-final"
}
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in a folder with a public database: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    Path("main.tf").write_text(OPEN)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.run(arguments)
        captured = capsys.readouterr()
        code = ended.value.code
        return code if isinstance(code, int) else 0, captured.out, captured.err

    return call


def test_the_step_summary_is_appended_where_github_says(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an earlier step wrote stays, and the output is what it is without."""
    _, plain, _ = run("check", "--select", "public-database")
    Path("summary.md").write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")

    code, out, err = run("check", "--select", "public-database", "--step-summary")

    assert (code, out, err) == (1, plain, "")
    assert Path("summary.md").read_text().splitlines()[:3] == [
        "before",
        "<!-- guardrails summary -->",
        "## 🔴 guardrails: 1 finding",
    ]


def test_without_a_file_for_it_the_missing_step_summary_is_said(run: Run) -> None:
    """Outside of GitHub the same command works, and says what it leaves out."""
    code, _, err = run("check", "--select", "public-database", "--step-summary")
    assert (code, err) == (1, "guardrails: GITHUB_STEP_SUMMARY is not set: no step summary is written\n")


def test_check_by_controls(run: Run) -> None:
    """`--compliance` is the format of that name."""
    code, out, _ = run("check", "--select", "public-database", "--compliance")

    assert (code, out) == (1, run("check", "--select", "public-database", "--format", "compliance")[1])
    assert out.splitlines()[:4] == [
        "AWS-FSBP",
        "  RDS.2           1 finding  public-database",
        "                  main.tf:2: high: `publicly_accessible` is true: the database has a public address:",
        "                    aws_db_instance.orders",
    ]


def test_checks_by_controls(run: Run) -> None:
    """The list is one of controls, as text and as JSON."""
    select = ("checks", "--select", "public-database", "--compliance")

    _, out, _ = run(*select)
    _, document, _ = run(*select, "--format", "json")

    assert out == "AWS-FSBP\n  RDS.2           public-database\n\nCIS-AWS-3.0\n  2.3.3           public-database\n\n"
    assert json.loads(document) == {
        "version": 1,
        "frameworks": {"AWS-FSBP": {"RDS.2": ["public-database"]}, "CIS-AWS-3.0": {"2.3.3": ["public-database"]}},
    }


def test_one_run_writes_many_formats(run: Run) -> None:
    """Each `--output FORMAT=FILE` is written beside what is printed."""
    formats = ("html", "csv", "gitlab", "summary", "sarif", "compliance")
    run("check", "--select", "public-database", *(f"--output={name}={name}.out" for name in formats))
    assert all("public-database" in Path(f"{name}.out").read_text() for name in formats)
