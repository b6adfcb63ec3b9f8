"""Whole Terraform designs with a path, and their twins without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardrails.access.lens import Access
from guardrails.sources import read

LABS = Path(__file__).parents[2] / "fixtures" / "labs"

# By lab: (from, techniques, to) of the path that the safe twin has not.
EXPECTED = {
    "pass-role-in-a-module": ("ada", ["lambda-001"], "data-deploy"),
    "chain-over-accounts": ("dev", ["codebuild-002", "sts-001"], "deploy"),
    "policy-version": ("aws_iam_role.app", ["iam-001"], "aws_iam_role.app"),
    "role-of-an-instance": ("operator", ["ssm-001", "iam-005"], "runner"),
}


def found(lab: Path) -> list[tuple[set[str], list[str], set[str]]]:
    """The certain paths of a design: start, techniques, end."""
    lens = Access(read([lab]))
    assert lens.undecided() == []
    return [
        (
            {path.start.name, path.start.address},
            [step.technique for step in path.steps],
            {path.end.name, path.end.address} if path.end else set(),
        )
        for path in lens.paths()
        if path.certainty == "must"
    ]


def test_every_lab_is_expected() -> None:
    """No lab is forgotten here."""
    assert {lab.name for lab in LABS.iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_path_is_found(name: str) -> None:
    """The open design has the path, and the safe one has none from there."""
    start, techniques, end = EXPECTED[name]

    assert [t for s, t, e in found(LABS / name / "open") if start in s and end in e] == [techniques]
    assert [t for s, t, _ in found(LABS / name / "safe") if start in s] == []
