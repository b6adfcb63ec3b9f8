"""The view by controls."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from guardrails.finding import Report
from guardrails.reporters import Context, Format, render
from guardrails.reporters.compliance import as_json, controls
from tests.reporters.reports import REPORT, OpenPort, context


class Many(OpenPort):
    """One check of several controls."""

    id = "many"
    compliance = ("CIS-AWS-3.0:3.10", "CIS-AWS-3.0:3.9", "AWS-FSBP:EC2.18", "AWS-FSBP:EC2.2")


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A context in which both checks ran."""
    monkeypatch.chdir(tmp_path)
    both = {each.id: each for each in (OpenPort(), Many())}
    return replace(context(tmp_path), checks=both, ran=frozenset(both))


def test_controls_are_counted_as_people_count() -> None:
    """3.9 comes before 3.10, EC2.2 before EC2.18."""
    assert as_json([Many(), OpenPort()]) == {
        "AWS-FSBP": {"EC2.2": ["many"], "EC2.18": ["many"]},
        "CIS-AWS-3.0": {"3.9": ["many"], "3.10": ["many"], "5.2": ["open-port"]},
    }
    assert list(controls([Many()])["CIS-AWS-3.0"]) == ["3.9", "3.10"]
    assert list(controls([Many()])["AWS-FSBP"]) == ["EC2.2", "EC2.18"]


def test_each_control_with_its_findings(given: Context) -> None:
    """The whole output: findings under their control, and doubts beside it."""
    assert render(Format.COMPLIANCE, REPORT, given).splitlines() == [
        "AWS-FSBP",
        "  EC2.2           no finding (incomplete)  many",
        "  EC2.18          no finding (incomplete)  many",
        "",
        "CIS-AWS-3.0",
        "  3.9             no finding (incomplete)  many",
        "  3.10            no finding (incomplete)  many",
        "  5.2             1 finding (1 undecided, incomplete)  open-port",
        "                  modules/web/main.tf:8: high: the internet may connect to `22`:",
        "                    module.web.aws_security_group.ssh",
        "",
        "broken.tf:7: incomplete: a block does not end",
        "",
        "5 controls asked about, in 12 resources.",
        "A control without a finding is not thereby met: it may ask for more than a design shows.",
    ]


def test_a_control_whose_check_did_not_run_is_not_there(given: Context) -> None:
    """Nothing is said of what was not asked."""
    text = render(Format.COMPLIANCE, Report(resources=1), replace(given, ran=frozenset({"open-port"})))
    assert [line.split()[:3] for line in text.splitlines() if line.startswith("  ")] == [["5.2", "no", "finding"]]
