"""Formats for machines: JSON, SARIF, JUnit, GitHub annotations, and Markdown."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from msgspec.structs import replace

import guardrails
from guardrails.finding import Report
from guardrails.model import Location, Origin
from guardrails.reporters import Context, Format, render
from tests.reporters.reports import LIVE, OPEN, REPORT, context

SCHEMA = Path(__file__).parent.parent / "data" / "sarif-schema-2.1.0.json"


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A context whose repository is the working directory."""
    monkeypatch.chdir(tmp_path)
    return context(tmp_path)


def test_json_version_1(given: Context) -> None:
    """Every field of the format, for a finding in a file, a live one, and everything beside findings."""
    here = {"arn": "arn:aws:ec2:eu-central-1:111122223333:eip/1", "account": "111122223333", "region": "eu-central-1"}
    assert json.loads(render(Format.JSON, REPORT, given)) == {
        "version": 1,
        "tool": {"name": "guardrails", "version": guardrails.__version__},
        "findings": [
            {
                "check": "open-port",
                "kind": "security",
                "severity": "high",
                "message": "the internet may connect to `22`",
                "resource": "module.web.aws_security_group.ssh",
                "type": "aws_security_group",
                "attribute": "ingress[0].cidr_blocks",
                "location": {"path": "modules/web/main.tf", "line": 8, "end_line": 8, "column": 5, "end_column": 27},
                "related": [
                    {"path": "variables.tf", "line": 2, "end_line": 2, "label": "the value comes from here"},
                    {"path": "main.tf", "line": 1, "end_line": 4, "label": "the module is called here"},
                ],
                "details": ["0.0.0.0/0 -> 22"],
                "hint": "Allow only the networks that you work from.",
                "fix": {
                    "title": "Set ingress[0].cidr_blocks",
                    "safety": "unsafe",
                    "terraform": 'cidr_blocks = ["10.0.0.0/8"]',
                    "cli": "aws ec2 revoke",
                },
                "engine": "guardrails",
                "same_as": ["CKV_AWS_24"],
                "fingerprint": "f00",
            },
            {
                "check": "idle-address",
                "kind": "cost",
                "severity": "low",
                "message": "nothing uses it",
                "resource": "aws_eip.eipalloc-1",
                "type": "aws_eip",
                "attribute": "",
                "location": here,
                "related": [],
                "details": [],
                "hint": "Release it.",
                "fix": {
                    "title": "Release it",
                    "safety": "manual",
                    "terraform": "removed {}",
                    "cli": "aws ec2 release-address --allocation-id eipalloc-1",
                },
                "engine": "guardrails",
                "same_as": [],
                "fingerprint": "f01",
                "monthly_usd": 3.65,
            },
        ],
        "undecided": [
            {
                "check": "open-port",
                "resource": "aws_security_group.b",
                "reason": "aws_security_group.b: ingress[0].cidr_blocks: var.b has no value",
                "location": {"path": "b.tf", "line": 3, "end_line": 3, "column": 1},
            }
        ],
        "suppressed": [
            {
                "check": "idle-address",
                "resource": "aws_eip.eipalloc-1",
                "reason": "a demo",
                "expires": "2027-01-31",
                "message": "nothing uses it",
                "location": here,
                "fingerprint": "f01",
            }
        ],
        "errors": [
            {
                "stage": "parse",
                "message": "a block does not end",
                "location": {"path": "broken.tf", "line": 7, "end_line": 7, "column": 1},
            }
        ],
        "summary": {
            "resources": 12,
            "checks": 3,
            "files": 3,
            "findings": {"critical": 0, "high": 1, "medium": 0, "low": 1, "info": 0},
            "undecided": 1,
            "suppressed": 1,
            "errors": 1,
            "incomplete": True,
        },
    }


@pytest.mark.parametrize(
    "report",
    [REPORT, Report(resources=1, checks=1), Report([replace(OPEN, origin=Origin(None), fix=None, related=())])],
)
def test_json_fits_its_schema(report: Report, given: Context) -> None:
    """The schema that programs are given holds for a full report, an empty one, and a finding of no place."""
    schema = json.loads((SCHEMA.parent.parent.parent / "docs" / "report.schema.json").read_text())
    document = json.loads(render(Format.JSON, report, given))
    validator = jsonschema.validators.validator_for(schema)(schema)

    validator.check_schema(schema)
    validator.validate(document)
    for key in document:
        lacking = {name: value for name, value in document.items() if name != key}
        assert not validator.is_valid(lacking)


def test_a_finding_without_a_place_has_an_empty_location(given: Context) -> None:
    """The field is there in any case."""
    nowhere = replace(LIVE, origin=Origin(None), fix=None)
    (finding,) = json.loads(render(Format.JSON, Report([nowhere]), given))["findings"]
    assert (finding["location"], finding["fix"]) == ({}, None)


@pytest.mark.parametrize(
    "report",
    [
        REPORT,
        Report(resources=1, checks=1),
        Report([replace(OPEN, origin=Origin(None), related=())]),
        Report([replace(OPEN, origin=Origin(Location("ä b/c#d.tf", 1)))]),
    ],
)
def test_sarif_fits_its_schema(report: Report, given: Context) -> None:
    """The document is valid by the official schema of version 2.1.0."""
    schema = json.loads(SCHEMA.read_text())
    document = json.loads(render(Format.SARIF, report, given))
    jsonschema.validators.validator_for(schema)(schema).validate(document)


def test_sarif_as_code_scanning_wants_it(given: Context) -> None:
    """Rules have help and severity; results have relative files, columns, related places and stable fingerprints."""
    (run,) = json.loads(render(Format.SARIF, REPORT, given))["runs"]
    rules = run["tool"]["driver"]["rules"]
    opened, live, suppressed = run["results"]

    assert [each["id"] for each in rules] == ["idle-address", "open-port"]
    assert rules[1]["shortDescription"] == {"text": "A security group is open."}
    assert rules[1]["help"]["markdown"].startswith("## Why is this bad?")
    assert rules[1]["helpUri"] == "https://docs.aws.amazon.com/vpc/"
    assert rules[1]["properties"] == {
        "tags": ["security", "aws", "terraform", "CIS-AWS-3.0:5.2"],
        "precision": "very-high",
        "security-severity": "8.0",
    }
    assert (opened["ruleId"], opened["ruleIndex"], opened["level"]) == ("open-port", 1, "error")
    assert opened["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "modules/web/main.tf", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 8, "startColumn": 5, "endLine": 8, "endColumn": 27},
    }
    assert opened["locations"][0]["logicalLocations"] == [
        {"fullyQualifiedName": "module.web.aws_security_group.ssh", "kind": "resource"}
    ]
    assert [each["message"]["text"] for each in opened["relatedLocations"]] == [
        "the value comes from here",
        "the module is called here",
    ]
    assert opened["partialFingerprints"] == {"primaryLocationLineHash": "f00:1", "guardrails/v1": "f00"}
    assert live["locations"] == [
        {
            "logicalLocations": [
                {"fullyQualifiedName": "arn:aws:ec2:eu-central-1:111122223333:eip/1", "kind": "resource"}
            ]
        }
    ]
    assert suppressed["suppressions"][0]["justification"] == "a demo"
    assert suppressed["suppressions"][0]["kind"] == "inSource"


def test_sarif_says_what_was_not_seen(given: Context) -> None:
    """A problem makes the run unsuccessful, an undecided result is a note."""
    (invocation,) = json.loads(render(Format.SARIF, REPORT, given))["runs"][0]["invocations"]

    assert invocation["executionSuccessful"] is False
    assert [(each["level"], each["message"]["text"]) for each in invocation["toolExecutionNotifications"]] == [
        ("error", "parse: a block does not end"),
        (
            "note",
            f"open-port cannot be decided for aws_security_group.b: {REPORT.undecided[0].reason}",
        ),
    ]


def test_code_hosts_name_files_from_the_repository(given: Context, tmp_path: Path) -> None:
    """Standing in a folder below it, paths are those of the repository, and one outside it is absolute."""
    below = replace(given, root=str(tmp_path.parent))
    outside = Report([replace(OPEN, origin=Origin(Location("../../x.tf", 1)))])

    (result, *_) = json.loads(render(Format.SARIF, REPORT, below))["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]

    assert uri == f"{tmp_path.name}/modules/web/main.tf"
    assert f"file={tmp_path.name}/modules/web/main.tf," in render(Format.GITHUB, REPORT, below)
    assert f"file={tmp_path.parent.parent}/x.tf," in render(Format.GITHUB, outside, below)


def test_github_annotations(given: Context) -> None:
    """The whole output: escaped, worst first, with what was not seen."""
    assert render(Format.GITHUB, REPORT, given).splitlines() == [
        "::error file=broken.tf,line=7,endLine=7,col=1,title=guardrails%3A incomplete (parse)::a block does not end",
        (
            "::error file=modules/web/main.tf,line=8,endLine=8,col=5,endColumn=27,title=open-port (high)::"
            "module.web.aws_security_group.ssh: the internet may connect to `22`%0A0.0.0.0/0 -> 22%0A"
            "Allow only the networks that you work from."
        ),
        "::notice title=idle-address (low)::aws_eip.eipalloc-1: nothing uses it%0ARelease it.",
        (
            "::notice title=guardrails%3A undecided::1 result could not be decided:%0A"
            "aws_security_group.b: ingress[0].cidr_blocks: var.b has no value"
        ),
    ]


def test_junit_counts_and_names(given: Context) -> None:
    """A failure for a finding, skipped for undecided, an error for a problem."""
    root = ElementTree.fromstring(render(Format.JUNIT, REPORT, given))  # noqa: S314  # written here

    assert root.attrib == {"name": "guardrails", "tests": "4", "failures": "2", "errors": "1", "skipped": "1"}
    assert [
        (each.get("classname"), each.get("name"), [child.tag for child in each]) for each in root.iter("testcase")
    ] == [
        ("open-port", "module.web.aws_security_group.ssh (modules/web/main.tf:8)", ["failure"]),
        ("idle-address", "aws_eip.eipalloc-1", ["failure"]),
        ("open-port", "aws_security_group.b (b.tf:3)", ["skipped"]),
        ("guardrails", "parse (broken.tf:7)", ["error"]),
    ]


def test_junit_of_a_clean_run_has_a_test(given: Context) -> None:
    """CI systems take a file without tests for a failure."""
    root = ElementTree.fromstring(render(Format.JUNIT, Report(resources=2, checks=3), given))  # noqa: S314  # ours
    assert [each.get("name") for each in root.iter("testcase")] == ["3 checks of 2 resources"]


MARKDOWN = """\
## guardrails

**2 findings** (1 security, 1 cost), 1 suppressed, 1 undecided in 12 resources, 3 checks.

### Incomplete (1)

- <code>broken.tf&#58;7</code> a block does not end

### High (1)

- <code>open-port</code> <code>module.web.aws&#95;security&#95;group.ssh</code> in \
<code>modules/web/main.tf&#58;8</code>  \n\
  the internet may connect to <code>22</code>  \n\
  0.0.0.0/0 -&#62; 22  \n\
  <code>variables.tf&#58;2</code>: the value comes from here  \n\
  *Fix:* Allow only the networks that you work from.

### Low (1)

- <code>idle-address</code> <code>aws&#95;eip.eipalloc-1</code> in \
<code>arn&#58;aws&#58;ec2&#58;eu-central-1&#58;111122223333&#58;eip/1</code>  \n\
  nothing uses it  \n\
  *Fix:* Release it.

<details>
<summary>Could not be decided (1)</summary>

- aws&#95;security&#95;group.b&#58; ingress&#91;0&#93;.cidr&#95;blocks&#58; var.b has no value

</details>
"""


def test_markdown(given: Context) -> None:
    """The whole output."""
    assert render(Format.MARKDOWN, REPORT, given) == MARKDOWN
