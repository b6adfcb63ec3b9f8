"""CSV, as a spreadsheet reads it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from msgspec.structs import replace

from guardrails.finding import Report
from guardrails.reporters import Context, Format, render
from guardrails.reporters.csv import COLUMNS
from tests.reporters.reports import OPEN, REPORT, context


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A context whose repository is the working directory."""
    monkeypatch.chdir(tmp_path)
    return context(tmp_path)


def rows(text: str) -> list[dict[str, str]]:
    """What a reader of RFC 4180 finds, without empty cells."""
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    return [{name: value for name, value in row.items() if value} for row in reader]


def test_a_row_for_everything(given: Context) -> None:
    """Findings, errors, undecided and suppressed results, each with its place."""
    opened, live, error, undecided, suppressed = rows(render(Format.CSV, REPORT, given))

    assert opened == {
        "status": "finding",
        "check": "open-port",
        "kind": "security",
        "severity": "high",
        "message": "the internet may connect to `22`",
        "resource": "module.web.aws_security_group.ssh",
        "type": "aws_security_group",
        "attribute": "ingress[0].cidr_blocks",
        "file": "modules/web/main.tf",
        "line": "8",
        "hint": "Allow only the networks that you work from.",
        "same_as": "CKV_AWS_24",
        "compliance": "CIS-AWS-3.0:5.2",
        "engine": "guardrails",
        "fingerprint": "f00",
    }
    assert live["monthly_usd"] == "3.65"
    assert (live["account"], live["region"], live["arn"]) == (
        "111122223333",
        "eu-central-1",
        "arn:aws:ec2:eu-central-1:111122223333:eip/1",
    )
    assert error == {"status": "error", "message": "parse: a block does not end", "file": "broken.tf", "line": "7"}
    assert (undecided["status"], undecided["resource"]) == ("undecided", "aws_security_group.b")
    assert (suppressed["status"], suppressed["message"]) == ("suppressed", "nothing uses it (a demo)")


def test_every_line_has_every_column(given: Context) -> None:
    """All cells are quoted and all rows equally long; a clean report has its heading alone."""
    lines = list(csv.reader(io.StringIO(render(Format.CSV, REPORT, given), newline=""), strict=True))

    assert {len(line) for line in lines} == {len(COLUMNS)}
    assert render(Format.CSV, Report(), given) == ",".join(f'"{name}"' for name in COLUMNS) + "\n"


@pytest.mark.parametrize(
    ("given_text", "cell"),
    [
        ('=HYPERLINK("https://example.com")', '\'=HYPERLINK("https://example.com")'),
        ("+1+1", "'+1+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ('",=1', '",=1'),
        ("a = b", "a = b"),
        ("main.tf", "main.tf"),
    ],
)
def test_no_cell_is_a_formula(given_text: str, cell: str, given: Context) -> None:
    """A text that a spreadsheet would compute is marked as text; others stay as they are."""
    finding = replace(OPEN, message=given_text)
    assert rows(render(Format.CSV, Report([finding]), given))[0]["message"] == cell
