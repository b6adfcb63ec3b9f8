"""`guardrails access`: answers, exit codes and formats."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from guardrails.cli import application

DESIGN = """\
provider "aws" {
  region = "eu-west-1"
}

data "aws_caller_identity" "current" {}

resource "aws_iam_role" "admin" {
  name = "admin"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy_attachment" "admin" {
  role       = aws_iam_role.admin.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}

data "aws_iam_policy_document" "dev" {
  statement {
    sid       = "pass"
    actions   = ["iam:PassRole"]
    resources = ["arn:aws:iam::${data.aws_caller_identity.current.account_id}:role/adm*"]
  }

  statement {
    actions   = ["lambda:CreateFunction", "lambda:InvokeFunction"]
    resources = ["*"]
  }
}

resource "aws_iam_user" "dev" {
  name = "dev"
}

resource "aws_iam_user_policy" "dev" {
  user   = aws_iam_user.dev.name
  policy = data.aws_iam_policy_document.dev.json
}

resource "aws_s3_bucket" "data" {
  bucket = "data"
}
"""


@pytest.fixture(autouse=True)
def _design(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "main.tf").write_text(DESIGN)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    """The result of a command line."""
    return CliRunner().invoke(application(["access"]), ["access", *arguments])


def answer(*arguments: str) -> dict[str, object]:
    """Its JSON."""
    found: dict[str, object] = json.loads(run(*arguments, "--format", "json").stdout)
    return found


@pytest.mark.parametrize(
    ("asked", "decision", "code"),
    [
        (["aws_iam_user.dev", "lambda:CreateFunction"], "allowed", 0),
        (["dev", "s3:GetObject", "aws_s3_bucket.data"], "denied", 1),
        (["aws_iam_role.admin", "s3:GetObject", "aws_s3_bucket.data/key"], "allowed", 0),
        (["arn:aws:iam::222222222222:role/x", "s3:GetObject", "aws_s3_bucket.data"], "denied", 1),
        (["lambda.amazonaws.com", "sts:AssumeRole", "aws_iam_role.admin"], "allowed", 0),
        (["ec2.amazonaws.com", "sts:AssumeRole", "aws_iam_role.admin"], "denied", 1),
        (["*", "s3:GetObject", "arn:aws:s3:::data/x"], "denied", 1),
    ],
)
def test_can(asked: Sequence[str], decision: str, code: int) -> None:
    """The answer is the exit code: 0 allowed, 1 denied."""
    result = run("can", *asked)

    assert result.stdout.split(":")[0] == decision
    assert result.exit_code == code
    assert answer("can", *asked)["decision"] == decision


def test_can_names_layer_statement_and_line() -> None:
    """JSON of an answer, version 1."""
    found = answer("can", "aws_iam_user.dev", "iam:PassRole", "aws_iam_role.admin")

    assert found == {
        "version": 1,
        "principal": "arn:aws:iam::${account}:user/dev",
        "action": "iam:PassRole",
        "resource": "aws_iam_role.admin",
        "decision": "allowed",
        "layer": "identity",
        "explicit": False,
        "statements": [
            {
                "policy": "aws_iam_user_policy.dev",
                "sid": "pass",
                "index": 0,
                "location": {"path": "main.tf", "line": 21, "end_line": 25},
                "layer": "identity",
                "effect": "Allow",
            }
        ],
        "missing": [],
    }


def test_paths_json() -> None:
    """JSON of a path, version 1: from, to, steps with their places, and what breaks it."""
    result = run("paths", "--format", "json")
    (path,) = json.loads(result.stdout)["paths"]

    assert result.exit_code == 1
    assert (path["from"], path["from_arn"], path["to"], path["end"], path["certainty"]) == (
        "aws_iam_user.dev",
        "arn:aws:iam::${account}:user/dev",
        "admin",
        "aws_iam_role.admin",
        "must",
    )
    (step,) = path["steps"]
    assert step["technique"] == "lambda-001"
    assert step["permissions"] == ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]
    assert step["target"] == "aws_iam_role.admin"
    assert step["location"] == {"path": "main.tf", "line": 21, "end_line": 25}
    assert path["breaks"]["permission"] == "iam:PassRole"
    assert path["breaks"]["change"] == (
        "take iam:PassRole on aws_iam_role.admin out of aws_iam_user_policy.dev (statement 1)"
    )


def test_paths_text_and_markdown() -> None:
    """Text reads as sentences; markdown draws the path."""
    text = run("paths").stdout
    drawn = run("paths", "--format", "markdown").stdout

    assert text == (
        "arn:aws:iam::${account}:user/dev comes to administration\n"
        "  1. create a function with the role and invoke it: aws_iam_role.admin [lambda-001]\n"
        '       iam:PassRole: aws_iam_user_policy.dev, statement "pass" (main.tf:21)\n'
        "       lambda:CreateFunction: aws_iam_user_policy.dev, statement 2 (main.tf:27)\n"
        "       lambda:InvokeFunction: aws_iam_user_policy.dev, statement 2 (main.tf:27)\n"
        "  break it: take iam:PassRole on aws_iam_role.admin out of aws_iam_user_policy.dev (statement 1)\n"
    )
    assert "```mermaid\ngraph LR\n" in drawn
    assert '  p0["arn:aws:iam::${account}:user/dev"]\n' in drawn


def test_paths_to_data_and_from_somebody() -> None:
    """`--to` takes a resource, `--from` a principal."""
    found = json.loads(run("paths", "--to", "aws_s3_bucket.data", "--from", "dev", "--format", "json").stdout)["paths"]

    assert [[step["technique"] for step in path["steps"]] for path in found] == [["lambda-001", "read-data"]]
    assert run("paths", "--from", "dev", "--to", "aws_s3_bucket.none").exit_code == 2
    assert run("paths", "--from", "nobody").exit_code == 2


def test_who_can() -> None:
    """Everybody who may, with the statement."""
    found = answer("who-can", "s3:GetObject", "aws_s3_bucket.data")

    assert [(p["principal"], p["decision"]) for p in found["principals"]] == [("aws_iam_role.admin", "allowed")]  # type: ignore[attr-defined]  # a list
    assert run("who-can", "s3:GetObject", "aws_s3_bucket.data").exit_code == 0


def test_what_cannot_be_looked_at(tmp_path: Path) -> None:
    """Nothing there, nonsense, and an unknown principal have their exit codes."""
    (tmp_path / "empty").mkdir()

    assert run("paths", "--on", "empty").exit_code == 3
    assert run("paths", "--on", "missing").exit_code == 2
    assert run("can", "nobody", "s3:GetObject").exit_code == 2
    assert run("can", "dev", "s3:GetObject", "--context", "nonsense").exit_code == 2
    assert run("diff", "main.tf").exit_code == 2


def test_no_path_with_something_unknown_is_incomplete(tmp_path: Path) -> None:
    """A policy that nothing is known of may hide a path: exit 4, and it is named."""
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "main.tf").write_text(
        """
variable "policy" {}
resource "aws_iam_user" "u" { name = "u" }
resource "aws_iam_user_policy" "u" {
  user   = aws_iam_user.u.name
  policy = var.policy
}
"""
    )

    result = run("paths", "--on", "lab")
    assert result.exit_code == 4
    assert "not known: aws_iam_user_policy.u" in result.stdout


def test_context_decides_what_is_open(tmp_path: Path) -> None:
    """A condition on a key that is not given leaves it undecided; given, it decides."""
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "main.tf").write_text(
        """
resource "aws_iam_user" "u" { name = "u" }
resource "aws_iam_user_policy" "u" {
  user   = aws_iam_user.u.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{
    Effect = "Allow", Action = "ec2:*", Resource = "*", Condition = { Bool = { "aws:MultiFactorAuthPresent" = "true" } }
  }] })
}
"""
    )
    asked = ("can", "u", "ec2:RunInstances", "--on", "lab")

    assert run(*asked).exit_code == 4
    assert run(*asked, "--context", "aws:MultiFactorAuthPresent=true").exit_code == 0
    assert run(*asked, "--context", "aws:MultiFactorAuthPresent=").exit_code == 1
