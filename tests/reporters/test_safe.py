"""Nothing that a terminal or a CI runner obeys, and no secret."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from guardrails.finding import Finding, Report
from guardrails.model import Label, Location, Origin, Problem
from guardrails.reporters import Context, Format, render
from guardrails.reporters.safe import redacted, visible, without_secrets
from guardrails.reporters.source import Sources
from tests.reporters.reports import OPEN, REPORT

EVIL = (
    "\x1b]0;title\x07\x1b[2J\r\x00\x9b31m\u202egnp.\u2066\ud800\n::error::x\n##[error]y\n  ::set-env name=a::b"
    " <img src=x onerror=alert(1)> [click](https://evil.example) ![i](https://evil.example) @everyone `|` </code> ]]> &"
)


def evil(path: str) -> Report:
    """A report in which every string of the scanned design is hostile."""
    place = Origin(Location(path, 1, 1, 1, 4), (), (Label(Location(path, 1), EVIL),))
    finding: Finding = replace(
        OPEN,
        message=EVIL,
        resource=EVIL,
        path=EVIL,
        details=(EVIL,),
        origin=place,
        block=place,
        related=(Label(Location(path, 1), EVIL),),
    )
    return replace(
        REPORT,
        findings=[finding],
        suppressed=[replace(each, finding=finding, reason=EVIL) for each in REPORT.suppressed],
        undecided=[replace(each, reason=EVIL, resource=EVIL) for each in REPORT.undecided],
        problems=[Problem("parse", EVIL, Location(path, 1))],
        files=(path,),
    )


@pytest.mark.parametrize("format_", list(Format))
@pytest.mark.parametrize("width", [40, 100])
def test_no_format_passes_on_what_others_obey(
    format_: Format, width: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control characters are shown instead of sent, and no line is a workflow command that we did not make."""
    monkeypatch.chdir(tmp_path)
    path = "a\x1b[31m\n::error::.tf"
    (tmp_path / path).write_bytes((EVIL + "\n").encode("utf-8", "surrogatepass"))

    text = render(format_, evil(path), Context(sources=Sources([path]), width=width, root=str(tmp_path)))

    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    assert "##[" not in text
    commands = [line for line in text.splitlines() if line.strip().startswith("::")]
    assert len(commands) == (3 if format_ is Format.GITHUB else 0)
    text.encode("utf-8")


@pytest.mark.parametrize("format_", [Format.JSON, Format.SARIF])
def test_hostile_strings_leave_json_valid(format_: Format) -> None:
    """The document still decodes."""
    json.loads(render(format_, evil("a.tf"), Context()))


def test_hostile_strings_leave_xml_valid() -> None:
    """The document still parses, with the number of tests that it says."""
    root = ElementTree.fromstring(render(Format.JUNIT, evil("a.tf"), Context()))  # noqa: S314  # written here
    assert root.attrib == {"name": "guardrails", "tests": "3", "failures": "1", "errors": "1", "skipped": "1"}
    assert len(root.findall("./testsuite/testcase")) == 3


def test_markdown_holds_no_markup_of_the_design() -> None:
    """No tag, link, image, mention or code span of a value survives."""
    text = render(Format.MARKDOWN, evil("a.tf"), Context())
    assert set(re.findall(r"<[^>]*>", text)) == {
        "<code>",
        "</code>",
        "<details>",
        "</details>",
        "<summary>",
        "</summary>",
    }
    assert not re.search(r"\]\(|!\[|@everyone|https://|`", text)


def test_sarif_messages_hold_no_links() -> None:
    """A value cannot link the reader elsewhere."""
    run = json.loads(render(Format.SARIF, evil("a.tf"), Context()))["runs"][0]
    said = [
        *run["results"],
        *run["results"][0]["relatedLocations"],
        *run["invocations"][0]["toolExecutionNotifications"],
    ]
    assert [each["message"]["text"] for each in said if "](" in each["message"]["text"]] == []
    assert len(said) == 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain äöü 漢字 🙂", "plain äöü 漢字 🙂"),
        ("a\tb", "a b"),
        ("a\nb\r", "a\\nb\\r"),
        ("\x1b[31m", "\\u001b[31m"),
        ("\u202eabc", "\\u202eabc"),
        ("\ud800", "\\ud800"),
        ("\u200b", "\\u200b"),
    ],
)
def test_what_is_not_printable_is_shown(text: str, expected: str) -> None:
    """Letters stay, everything that acts is spelt out."""
    assert visible(text) == expected


B = "(redacted)"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('  password = "hunter2"', f'  password = "{B}"'),
        ('  "master_password": "hunter2",', f'  "master_password": "{B}",'),
        ('  password = "a\\"b"  # "why"', f'  password = "{B}"  # "{B}"'),
        ("  password = var.password", "  password = var.password"),
        ('  password = "${var.password}"', '  password = "${var.password}"'),
        ('  password = "x${var.password}"', f'  password = "{B}"'),
        ('  secret_arn = "arn:aws:x", api_key = "k"', f'  secret_arn = "arn:aws:x", api_key = "{B}"'),
        ('  auth_token = coalesce(var.t, "t0p")', f'  auth_token = coalesce(var.t, "{B}")'),
        ("  export DB_PASSWORD=hunter2 && run", f"  export DB_PASSWORD={B} && run"),
        ("  password: hunter2", f"  password: {B}"),
        ('  user_data = "curl x"', f'  user_data = "{B}"'),
        ('  http_tokens = "optional"', '  http_tokens = "optional"'),
        ("  manage_master_user_password = true", "  manage_master_user_password = true"),
        ('  actions = ["secretsmanager:GetSecretValue"]', '  actions = ["secretsmanager:GetSecretValue"]'),
        (
            '  resource = "arn:aws:secretsmanager:eu:1:secret:db"',
            '  resource = "arn:aws:secretsmanager:eu:1:secret:db"',
        ),
        ('  when = var.token == "x"', '  when = var.token == "x"'),
        ('resource "aws_secretsmanager_secret" "db" {', 'resource "aws_secretsmanager_secret" "db" {'),
        ('  key = "AKIAIOSFODNN7EXAMPLE"', f'  key = "{B}"'),
        ('  key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE1"', f'  key = "{B}"'),
        ('  sha = "da39a3ee5e6b4b0d3255bfef95601890afd80709"', '  sha = "da39a3ee5e6b4b0d3255bfef95601890afd80709"'),
        ('  url = "postgres://app:hunter2@db/x"', f'  url = "postgres://{B}@db/x"'),
        ('  t = "ghp_0123456789abcdefghijABCDEFGHIJ012345"', f'  t = "{B}"'),
    ],
)
def test_secrets_of_a_line_are_blanked(line: str, expected: str) -> None:
    """Literals of attributes that sound secret, and what is recognisably a secret; names and references stay."""
    assert redacted(line) == expected


FILE = """\
variable "db_password" {
  default = "hunter2"
}
variable "region" {
  default = "eu"
}
variable "hidden" {
  default   = "hunter2"
  sensitive = true
}
resource "aws_ssm_parameter" "x" {
  name  = "shown"
  value = "hunter2"
}
resource "x" "y" {
  secrets = [
    "hunter2",
  ]
  password = <<-EOT
    hunter2
  EOT
  shown = "yes"
}
key = <<EOT
-----BEGIN RSA PRIVATE KEY-----
hunter2
-----END RSA PRIVATE KEY-----
EOT
"""


def test_secrets_over_several_lines_are_blanked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that sound secret or are marked so, parameters, lists, heredocs and keys hide their lines."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.tf").write_text(FILE)
    sources = Sources(["a.tf"])
    shown = "\n".join(sources.line("a.tf", number) or "" for number in range(1, 29))

    assert "hunter2" not in shown
    assert [word in shown for word in ('"eu"', '"shown"', '"yes"')] == [True, True, True]


def test_redaction_is_quick_on_hostile_lines() -> None:
    """A line made to be slow is looked at in bounds."""
    for line in ("a.-" * 100_000, 'password = "' * 50_000, "secret" * 100_000, "A1a/" * 100_000, "://a:" * 100_000):
        assert len(redacted(line)) <= 40_000
        without_secrets(line[:20_000])
