"""vCPUs of instance types, against the tables of AWS's documentation."""

from __future__ import annotations

import pytest

from guardrails.account.vcpus import is_standard, vcpus
from guardrails.model import Unknown


@pytest.mark.parametrize(
    ("type_", "count", "standard"),
    [
        ("t2.micro", 1, True),
        ("t3.nano", 2, True),
        ("t4g.medium", 2, True),
        ("m7g.medium", 1, True),
        ("c6gn.medium", 1, True),
        ("m5.large", 2, True),
        ("r6i.xlarge", 4, True),
        ("c5.9xlarge", 36, True),
        ("m7i.48xlarge", 192, True),
        ("c4.8xlarge", 36, True),
        ("m7i.metal-24xl", 96, True),
        ("i4i.2xlarge", 8, True),
        ("im4gn.large", 2, True),
        ("is4gen.xlarge", 4, True),
        ("z1d.3xlarge", 12, True),
        ("g5.4xlarge", 16, False),
        ("p4d.24xlarge", 96, False),
        ("inf2.xlarge", 4, False),
        ("x2idn.16xlarge", 64, False),
    ],
)
def test_a_name_tells_the_vcpus(type_: str, count: int, standard: bool) -> None:
    """By its size, and the older types by a table."""
    assert (vcpus(type_), is_standard(type_)) == (count, standard)


@pytest.mark.parametrize("type_", ["m5.metal", "u-6tb1.112xlarge", "", "mac1.metal", "hpc7a.96xlarge"])
def test_a_name_that_does_not_tell_is_unknown(type_: str) -> None:
    """No number is made up."""
    with pytest.raises(Unknown, match="is not known"):
        vcpus(type_)
