"""The controls that checks name are controls that there are."""

from __future__ import annotations

import re

from guardrails import catalog

CHECKS = catalog.load(installed=False).checks
# The recommendations of each section: CIS Amazon Web Services Foundations Benchmark v3.0.0.
CIS = {
    *(f"1.{number}" for number in range(1, 23)),
    *(f"2.1.{number}" for number in range(1, 5)),
    "2.2.1",
    *(f"2.3.{number}" for number in range(1, 4)),
    "2.4.1",
    *(f"3.{number}" for number in range(1, 10)),
    *(f"4.{number}" for number in range(1, 17)),
    *(f"5.{number}" for number in range(1, 7)),
}
# Controls of Security Hub that belong to other standards than AWS Foundational Security Best Practices v1.0.0.
ELSEWHERE = {
    *(f"CloudTrail.{number}" for number in (6, 7)),
    *(f"CloudWatch.{number}" for number in range(1, 15)),
    *(f"EC2.{number}" for number in (13, 14, 53, 54)),
    *(f"IAM.{number}" for number in (*range(9, 21), 22, 26, 27, 28)),
    "KMS.4",
    *(f"S3.{number}" for number in (7, 17, 20, 22, 23)),
}


def test_the_tags_have_one_form() -> None:
    """A framework, a colon and a control, each once, frameworks in one order."""
    form = re.compile(r"CIS-AWS-3\.0:\d+(\.\d+)+|AWS-FSBP:[A-Za-z0-9]+\.\d+")
    tags = {name: list(check.compliance) for name, check in CHECKS.items() if check.compliance}

    assert tags
    assert [name for name, given in tags.items() if not all(form.fullmatch(tag) for tag in given)] == []
    assert [name for name, given in tags.items() if len(given) != len(set(given))] == []
    assert [name for name, given in tags.items() if given != sorted(given, key=lambda tag: tag[0] == "A")] == []


def test_each_control_is_one_of_its_framework() -> None:
    """CIS has no other recommendations, and what AWS has in other standards alone is not called FSBP."""
    pairs = [(name, *tag.split(":")) for name, check in CHECKS.items() for tag in check.compliance]
    assert [
        (name, control)
        for name, framework, control in pairs
        if (control not in CIS if framework == "CIS-AWS-3.0" else control in ELSEWHERE)
    ] == []
