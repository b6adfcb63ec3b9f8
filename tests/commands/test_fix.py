"""`guardrails fix`, end to end."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from guardrails import cli, examples

Run = Callable[..., tuple[int, str, str]]

ROTATED = """\
resource "aws_kms_key" "data" { # the data
  description         = "Data at rest"
  enable_key_rotation = true
}
"""
BAD = ROTATED.replace("true", "false")
WITH_ACL = (
    BAD + '\nresource "aws_s3_bucket_acl" "site" {\n  bucket = "site"\n  acl    = var.acl\n}\nvariable "acl" {}\n'
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.run(("fix", *arguments))
        captured = capsys.readouterr()
        code = ended.value.code
        return code if isinstance(code, int) else 0, captured.out, captured.err

    return call


def test_what_can_be_mended_is_mended_once(run: Run, tmp_path: Path) -> None:
    """The file is written, nothing is left, and the second run changes nothing."""
    (tmp_path / "main.tf").write_text(BAD, encoding="utf-8")
    said = "main.tf:3: mended: Set enable_key_rotation to true in aws_kms_key.data (key-without-rotation)"
    assert run("--quiet") == (0, f"{said}\n", "")
    assert (tmp_path / "main.tf").read_text(encoding="utf-8") == ROTATED
    assert run() == (0, "Nothing to mend.\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["main.tf"]


def test_a_diff_changes_nothing(run: Run, tmp_path: Path) -> None:
    """It can be handed to `git apply`, and the exit code says that findings are left."""
    (tmp_path / "main.tf").write_text(BAD, encoding="utf-8")
    code, out, err = run("--diff")
    assert (code, err.splitlines()[-1]) == (1, "1 finding in 1 file would be mended.")
    assert (tmp_path / "main.tf").read_text(encoding="utf-8") == BAD
    applied = subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=out.encode(), check=False, capture_output=True)
    assert (applied.returncode, applied.stderr) == (0, b"")
    assert (tmp_path / "main.tf").read_text(encoding="utf-8") == ROTATED


def test_what_is_left_is_named(run: Run, tmp_path: Path) -> None:
    """What a person has to mend is on the page with its reason, and the exit code is 1."""
    (tmp_path / "main.tf").write_text(WITH_ACL, encoding="utf-8")
    code, out, _ = run("--var", "acl=public-read")
    assert code == 1
    assert out.splitlines()[1:] == [
        (
            'main.tf:8: by hand: Set acl to "private" in aws_s3_bucket_acl.site (public-bucket-acl): '
            "its value comes from the command line or the environment"
        ),
        "1 finding in 1 file mended.",
    ]


def test_only_what_is_selected_is_mended(run: Run, tmp_path: Path) -> None:
    """The rest stays, and does not count."""
    text = WITH_ACL.replace("var.acl", '"public-read"').replace('variable "acl" {}\n', "")
    (tmp_path / "main.tf").write_text(text, encoding="utf-8")
    code, _, _ = run("--select", "public-bucket-acl")
    assert (tmp_path / "main.tf").read_text(encoding="utf-8") == text.replace("public-read", "private")
    assert code == 0


def test_a_module_that_others_may_use_is_left_alone(run: Run, tmp_path: Path) -> None:
    """Beside the folder that was named there may be users of a module that nobody looked at."""
    for name, text in {
        "a/main.tf": 'module "key" {\n  source = "../key"\n}\n',
        "b/main.tf": 'module "key" {\n  source = "../key"\n}\n',
        "key/main.tf": BAD,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    code, out, _ = run("a")
    assert code == 1
    assert out.splitlines() == [
        (
            "key/main.tf:3: by hand: Set enable_key_rotation to true in module.key.aws_kms_key.data "
            "(key-without-rotation): key/main.tf is not in what was asked for, and others may use it"
        ),
        "Nothing to mend.",
    ]
    assert run(".", "--quiet")[0] == 0
    assert (tmp_path / "key" / "main.tf").read_text(encoding="utf-8") == ROTATED


def test_a_withdrawn_fix_says_why(run: Run, tmp_path: Path) -> None:
    """A fix that would open another finding is not made."""
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "rotated_key.py").write_text(
        "from guardrails import Check, Kind, Resource, Severity\n\n\n"
        "class RotatedKey(Check[Resource]):\n"
        '    """A key is rotated."""\n\n'
        '    id = "rotated-key"\n    kind = Kind.PRODUCTIVITY\n    severity = Severity.LOW\n'
        '    hint = "Do not."\n    types = ("aws_kms_key",)\n\n'
        "    def check(self, subject):\n"
        '        if subject.flag("enable_key_rotation"):\n'
        '            yield self.finding(subject, "it is rotated")\n',
        encoding="utf-8",
    )
    (tmp_path / "main.tf").write_text(BAD, encoding="utf-8")
    code, out, _ = run("--checks", "checks", "main.tf")
    assert (code, out.splitlines()) == (
        1,
        [
            (
                "main.tf:3: withdrawn: Set enable_key_rotation to true in aws_kms_key.data (key-without-rotation): "
                "it opens rotated-key on aws_kms_key.data: it is rotated"
            ),
            "Nothing to mend.",
        ],
    )
    assert (tmp_path / "main.tf").read_text(encoding="utf-8") == BAD


def test_a_live_account_gets_commands(run: Run, tmp_path: Path) -> None:
    """Nothing is changed; the call and the block that would manage the thing are printed."""
    text = (
        '{"type": "aws_ec2_serial_console_access", "name": "eu-west-1", "values": {"id": "eu-west-1", "enabled": true}}'
    )
    (tmp_path / "account.json").write_text(json.dumps(examples.snapshot(text)[0]), encoding="utf-8")
    code, out, _ = run("account.json", "--allow-incomplete")
    assert code == 1
    assert "    aws ec2 disable-serial-console-access --region eu-west-1\n" in out
    assert '    resource "aws_ec2_serial_console_access" "eu_west_1" {\n' in out


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("--select", "no-such-check"), 2, "no check, kind or severity is called 'no-such-check'"),
        (("nowhere",), 2, "no such file or directory: nowhere"),
        ((), 3, ""),
    ],
)
def test_usage_and_nothing(run: Run, arguments: tuple[str, ...], code: int, error: str) -> None:
    """Mistakes are 2, an empty folder is 3."""
    found = run(*arguments)
    assert found[0] == code
    assert error in found[2]


def test_a_file_that_cannot_be_read_is_incomplete(run: Run, tmp_path: Path) -> None:
    """What can be mended is, and the exit code says that something is missing."""
    (tmp_path / "main.tf").write_text(BAD, encoding="utf-8")
    (tmp_path / "broken.tf").write_text('resource "aws_vpc" {', encoding="utf-8")
    code, _, err = run()
    assert code == 4
    assert "broken.tf:1" in err
    assert (tmp_path / "main.tf").read_text(encoding="utf-8") == ROTATED
