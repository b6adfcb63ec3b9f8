"""What `check` and `checks` offer for reports: the step summary and the view by controls."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from guardrails import cli

TRAIL = """\
resource "aws_cloudtrail" "main" {
  name           = "main"
  s3_bucket_name = "example-trail"
}
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in a folder with a trail: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    Path("main.tf").write_text(TRAIL)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.run(arguments)
        captured = capsys.readouterr()
        code = ended.value.code
        return code if isinstance(code, int) else 0, captured.out, captured.err

    return call


def test_the_step_summary_is_appended_where_github_says(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an earlier step wrote stays, and the output is what it is without."""
    _, plain, _ = run("check", "--select", "trail-without-validation")
    Path("summary.md").write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")

    code, out, err = run("check", "--select", "trail-without-validation", "--step-summary")

    assert (code, out, err) == (1, plain, "")
    assert Path("summary.md").read_text().splitlines()[:3] == [
        "before",
        "<!-- guardrails summary -->",
        "## 🟠 guardrails: 1 finding",
    ]


def test_without_a_file_for_it_the_missing_step_summary_is_said(run: Run) -> None:
    """Outside of GitHub the same command works, and says what it leaves out."""
    code, _, err = run("check", "--select", "trail-without-validation", "--step-summary")
    assert (code, err) == (1, "guardrails: GITHUB_STEP_SUMMARY is not set: no step summary is written\n")


def test_check_by_controls(run: Run) -> None:
    """`--compliance` is the format of that name."""
    code, out, _ = run("check", "--select", "trail-without-validation", "--compliance")

    assert (code, out) == (1, run("check", "--select", "trail-without-validation", "--format", "compliance")[1])
    assert out.splitlines()[:4] == [
        "AWS-FSBP",
        "  CloudTrail.4    1 finding  trail-without-validation",
        "                  main.tf:1: medium: log files are not signed: aws_cloudtrail.main",
        "",
    ]


def test_checks_by_controls(run: Run) -> None:
    """The list is one of controls, as text and as JSON."""
    select = ("checks", "--select", "trail-without-validation", "--compliance")

    _, out, _ = run(*select)
    _, document, _ = run(*select, "--format", "json")

    assert out.splitlines() == [
        "AWS-FSBP",
        "  CloudTrail.4    trail-without-validation",
        "",
        "CIS-AWS-3.0",
        "  3.2             trail-without-validation",
        "",
    ]
    assert json.loads(document) == {
        "version": 1,
        "frameworks": {
            "AWS-FSBP": {"CloudTrail.4": ["trail-without-validation"]},
            "CIS-AWS-3.0": {"3.2": ["trail-without-validation"]},
        },
    }


def test_one_run_writes_many_formats(run: Run) -> None:
    """Each `--output FORMAT=FILE` is written beside what is printed."""
    formats = ("html", "csv", "gitlab", "summary", "sarif", "compliance")
    run("check", "--select", "trail-without-validation", *(f"--output={name}={name}.out" for name in formats))
    assert all("trail-without-validation" in Path(f"{name}.out").read_text() for name in formats)


def test_the_summary_of_a_branch_says_what_it_changes(run: Run) -> None:
    """With `--diff-base`, configuration is compared with what it was: no plan is needed."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "before"]):
        subprocess.run([*git, *command], check=True, capture_output=True)
    Path("main.tf").write_text(
        TRAIL
        + """
        resource "aws_iam_user" "ada" {
          name = "ada"
        }

        resource "aws_iam_user_policy_attachment" "ada" {
          user       = aws_iam_user.ada.name
          policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
        }
        """
    )

    _, out, _ = run("check", "--diff-base", "HEAD", "--format", "summary")

    lines = out.splitlines()
    at = lines.index("### What changes")
    ada = "arn&#58;aws&#58;iam&#58;&#58;&#36;&#123;account&#125;&#58;user/ada"
    assert lines[at + 2 : at + 8] == [
        "🌐 Reachability: nothing changes.  ",
        "🔑 Access: **1 newly granted**",
        "",
        f"- 🔺 <code>{ada}</code>: &#42; on &#42; **admin**",
        "",
        "💰 Cost: nothing changes.  ",
    ]
    assert "trail-without-validation" not in out
