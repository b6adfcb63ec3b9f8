"""Text for people."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from guardrails.finding import Finding, Report
from guardrails.model import Location, Origin
from guardrails.reporters import Context, Format, render
from guardrails.reporters.source import Sources
from tests.reporters.reports import LIVE, OPEN, REPORT, context


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


WHOLE = """\
modules/web/main.tf:8:5: high: the internet may connect to `22` [open-port]
  module.web.aws_security_group.ssh
 1 | resource "aws_security_group" "ssh" {
   | ...
 8 |     cidr_blocks = var.open
   |     ^^^^^^^^^^^^^^^^^^^^^^
   = variables.tf:2:3: the value comes from here
       default = ["0.0.0.0/0"]
   = main.tf:1: the module is called here
       module "web" {
   = 0.0.0.0/0 -> 22
   why: It is scanned all day.
   fix: Allow only the networks that you work from.
        cidr_blocks = ["10.0.0.0/8"]

arn:aws:ec2:eu-central-1:111122223333:eip/1: low: nothing uses it [idle-address]
  aws_eip.eipalloc-1
   fix: Release it.
        aws ec2 release-address --allocation-id eipalloc-1

broken.tf:7: incomplete: a block does not end

Could not be decided (1):
  var.b has no value
    open-port of aws_security_group.b

2 findings: 1 high, 1 low (1 security, 1 cost) in 12 resources, 3 checks.
1 suppressed, 1 undecided, 1 thing could not be read or run.
"""


def test_the_whole_output(tmp_path: Path) -> None:
    """The culprit is underlined in its lines, with what it has to do with, why it matters and what to do."""
    assert render(Format.TEXT, REPORT, context(tmp_path)) == WHOLE


def test_colours_change_nothing_but_colours(tmp_path: Path) -> None:
    """Without its escape sequences, coloured text is the plain text."""
    import re  # noqa: PLC0415  # for this test only

    given = context(tmp_path)
    colored = render(Format.TEXT, REPORT, replace(given, color=True))

    assert "\x1b[1;31mhigh\x1b[0m" in colored
    assert re.sub(r"\x1b\[[\d;]+m", "", colored) == render(Format.TEXT, REPORT, given)


def test_quiet_is_findings_and_problems_only(tmp_path: Path) -> None:
    """A clean run says nothing, another one leaves its summary out."""
    given = context(tmp_path, quiet=True)

    assert render(Format.TEXT, Report(resources=3), given) == ""
    assert render(Format.TEXT, REPORT, given).splitlines()[-2:] == ["broken.tf:7: incomplete: a block does not end", ""]


@pytest.mark.parametrize(
    ("report", "summary"),
    [
        (Report(resources=1, checks=2), "No findings in 1 resource, 2 checks.\n"),
        (Report(checks=2), "There is no resource to check.\n"),
        (
            replace(REPORT, findings=[], undecided=[], suppressed=[]),
            """\
broken.tf:7: incomplete: a block does not end

The picture is incomplete: no findings in 12 resources, 3 checks.
1 thing could not be read or run.
""",
        ),
    ],
)
def test_summaries_without_findings(report: Report, summary: str) -> None:
    """Clean, nothing there, and not seen are three different things."""
    assert render(Format.TEXT, report, Context()) == summary


def test_instances_that_say_the_same_are_shown_once(tmp_path: Path) -> None:
    """A resource with `count` takes one paragraph."""
    findings = [replace(OPEN, resource=f"aws_security_group.ssh[{number}]") for number in range(7)]

    text = render(Format.TEXT, Report(findings, resources=7), context(tmp_path))

    assert text.count("the internet may connect") == 1
    assert (
        "  aws_security_group.ssh[0] and 6 others: aws_security_group.ssh[1], aws_security_group.ssh[2],\n"
        "  aws_security_group.ssh[3], aws_security_group.ssh[4], and 2 more\n"
    ) in text


def test_a_reason_is_explained_once(tmp_path: Path) -> None:
    """The second finding of a check does not repeat why."""
    findings = [OPEN, replace(OPEN, message="another")]
    assert render(Format.TEXT, Report(findings, resources=2), context(tmp_path)).count("why:") == 1


def at(path: str, line: int, column: int, end_line: int, end_column: int) -> Finding:
    """Make a finding at a span."""
    where = Origin(Location(path, line, column, end_line, end_column))
    return replace(LIVE, origin=where, block=where, fix=None)


def snippet(path: Path, text: str, finding: Finding, width: int = 100) -> list[str]:
    """The lines that show a finding's source."""
    path.write_text(text)
    page = render(
        Format.TEXT, Report([finding], resources=1), Context(sources=Sources([path.name]), width=width, quiet=True)
    )
    return page.splitlines()[2:-2]


def test_a_culprit_of_many_lines_is_cut(tmp_path: Path) -> None:
    """Five lines are shown of an attribute, one of a whole block."""
    text = "policy = {\n" + "".join(f"  a{number} = {number}\n" for number in range(9)) + "}\n"
    attribute = replace(at("a.tf", 1, 1, 11, 2), block=Origin(Location("a.tf", 1, 1, 12)))

    assert snippet(tmp_path / "a.tf", text, attribute) == [
        "  1 | policy = {",
        "    | ^^^^^^^^^^",
        "  2 |   a0 = 0",
        "  3 |   a1 = 1",
        "  4 |   a2 = 2",
        "  5 |   a3 = 3",
        "    | ...",
    ]
    assert snippet(tmp_path / "a.tf", text, at("a.tf", 1, 1, 11, 2)) == ["  1 | policy = {", "    | ^^^^^^^^^^"]


def test_a_long_line_is_cut_around_the_culprit(tmp_path: Path) -> None:
    """The underlined part stays in view."""
    text = "x" * 500 + " culprit " + "y" * 500
    assert snippet(tmp_path / "a.tf", text, at("a.tf", 1, 502, 1, 509), width=60) == [
        " 1 | ...xxxxxxxxxxxx culprit yyyyyyyyyyyyyyyyyyyyyyyyy...",
        "   |                 ^^^^^^^",
    ]


@pytest.mark.parametrize("location", [Location("gone.tf", 1), Location("a.tf", 99), Location("a.tf", 0)])
def test_a_line_that_cannot_be_read_is_left_out(tmp_path: Path, location: Location) -> None:
    """A file that is gone, or shorter now, does no harm."""
    finding = replace(LIVE, origin=Origin(location), block=Origin(location), fix=None)
    assert snippet(tmp_path / "a.tf", "a = 1\n", finding) == []


def test_only_files_of_the_run_are_opened(tmp_path: Path) -> None:
    """A location cannot name a file that was not scanned, nor show a plan's lines."""
    (tmp_path / "other.tf").write_text("a = 1\n")
    (tmp_path / "plan.json").write_text('{"password": "hunter2"}\n')
    sources = Sources(["plan.json"])

    assert (sources.line("other.tf", 1), sources.line("plan.json", 1)) == (None, None)
