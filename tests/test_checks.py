"""What holds for every built-in check."""

from __future__ import annotations

import pytest

from guardrails import testing
from guardrails.catalog import load
from guardrails.suppress import CHECKS as CHECKS_OF_SUPPRESSIONS

CATALOG = load(installed=False)
EVERYTHING = [*CATALOG.checks.values(), *CHECKS_OF_SUPPRESSIONS]


def test_the_builtin_checks_load() -> None:
    """No file of the folder is broken, and no id or former id is there twice."""
    assert CATALOG.problems == []


@pytest.mark.parametrize("case", list(testing.cases(EVERYTHING)), ids=lambda case: case.name)
def test_example(case: testing.Case) -> None:
    """The example gives what its marks say, and its repair is clean under every check."""
    assert testing.failures(case, list(CATALOG.checks.values())) == []


@pytest.mark.parametrize("name", list(CATALOG.checks))
def test_form(name: str) -> None:
    """The check has the form that all of them have."""
    assert testing.house_rules(CATALOG.checks[name], CATALOG.paths[name], CATALOG) == []
