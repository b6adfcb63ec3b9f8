"""GitLab's Code Quality report."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from msgspec.structs import replace

from guardrails.finding import Report
from guardrails.model import Location, Origin
from guardrails.reporters import Context, Format, render
from tests.reporters.reports import LIVE, OPEN, REPORT, context

SCHEMA = Path(__file__).parent.parent / "data" / "gitlab-code-quality.schema.json"


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A context whose repository is the working directory."""
    monkeypatch.chdir(tmp_path)
    return context(tmp_path)


@pytest.mark.parametrize(
    "report",
    [
        REPORT,
        Report(),
        Report([replace(OPEN, origin=Origin(None)), LIVE]),
        Report([replace(OPEN, origin=Origin(Location("./main.tf", 1, 1, 9)))]),
    ],
)
def test_it_fits_its_schema(report: Report, given: Context) -> None:
    """What GitLab asks for is there, whether or not a finding stands in a file; a clean report is an empty list."""
    schema = json.loads(SCHEMA.read_text())
    document = json.loads(render(Format.GITLAB, report, given))

    jsonschema.validators.validator_for(schema)(schema).validate(document)
    assert len(document) == len(report.findings) + len(report.problems)


def test_findings_and_what_could_not_be_read(given: Context) -> None:
    """Each has its place, its severity in GitLab's words, and a fingerprint that stays."""
    problem, opened, live = json.loads(render(Format.GITLAB, REPORT, given))

    assert opened == {
        "type": "issue",
        "check_name": "open-port",
        "description": (
            "module.web.aws_security_group.ssh: the internet may connect to `22`. "
            "Allow only the networks that you work from."
        ),
        "severity": "critical",
        "fingerprint": "f00",
        "location": {"path": "modules/web/main.tf", "lines": {"begin": 8}},
    }
    assert live["location"] == {"path": "arn:aws:ec2:eu-central-1:111122223333:eip/1", "lines": {"begin": 1}}
    assert (problem["check_name"], problem["severity"], problem["location"]) == (
        "incomplete",
        "blocker",
        {"path": "broken.tf", "lines": {"begin": 7}},
    )
    assert problem["description"] == "incomplete (parse): a block does not end"


def test_paths_are_those_of_the_repository(given: Context, tmp_path: Path) -> None:
    """Standing in a folder of the repository, files are named from its root."""
    below = replace(given, root=str(tmp_path.parent))
    (finding,) = json.loads(render(Format.GITLAB, Report([OPEN]), below))
    assert finding["location"]["path"] == f"{tmp_path.name}/modules/web/main.tf"
